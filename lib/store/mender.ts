import type { CheckedTransaction } from "../data/transaction.ts";
import { keyBytesOf } from "../wire/operation.ts";
import { DamagedError } from "./damaged_error.ts";
import type { Database } from "./database.ts";
import type { DigestTree } from "./digest_tree.ts";
import type { Merge } from "./merge.ts";
import type { OperationRow, Operations } from "./operations.ts";
import { STATES, type TransactionRow } from "./rows.ts";
import { TransactionPlaces } from "./transaction_places.ts";
import type { Transactions } from "./transactions.ts";

/** Puts damaged records of transactions right from intact ones that another member has sent. */
export class Mender {
  readonly #database: Database;
  readonly #transactions: Transactions;
  readonly #operations: Operations;
  readonly #digest: DigestTree;
  readonly #merge: Merge;
  readonly #places: TransactionPlaces;
  readonly #isIndexed;
  readonly #delete;
  readonly #countLive;

  constructor(
    database: Database,
    transactions: Transactions,
    operations: Operations,
    digest: DigestTree,
    merge: Merge,
  ) {
    this.#database = database;
    this.#transactions = transactions;
    this.#operations = operations;
    this.#digest = digest;
    this.#merge = merge;
    this.#places = new TransactionPlaces(database);
    // By the state and key that the table's row says, damaged or not: an index entry that does not fit stays behind.
    this.#isIndexed = database.statement(`
      SELECT 1 FROM operations AS o NOT INDEXED WHERE o.row = ?1 AND (o.key IS NULL OR EXISTS (
        SELECT 1 FROM operations AS i INDEXED BY operations_live WHERE o.state = 0 AND i.state = 0
          AND i.key = o.key AND i.row = ?1
        UNION ALL
        SELECT 1 FROM operations AS i INDEXED BY operations_open_dels WHERE o.state = 3 AND i.state = 3
          AND i.key = o.key AND i.row = ?1
        UNION ALL
        SELECT 1 FROM operations AS i INDEXED BY operations_past WHERE o.state IN (1, 2) AND i.state IN (1, 2)
          AND i.key = o.key AND i.row = ?1))`);
    this.#countLive = database.statement(
      "SELECT count(*) FROM operations INDEXED BY operations_live WHERE state = 0 AND key = ?",
    );
    this.#delete = database.statement("DELETE FROM operations WHERE row = ?");
  }

  /** The id of the transaction whose operation is, or ought to be, in a row; null where that cannot be told. */
  ownerOf(operationRow: number): Uint8Array | null {
    let [low, high] = [1, this.#transactions.total];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const place = this.#places.inRow(middle);
      if (place === null) return null;
      if (place.firstRow <= operationRow) low = middle;
      else high = middle - 1;
    }
    return this.idOf(low);
  }

  /** The id of the transaction in a row, which may be damaged; null where that cannot be told. */
  idOf(transactionRow: number): Uint8Array | null {
    const place = this.#places.inRow(transactionRow);
    if (place === null || this.#places.of(place.id)?.row !== transactionRow) return null;
    return place.id;
  }

  /**
   * Puts right what is damaged or missing of a held transaction, within the store's transaction.
   *
   * @param context of it, as it is computed from its parents.
   * @param writer the number of its writer.
   * @returns the keys whose operations were put back; null where the transaction's own place is not known.
   */
  mend(transaction: CheckedTransaction, context: number, writer: number): Set<string> | null {
    const found = this.#places.of(transaction.id);
    if (found === null) return null;
    const place = this.#mendTransaction(found.row, transaction, context, writer);
    if (place === null) return null;
    const bad = new Set<number>();
    for (const [index] of transaction.operations.entries()) {
      const row = place.firstRow + index;
      if (!this.#isRight(row, place.row)) bad.add(index);
    }
    const keys = [...bad].map((index) => keyBytes(transaction, index)).filter((key) => key !== null);
    const before = keys.map((key) => this.#liveCount(key));
    if ([...bad].some((index) => this.#isIndexed.get(place.firstRow + index) === undefined)) {
      this.#database.execute("REINDEX operations");
    }
    for (const index of bad) {
      this.#delete.run(place.firstRow + index);
      this.#digest.markDirty(writer, place.header.firstOperation + index);
    }
    for (const [i, key] of keys.entries()) this.#merge.count(key, before[i] as number, this.#liveCount(key));
    const absent = [...transaction.operations.entries()].filter(([index]) => bad.has(index));
    return absent.length === 0 ? new Set() : this.#merge.append(place, absent, false);
  }

  /** The row as it must be; null where its place among the operations cannot be told. */
  #mendTransaction(
    row: number,
    transaction: CheckedTransaction,
    context: number,
    writer: number,
  ): TransactionRow | null {
    const held = this.#transactions.next(row - 1)?.transaction ?? null;
    if (held !== null && held.row === row) return held;
    const before = row === 1 ? null : this.#transactions.next(row - 2)?.transaction ?? null;
    if (row > 1 && before === null) return null;
    const firstRow = before === null ? 1 : before.firstRow + before.header.operationCount;
    this.#database.execute("REINDEX transactions");
    return this.#transactions.replace(row, transaction, writer, firstRow, context);
  }

  #liveCount(key: Uint8Array): number {
    return this.#countLive.get(key)?.[0] as number;
  }

  #isRight(row: number, transactionRow: number): boolean {
    let operation: OperationRow;
    try {
      operation = this.#operations.byRow(row);
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error;
      return false;
    }
    if (operation.transactionRow !== transactionRow) return false;
    return operation.state === STATES.other || this.#isIndexed.get(row) !== undefined;
  }
}

function keyBytes({ operations }: CheckedTransaction, index: number): Uint8Array | null {
  const record = operations[index];
  if (record === undefined) return null;
  const { kind } = record.operation;
  return kind === "put" || kind === "del" ? keyBytesOf(record.leaf) : null;
}
