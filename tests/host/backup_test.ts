import { assert, assertEquals, assertRejects } from "@std/assert";
import { KithError } from "../../lib/base/errors.ts";
import { readBackup } from "../../lib/host/backup.ts";
import { noteCommits } from "../../lib/host/commit_counter.ts";
import { homePaths } from "../../lib/host/home.ts";
import { restoreBackup } from "../../lib/host/restore.ts";
import { countingRandom } from "../store/histories.ts";
import { startHost, tempFolder, type TempHost } from "./temp_host.ts";
import { DEADLINE_MS, until } from "./until.ts";

const random = countingRandom();

async function filled(home: string, entries: number): Promise<TempHost> {
  const host = await startHost(home);
  await host.call("POST", "/v1/space");
  await host.call("PUT", "/v1/config", { name: "kept" });
  const lines = Array.from({ length: entries }, (_, i) => JSON.stringify({ v: 1, key: `k/${i}`, text: `value ${i}` }));
  await host.lines("POST", "/v1/import", lines.join("\n"));
  return host;
}

async function entriesOf(host: TempHost): Promise<string> {
  return await (await host.call("GET", "/v1/export")).text();
}

async function refusal(act: () => Promise<unknown>): Promise<string> {
  return (await assertRejects(act, KithError)).code;
}

Deno.test("a backup of a running peer that is written to is one moment of it, and a home again", async () => {
  await using folder = await tempFolder();
  const file = `${folder.path}/backup.tar`;
  let before: string;
  let meanwhile = 0;
  let note: Record<string, unknown>;
  {
    await using host = await filled(`${folder.path}/home`, 5000);
    before = await entriesOf(host);
    const asked = host.object("POST", "/v1/backup", { path: file });
    let isDone = false;
    void asked.then(() => isDone = true);
    while (!isDone) await host.call("PUT", `/v1/entry?key=later/${meanwhile++}`, "x");
    note = await asked;
    assertEquals([note.error, note.path], [undefined, file]);
    assert(meanwhile >= 1);
    assertEquals((await host.lines("POST", "/v1/verify")).at(-1)?.ok, true);
    assertEquals((await host.object("POST", "/v1/backup", { path: `${file}.2` })).entries, 5000 + meanwhile);
  }
  assertEquals(Deno.statSync(file).mode! & 0o777, 0o600);
  const restored = await restoreBackup(file, `${folder.path}/again`, random);
  assertEquals([restored.damaged, restored.note.peer], [0, note.peer]);
  for (const path of [restored.home, `${restored.home}/identity.key`, `${restored.home}/store.sqlite`]) {
    assertEquals(Deno.statSync(path).mode! & 0o077, 0, path);
  }
  await using again = await startHost(restored.home);
  const [kept, later] = [(await entriesOf(again)).split("\n").filter((line) => line !== ""), [] as string[]];
  while (kept.at(-1)?.includes("later/")) later.push(kept.pop() as string);
  assertEquals([again.host.notices, kept], [[], before.split("\n").filter((line) => line !== "")]);
  // Writes that came before that moment are in it, and none that came after one that is not.
  assertEquals(note.entries, kept.length + later.length);
  assertEquals(
    later.map((line) => Number(JSON.parse(line).key.slice(6))).sort((a, b) => a - b),
    later.map((_, i) => i),
  );
  assertEquals([again.host.peer.status().name, again.host.peer.status().peer], ["kept", note.peer]);
});

Deno.test("what a restored peer writes has no number of what it wrote after the backup: nothing is lost, and no fork", async () => {
  await using folder = await tempFolder();
  const file = `${folder.path}/backup.tar`;
  await using other = await filled(`${folder.path}/other`, 3);
  {
    await using host = await startHost(`${folder.path}/home`);
    const { ticket } = await other.object("POST", "/v1/invites", {});
    await host.lines("POST", "/v1/join", { ticket, at: [other.host.addresses[0]] });
    await host.object("POST", "/v1/wait", { synced: true, timeoutMs: DEADLINE_MS });
    await host.call("PUT", "/v1/entry?key=before", "1");
    await host.object("POST", "/v1/backup", { path: file });
    await host.call("PUT", "/v1/entry?key=after", "2");
    await host.object("POST", "/v1/wait", { synced: true, timeoutMs: DEADLINE_MS });
  }
  Deno.removeSync(`${folder.path}/home`, { recursive: true });
  await restoreBackup(file, `${folder.path}/home`, random);
  await using again = await startHost(`${folder.path}/home`);
  assertEquals((await again.call("GET", "/v1/entry?key=after")).status, 404);
  await again.call("PUT", "/v1/entry?key=offline", "3");
  await again.call("POST", "/v1/connect", { address: other.host.addresses[0] });
  await again.object("POST", "/v1/wait", { synced: true, timeoutMs: DEADLINE_MS });
  for (const host of [again, other]) {
    const keys = (await host.lines("GET", "/v1/entries")).map(({ key }) => key);
    assertEquals(keys, ["after", "before", "k/0", "k/1", "k/2", "offline"]);
    assertEquals((await host.object("GET", "/v1/status")).forks, []);
  }
});

