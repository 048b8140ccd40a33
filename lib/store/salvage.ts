import { equal } from "../base/bytes.ts";
import { KithError, ProtocolError } from "../base/errors.ts";
import { sha256 } from "../crypto/hash.ts";
import { type CheckedPartial, checkPartial } from "../data/partial.ts";
import { type CheckedTransaction, checkTransaction, type Verify } from "../data/transaction.ts";
import type { OperationBytes } from "../wire/bundle.ts";
import { ID_BYTES } from "../wire/transaction.ts";
import { UnsupportedError } from "../wire/unsupported.ts";
import { Database, type SqlValue, type Statement } from "./database.ts";
import { parentsOf } from "./heads.ts";
import { inheritedContext } from "./inherited_context.ts";
import { recordHash } from "./record_hash.ts";
import { STATES } from "./rows.ts";
import type { Store } from "./store.ts";

/** What could be taken over from a damaged store. */
export interface Salvaged {
  /** Transactions that were taken over. */
  readonly kept: number;
  /** Those that were not: they are damaged, or lack a parent that is. Other members may have them. */
  readonly lost: number;
  /** Names of what the peer keeps of its own that were not taken over. */
  readonly lostNames: readonly string[];
}

/** Transactions of one commit. */
const COMMIT_TRANSACTIONS = 1000;
/** Rows in a row that can't be read, behind which there are taken to be no more. */
const END_AFTER_ROWS = 10_000;
/** What another check of the store will tell anew. */
const LEFT_BEHIND = "damage";

/**
 * Takes over into an empty store whatever is intact in a damaged one: every transaction whose header, signature and
 * operations are right, and everything that follows from them is made anew. Nothing of the damaged one is changed.
 *
 * @param path of the damaged database file.
 * @throws {KithError} `store_…` where it cannot be read at all, or the other one cannot be written.
 */
export function salvage(path: string, target: Store, verify: Verify): Salvaged {
  const database = new Database(path);
  try {
    const source = new Source(database);
    const lostNames = copyMeta(source, target);
    const space = target.getMeta("space") ?? source.space();
    if (space === null) return { kept: 0, lost: source.lastRow, lostNames };
    if (target.getMeta("space") === null) target.setMeta("space", space);
    const confirmRows = new Set<number>();
    let lost = 0;
    for (let row = 1; row <= source.lastRow; row++) {
      const transaction = source.checked(row, space, verify);
      if (transaction === null || !parentsOf(transaction.header).every((id) => target.hasTransaction(id))) {
        lost++;
        continue;
      }
      if (target.hasTransaction(transaction.id)) continue;
      const context = inheritedContext(target, transaction.header, (parent) => !confirmRows.has(parent));
      const options = { undone: source.isUndone(row) };
      if ("hashes" in transaction) target.partials.append(transaction, context, options);
      else target.append(transaction, context, options);
      const onlyConfirms = transaction.operations.every(({ operation }) => operation.kind === "confirm");
      if (transaction.header.class === "membership" && onlyConfirms) confirmRows.add(target.transactionsTotal);
      if (row % COMMIT_TRANSACTIONS === 0) target.commit();
    }
    target.commit();
    return { kept: target.transactionsTotal, lost, lostNames };
  } finally {
    database.close();
  }
}

function copyMeta(source: Source, target: Store): string[] {
  const lost: string[] = [];
  for (const [name, value, hash] of source.meta()) {
    if (typeof name !== "string" || name === LEFT_BEHIND) continue;
    const isWhole = value instanceof Uint8Array && hash instanceof Uint8Array && equal(hash, recordHash(name, value));
    if (isWhole) target.setMeta(name, value);
    else lost.push(name);
  }
  return lost;
}

/** A damaged database, read record by record: what can't be read counts as not there. */
class Source {
  readonly lastRow: number;
  readonly #database: Database;
  readonly #transaction: Statement | null;
  readonly #operations: Statement | null;
  readonly #proof: Statement | null;
  readonly #undoneMark: Statement | null;
  readonly #undoneOperation: Statement | null;

