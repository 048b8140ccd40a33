import { assert } from "../base/assert.ts";
import { toHex } from "../base/bytes.ts";
import { MAX_CACHED_TRANSACTIONS } from "../base/limits.ts";
import type { CheckedTransaction } from "../data/transaction.ts";
import { OPERATION_KINDS } from "../wire/operation.ts";
import { decodeHeader } from "../wire/transaction.ts";
import { DamagedError } from "./damaged_error.ts";
import type { Database, SqlValue, Statement } from "./database.ts";
import { TransactionHasher } from "./record_hash.ts";
import { RowCache } from "./row_cache.ts";
import type { TransactionRow } from "./rows.ts";

const COLUMNS = "row, id, writer, sequence, first_operation, operation_count, first_row, class, context, header, " +
  "signature, record_hash";

/** What is held of a transaction beside its operations; its arrays are its own, since it is kept in memory. */
type SignedHeader = Pick<CheckedTransaction, "id" | "header" | "headerBytes" | "signature">;

/** The transactions table: header, signature and place of every transaction held. */
export class Transactions {
  readonly #byId;
  readonly #byRow;
  readonly #insert;
  readonly #replace;
  readonly #last;
  readonly #atSequence;
  readonly #firstTwice;
  readonly #ofMembers;
  readonly #dataAbove;
  readonly #dataBehind;
  readonly #revokes;
  readonly #after;
  readonly #rowsById = new RowCache<string, TransactionRow>(MAX_CACHED_TRANSACTIONS);
  readonly #rowsByRow = new RowCache<number, TransactionRow>(MAX_CACHED_TRANSACTIONS);
  readonly #hasher = new TransactionHasher();
  #total: number | null = null;

