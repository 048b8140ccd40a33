import { assert, assertEquals } from "@std/assert";
import type { PeerEvent } from "../../lib/base/event.ts";
import { CommitCounter, noteCommits } from "../../lib/host/commit_counter.ts";
import { homePaths, prepareHome } from "../../lib/host/home.ts";
import { Store } from "../../lib/store/store.ts";
import { countingRandom } from "../store/histories.ts";
import { startHost, tempFolder, type TempHost } from "./temp_host.ts";
import { until } from "./until.ts";

const HOME_FILES = ["identity.key", "store.sqlite", "store.sqlite-commits"];

async function set(host: TempHost, key: string): Promise<void> {
  const value = new Uint8Array([1]);
  const reply = await host.host.request({ type: "write", writes: [{ kind: "put", key, media: "text/plain", value }] });
  assert(reply.ok);
}

/** A home with a space and so many writes; with `killed` as it is while its peer still runs. */
async function homeWith(home: string, writes: number, killed: string | null = null): Promise<void> {
  await using host = await startHost(home, { offline: true });
  await host.host.request({ type: "create_space" });
  for (let i = 0; i < writes; i++) await set(host, `k${i}`);
  if (killed === null) return;
  await until("the commits are noted", () => noted(home) === writes + 2);
  copyHome(home, killed, [...HOME_FILES, "store.sqlite-wal"]);
}

/** Opens a home, and writes. @returns what it says of its store, its entries, and how many lives have written to it. */
async function opened(home: string): Promise<{ notices: string[]; entries: number; lives: number }> {
  const notices: string[] = [];
  let entries = 0;
  {
    await using host = await startHost(home, { offline: true });
    entries = host.host.peer.status().entries;
    notices.push(...host.host.notices.map(({ name }) => name));
    assertEquals(Object.keys(host.host.counters), notices);
    await set(host, "more");
  }
  const store = Store.open(homePaths(home).store, { random: countingRandom() });
  const lives = store.frontier().length;
  store.close();
  return { notices, entries, lives };
}

function copyHome(from: string, to: string, files: readonly string[] = HOME_FILES): void {
  Deno.mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const file of files) Deno.copyFileSync(`${from}/${file}`, `${to}/${file}`);
}

