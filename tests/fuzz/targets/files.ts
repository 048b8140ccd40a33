import { concat, utf8Encode } from "../../../lib/base/bytes.ts";
import { KithError } from "../../../lib/base/errors.ts";
import { sha256 } from "../../../lib/crypto/hash.ts";
import { Identity } from "../../../lib/crypto/identity.ts";
import { readBackup, writeBackup } from "../../../lib/host/backup.ts";
import { findOlderStore, noteCommits } from "../../../lib/host/commit_counter.ts";
import { readConfig } from "../../../lib/host/config.ts";
import { homePaths } from "../../../lib/host/home.ts";
import { openIdentity } from "../../../lib/host/identity_file.ts";
import { runningPeers } from "../../../lib/host/runtime_notes.ts";
import { MAX_TAR_FILE_BYTES, readTarHeader, TAR_BLOCK_BYTES, tarHeader } from "../../../lib/host/tar.ts";
import { Prng } from "../../sim/prng.ts";
import { holds, type Target, unlessRefused } from "../target.ts";

const isKithError = (error: unknown) => error instanceof KithError;
const isRangeError = (error: unknown) => error instanceof RangeError || error instanceof TypeError;

/** A home of its own, in a folder that goes with the process. */
const folder = Deno.makeTempDirSync({ prefix: "kith-fuzz-" });
const paths = homePaths(folder);
const notes = `${folder}/run`;
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
Deno.mkdirSync(notes, { mode: 0o700 });
Deno.writeFileSync(paths.store, new Uint8Array(700), { mode: 0o600 });

/** Where a tar's header has the size of its file. */
const SIZE_AT = 124;
const SIZE_BYTES = 12;

const MARK = { commits: 5, chain: new Uint8Array(32).fill(9) };

function fileOf(path: string, write: () => void): Uint8Array {
  write();
  const bytes = Deno.readFileSync(path);
  Deno.removeSync(path);
  return bytes;
}

const IDENTITY = fileOf(paths.identity, () => {
  const store = Deno.readFileSync(paths.store);
  Deno.removeSync(paths.store);
  openIdentity(paths, new Prng(1));
  Deno.writeFileSync(paths.store, store, { mode: 0o600 });
});
const COUNTER = fileOf(paths.counter, () => noteCommits(paths, MARK));

async function backupBytes(): Promise<Uint8Array> {
  Deno.writeFileSync(paths.config, utf8Encode('{"v":1,"name":"otter"}'));
  const about = { made: 1, version: "0.0.0", peer: "p", name: "otter", space: null, entries: 0 };
  using file = Deno.openSync(paths.store);
  await writeBackup(paths, { file, sizeBytes: 700 }, `${folder}/backup`, about);
  Deno.removeSync(paths.config);
  const bytes = Deno.readFileSync(`${folder}/backup`);
  Deno.removeSync(`${folder}/backup`);
  return bytes;
}

/** Gives a file what is fuzzed, and takes it away again. */
function withFile<T>(path: string, input: Uint8Array, read: () => T): T {
  Deno.writeFileSync(path, input, { mode: 0o600 });
  try {
    return read();
  } finally {
    Deno.removeSync(path);
  }
}

function takeIdentity(input: Uint8Array): void {
  const body = input.subarray(0, Math.max(0, input.length - 16));
  for (const bytes of [input, concat([body, sha256(body).subarray(0, 16)])]) {
    const identity = withFile(
      paths.identity,
      bytes,
      () => unlessRefused(() => openIdentity(paths, new Prng(1)), isKithError),
    );
    holds(identity === undefined || identity instanceof Identity, "an identity");
  }
}

function takeCounter(input: Uint8Array): void {
  withFile(paths.counter, input, () => {
    const store = { lastCommit: MARK, notedCommit: MARK };
    const event = unlessRefused(() => findOlderStore(paths, store), isKithError);
    holds(event !== null || store.notedCommit.commits === MARK.commits, "a note that fits is the store's");
  });
}

