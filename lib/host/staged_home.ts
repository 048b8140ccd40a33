import type { PeerEvent } from "../base/event.ts";
import { fileError, isThere, removeIfThere, syncFolderOf } from "./file_error.ts";
import { homeHasStore, type HomePaths } from "./home.ts";
import { asidePath, setStoreAside, SQLITE_COMPANIONS } from "./set_aside.ts";

/**
 * Where the files are made that shall be those of a home: a store, and whatever goes with it. Nothing of them is in use
 * before `decideStaged`, and all of it after that, whenever the process ends.
 */
export function stagedPaths(paths: HomePaths): HomePaths {
  const { home, lock, log } = paths;
  const next = (path: string) => `${path}.next`;
  return {
    ...{ home, lock, log, store: `${paths.store}.draft` },
    ...{ identity: next(paths.identity), config: next(paths.config), counter: next(paths.counter) },
  };
}

/** Lets the staged files be the home's, from now on. The store is closed, and all of them durable. @throws what the file system throws. */
export function decideStaged(paths: HomePaths): void {
  Deno.renameSync(stagedPaths(paths).store, decided(paths));
  syncFolderOf(paths.store);
}

/**
 * Puts staged files in place that were decided upon, and removes others. To be called before anything else is done
 * with a home that was taken: a process that was killed may have left it half done.
 *
 * @returns what to tell of it; null where no store had to make room.
 * @throws {KithError} `home_…`.
 */
export function settleStaged(paths: HomePaths): PeerEvent | null {
  const { identity, config, counter } = stagedPaths(paths);
  try {
    if (!isThere(decided(paths))) {
      dropStaged(paths);
      return null;
    }
    // Once more after a crash, it has to come to the same name.
    const madeMs = Deno.statSync(decided(paths)).mtime?.getTime() ?? 0;
    if (homeHasStore(paths)) setStoreAside(paths, madeMs);
    for (const [from, to] of [[identity, paths.identity], [config, paths.config], [counter, paths.counter]] as const) {
      if (isThere(from)) Deno.renameSync(from, to);
    }
    Deno.renameSync(decided(paths), paths.store);
    syncFolderOf(paths.store);
    const path = asidePath(paths, madeMs);
    if (!isThere(path)) return null;
    const reason = "it was damaged and was made anew from what is intact; other members may have what is lost";
    return { name: "store_rebuilt", level: "warning", reason, fields: { damaged_store: path } };
  } catch (error) {
    throw fileError(error, paths.home);
  }
}

/** Removes staged files, unless they were decided upon. @throws what the file system throws. */
export function dropStaged(paths: HomePaths): void {
  if (isThere(decided(paths))) return;
  const { identity, config, counter, store } = stagedPaths(paths);
  for (const path of [identity, config, counter, ...["", ...SQLITE_COMPANIONS].map((suffix) => store + suffix)]) {
    removeIfThere(path);
  }
}

/** Removes them as far as that is possible, when it was given up: what is told is why it was. */
export function abandonStaged(paths: HomePaths): void {
  try {
    dropStaged(paths);
  } catch {
    // The next start does it.
  }
}

/** The name under which a store is that is about to be put in place. */
function decided({ store }: HomePaths): string {
  return `${store}.next`;
}
