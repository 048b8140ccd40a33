import { equal, toHex } from "../base/bytes.ts";
import { MAX_CACHED_CONTEXTS } from "../base/limits.ts";
import { Reader } from "../base/reader.ts";
import { Writer } from "../base/writer.ts";
import { sha256 } from "../crypto/hash.ts";
import { DamagedError } from "./damaged_error.ts";
import type { Database } from "./database.ts";
import { recordHash } from "./record_hash.ts";
import { RowCache } from "./row_cache.ts";

const NONE: readonly number[] = [];

/** Sets of membership transactions: what a transaction's writer knew of who may do what. Each set is kept once. */
export class Contexts {
  readonly #byId;
  readonly #byHash;
  readonly #insert;
  readonly #last;
  readonly #rows = new RowCache<number, readonly number[]>(MAX_CACHED_CONTEXTS);
  readonly #ids = new RowCache<string, number>(MAX_CACHED_CONTEXTS);

  constructor(database: Database) {
    this.#byId = database.statement("SELECT hash, rows, record_hash FROM contexts WHERE id = ?");
    this.#byHash = database.statement("SELECT id FROM contexts WHERE hash = ?");
    this.#insert = database.statement("INSERT INTO contexts (id, hash, rows, record_hash) VALUES (?, ?, ?, ?)");
    this.#last = database.statement("SELECT max(id) FROM contexts");
  }

  /** Forgets what is in memory, after a rollback. */
  reset(): void {
    this.#rows.clear();
    this.#ids.clear();
  }

  /** The rows of a context, sorted. @throws {DamagedError} where it is not what was written. */
  rows(id: number): readonly number[] {
    if (id === 0) return NONE;
    const known = this.#rows.get(id);
    if (known !== undefined) return known;
    const [hash, bytes, recorded] = (this.#byId.get(id) ?? []) as [Uint8Array?, Uint8Array?, Uint8Array?];
    if (
      hash === undefined || bytes === undefined || recorded === undefined ||
      !equal(recorded, recordHash(id, hash, bytes))
    ) {
      throw new DamagedError("contexts", id, null);
    }
    const rows = decodeRows(bytes);
    this.#rows.set(id, rows);
    return rows;
  }

  /** The number of a set, a new one where it was not seen before. @param rows sorted and distinct. */
  idFor(rows: readonly number[]): number {
    if (rows.length === 0) return 0;
    const bytes = encodeRows(rows);
    const hash = sha256(bytes);
    const key = toHex(hash);
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#byHash.get(hash)?.[0] as number | undefined;
      if (id === undefined) {
        id = ((this.#last.get()?.[0] ?? 0) as number) + 1;
        this.#insert.run(id, hash, bytes, recordHash(id, hash, bytes));
      }
      this.#ids.set(key, id);
    }
    return id;
  }
}

function encodeRows(rows: readonly number[]): Uint8Array {
  const writer = new Writer(2 * rows.length + 8);
  let before = 0;
  for (const row of rows) {
    writer.varint(row - before);
    before = row;
  }
  return writer.finish();
}

function decodeRows(bytes: Uint8Array): number[] {
  const reader = new Reader(bytes);
  const rows: number[] = [];
  let row = 0;
  while (reader.remainingBytes > 0) rows.push(row += reader.varint());
  return rows;
}
