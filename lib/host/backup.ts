import { toHex, utf8Decode, utf8Encode } from "../base/bytes.ts";
import { KithError } from "../base/errors.ts";
import { BACKUP_CHUNK_BYTES, MAX_CONFIG_BYTES } from "../base/limits.ts";
import { RunningHash } from "../crypto/hash.ts";
import { fileError, isSystemError, isThere, readFileCapped, removeIfThere, syncFolderOf } from "./file_error.ts";
import type { HomePaths } from "./home.ts";
import { readTarHeader, TAR_BLOCK_BYTES, tarHeader, tarPadding } from "./tar.ts";

/** What a backup is of; it stands in its last file. */
export interface BackupNote {
  readonly v: 1;
  /** When it was made, ms since 1970. */
  readonly made: number;
  /** kith's version. */
  readonly version: string;
  /** Base32 id of the peer. */
  readonly peer: string;
  readonly name: string;
  /** Base32 id of the space; null where there was none. */
  readonly space: string | null;
  readonly entries: number;
  readonly files: readonly { readonly name: string; readonly size: number; readonly sha256: string }[];
}

const NOTE_NAME = "kith-backup.json";
const IDENTITY_NAME = "identity.key";
const CONFIG_NAME = "config.json";
const STORE_NAME = "store.sqlite";
const MAX_NOTE_BYTES = 64 * 1024;
const MAX_IDENTITY_BYTES = 1024;

/**
 * Writes a home into one file, a tar of its identity, configuration and store, private to its owner (0600), and reads
 * it again. Until it is whole and durable it is called `FILE.part`, which overwrites one that was left there by a crash.
 *
 * @param store the database file, which does not change meanwhile, and its size in bytes.
 * @throws {KithError} `backup_exists`, `backup_failed`; then there is no such file.
 */
export async function writeBackup(
  paths: HomePaths,
  store: { readonly file: Deno.FsFile; readonly sizeBytes: number },
  path: string,
  about: Omit<BackupNote, "v" | "files">,
): Promise<BackupNote> {
  refuseExisting(path);
  const part = `${path}.part`;
  try {
    const files: BackupNote["files"][number][] = [];
    {
      removeIfThere(part);
      using out = await Deno.open(part, { write: true, createNew: true, mode: 0o600 });
      const add = async (name: string, size: number, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) => {
        await writeAll(out, tarHeader({ name, sizeBytes: size }, about.made));
        const hash = new RunningHash();
        let written = 0;
        for await (const chunk of chunks) {
          hash.update(chunk);
          await writeAll(out, chunk);
          written += chunk.length;
        }
        if (written !== size) throw new RangeError(`${name} has ${written} bytes, not ${size}`);
        await writeAll(out, tarPadding(size));
        files.push({ name, size, sha256: toHex(hash.digest()) });
      };
      for (const [name, from, max] of smallFiles(paths)) {
        const bytes = readFileCapped(from, max);
        if (bytes !== null) await add(name, bytes.length, [bytes]);
      }
      await store.file.seek(0, Deno.SeekMode.Start);
      await add(STORE_NAME, store.sizeBytes, chunksOf(store.file, store.sizeBytes));
      const note: BackupNote = { v: 1, ...about, files };
      const bytes = utf8Encode(JSON.stringify(note, null, 2) + "\n");
      await writeAll(out, tarHeader({ name: NOTE_NAME, sizeBytes: bytes.length }, about.made));
      await writeAll(out, bytes);
      await writeAll(out, tarPadding(bytes.length));
      await writeAll(out, new Uint8Array(2 * TAR_BLOCK_BYTES));
      await out.sync();
    }
    const note = await readBackup(part, () => null);
    refuseExisting(path);
    Deno.renameSync(part, path);
    syncFolderOf(path);
    return note;
  } catch (error) {
    const failure = failed(path, error);
    try {
      removeIfThere(part);
    } catch {
      // What is told is why there is no backup; the next one overwrites it.
    }
    throw failure;
  }
}

/**
 * Reads a backup through, and checks every byte of it.
 *
 * @param target the path of a file, not there yet, that a file of it goes to, by name; null: nowhere.
 * @throws {KithError} `backup_damaged`; `store_full`, `home_…` where such a file could not be written.
 */
