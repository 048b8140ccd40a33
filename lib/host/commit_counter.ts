import { equal, fromHex, toHex, utf8Decode, utf8Encode } from "../base/bytes.ts";
import type { PeerEvent } from "../base/event.ts";
import { MAX_COUNTER_FILE_BYTES, NOTE_COMMITS_EVERY_MS } from "../base/limits.ts";
import { sha256 } from "../crypto/hash.ts";
import type { CommitMark } from "../store/store_row.ts";
import { fileError, readFileCapped, writeFileWhole } from "./file_error.ts";
import type { HomePaths } from "./home.ts";

/** What a commit counter needs of a store. */
export interface CountedStore {
  readonly lastCommit: CommitMark;
  notedCommit: CommitMark;
}

const CHECK_BYTES = 16;

/** What the file holds. */
interface Note extends CommitMark {
  /** When the store's file was made, ms since 1970, which a copy of it does not share; null where that is not told. */
  readonly bornMs: number | null;
}

/**
 * Looks whether a store is the one that was last used in this home. It is not where its log was cut short or a bit of
 * it flipped (SQLite then drops all commits behind that), where an older copy was put in its place, and where the home
 * was copied. Such a store must not go on counting where another may have counted: it needs a new instance id.
 *
 * @returns what to tell of it; null where all is well.
 * @throws {KithError} `home_…`.
 */
export function findOlderStore(paths: HomePaths, store: CountedStore): PeerEvent | null {
  const { lastCommit, notedCommit } = store;
  const note = readNote(paths);
  if (note === null && notedCommit.commits === 0) {
    // A new store, or one of before there was a counter.
    noteCommits(paths, lastCommit);
    store.notedCommit = lastCommit;
    return null;
  }
  if (note === null || note === "damaged") {
    const what = note === null ? "gone" : "damaged";
    return older("store_unsure", `${paths.counter} is ${what}`, { commits: lastCommit.commits });
  }
  const { commits } = note;
  if (commits > lastCommit.commits) {
    return older("store_shortened", "its last commits are gone", { commits, left: lastCommit.commits });
  }
  const known = commits === lastCommit.commits ? lastCommit : notedCommit;
  if (commits > known.commits || (commits === known.commits && !equal(note.chain, known.chain))) {
    return older("store_replaced", "another store was used in this home before", { commits });
  }
  const bornMs = bornOf(paths);
  if (note.bornMs !== null && bornMs !== null && note.bornMs !== bornMs) {
    return older("store_copied", "this home was copied or moved, or put back from a copy", { commits });
  }
  store.notedCommit = { commits, chain: note.chain };
  return null;
}

/**
 * Notes at most once in `NOTE_COMMITS_EVERY_MS`, in a small file beside the database, how many commits the store has.
 * The file is written whole or not at all, in the background.
 */
export class CommitCounter {
  readonly #paths: HomePaths;
  readonly #store: CountedStore;
  readonly #event: (event: PeerEvent) => void;
  readonly #everyMs: number;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #writing: Promise<void> = Promise.resolve();
  #stopped = false;

  /** @param everyMs Default: NOTE_COMMITS_EVERY_MS. */
  constructor(
    paths: HomePaths,
    store: CountedStore,
    event: (event: PeerEvent) => void,
    everyMs: number = NOTE_COMMITS_EVERY_MS,
  ) {
    this.#paths = paths;
    this.#store = store;
    this.#event = event;
    this.#everyMs = everyMs;
  }

  /** A turn is over. */
  turned(): void {
    if (this.#timer !== null || this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#note();
    }, this.#everyMs);
  }

  /** Notes what there is a last time. To be called when no turn follows, and before the store is closed. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#note();
    await this.#writing;
  }

  #note(): void {
    try {
      const { commits, chain } = this.#store.lastCommit;
      if (commits === this.#store.notedCommit.commits) return;
      // First in the store: it may know of a note that was never written, but not lack one that was.
      this.#store.notedCommit = { commits, chain };
      this.#writing = this.#writing.then(() => this.#write({ commits, chain }));
    } catch (error) {
      this.#failed(error);
    }
  }

  async #write(mark: CommitMark): Promise<void> {
    const draft = `${this.#paths.counter}.new`;
    try {
      {
        using file = await Deno.open(draft, { write: true, create: true, truncate: true, mode: 0o600 });
        const bytes = encode({ ...mark, bornMs: bornOf(this.#paths) });
        for (let offset = 0; offset < bytes.length;) offset += await file.write(bytes.subarray(offset));
        await file.sync();
      }
      await Deno.rename(draft, this.#paths.counter);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** The disk is full, say: the older note stays, and is renewed after the next turns. */
  #failed(error: unknown): void {
    this.#event({ name: "commits_not_noted", level: "error", reason: fileError(error, this.#paths.home).message });
  }
}

/** Writes the note of a store that is about to be used for the first time where it is now. */
export function noteCommits(paths: HomePaths, { commits, chain }: CommitMark): void {
  try {
    writeFileWhole(paths.counter, encode({ commits, chain, bornMs: bornOf(paths) }));
  } catch (error) {
    throw fileError(error, paths.home);
  }
}

function older(name: string, reason: string, fields: PeerEvent["fields"] & object): PeerEvent {
  return { name, level: "warning", reason, fields };
}

function bornOf({ store }: HomePaths): number | null {
  return Deno.statSync(store).birthtime?.getTime() ?? null;
}

/** The note as it is on disk; null where there is none. */
function readNote(paths: HomePaths): Note | "damaged" | null {
  let bytes: Uint8Array | null;
  try {
    bytes = readFileCapped(paths.counter, MAX_COUNTER_FILE_BYTES);
  } catch (error) {
    if (error instanceof RangeError) return "damaged";
    throw fileError(error, paths.home);
  }
  if (bytes === null) return null;
  try {
    const { commits, chain, born } = JSON.parse(utf8Decode(bytes)) as { commits: number; chain: string; born: number };
    const note: Note = { commits, chain: fromHex(chain), bornMs: born };
    return equal(encode(note), bytes) ? note : "damaged";
  } catch {
    return "damaged";
  }
}

function encode({ commits, chain, bornMs }: Note): Uint8Array {
  const fields = { v: 1, commits, chain: toHex(chain), born: bornMs };
  const check = toHex(sha256(utf8Encode(JSON.stringify(fields))).subarray(0, CHECK_BYTES));
  return utf8Encode(JSON.stringify({ ...fields, check }) + "\n");
}
