import { assert, assertEquals } from "@std/assert";
import {
  decideCarried,
  putCarriedBack,
  setCarriedAside,
  settleCarried,
  waitingCarried,
} from "../../lib/host/carried.ts";
import { type HomePaths, homePaths } from "../../lib/host/home.ts";
import { tempFolder } from "./temp_host.ts";

class KilledError extends Error {}

/** What the files of a folder hold, by name. */
function filesOf(folder: string): Record<string, string> {
  const names = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
  return Object.fromEntries(names.map((name) => [name, Deno.readTextFileSync(`${folder}/${name}`)]));
}

/** Does something that is killed before the change number so and so of a file's name. @returns whether it came so far. */
function killedBefore(step: number, act: () => void): boolean {
  const { renameSync, removeSync } = Deno;
  let left = step;
  const counting = <Words extends unknown[]>(call: (...words: Words) => void) => (...words: Words) => {
    if (left-- === 0) throw new KilledError();
    call(...words);
  };
  Deno.renameSync = counting(renameSync);
  Deno.removeSync = counting(removeSync);
  try {
    act();
    return false;
  } catch (error) {
    if (left >= 0) throw error;
    return true;
  } finally {
    Deno.renameSync = renameSync;
    Deno.removeSync = removeSync;
  }
}

/** A home whose entries are kept for another space. */
function homeIn(folder: string): { paths: HomePaths; before: Record<string, string> } {
  Deno.mkdirSync(folder);
  const paths = homePaths(folder);
  for (const [path, text] of [[paths.identity, "key"], [paths.store, "old"], [paths.counter, "old count"]] as const) {
    Deno.writeTextFileSync(path, text);
  }
  Deno.writeTextFileSync(`${paths.store}-wal`, "old log");
  const before = filesOf(folder);
  Deno.writeTextFileSync(`${folder}/carried.draft.ndjson`, "entries");
  return { paths, before };
}

/** Writes what a peer begins that starts in the home now; of the files beside a store not all are there at a time. */
function beginAnew(paths: HomePaths): void {
  const { store, counter } = paths;
  for (const path of [store, `${store}-wal`, `${store}-shm`, `${store}-journal`, counter]) {
    Deno.writeTextFileSync(path, "new");
  }
}

Deno.test("a carry that is killed at any step before it is decided upon leaves the home as it was", async () => {
  await using folder = await tempFolder();
  for (let step = 0;; step++) {
    const { paths, before } = homeIn(`${folder.path}/${step}`);
    const killed = killedBefore(step, () => setCarriedAside(paths));
    settleCarried(paths);
    assertEquals(filesOf(paths.home), before, `killed before step ${step}`);
    assertEquals(settleCarried(paths), null);
    if (killed) continue;
    assert(step >= 4);
    break;
  }
});

Deno.test("taking a carry back is done to its end wherever it was killed, and never mixes the two stores", async () => {
  await using folder = await tempFolder();
  for (let step = 0;; step++) {
    const { paths, before } = homeIn(`${folder.path}/${step}`);
    setCarriedAside(paths);
    beginAnew(paths);
    const killed = killedBefore(step, () => putCarriedBack(paths));
    const told = settleCarried(paths);
    assertEquals(filesOf(paths.home), before, `killed before step ${step}`);
    assertEquals(told?.name ?? null, killed ? "carry_undone" : null);
    if (killed) continue;
    assert(step >= 6);
    break;
  }
});

Deno.test("a carry that is decided upon waits for as long as it takes, and its former store is kept", async () => {
  await using folder = await tempFolder();
  const { paths, before } = homeIn(`${folder.path}/home`);
  setCarriedAside(paths);
  beginAnew(paths);
  assertEquals(waitingCarried(paths), null);
  decideCarried(paths);
  assertEquals(settleCarried(paths), null);
  putCarriedBack(paths);
  assertEquals(Deno.readTextFileSync(paths.store), "new");
  const waiting = waitingCarried(paths);
  assertEquals(Deno.readTextFileSync(waiting?.file as string), "entries");
  assertEquals(Deno.readTextFileSync(waiting?.asidePath as string), before["store.sqlite"]);
});
