import { utf8Decode, utf8Encode } from "../base/bytes.ts";
import { KithError } from "../base/errors.ts";
import { fileError, isSystemError } from "./file_error.ts";
import type { HomePaths } from "./home.ts";

/**
 * Longer than a lock that is free takes to get, where trying without waiting does not exist: so many pauses, so that a
 * machine that stands still for a moment uses up only one of them.
 */
const LOCK_PAUSES = 6;
const LOCK_PAUSE_MS = 50;
const MAX_PID_BYTES = 32;
const UNKNOWN = "unknown";

/** A held home: SQLite needs one connection per file, and one socket has one owner. Ends with the process. */
export interface HomeLock {
  /** Lets the home go. */
  release(): void;
}

/**
 * Takes the home for this process, by a lock that the system releases even when the process is killed.
 *
 * @throws {KithError} `home_owned` with the owner's process id, `home_read_only`, `home_unusable`.
 */
export async function lockHome(paths: HomePaths): Promise<HomeLock> {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(paths.lock, { read: true, write: true, create: true, mode: 0o600 });
  } catch (error) {
    throw fileError(error, paths.home);
  }
  if (!await tryLock(file)) {
    const pid = readPid(file);
    file.close();
    throw new KithError("home_owned", { pid, home: paths.home });
  }
  try {
    file.truncateSync(0);
    file.writeSync(utf8Encode(String(Deno.pid)));
  } catch (error) {
    file.close();
    throw fileError(error, paths.home);
  }
  return { release: () => file.close() };
}

/** The process that uses a home, as its lock tells; "unknown" where it does not. */
export function homeOwner(paths: HomePaths): string {
  try {
    using file = Deno.openSync(paths.lock);
    return readPid(file);
  } catch (error) {
    if (isSystemError(error)) return UNKNOWN;
    throw error;
  }
}

async function tryLock(file: Deno.FsFile): Promise<boolean> {
  if ("tryLock" in file) return await file.tryLock(true);
  // Deno before 2.8 only has a lock that waits; the process that gives up waiting ends anyway.
  const old = file as Deno.FsFile;
  let locked = false;
  const locking = old.lock(true).then(() => locked = true);
  for (let pauses = 0; !locked && pauses < LOCK_PAUSES; pauses++) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([locking, new Promise((resolve) => timer = setTimeout(resolve, LOCK_PAUSE_MS))]);
    clearTimeout(timer);
  }
  return locked;
}

function readPid(file: Deno.FsFile): string {
  try {
    const buffer = new Uint8Array(MAX_PID_BYTES);
    return utf8Decode(buffer.subarray(0, file.readSync(buffer) ?? 0)) || UNKNOWN;
  } catch {
    // Windows lets nobody read a file that is locked; the sentence then says less.
    return UNKNOWN;
  }
}