async function takeNote(input: Uint8Array): Promise<void> {
  const before = Deno.env.get("KITH_RUNTIME_DIR");
  Deno.env.set("KITH_RUNTIME_DIR", notes);
  try {
    Deno.writeFileSync(`${notes}/0123456789abcdef.json`, input);
    for (const { peer, home, pid, addresses } of await runningPeers("/nowhere", () => Promise.resolve(true))) {
      holds(typeof peer === "string" && typeof home === "string" && typeof pid === "number", "a note's fields");
      holds(addresses.every((address) => typeof address === "string"), "a note's addresses");
    }
  } finally {
    if (before === undefined) Deno.env.delete("KITH_RUNTIME_DIR");
    else Deno.env.set("KITH_RUNTIME_DIR", before);
  }
}

/** Headers of a tar with the sums that belong to them. */
function repairedTar(input: Uint8Array): Uint8Array {
  const out = input.slice();
  for (let at = 0; at + TAR_BLOCK_BYTES <= out.length; at += TAR_BLOCK_BYTES) {
    const header = out.subarray(at, at + TAR_BLOCK_BYTES);
    if (new TextDecoder().decode(header.subarray(257, 262)) !== "ustar") continue;
    header.set(utf8Encode(" ".repeat(8)), 148);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.set(utf8Encode(sum.toString(8).padStart(6, "0") + "\0 "), 148);
  }
  return out;
}

async function takeBackup(input: Uint8Array): Promise<void> {
  for (const bytes of [input, repairedTar(input)]) {
    Deno.writeFileSync(`${folder}/backup`, bytes);
    try {
      const note = await readBackup(`${folder}/backup`, () => null);
      holds(note.files.every(({ size }) => size >= 0 && size <= bytes.length), "a backup holds what it says");
    } catch (error) {
      if (!isKithError(error)) throw error;
    }
  }
}

/** The size of a file in a header, then its name. */
function takeTarHeader(input: Uint8Array): void {
  const block = tarHeader({ name: "store.sqlite", sizeBytes: 700 }, 1000);
  block.set(input.subarray(0, SIZE_BYTES), SIZE_AT);
  block.set(input.subarray(SIZE_BYTES, SIZE_BYTES + 100));
  const entry = unlessRefused(() => readTarHeader(repairedTar(block)), isRangeError);
  if (entry === undefined || entry === null) return;
  const { name, sizeBytes } = entry;
  holds(
    Number.isInteger(sizeBytes) && sizeBytes >= 0 && sizeBytes <= MAX_TAR_FILE_BYTES,
    `a size of ${sizeBytes} bytes`,
  );
  holds(!name.includes("\0"), "a name ends at its zero");
}

const BACKUP = await backupBytes();

export const TARGETS: readonly Target[] = [
  {
    name: "config_file",
    seeds: [utf8Encode('{"v":1,"name":"otter","history":"30d"}')],
    run: (input) => withFile(paths.config, input, () => void unlessRefused(() => readConfig(paths), isKithError)),
    fewRuns: 100,
    // A file is read into a buffer of the most that it may have.
    allocatedBytes: 128 * 1024,
  },
  { name: "identity_file", seeds: [IDENTITY], run: takeIdentity, fewRuns: 100 },
  { name: "counter_file", seeds: [COUNTER], run: takeCounter, fewRuns: 100 },
  {
    name: "runtime_note",
    seeds: [utf8Encode('{"v":1,"peer":"p","home":"/h","pid":1,"addresses":["127.0.0.1:1"]}')],
    run: takeNote,
    fewRuns: 100,
  },
  {
    name: "backup",
    seeds: [BACKUP],
    run: takeBackup,
    fewRuns: 100,
    maxBytes: 8192,
    allocatedBytes: 4 * 1024 * 1024,
    steps: 200_000,
  },
  {
    name: "tar_header",
    seeds: ["00000001274\0config.json", "77777777777\0", "1 \0"].map(utf8Encode),
    dictionary: ["-1", "+7", "7777777777777", "ustar", "0x10", "1e9"].map(utf8Encode),
    run: takeTarHeader,
    maxBytes: 112,
    steps: 50_000,
  },
];