function noted(home: string): number {
  try {
    return JSON.parse(Deno.readTextFileSync(homePaths(home).counter)).commits;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

/** Makes a copy look as if it had always been here: a store that loses commits is the same file as before. */
function settle(home: string, commits: number, chain: Uint8Array): void {
  noteCommits(homePaths(home), { commits, chain });
}

Deno.test("a home that is used again and again is not taken for another", async () => {
  await using folder = await tempFolder();
  const home = `${folder.path}/home`;
  await homeWith(home, 3);
  assertEquals(Deno.statSync(homePaths(home).counter).mode! & 0o777, 0o600);
  for (let i = 0; i < 3; i++) assertEquals(await opened(home), { notices: [], entries: i === 0 ? 3 : 4, lives: 1 });
});

Deno.test("a log that lost its last commits is noticed at the start, and the store begins another life", async () => {
  await using folder = await tempFolder();
  const [home, killed] = [`${folder.path}/home`, `${folder.path}/killed`];
  await homeWith(home, 5, killed);
  const { commits, chain } = JSON.parse(Deno.readTextFileSync(homePaths(killed).counter));
  settle(killed, commits, Uint8Array.fromHex(chain));
  const log = Deno.readFileSync(`${killed}/store.sqlite-wal`);
  // One bit in the middle: SQLite drops the commit that it is in, and all behind it, without a word.
  const at = Math.floor(log.length * 0.8);
  log[at] = (log[at] as number) ^ 4;
  Deno.writeFileSync(`${killed}/store.sqlite-wal`, log);
  const { notices, entries, lives } = await opened(killed);
  assertEquals([notices, lives, entries < 5], [["store_shortened"], 2, true]);
  assertEquals((await opened(killed)).notices, []);
});

Deno.test("a log that is whole after a kill is not taken for a shortened one", async () => {
  await using folder = await tempFolder();
  const [home, killed] = [`${folder.path}/home`, `${folder.path}/killed`];
  await homeWith(home, 5, killed);
  const { commits, chain } = JSON.parse(Deno.readTextFileSync(homePaths(killed).counter));
  settle(killed, commits, Uint8Array.fromHex(chain));
  assertEquals(await opened(killed), { notices: [], entries: 5, lives: 1 });
});

Deno.test("a copy of a home is noticed at its first start, the home itself goes on", async () => {
  await using folder = await tempFolder();
  const [home, copy] = [`${folder.path}/home`, `${folder.path}/copy`];
  await homeWith(home, 2);
  copyHome(home, copy);
  assertEquals(await opened(copy), { notices: ["store_copied"], entries: 2, lives: 2 });
  assertEquals((await opened(copy)).notices, []);
  assertEquals(await opened(home), { notices: [], entries: 2, lives: 1 });
});

Deno.test("an older copy of the store that is put in its place is noticed; with its counter, where the file is another", async () => {
  await using folder = await tempFolder();
  const home = `${folder.path}/home`;
  await homeWith(home, 2);
  copyHome(home, `${home}-copy`);
  await opened(home);
  copyHome(`${home}-copy`, home, ["store.sqlite"]);
  assertEquals(await opened(home), { notices: ["store_shortened"], entries: 2, lives: 2 });
  copyHome(`${home}-copy`, home, ["store.sqlite"]);
  Deno.removeSync(homePaths(home).counter);
  assertEquals(await opened(home), { notices: ["store_unsure"], entries: 2, lives: 2 });
  for (const file of HOME_FILES) Deno.removeSync(`${home}/${file}`);
  copyHome(`${home}-copy`, home);
  assertEquals(await opened(home), { notices: ["store_copied"], entries: 2, lives: 2 });
});

Deno.test("two stores of one length are told apart, and so is one that went on elsewhere", async () => {
  await using folder = await tempFolder();
  const [home, copy] = [`${folder.path}/home`, `${folder.path}/copy`];
  await homeWith(home, 2);
  copyHome(home, copy);
  for (const more of [0, 2]) {
    for (let i = 0; i < 1 + more; i++) await opened(copy);
    await opened(home);
    const counter = Deno.readFileSync(homePaths(home).counter);
    copyHome(copy, home, ["store.sqlite"]);
    Deno.writeFileSync(homePaths(home).counter, counter);
    assertEquals((await opened(home)).notices, ["store_replaced"]);
  }
});

Deno.test("a damaged counter file is noticed, whichever bit", async () => {
  await using folder = await tempFolder();
  const home = `${folder.path}/home`;
  await homeWith(home, 1);
  const whole = Deno.readFileSync(homePaths(home).counter);
  for (let at = 0; at < whole.length; at += 7) {
    const bytes = Deno.readFileSync(homePaths(home).counter);
    bytes[at] = (bytes[at] as number) ^ (1 << (at % 8));
    Deno.writeFileSync(homePaths(home).counter, bytes);
    assertEquals((await opened(home)).notices, ["store_unsure"], `byte ${at}`);
  }
  Deno.writeFileSync(homePaths(home).counter, new Uint8Array(2000));
  assertEquals((await opened(home)).notices, ["store_unsure"]);
});

Deno.test("a disk that does not take the note is told of, and the note is made later", async () => {
  await using folder = await tempFolder();
  const paths = homePaths(`${folder.path}/home`);
  const store = {
    lastCommit: { commits: 3, chain: new Uint8Array([7]) },
    notedCommit: { commits: 0, chain: new Uint8Array() },
  };
  const events: PeerEvent[] = [];
  const counter = new CommitCounter(paths, store, (event) => events.push(event), 1);
  counter.turned();
  await until("it was told", () => events.length > 0);
  assertEquals([events[0]?.name, store.notedCommit.commits], ["commits_not_noted", 3]);
  prepareHome(paths.home);
  Deno.writeFileSync(paths.store, new Uint8Array());
  store.lastCommit = { commits: 4, chain: new Uint8Array([8]) };
  counter.turned();
  await until("it is noted", () => noted(paths.home) === 4);
  await counter.stop();
  assertEquals(events.length, 1);
});
