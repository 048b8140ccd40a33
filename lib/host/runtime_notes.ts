import { utf8Decode, utf8Encode } from "../base/bytes.ts";
import { MAX_ADDRESSES, MAX_RUNTIME_NOTE_BYTES, MAX_RUNTIME_NOTES } from "../base/limits.ts";
import { isSystemError, readFileCapped, removeIfThere, writeFileWhole } from "./file_error.ts";
import { homeTag, runtimeFolder } from "./runtime_folder.ts";

/** What a running peer leaves for others of the same user on the same machine. */
export interface RuntimeNote {
  /** Base32 id. */
  readonly peer: string;
  readonly home: string;
  readonly pid: number;
  /** Where it listens, `host:port`, dialable from this machine. */
  readonly addresses: readonly string[];
}

const SUFFIX = ".json";

/**
 * Leaves a note that `join` on this machine finds.
 *
 * @returns its path; null where there is no folder for it.
 * @throws whatever the file system throws.
 */
export function leaveNote(note: RuntimeNote): string | null {
  const folder = runtimeFolder();
  if (folder === null) return null;
  const path = `${folder}/${homeTag(note.home)}${SUFFIX}`;
  writeFileWhole(path, utf8Encode(JSON.stringify({ v: 1, ...note })), { isDurable: false });
  return path;
}

/**
 * The note of this peer, which it leaves once it can let others in: joiners that start at the same time would only try
 * each other. A peer is as good without its note: what the file system refuses is told.
 */
export class OwnNote implements Disposable {
  readonly #note: RuntimeNote;
  readonly #isMember: () => boolean;
  readonly #refused: (name: string, error: unknown) => void;
  #path: string | null = null;
  #isDone = false;

  /**
   * @param isMember whether this peer can let others in by now.
   * @param refused told of `note_failed` and `note_left`, with what the file system throws.
   */
  constructor(note: RuntimeNote, isMember: () => boolean, refused: (name: string, error: unknown) => void) {
    this.#note = note;
    this.#isMember = isMember;
    this.#refused = refused;
  }

  /** Leaves it, if that has yet to be done. */
  leaveOnce(): void {
    if (this.#isDone || !this.#isMember()) return;
    this.#isDone = true;
    try {
      this.#path = leaveNote(this.#note);
    } catch (error) {
      this.#refused("note_failed", error);
    }
  }

  /** Removes it. */
  [Symbol.dispose](): void {
    this.#isDone = true;
    try {
      if (this.#path !== null) removeIfThere(this.#path);
    } catch (error) {
      this.#refused("note_left", error);
    }
  }
}

/**
 * The notes of peers that run now, but for that of `exceptHome`. Those of peers that no longer do are cleaned up. Notes
 * are hints: what the file system refuses is passed over.
 *
 * @param isRunning whether a peer answers in a home.
 */
export async function runningPeers(
  exceptHome: string,
  isRunning: (home: string) => Promise<boolean>,
): Promise<RuntimeNote[]> {
  const folder = runtimeFolder();
  if (folder === null) return [];
  const found: RuntimeNote[] = [];
  for (const name of passedOver(() => noteNames(folder)) ?? []) {
    const path = `${folder}/${name}`;
    const note = passedOver(() => readNote(path));
    if (note !== null && note.home === exceptHome) continue;
    if (note !== null && await isRunning(note.home)) found.push(note);
    else passedOver(() => removeIfThere(path));
  }
  return found;
}

function noteNames(folder: string): string[] {
  const names = Array.from(Deno.readDirSync(folder), ({ name }) => name);
  return names.filter((name) => name.endsWith(SUFFIX)).slice(0, MAX_RUNTIME_NOTES);
}

/** What it gives; null where the file system refuses it. */
function passedOver<T>(act: () => T): T | null {
  try {
    return act();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return null;
  }
}

function readNote(path: string): RuntimeNote | null {
  try {
    const bytes = readFileCapped(path, MAX_RUNTIME_NOTE_BYTES);
    if (bytes === null) return null;
    const { peer, home, pid, addresses } = JSON.parse(utf8Decode(bytes)) as Partial<RuntimeNote>;
    if (typeof peer !== "string" || typeof home !== "string" || typeof pid !== "number") return null;
    if (!Array.isArray(addresses) || !addresses.every((address) => typeof address === "string")) return null;
    return { peer, home, pid, addresses: addresses.slice(0, MAX_ADDRESSES) };
  } catch (error) {
    // A note is a hint: one that cannot be read is as good as none, and is cleaned up with the stale ones.
    if (error instanceof SyntaxError || error instanceof TypeError || error instanceof RangeError) return null;
    throw error;
  }
}
