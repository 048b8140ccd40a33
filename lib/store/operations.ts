import { equal, toHex, utf8Decode } from "../base/bytes.ts";
import { Reader } from "../base/reader.ts";
import { Writer } from "../base/writer.ts";
import { isSha256 } from "../crypto/hash.ts";
import type { OperationBytes } from "../wire/bundle.ts";
import { decodeOperation, keyBytesOf, type Operation, OPERATION_KINDS } from "../wire/operation.ts";
import { DamagedError } from "./damaged_error.ts";
import type { Database, SqlValue } from "./database.ts";
import { KeyCounts } from "./key_counts.ts";
import { numbersOf } from "./live_ids.ts";
import { OperationHasher } from "./record_hash.ts";
import { STATES } from "./rows.ts";

/** A row of the operations table, checked. */
export interface OperationRow {
  readonly row: number;
  readonly transactionRow: number;
  /** One of `STATES`. */
  readonly state: number;
  /** UTF-8; null for a membership operation. */
  readonly key: Uint8Array | null;
  readonly leaf: Uint8Array;
  readonly value: Uint8Array | null;
}

const COLUMNS = "row, transaction_row, state, record_hash, key, leaf, value";
const ROWS_PER_INSERT = 32;
const ROWS_PER_READ = 128;

/** The operations table. What it returns was checked against the records' hashes, values too. */
export class Operations {
  readonly #insertOne;
  readonly #insertMany;
  readonly #byRow;
  readonly #rows;
  readonly #count;
  readonly #leaves;
  readonly #packedLeaves;
  readonly #exists;
  readonly #withoutValue;
  readonly #range;
  readonly #rangeWithoutValues;
  readonly #after;
  readonly #liveOf;
  readonly #openDelsOf;
  readonly #livePage;
  readonly #liveCounts: KeyCounts;
  readonly #openDelCounts: KeyCounts;
  readonly #setState;
  readonly #delete;
  readonly #last;
  readonly #hasher = new OperationHasher();
  #total: number | null = null;