export async function readBackup(
  path: string,
  target: (name: string) => string | null,
): Promise<BackupNote> {
  try {
    using file = await Deno.open(path);
    const found: BackupNote["files"][number][] = [];
    while (true) {
      const entry = readTarHeader(await readExactly(file, TAR_BLOCK_BYTES));
      if (entry === null) throw new RangeError("it ends without a note of what it holds");
      const { name, sizeBytes } = entry;
      if (name === NOTE_NAME) {
        if (sizeBytes > MAX_NOTE_BYTES) throw new RangeError("its note is too long");
        const note = checkedNote(JSON.parse(utf8Decode(await readExactly(file, sizeBytes))));
        if (JSON.stringify(note.files) !== JSON.stringify(found)) {
          throw new RangeError("its files are not the ones that were written");
        }
        return note;
      }
      if (!([IDENTITY_NAME, CONFIG_NAME, STORE_NAME] as string[]).includes(name)) {
        throw new RangeError(`it has a file '${name}'`);
      }
      if (found.some((file) => file.name === name)) throw new RangeError(`it has '${name}' twice`);
      const hash = new RunningHash();
      const to = target(name) ?? "";
      using out = to === ""
        ? null
        : await written(to, () => Deno.open(to, { write: true, createNew: true, mode: 0o600 }));
      for await (const chunk of chunksOf(file, sizeBytes)) {
        hash.update(chunk);
        if (out !== null) await written(to, () => writeAll(out, chunk));
      }
      if (out !== null) await written(to, () => out.sync());
      await readExactly(file, tarPadding(sizeBytes).length);
      found.push({ name, size: sizeBytes, sha256: toHex(hash.digest()) });
    }
  } catch (error) {
    if (error instanceof KithError) throw error;
    throw new KithError("backup_damaged", { path, detail: error instanceof Error ? error.message : "" }, error);
  }
}

/** A note as it was read: a backup may come from anywhere. @throws {RangeError} */
function checkedNote(value: unknown): BackupNote {
  const note = value as Partial<BackupNote> | null;
  const texts = [note?.version, note?.peer, note?.name, note?.space ?? ""];
  const isOne = note?.v === 1 && texts.every((text) => typeof text === "string") &&
    Number.isSafeInteger(note.made) && Number.isSafeInteger(note.entries);
  if (!isOne) throw new RangeError("its note is not of this kith");
  return note as BackupNote;
}

/** The paths in a home of the files of a backup, by their names in it. */
export function backupTargets(paths: HomePaths): Readonly<Record<string, string>> {
  return { [IDENTITY_NAME]: paths.identity, [CONFIG_NAME]: paths.config, [STORE_NAME]: paths.store };
}

function smallFiles(paths: HomePaths): (readonly [name: string, path: string, maxBytes: number])[] {
  return [[IDENTITY_NAME, paths.identity, MAX_IDENTITY_BYTES], [CONFIG_NAME, paths.config, MAX_CONFIG_BYTES]];
}

async function* chunksOf(file: Deno.FsFile, sizeBytes: number): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(BACKUP_CHUNK_BYTES);
  for (let left = sizeBytes; left > 0;) {
    const read = await file.read(buffer.subarray(0, Math.min(left, buffer.length)));
    if (read === null) throw new RangeError("it ends too early");
    left -= read;
    yield buffer.subarray(0, read);
  }
}

async function readExactly(file: Deno.FsFile, sizeBytes: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(sizeBytes);
  let at = 0;
  for await (const chunk of chunksOf(file, sizeBytes)) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length;) offset += await file.write(bytes.subarray(offset));
}

/** Writes what is read of a backup, which is not at fault where that fails. */
async function written<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOSPC") throw new KithError("store_full", { path }, error);
    throw fileError(error, path);
  }
}

function refuseExisting(path: string): void {
  let isUsed: boolean;
  try {
    isUsed = isThere(path);
  } catch (error) {
    throw failed(path, error);
  }
  if (isUsed) throw new KithError("backup_exists", { path });
}

function failed(path: string, error: unknown): KithError {
  if (error instanceof KithError && (error.code.startsWith("store_") || error.code === "backup_exists")) return error;
  return new KithError("backup_failed", { path, detail: error instanceof Error ? error.message : "" }, error);
}