  constructor(database: Database) {
    this.#byId = database.statement(`SELECT ${COLUMNS} FROM transactions WHERE id = ?`);
    this.#byRow = database.statement(`SELECT ${COLUMNS} FROM transactions WHERE row = ?`);
    const values = `INTO transactions (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    this.#insert = database.statement(`INSERT ${values}`);
    this.#replace = database.statement(`INSERT OR REPLACE ${values}`);
    this.#last = database.statement("SELECT max(row) FROM transactions");
    this.#atSequence = database.statement(
      "SELECT row FROM transactions INDEXED BY transactions_by_sequence WHERE writer = ? AND sequence = ? ORDER BY row",
    );
    this.#firstTwice = database.statement(`
      SELECT sequence FROM transactions INDEXED BY transactions_by_sequence WHERE writer = ?
      GROUP BY sequence HAVING count(*) > 1 LIMIT 1`);
    this.#ofMembers = database.statement("SELECT row FROM transactions WHERE class = 1 ORDER BY row");
    this.#dataAbove = database.statement(`
      SELECT row FROM transactions INDEXED BY transactions_by_sequence
      WHERE writer = ? AND sequence > ? AND class = 0 ORDER BY row`);
    this.#dataBehind = database.statement(`
      SELECT row FROM transactions INDEXED BY transactions_by_writer
      WHERE writer = ? AND row > ? AND class = 0 ORDER BY row`);
    this.#revokes = database.statement(`
      SELECT o.row FROM transactions AS t
      CROSS JOIN operations AS o ON o.row >= t.first_row AND o.row < t.first_row + t.operation_count
      WHERE t.class = 1 AND substr(o.leaf, 1, 1) = x'${OPERATION_KINDS.revoke.toString(16)}' ORDER BY o.row`);
    this.#after = database.statement(`SELECT ${COLUMNS} FROM transactions WHERE row > ? ORDER BY row LIMIT 1`);
  }

  /** Forgets what is in memory, after a rollback. */
  reset(): void {
    this.#rowsById.clear();
    this.#rowsByRow.clear();
    this.#total = null;
  }

  /** How many are held. Rows are numbered from 1 without gaps. */
  get total(): number {
    return this.#total ??= (this.#last.get()?.[0] ?? 0) as number;
  }

  /** The transaction with an id; null where it is not held. @throws {DamagedError} */
  byId(id: Uint8Array): TransactionRow | null {
    const known = this.#rowsById.get(toHex(id));
    if (known !== undefined) return known;
    const columns = this.#byId.get(id);
    return columns === undefined ? null : this.#keep(readRow(columns, this.#hasher));
  }

  /** The transaction in a row. @throws {DamagedError} also where there is none. */
  byRow(row: number): TransactionRow {
    const known = this.#rowsByRow.get(row);
    if (known !== undefined) return known;
    const columns = this.#byRow.get(row);
    if (columns === undefined) throw new DamagedError("transactions", row, null);
    return this.#keep(readRow(columns, this.#hasher));
  }

  /** Inserts a transaction; the table refuses one that is held. @param firstRow of its operations. @param writer its number. */
  insert(transaction: SignedHeader, writer: number, firstRow: number, context: number): TransactionRow {
    const row = this.total + 1;
    const kept = this.#write(this.#insert, row, transaction, writer, firstRow, context);
    this.#total = row;
    return kept;
  }

  /** The same in a certain row, in place of what is there. */
  replace(
    row: number,
    transaction: SignedHeader,
    writer: number,
    firstRow: number,
    context: number,
  ): TransactionRow {
    return this.#write(this.#replace, row, transaction, writer, firstRow, context);
  }

  #write(
    statement: Statement,
    row: number,
    transaction: SignedHeader,
    writer: number,
    firstRow: number,
    context: number,
  ): TransactionRow {
    const { id, header, headerBytes, signature } = transaction;
    const numbers = [row, writer, header.sequence, header.firstOperation, header.operationCount, firstRow];
    const classNumber = header.class === "membership" ? 1 : 0;
    statement.run(
      row,
      id,
      ...numbers.slice(1),
      classNumber,
      context,
      headerBytes,
      signature,
      this.#hasher.hashOf([...numbers, classNumber, context], id, headerBytes, signature),
    );
    return this.#keep({ row, id, header, headerBytes, signature, context, firstRow, writer });
  }

  /** Rows of a writer's transactions with a sequence number. */
  atSequence(writer: number, sequence: number): number[] {
    return (this.#atSequence.all(writer, sequence) as [number][]).map(([row]) => row);
  }

  /** The lowest sequence number that two transactions of a writer have; 0 where there is none. */
  firstUsedTwice(writer: number): number {
    return (this.#firstTwice.get(writer)?.[0] ?? 0) as number;
  }

  /** Rows of a writer's data transactions that have a number above one, or are behind a row, in order. */
  dataRows(writer: number, aboveSequence: number, behindRow: number): number[] {
    const above = aboveSequence === Infinity ? [] : this.#dataAbove.all(writer, aboveSequence) as [number][];
    const behind = behindRow === Infinity ? [] : this.#dataBehind.all(writer, behindRow) as [number][];
    return [...new Set([...above, ...behind].map(([row]) => row))].sort((a, b) => a - b);
  }

  /** Rows of all membership transactions, in order. */
  ofMembers(): number[] {
    return (this.#ofMembers.all() as [number][]).map(([row]) => row);
  }

  /** Rows of the operations that are revokes. */
  revokes(): number[] {
    return (this.#revokes.all() as [number][]).map(([row]) => row);
  }

  /** The next row as it is on disk, with `null` for one that is damaged; null where the table ends. */
  next(afterRow: number): { readonly row: number; readonly transaction: TransactionRow | null } | null {
    const columns = this.#after.get(afterRow);
    if (columns === undefined) return null;
    const row = columns[0] as number;
    try {
      return { row, transaction: readRow(columns, this.#hasher) };
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error;
      return { row, transaction: null };
    }
  }

  #keep(row: TransactionRow): TransactionRow {
    this.#rowsById.set(toHex(row.id), row);
    this.#rowsByRow.set(row.row, row);
    return row;
  }
}

function readRow(columns: SqlValue[], hasher: TransactionHasher): TransactionRow {
  const [row, id, writer, sequence, firstOperation, count, firstRow, classNumber, context] = columns;
  const [header, signature, recordHash] = columns.slice(9);
  const numbers = [row, writer, sequence, firstOperation, count, firstRow, classNumber, context];
  if (
    !(id instanceof Uint8Array && header instanceof Uint8Array && signature instanceof Uint8Array &&
      recordHash instanceof Uint8Array && numbers.every(isCount)) ||
    !hasher.fits(recordHash, numbers, id, header, signature)
  ) {
    throw new DamagedError("transactions", row as number, null);
  }
  const out: TransactionRow = {
    row: row as number,
    id,
    header: decodeHeader(header),
    headerBytes: header,
    signature,
    context: context as number,
    firstRow: firstRow as number,
    writer: writer as number,
  };
  const said = [out.header.sequence, out.header.firstOperation, out.header.operationCount];
  assert(said.join() === [sequence, firstOperation, count].join(), "a row's columns say what its header says");
  return out;
}

function isCount(value: SqlValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