  constructor(database: Database) {
    const tuple = "(?, ?, ?, ?, ?, ?, ?)";
    const insert = `INSERT INTO operations (${COLUMNS}) VALUES `;
    this.#insertOne = database.statement(insert + tuple);
    this.#insertMany = database.statement(insert + new Array(ROWS_PER_INSERT).fill(tuple).join(", "));
    this.#byRow = database.statement(`SELECT ${COLUMNS} FROM operations WHERE row = ?`);
    this.#rows = database.statement("SELECT row FROM operations WHERE row >= ? AND row < ? ORDER BY row");
    this.#count = database.statement("SELECT count(*) FROM operations WHERE row >= ? AND row < ?");
    this.#leaves = database.statement("SELECT row, leaf FROM operations WHERE row >= ? AND row < ? ORDER BY row");
    // As one text: a row that is handed over costs five times as much as one that is looked at.
    this.#packedLeaves = database.statement(`
      SELECT count(*), group_concat(length(leaf)), group_concat(hex(leaf), '')
      FROM (SELECT leaf FROM operations WHERE row >= ? AND row < ? ORDER BY row)`);
    this.#exists = database.statement("SELECT 1 FROM operations WHERE row = ?");
    this.#withoutValue = database.statement(
      "SELECT row, transaction_row, state, record_hash, key, leaf FROM operations WHERE row = ?",
    );
    this.#range = database.statement(`SELECT ${COLUMNS} FROM operations WHERE row >= ? AND row < ? ORDER BY row`);
    this.#rangeWithoutValues = database.statement(`
      SELECT row, transaction_row, state, record_hash, key, leaf FROM operations WHERE row >= ? AND row < ?
      ORDER BY row`);
    this.#after = database.statement(
      `SELECT ${COLUMNS} FROM operations WHERE row > ? AND row < ? ORDER BY row LIMIT ?`,
    );
    this.#liveOf = database.statement(`SELECT ${COLUMNS} FROM operations WHERE key = ? AND state = 0 ORDER BY row`);
    this.#openDelsOf = database.statement(`SELECT ${COLUMNS} FROM operations WHERE key = ? AND state = 3 ORDER BY row`);
    // Of the inner query the key is read from the index, of the outer one from the row.
    this.#livePage = database.statement(`
      SELECT ${COLUMNS.split(", ").map((column) => `o.${column}`).join(", ")}, i.row, i.key FROM (
        SELECT row, key FROM operations INDEXED BY operations_live
        WHERE state = 0 AND key >= ? AND key < ? ORDER BY key, row LIMIT ?
      ) AS i LEFT JOIN operations AS o ON o.row = i.row ORDER BY i.key, i.row`);
    this.#liveCounts = new KeyCounts(database, STATES.live);
    this.#openDelCounts = new KeyCounts(database, STATES.openDel);
    this.#delete = database.statement("DELETE FROM operations WHERE row = ?");
    this.#setState = database.statement("UPDATE operations SET state = ?, record_hash = ? WHERE row = ?");
    this.#last = database.statement(
      "SELECT first_row + operation_count - 1 FROM transactions ORDER BY row DESC LIMIT 1",
    );
  }

  /** Forgets what is in memory, after a rollback. */
  reset(): void {
    this.#total = null;
  }

  /** The last row that a transaction has taken. Rows are numbered from 1; those of absent operations stay free. */
  get total(): number {
    return this.#total ??= (this.#last.get()?.[0] ?? 0) as number;
  }

  /** Notes that a transaction has taken so many rows behind the last one. */
  took(count: number): void {
    this.#total = this.total + count;
  }

  /** Inserts rows of a transaction. */
  insert(rows: readonly OperationRow[]): void {
    const hashes = this.#hasher.hashesOf(rows);
    const columnsOf = ({ row, transactionRow, state, key, leaf, value }: OperationRow, i: number): SqlValue[] => {
      return [row, transactionRow, state, hashes[i] as Uint8Array, key, leaf, value];
    };
    let next = 0;
    // Several rows a statement halve the cost of a row.
    for (; next + ROWS_PER_INSERT <= rows.length; next += ROWS_PER_INSERT) {
      const values: SqlValue[] = [];
      for (let i = next; i < next + ROWS_PER_INSERT; i++) values.push(...columnsOf(rows[i] as OperationRow, i));
      this.#insertMany.run(...values);
    }
    for (; next < rows.length; next++) {
      this.#insertOne.run(...columnsOf(rows[next] as OperationRow, next));
    }
  }

  /** One row. @throws {DamagedError} also where there is none. */
  byRow(row: number): OperationRow {
    return this.#checked(row, this.#byRow.get(row));
  }

  /** One row without its value, whose hash is not checked. @throws {DamagedError} also where there is none. */
  withoutValue(row: number): OperationRow {
    return this.#checked(row, this.#withoutValue.get(row), false);
  }

  /** One row without its value, whose hash is not checked; null where there is none. @throws {DamagedError} */
  find(row: number): OperationRow | null {
    const columns = this.#withoutValue.get(row);
    return columns === undefined ? null : this.#checked(row, columns, false);
  }

  /** Whether there is a row, which is not looked at. */
  has(row: number): boolean {
    return this.#exists.get(row) !== undefined;
  }

  /** All rows of one transaction, in order. @throws {DamagedError} also where one is absent. */
  range(firstRow: number, count: number): OperationRow[] {
    const rows = this.present(firstRow, count);
    if (rows.length !== count) throw new DamagedError("operations", firstRow + rows.length, null);
    return rows;
  }

  /** What travels of all operations of one transaction. @throws {DamagedError} also where one is absent. */
  bytesOf(firstRow: number, count: number): OperationBytes[] {
    const operations: OperationBytes[] = [];
    for (let done = 0; done < count; done += ROWS_PER_READ) {
      operations.push(...packed(this.range(firstRow + done, Math.min(ROWS_PER_READ, count - done))));
    }
    return operations;
  }

  /** The rows of one transaction that are here, in order. */
  present(firstRow: number, count: number): OperationRow[] {
    return this.#range.all(firstRow, firstRow + count).map((columns) => this.#checked(columns[0] as number, columns));
  }

  /** Which rows of one transaction are here, in order; they are not looked at. */
  presentRows(firstRow: number, count: number): number[] {
    return (this.#rows.all(firstRow, firstRow + count) as [number][]).map(([row]) => row);
  }

  /** How many rows of one transaction are here. */
  presentCount(firstRow: number, count: number): number {
    return this.#count.get(firstRow, firstRow + count)?.[0] as number;
  }

  /** The leaves of the rows of one transaction that are here, in order, unchecked. */
  leaves(firstRow: number, count: number): { row: number; leaf: Uint8Array }[] {
    const rows = this.#leaves.all(firstRow, firstRow + count) as [number, Uint8Array][];
    return rows.map(([row, leaf]) => ({ row, leaf }));
  }

  /** The leaves of all rows of one transaction, in order, unchecked; null where some are not here. */
  allLeaves(firstRow: number, count: number): Uint8Array[] | null {
    const columns = this.#packedLeaves.get(firstRow, firstRow + count) as [number, string | null, string | null];
    const [found, sizes, hex] = columns;
    if (found !== count) return null;
    const bytes = Uint8Array.fromHex(hex ?? "");
    let end = 0;
    return numbersOf(sizes ?? "").map((size) => bytes.subarray(end, end += size));
  }

  /** As `present`, without their values, whose hashes are not checked. */
  presentWithoutValues(firstRow: number, count: number): OperationRow[] {
    return this.#rangeWithoutValues.all(firstRow, firstRow + count).map((columns) =>
      this.#checked(columns[0] as number, columns, false)
    );
  }

  /** The puts on a key that stand. */
  liveOf(key: Uint8Array): OperationRow[] {
    return this.#liveOf.all(key).map((columns) => this.#checked(columns[0] as number, columns));
  }

  /** The puts that stand on the keys from one to below another, by key and row. */
  livePage(from: Uint8Array, end: Uint8Array, limit: number): OperationRow[] {
    return this.#livePage.all(from, end, limit).map((columns) => {
      const [indexedRow, indexedKey = null] = columns.slice(-2);
      const row = this.#checked(indexedRow as number, columns);
      // The index's own bytes may be damaged: then its key is anything, also none.
      if (row.key === null || !(indexedKey instanceof Uint8Array) || !equal(row.key, indexedKey)) {
        throw new DamagedError("operations", row.row, readableKey(indexedKey));
      }
      return row;
    });
  }

  /** The dels on a key that nothing names, oldest row first. */
  openDelsOf(key: Uint8Array): OperationRow[] {
    return this.#openDelsOf.all(key).map((columns) => this.#checked(columns[0] as number, columns));
  }

  /** How many puts stand, by the key in hexadecimal; a key without any is not in it. @param keys distinct. */
  countLive(keys: readonly Uint8Array[]): Map<string, number> {
    return this.#liveCounts.of(keys);
  }

  /** The same of dels that nothing names. */
  countOpenDels(keys: readonly Uint8Array[]): Map<string, number> {
    return this.#openDelCounts.of(keys);
  }

  /** Deletes a row. */
  delete(row: number): void {
    this.#delete.run(row);
  }

  /** Gives a row another state. */
  setState(row: OperationRow, state: number): void {
    const [hash = null] = this.#hasher.hashesOf([{ ...row, state }]);
    this.#setState.run(state, hash, row.row);
  }

  /** The next rows below a row as they are on disk, at most `limit`; for one that is damaged, the error. */
  next(afterRow: number, belowRow: number, limit: number): (OperationRow | DamagedError)[] {
    return this.#after.all(afterRow, belowRow, limit).map((columns) => {
      try {
        return this.#checked(columns[0] as number, columns);
      } catch (error) {
        if (!(error instanceof DamagedError)) throw error;
        return error;
      }
    });
  }

  /** A row as it was read. @throws {DamagedError} where it is not as it was written, or is missing. */
  #checked(row: number, columns: SqlValue[] | undefined, withValue = true): OperationRow {
    const [, transactionRow, state, recordHash, key = null, leaf, value = null] = columns ?? [];
    if (
      !(typeof transactionRow === "number" && typeof state === "number" && recordHash instanceof Uint8Array &&
        leaf instanceof Uint8Array && isBytesOrNull(key) && isBytesOrNull(value)) ||
      !this.#hasher.fits(recordHash, { row, transactionRow, state, leaf }) ||
      !keyFits(leaf, key) || (withValue && !valueFits(leaf, value))
    ) {
      throw new DamagedError("operations", row, readableKey(key));
    }
    return { row, transactionRow, state, key, leaf, value };
  }
}

/** Copies of leaves and values in one array: thousands of small ones that live long make the process grow. */
function packed(rows: readonly OperationRow[]): OperationBytes[] {
  let sizeBytes = 0;
  for (const { leaf, value } of rows) sizeBytes += leaf.length + (value?.length ?? 0);
  const writer = new Writer(sizeBytes);
  for (const { leaf, value } of rows) {
    writer.raw(leaf);
    if (value !== null) writer.raw(value);
  }
  const reader = new Reader(writer.finish());
  return rows.map(({ leaf, value }) => ({
    leaf: reader.raw(leaf.length),
    value: value === null ? null : reader.raw(value.length),
  }));
}

/** What an operation row says. */
export function operationOf({ leaf }: OperationRow): Operation {
  return decodeOperation(leaf);
}

/** Whether the value is the one that the leaf of a put gives the SHA-256 of, in its last 32 bytes. */
function valueFits(leaf: Uint8Array, value: Uint8Array | null): boolean {
  if (value === null) return leaf[0] !== OPERATION_KINDS.put;
  return leaf[0] === OPERATION_KINDS.put && isSha256(leaf.subarray(leaf.length - 32), value);
}

/** Whether the key column holds the key of the leaf. */
function keyFits(leaf: Uint8Array, key: Uint8Array | null): boolean {
  const hasKey = leaf[0] === OPERATION_KINDS.put || leaf[0] === OPERATION_KINDS.del;
  if (key === null || !hasKey) return key === null && !hasKey;
  return equal(keyBytesOf(leaf), key);
}

function isBytesOrNull(value: SqlValue): value is Uint8Array | null {
  return value === null || value instanceof Uint8Array;
}

function readableKey(key: SqlValue): string | null {
  if (!(key instanceof Uint8Array)) return null;
  try {
    return utf8Decode(key);
  } catch {
    // The key itself is damaged: bytes that are no text any more.
    return toHex(key);
  }
}
