import { partialHashes } from "../data/merkle.ts";
import type { Database } from "./database.ts";
import type { Operations } from "./operations.ts";
import type { Proofs } from "./proofs.ts";
import type { Transactions } from "./transactions.ts";

/** Takes operations out for good that a final checkpoint shows as dead, and keeps the proof of what is left beside them. */
export class LetGo {
  readonly #transactions: Transactions;
  readonly #operations: Operations;
  readonly #proofs: Proofs;
  readonly #delete;
  readonly #deleteReplacements;

  constructor(database: Database, transactions: Transactions, operations: Operations, proofs: Proofs) {
    this.#transactions = transactions;
    this.#operations = operations;
    this.#proofs = proofs;
    this.#delete = database.statement("DELETE FROM operations WHERE row = ?");
    this.#deleteReplacements = database.statement("DELETE FROM replacements WHERE named_row = ?");
  }

  /**
   * @param gone rows of operations of this transaction; whatever else is absent of it is taken as dead as well.
   * @returns how many went; none of a transaction of which rows are missing without a proof, which is damage.
   */
  of(transactionRow: number, gone: ReadonlySet<number>): number {
    const absent = this.#proofs.of(transactionRow);
    if (gone.size === 0 && (absent === null || this.#proofs.isDead(transactionRow))) return 0;
    const { firstRow, header } = this.#transactions.byRow(transactionRow);
    const held = this.#operations.present(firstRow, header.operationCount);
    if (absent === null && held.length < header.operationCount) return 0;
    const leaves = held.map(({ row, leaf }) => ({ index: row - firstRow, leaf }));
    const kept = held.filter(({ row }) => !gone.has(row)).map(({ row }) => row - firstRow);
    this.#proofs.set(transactionRow, partialHashes(header.operationCount, leaves, absent ?? [], kept), true);
    for (const row of gone) {
      this.#delete.run(row);
      this.#deleteReplacements.run(row);
    }
    return gone.size;
  }
}
