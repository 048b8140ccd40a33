import { partialHashes } from "../data/merkle.ts";
import type { Database } from "./database.ts";
import type { Operations } from "./operations.ts";
import type { Past } from "./past.ts";
import type { PastState, PastTransaction } from "./past_state.ts";
import type { Proofs } from "./proofs.ts";
import type { Transactions } from "./transactions.ts";

/**
 * Lets the operations go that are dead inside the past of a final checkpoint. Their transactions stay, with the hashes
 * that prove what is left of them. It works through the past step by step, each within a commit of its own, and can be
 * begun anew at any time.
 */
export class Compaction {
  readonly #transactions: Transactions;
  readonly #operations: Operations;
  readonly #proofs: Proofs;
  readonly #past: Past;
  readonly #walk: Generator<PastTransaction>;
  readonly #delete;
  readonly #deleteReplacements;
  readonly #danglingBy;
  readonly #deleteDangling;
  #dropped = 0;

  constructor(
    parts: { database: Database; transactions: Transactions; operations: Operations; proofs: Proofs },
    past: Past,
    state: PastState,
  ) {
    const { database } = parts;
    this.#transactions = parts.transactions;
    this.#operations = parts.operations;
    this.#proofs = parts.proofs;
    this.#past = past;
    this.#walk = state.transactions();
    this.#delete = database.statement("DELETE FROM operations WHERE row = ?");
    this.#deleteReplacements = database.statement("DELETE FROM replacements WHERE named_row = ?");
    this.#danglingBy = database.statement("SELECT DISTINCT named_transaction FROM dangling WHERE by_row = ?");
    this.#deleteDangling = database.statement("DELETE FROM dangling WHERE by_row = ?");
  }

  /** How many operations went so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Goes on, within the transaction under way.
   *
   * @param operations after about so many it pauses.
   * @returns whether all is done.
   * @throws {DamagedError}
   */
  step(operations: number): boolean {
    for (let looked = 0; looked < operations;) {
      const next = this.#walk.next();
      if (next.done) return true;
      this.#compact(next.value);
      looked += 1 + next.value.live.length + next.value.dead.length;
    }
    return false;
  }

  #compact({ row, firstRow, dead }: PastTransaction): void {
    const absent = this.#proofs.of(row);
    const gone = new Set(dead.filter((operation) => this.#maySettle(operation)));
    if (gone.size === 0 && (absent === null || this.#proofs.isDead(row))) return;
    const { operationCount } = this.#transactions.byRow(row).header;
    const held = this.#operations.present(firstRow, operationCount);
    // Rows that are missing without a proof are damage, which is not covered up.
    if (absent === null && held.length < operationCount) return;
    const leaves = held.map(({ row, leaf }) => ({ index: row - firstRow, leaf }));
    const kept = held.filter(({ row }) => !gone.has(row)).map(({ row }) => row - firstRow);
    this.#proofs.set(row, partialHashes(operationCount, leaves, absent ?? [], kept), true);
    for (const operation of gone) {
      this.#delete.run(operation);
      this.#deleteReplacements.run(operation);
    }
    this.#dropped += gone.size;
  }

  /** An operation stays that names what may still come from outside the past. */
  #maySettle(operation: number): boolean {
    const named = this.#danglingBy.all(operation) as [Uint8Array][];
    if (named.length === 0) return true;
    const isInside = named.every(([id]) => {
      const transaction = this.#transactions.byId(id);
      return transaction !== null && this.#past.has(transaction.writer, transaction.header.sequence, transaction.row);
    });
    if (isInside) this.#deleteDangling.run(operation);
    return isInside;
  }
}