Deno.test("a backup overwrites nothing, and one that fails leaves nothing", async () => {
  await using folder = await tempFolder();
  await using host = await filled(`${folder.path}/home`, 3);
  const file = `${folder.path}/there`;
  Deno.writeTextFileSync(file, "mine");
  assertEquals((await host.object("POST", "/v1/backup", { path: file })).error, "backup_exists");
  assertEquals(Deno.readTextFileSync(file), "mine");
  const nowhere = `${folder.path}/none/backup.tar`;
  assertEquals((await host.object("POST", "/v1/backup", { path: nowhere })).error, "backup_failed");
  assertEquals((await host.object("POST", "/v1/backup", {})).error, "bad_request");
  // A crash left it there.
  Deno.writeTextFileSync(`${folder.path}/good.part`, "half of a backup");
  assertEquals((await host.object("POST", "/v1/backup", { path: `${folder.path}/good` })).error, undefined);
  const names = Array.from(Deno.readDirSync(folder.path), ({ name }) => name);
  assertEquals(names.filter((name) => name.endsWith(".part")), []);
  assertEquals(
    await refusal(() => restoreBackup(`${folder.path}/good`, `${folder.path}/home`, random)),
    "home_not_empty",
  );
});

Deno.test("a backup with any flipped bit, or cut off, is refused, and no home is made of it", async () => {
  await using folder = await tempFolder();
  const file = `${folder.path}/backup.tar`;
  {
    await using host = await filled(`${folder.path}/home`, 3);
    await host.object("POST", "/v1/backup", { path: file });
  }
  const whole = Deno.readFileSync(file);
  const note = await readBackup(file, () => null);
  const padding = new Set<number>();
  let at = 0;
  for (const { size } of note.files) {
    at += 512 + size;
    for (; at % 512 !== 0; at++) padding.add(at);
  }
  const end = at + 512;
  const broken = `${folder.path}/broken.tar`;
  for (let n = 0; n < 300; n++) {
    const bytes = whole.slice();
    const place = (n * 7919 * 31 + 11 * n) % end;
    if (padding.has(place)) continue;
    bytes[place] = (bytes[place] as number) ^ (1 << (n % 8));
    Deno.writeFileSync(broken, bytes);
    assertEquals(
      await refusal(() => restoreBackup(broken, `${folder.path}/new`, random)),
      "backup_damaged",
      `${place}`,
    );
  }
  for (const length of [0, 100, 512, 2000, whole.length - 1600]) {
    Deno.writeFileSync(broken, whole.subarray(0, length));
    assertEquals(await refusal(() => restoreBackup(broken, `${folder.path}/new`, random)), "backup_damaged");
  }
  const left = [...Deno.readDirSync(`${folder.path}/new`)].map(({ name }) => name);
  assertEquals(left, ["lock"]);
  Deno.writeTextFileSync(`${folder.path}/new/store.sqlite-wal`, "of a store that is gone");
  assertEquals(await refusal(() => restoreBackup(file, `${folder.path}/new`, random)), "home_not_empty");
  Deno.removeSync(`${folder.path}/new/store.sqlite-wal`);
  assertEquals(homePaths(`${folder.path}/new`).home, (await restoreBackup(file, `${folder.path}/new`, random)).home);
});

Deno.test("two homes with one identity that run at once notice each other, lose nothing, and use no number twice", async () => {
  await using folder = await tempFolder();
  await using other = await filled(`${folder.path}/other`, 1);
  const [home, copy] = [`${folder.path}/home`, `${folder.path}/copy`];
  {
    await using host = await startHost(home);
    const { ticket } = await other.object("POST", "/v1/invites", {});
    await host.lines("POST", "/v1/join", { ticket, at: [other.host.addresses[0]] });
    await host.object("POST", "/v1/wait", { synced: true, timeoutMs: DEADLINE_MS });
  }
  Deno.mkdirSync(copy, { mode: 0o700 });
  for (const file of ["identity.key", "store.sqlite", "store.sqlite-commits"]) {
    Deno.copyFileSync(`${home}/${file}`, `${copy}/${file}`);
  }
  await using first = await startHost(home);
  await using second = await startHost(copy);
  assertEquals([first.host.notices.length, second.host.notices[0]?.name], [0, "store_copied"]);
  for (const [i, host] of [first, second].entries()) await host.call("PUT", `/v1/entry?key=of/${i}`, "x");
  const knows = async (host: TempHost) => ((await host.object("GET", "/v1/status")).copies as unknown[]).length > 0;
  await until("one of them notices the other", async () => await knows(first) || await knows(second));
  await until("nothing is lost", async () => {
    const keys = (await other.lines("GET", "/v1/entries")).map(({ key }) => key);
    return keys.join() === "k/0,of/0,of/1";
  });
  assertEquals((await other.object("GET", "/v1/status")).forks, []);
  assertEquals((await other.object("GET", "/v1/status")).copies, []);
});

