import { assert, assertEquals, assertRejects } from "@std/assert";
import { utf8Encode } from "../../lib/base/bytes.ts";
import { KithError } from "../../lib/base/errors.ts";
import { restoreBackup } from "../../lib/host/restore.ts";
import { TAR_BLOCK_BYTES, tarHeader, tarPadding } from "../../lib/host/tar.ts";
import { startHost, tempFolder } from "./temp_host.ts";

const random = { bytes: (size: number) => crypto.getRandomValues(new Uint8Array(size)) };

/** All that is in a folder, by path, links not followed. */
function allIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder)).flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    return isDirectory ? [path, ...allIn(path)] : [path];
  }).sort();
}

/** A tar of these files. @param type the type of each: 0 is a plain file, 1 and 2 are links. */
function tarOf(files: readonly (readonly [name: string, content: string, type?: string])[]): Uint8Array {
  const parts = files.flatMap(([name, content, type = "0"]) => {
    const bytes = utf8Encode(content);
    const header = tarHeader({ name, sizeBytes: bytes.length }, 0);
    header[156] = type.charCodeAt(0);
    header.set(utf8Encode("/etc/passwd"), 157);
    const sum = header.fill(32, 148, 156).reduce((sum, byte) => sum + byte, 0);
    header.set(utf8Encode(sum.toString(8).padStart(6, "0") + "\0 "), 148);
    return [...header, ...bytes, ...tarPadding(bytes.length)];
  });
  return new Uint8Array([...parts, ...new Uint8Array(2 * TAR_BLOCK_BYTES)]);
}

Deno.test("a backup whose names lead elsewhere, or that is not one, is refused, and nothing of it is written anywhere", async () => {
  await using folder = await tempFolder();
  Deno.mkdirSync(`${folder.path}/deep/er`, { recursive: true });
  const home = `${folder.path}/deep/er/home`;
  const file = `${folder.path}/evil.tar`;
  const note = (fields: object) => {
    const about = { v: 1, made: 1, version: "1", peer: "p", name: "n", space: null, entries: 0, files: [], ...fields };
    return JSON.stringify(about);
  };
  const cases: Parameters<typeof tarOf>[0][] = [
    [["../evil", "x"]],
    [["../../../evil", "x"]],
    [[`${folder.path}/evil`, "x"]],
    [["identity.key/../../evil", "x"]],
    [["./identity.key", "x"]],
    [["control.json", "x"]],
    [["identity.key", "", "2"]],
    [["identity.key", "", "1"]],
    [["identity.key", "x"], ["identity.key", "y"]],
    [["kith-backup.json", "null"]],
    [["kith-backup.json", note({ name: 7 })]],
    [["kith-backup.json", note({ peer: ["p"] })]],
    [["kith-backup.json", note({ entries: "many" })]],
    [["kith-backup.json", note({ made: null })]],
  ];
  Deno.mkdirSync(home, { mode: 0o700 });
  Deno.writeTextFileSync(`${home}/lock`, "");
  Deno.writeTextFileSync(file, "");
  const before = allIn(folder.path);
  for (const files of cases) {
    Deno.writeFileSync(file, tarOf(files));
    const { code } = await assertRejects(() => restoreBackup(file, home, random), KithError);
    assertEquals([code, allIn(folder.path)], ["backup_damaged", before], JSON.stringify(files));
  }
});

Deno.test("keys, values and names that look like paths stay what they are", async () => {
  await using folder = await tempFolder();
  const hostile = [
    "../../escaped",
    "/tmp/../escaped",
    "..",
    ".",
    "a/../../b",
    "C:\\x",
    "@lock",
    "-",
    "--home",
    "~/x",
    "a\0b",
  ];
  await using host = await startHost(`${folder.path}/home`, { name: "../../../escaped" });
  await host.object("POST", "/v1/space");
  await host.call("PUT", "/v1/entry?key=first", "v");
  // The commit counter is written a second after a commit, beside itself at first.
  const present = () => allIn(folder.path).filter((path) => !path.startsWith(host.host.paths.counter));
  const before = present();
  for (const key of hostile) {
    await host.call("PUT", `/v1/entry?key=${encodeURIComponent(key)}`, "@lock", { "content-type": "text/plain" });
  }
  const lines = hostile.map((key) => JSON.stringify({ key: `imported/${key}`, text: `@${folder.path}/home/lock` }));
  await host.lines("POST", "/v1/import", lines.join("\n"));
  const exported = await host.lines("GET", "/v1/export");
  assertEquals(
    exported.map(({ key }) => key),
    ["first", ...hostile, ...hostile.map((key) => `imported/${key}`)].sort(),
  );
  for (const { key, text } of exported) {
    if (String(key).startsWith("imported/")) assertEquals(text, `@${folder.path}/home/lock`);
  }
  assertEquals((await host.object("POST", "/v1/backup", { path: `${folder.path}/b.tar` })).error, undefined);
  assert(allIn(`${folder.path}/run`).every((path) => !path.includes("escaped")));
  assertEquals(present(), [...before, `${folder.path}/b.tar`].sort());
});