  constructor(database: Database) {
    this.#database = database;
    this.#transaction = this.#statement(
      "SELECT header, signature, first_row, operation_count FROM transactions NOT INDEXED WHERE row = ?",
    );
    this.#operations = this.#statement(
      "SELECT row, leaf, value FROM operations NOT INDEXED WHERE row >= ? AND row < ? ORDER BY row",
    );
    this.#proof = this.#statement("SELECT hashes FROM proofs WHERE transaction_row = ? AND dead < 2");
    // Either of the two tells, so that one of them may be damaged.
    this.#undoneMark = this.#statement("SELECT 1 FROM undoings WHERE transaction_row = ? AND undone = 1");
    this.#undoneOperation = this.#statement(`
      SELECT 1 FROM transactions AS t NOT INDEXED CROSS JOIN operations AS o NOT INDEXED
        ON o.row >= t.first_row AND o.row < t.first_row + t.operation_count
      WHERE t.row = ? AND o.state = ${STATES.undone} LIMIT 1`);
    this.lastRow = this.#lastRow();
  }

  /** Names, values and hashes of what the peer kept of its own. */
  meta(): SqlValue[][] {
    return readable(() => this.#statement("SELECT key, value, record_hash FROM meta")?.all() ?? []) ?? [];
  }

  /** The space's id, by its genesis; null where that is not there. */
  space(): Uint8Array | null {
    for (let row = 1; row <= this.lastRow; row++) {
      const header = readable(() => this.#transaction?.get(row))?.[0];
      if (!(header instanceof Uint8Array)) continue;
      const id = sha256(header);
      const checked = this.checked(row, id, () => true);
      if (checked?.operations[0]?.operation.kind === "genesis") return id;
    }
    return null;
  }

  /** The transaction in a row, as if another peer had sent it; null where it is not right. */
  checked(row: number, space: Uint8Array, verify: Verify): CheckedTransaction | CheckedPartial | null {
    const columns = readable(() => this.#transaction?.get(row)) as [Uint8Array, Uint8Array, number, number] | undefined;
    if (columns === undefined) return null;
    const [header, signature, firstRow, count] = columns;
    const rows = readable(() => this.#operations?.all(firstRow, firstRow + count)) as
      | [number, Uint8Array, Uint8Array | null][]
      | undefined;
    if (rows === undefined) return null;
    const hashes = readable(() => this.#proof?.get(row))?.[0] as Uint8Array | undefined;
    const operations = rows.map(([row, leaf, value]): OperationBytes & { index: number } => {
      return { index: row - firstRow, leaf, value };
    });
    try {
      if (hashes === undefined) return checkTransaction({ header, signature, operations }, space, verify);
      const list: Uint8Array[] = [];
      for (let at = 0; at < hashes.length; at += ID_BYTES) list.push(hashes.slice(at, at + ID_BYTES));
      return checkPartial({ header, signature, operations, hashes: list }, space, verify);
    } catch (error) {
      if (error instanceof ProtocolError || error instanceof UnsupportedError) return null;
      // Bytes that are of no length that they may have.
      if (error instanceof RangeError || error instanceof TypeError) return null;
      throw error;
    }
  }

  /** Whether the transaction in a row is undone. */
  isUndone(row: number): boolean {
    return [this.#undoneMark, this.#undoneOperation].some((statement) =>
      readable(() => statement?.get(row)) !== undefined
    );
  }

  #statement(sql: string): Statement | null {
    return readable(() => this.#database.statement(sql)) ?? null;
  }

  #lastRow(): number {
    const last = readable(() => this.#statement("SELECT max(row) FROM transactions NOT INDEXED")?.get())?.[0];
    if (typeof last === "number") return last;
    let found = 0;
    for (let row = 1; row <= found + END_AFTER_ROWS; row++) {
      if (readable(() => this.#transaction?.get(row)) !== undefined) found = row;
    }
    return found;
  }
}

/** What can be read; undefined where the database is too damaged for that. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof KithError && error.code === "store_damaged") return undefined;
    throw error;
  }
}