Deno.test("two clones of a machine, of which none can be told for a copy, write under one number: both are kept and shown", async () => {
  await using folder = await tempFolder();
  await using other = await filled(`${folder.path}/other`, 1);
  const [home, copy] = [`${folder.path}/home`, `${folder.path}/copy`];
  {
    await using host = await startHost(home);
    const { ticket } = await other.object("POST", "/v1/invites", {});
    await host.lines("POST", "/v1/join", { ticket, at: [other.host.addresses[0]] });
    await host.object("POST", "/v1/wait", { synced: true, timeoutMs: DEADLINE_MS });
    await host.call("PUT", "/v1/entry?key=before", "x");
    await host.object("POST", "/v1/wait", { synced: true, timeoutMs: DEADLINE_MS });
  }
  Deno.mkdirSync(copy, { mode: 0o700 });
  for (const file of ["identity.key", "store.sqlite"]) Deno.copyFileSync(`${home}/${file}`, `${copy}/${file}`);
  // As of a disk that was copied block by block.
  const { commits, chain } = JSON.parse(Deno.readTextFileSync(homePaths(home).counter));
  noteCommits(homePaths(copy), { commits, chain: Uint8Array.fromHex(chain) });
  for (const [i, path] of [home, copy].entries()) {
    await using apart = await startHost(path, { offline: true });
    assertEquals(apart.host.notices, []);
    await apart.call("PUT", `/v1/entry?key=of/${i}`, "x");
    await apart.call("PUT", "/v1/entry?key=before", `${i}`);
  }
  await using first = await startHost(home);
  await using second = await startHost(copy);
  for (const host of [first, second]) {
    await until("it has all that was written", async () => {
      const keys = (await host.lines("GET", "/v1/entries")).map(({ key }) => key);
      return keys.join() === "before,k/0,of/0,of/1";
    });
    const { forks } = await host.object("GET", "/v1/conflicts") as { forks: { self: boolean; heads: number }[] };
    assertEquals(forks.map(({ self, heads }) => [self, heads]), [[true, 2]]);
  }
  for (const host of [first, second]) await host.call("PUT", `/v1/entry?key=after/${host === first ? 0 : 1}`, "x");
  await until("nothing is lost, and no number used again", async () => {
    const keys = (await other.lines("GET", "/v1/entries")).map(({ key }) => key);
    return keys.join() === "after/0,after/1,before,k/0,of/0,of/1";
  });
  const { forks, conflicts } = await other.object("GET", "/v1/conflicts") as Record<string, Record<string, unknown>[]>;
  assertEquals(forks?.map(({ heads }) => heads), [2]);
  assertEquals(conflicts?.map(({ kind, key }) => [kind, key]), [["concurrent", "before"]]);
});

Deno.test("a lost disk: a new home that joins again gets back what the others have", async () => {
  await using folder = await tempFolder();
  await using other = await filled(`${folder.path}/other`, 3);
  for (const life of ["first", "second"]) {
    const home = `${folder.path}/${life}`;
    await using host = await startHost(home);
    const { ticket } = await other.object("POST", "/v1/invites", {});
    await host.lines("POST", "/v1/join", { ticket, at: [other.host.addresses[0]] });
    await host.object("POST", "/v1/wait", { synced: true, timeoutMs: DEADLINE_MS });
    await host.call("PUT", `/v1/entry?key=of/${life}`, "x");
    await host.object("POST", "/v1/wait", { synced: true, timeoutMs: DEADLINE_MS });
    const keys = (await host.lines("GET", "/v1/entries")).map(({ key }) => key);
    assertEquals(keys, ["k/0", "k/1", "k/2", "of/first", ...(life === "second" ? ["of/second"] : [])]);
  }
  assertEquals((await other.object("GET", "/v1/status")).members, 3);
});
