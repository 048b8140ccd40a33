import type { PeerEvent } from "../base/event.ts";
import { fileError, isThere, removeIfThere, renameIfThere, syncFolderOf } from "./file_error.ts";
import { homeHasStore, type HomePaths } from "./home.ts";
import { asidePath, setStoreAside, STORE_COMPANIONS, writeStream } from "./set_aside.ts";

/** The files in which a home's entries wait while it goes into another space; each name is a step further. */
interface CarriedPaths {
  /** In the making. */
  readonly draft: string;
  /** Whole, while no other space is joined: the former store comes back whenever the process ends. */
  readonly undecided: string;
  /** The other space is joined: they are brought in, whenever the process ends. */
  readonly joined: string;
}

/** Keeps a home's entries, for another space. @throws {KithError} `home_…`. */
export async function writeCarried(paths: HomePaths, entries: ReadableStream<Uint8Array>): Promise<void> {
  await writeStream(carriedPaths(paths).draft, entries);
}

/**
 * Sets the store aside whose entries were kept, so that the next peer of the home begins with an empty one. Nobody uses
 * the home.
 *
 * @throws {KithError} `home_…`.
 */
export function setCarriedAside(paths: HomePaths): void {
  const { draft, undecided } = carriedPaths(paths);
  try {
    Deno.renameSync(draft, undecided);
    syncFolderOf(undecided);
  } catch (error) {
    throw fileError(error, paths.home);
  }
  setStoreAside(paths, madeMs(undecided));
}

/** The other space is joined: from now on there is no way back. @throws {KithError} `home_…`. */
export function decideCarried(paths: HomePaths): void {
  const { undecided, joined } = carriedPaths(paths);
  try {
    renameIfThere(undecided, joined);
    syncFolderOf(joined);
  } catch (error) {
    throw fileError(error, paths.home);
  }
}

/** The file of the entries that wait to be brought in, and where the store that they come from is; null for none. */
export function waitingCarried(paths: HomePaths): { readonly file: string; readonly asidePath: string } | null {
  const { joined } = carriedPaths(paths);
  return isThere(joined) ? { file: joined, asidePath: asidePath(paths, madeMs(joined)) } : null;
}

/** They are brought in. @throws {KithError} `home_…`. */
export function dropCarried(paths: HomePaths): void {
  try {
    removeIfThere(carriedPaths(paths).joined);
  } catch (error) {
    throw fileError(error, paths.home);
  }
}

/**
 * Takes back what a process left that was killed before it had joined. To be called before anything is done with a home
 * that was taken.
 *
 * @returns what to tell of it; null where nothing was under way.
 * @throws {KithError} `home_…`.
 */
export function settleCarried(paths: HomePaths): PeerEvent | null {
  const { draft, undecided } = carriedPaths(paths);
  try {
    removeIfThere(draft);
    if (!isThere(undecided)) return null;
    putCarriedBack(paths);
    const reason = "'join --carry' ended before it was in the other space; all is as it was before";
    return { name: "carry_undone", level: "warning", reason };
  } catch (error) {
    throw fileError(error, paths.home);
  }
}

/**
 * Puts the store that was set aside in place of the one that was begun since, unless that is decided upon. What a crash
 * leaves of it can be done to its end by doing it again.
 *
 * @throws {KithError} `home_…`.
 */
export function putCarriedBack(paths: HomePaths): void {
  const { undecided } = carriedPaths(paths);
  try {
    if (!isThere(undecided)) return;
    const aside = asidePath(paths, madeMs(undecided));
    if (isThere(aside)) {
      // The store first: what lies beside its place until it is there belongs to the other one.
      for (const companion of ["", ...STORE_COMPANIONS]) removeIfThere(paths.store + companion);
      Deno.renameSync(aside, paths.store);
    }
    for (const companion of STORE_COMPANIONS) renameIfThere(aside + companion, paths.store + companion);
    syncFolderOf(paths.store);
    if (homeHasStore(paths)) removeIfThere(undecided);
  } catch (error) {
    throw fileError(error, paths.home);
  }
}

function carriedPaths({ home }: HomePaths): CarriedPaths {
  const path = (name: string) => `${home}/${name}`;
  return {
    draft: path("carried.draft.ndjson"),
    undecided: path("carried.ndjson"),
    joined: path("carried.joined.ndjson"),
  };
}

/** By which the store that was set aside is found again: its name tells it, and so does the file's date. */
function madeMs(file: string): number {
  return Deno.statSync(file).mtime?.getTime() ?? 0;
}
