import { fileError, renameIfThere, syncFolderOf } from "./file_error.ts";
import type { HomePaths } from "./home.ts";

/**
 * What SQLite has beside a database while that is open or in the making, and after a crash. None of it may be left to
 * another database: what a journal takes back there is all that it holds.
 */
export const SQLITE_COMPANIONS = ["-wal", "-shm", "-journal"];
/** What lies beside a home's store: that, and the commit counter. */
export const STORE_COMPANIONS = [...SQLITE_COMPANIONS, "-commits"];

/**
 * Moves the store of a home that nobody uses out of the way, so that the next peer begins with an empty one. What a
 * crash leaves of it can be done to its end by doing it again, with the same time.
 *
 * @param nowMs wall clock, for the name.
 * @throws {KithError} `home_…`.
 */
export function setStoreAside(paths: HomePaths, nowMs: number): void {
  const path = asidePath(paths, nowMs);
  try {
    // The store comes last: as long as it is in its place, it is not done.
    for (const companion of [...STORE_COMPANIONS, ""]) renameIfThere(paths.store + companion, path + companion);
    syncFolderOf(path);
  } catch (error) {
    throw fileError(error, paths.home);
  }
}

/** Where a store is set aside. @param nowMs wall clock. */
export function asidePath({ store }: HomePaths, nowMs: number): string {
  const date = new Date(nowMs).toISOString().replaceAll(/[:.]/g, "-");
  return store.replace(/(\.sqlite)?$/, `-${date}$1`);
}

/** Keeps what a stream gives in a private file (0600), durably. @throws {KithError} `home_…`. */
export async function writeStream(path: string, stream: ReadableStream<Uint8Array>): Promise<void> {
  try {
    using file = await Deno.open(path, { write: true, create: true, truncate: true, mode: 0o600 });
    for await (const chunk of stream) {
      for (let offset = 0; offset < chunk.length;) offset += file.writeSync(chunk.subarray(offset));
    }
    file.syncSync();
  } catch (error) {
    throw fileError(error, path);
  }
}

/** What a file holds, read as it is taken. @throws {KithError} `home_…`. */
export async function readStream(path: string): Promise<ReadableStream<Uint8Array>> {
  try {
    return (await Deno.open(path)).readable;
  } catch (error) {
    throw fileError(error, path);
  }
}
