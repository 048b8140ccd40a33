import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { KithError } from "../../lib/base/errors.ts";
import { Identity } from "../../lib/crypto/identity.ts";
import { parseConfig, readConfig, writeConfig } from "../../lib/host/config.ts";
import { fileError, readFileCapped, writeFileWhole } from "../../lib/host/file_error.ts";
import { homePaths, prepareHome, resolveHome } from "../../lib/host/home.ts";
import { openIdentity } from "../../lib/host/identity_file.ts";
import { lockHome } from "../../lib/host/lock.ts";
import { tempFolder } from "./temp_host.ts";
import { until } from "./until.ts";

const random = { bytes: (size: number) => crypto.getRandomValues(new Uint8Array(size)) };
const modeOf = (path: string) => (Deno.statSync(path).mode ?? 0) & 0o777;
const codeOf = (act: () => unknown) => assertThrows(act, KithError).code;

Deno.test("a home is private, and made private where it is not", async () => {
  await using folder = await tempFolder();
  const home = `${folder.path}/deep/er`;
  prepareHome(home);
  assertEquals(modeOf(home), 0o700);
  Deno.chmodSync(home, 0o755);
  prepareHome(home);
  assertEquals(modeOf(home), 0o700);
  Deno.writeTextFileSync(`${folder.path}/file`, "");
  assertEquals(codeOf(() => prepareHome(`${folder.path}/file`)), "home_unusable");
  assertEquals(codeOf(() => prepareHome(`${folder.path}/file/home`)), "home_unusable");
});

Deno.test("the home is the one named, else KITH_HOME, else the system's place", () => {
  const before = ["KITH_HOME", "XDG_DATA_HOME"].map((name) => [name, Deno.env.get(name)] as const);
  try {
    Deno.env.set("KITH_HOME", "/tmp/from-variable/");
    assertEquals(resolveHome("/tmp/named"), "/tmp/named");
    assertEquals(resolveHome("named"), `${Deno.cwd()}/named`);
    assertEquals(resolveHome(), "/tmp/from-variable");
    if (Deno.build.os !== "linux") return;
    Deno.env.delete("KITH_HOME");
    Deno.env.set("XDG_DATA_HOME", "/tmp/data");
    assertEquals(resolveHome(), "/tmp/data/kith");
    Deno.env.set("XDG_DATA_HOME", "relative");
    assertEquals(resolveHome(), `${Deno.env.get("HOME")}/.local/share/kith`);
  } finally {
    for (const [name, value] of before) value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
  }
});

Deno.test("an identity is made once, kept privately, and never replaced", async () => {
  await using folder = await tempFolder();
  const paths = homePaths(`${folder.path}/home`);
  prepareHome(paths.home);
  const made = openIdentity(paths, random);
  assertEquals(modeOf(paths.identity), 0o600);
  assertEquals(openIdentity(paths, random).peerId, made.peerId);
  const good = Deno.readFileSync(paths.identity);
  for (let i = 0; i < good.length; i++) {
    const bad = good.slice();
    bad[i] = (bad[i] as number) ^ 1;
    Deno.writeFileSync(paths.identity, bad);
    assertEquals(codeOf(() => openIdentity(paths, random)), "key_damaged", `byte ${i}`);
  }
  for (const sizeBytes of [0, 1, good.length - 1]) {
    Deno.writeFileSync(paths.identity, good.subarray(0, sizeBytes));
    assertEquals(codeOf(() => openIdentity(paths, random)), "key_damaged", `${sizeBytes} bytes`);
  }
  Deno.writeFileSync(paths.identity, new Uint8Array(5000));
  assertEquals(codeOf(() => openIdentity(paths, random)), "key_damaged");
  Deno.removeSync(paths.identity);
  Deno.writeTextFileSync(paths.store, "");
  assertEquals(codeOf(() => openIdentity(paths, random)), "key_missing");
  Deno.removeSync(paths.store);
  assertEquals(openIdentity(paths, random) instanceof Identity, true);
});

Deno.test("a home has one owner, also over processes, and is free again after a kill", async () => {
  await using folder = await tempFolder();
  const paths = homePaths(`${folder.path}/home`);
  prepareHome(paths.home);
  const lock = await lockHome(paths);
  const own = await assertRejects(() => lockHome(paths), KithError);
  assertEquals([own.code, own.values.pid], ["home_owned", String(Deno.pid)]);
  lock.release();
  (await lockHome(paths)).release();

  const module = new URL("../../lib/host/lock.ts", import.meta.url).href;
  const source = `const { lockHome } = await import(${JSON.stringify(module)});
    const lock = await lockHome(${JSON.stringify(paths)});
    console.log(Deno.pid);
    setInterval(() => lock, 1000);`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", "--no-lock", source],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const pid = new TextDecoder().decode((await reader.read()).value).trim();
  const other = await assertRejects(() => lockHome(paths), KithError);
  assertEquals([other.code, other.values.pid], ["home_owned", pid]);
  child.kill("SIGKILL");
  await child.status;
  await reader.cancel();
  await until("the lock is free", async () => {
    try {
      (await lockHome(paths)).release();
      return true;
    } catch (error) {
      if (error instanceof KithError) return false;
      throw error;
    }
  });
});

Deno.test("a configuration is kept, and a wrong one names its field", async () => {
  await using folder = await tempFolder();
  const paths = homePaths(`${folder.path}/home`);
  prepareHome(paths.home);
  assertEquals(readConfig(paths), {});
  const config = { name: "otter", listen: ["127.0.0.1:7000", ":0"], text: "127.0.0.1:12345" };
  writeConfig(paths, config);
  assertEquals(readConfig(paths), config);
  assertEquals(modeOf(paths.config), 0o600);
  const wrong: unknown[] = [
    ...[null, [], "text", { nmae: "x" }, { name: 7 }, { name: "" }, { name: "a\nb" }, { name: "x".repeat(65) }],
    ...[{ listen: "127.0.0.1:1" }, { listen: [] }, { listen: ["a b"] }, { listen: ["h:99999"] }, { text: false }],
    ...[{ constructor: "x" }, { listen: new Array(17).fill("h:1") }],
  ];
  for (const value of wrong) {
    assertEquals(codeOf(() => parseConfig(value, "here")), "config_invalid", JSON.stringify(value));
  }
  for (const text of ["{", "\xff", `"${"x".repeat(70_000)}"`]) {
    Deno.writeTextFileSync(paths.config, text);
    assertEquals(codeOf(() => readConfig(paths)), "config_invalid");
  }
});

Deno.test("a file is written whole, and read only up to its bound", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/file`;
  assertEquals(readFileCapped(path, 10), null);
  writeFileWhole(path, new Uint8Array(10));
  writeFileWhole(path, new Uint8Array(3));
  assertEquals(readFileCapped(path, 3)?.length, 3);
  assertThrows(() => readFileCapped(path, 2), RangeError);
  assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name).filter((name) => name !== "run"), ["file"]);
});

Deno.test("a home that can't be written to says so", () => {
  const readOnly = Object.assign(new Error("Read-only file system"), { code: "EROFS" });
  const denied = new Deno.errors.PermissionDenied("no");
  for (const error of [readOnly, denied]) {
    assertEquals((fileError(error, "/home/x") as KithError).code, "home_read_only");
  }
  assertEquals((fileError(new Error("disk on fire"), "/home/x") as KithError).code, "home_unusable");
});
