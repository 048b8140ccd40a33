import type { Database } from "./database.ts";
import type { LetGo } from "./let_go.ts";
import type { Past } from "./past.ts";
import type { PastState, PastTransaction } from "./past_state.ts";
import type { Transactions } from "./transactions.ts";

/**
 * Lets the operations go that are dead inside the past of a final checkpoint. Their transactions stay, with the hashes
 * that prove what is left of them. It works through the past step by step, each within a commit of its own, and can be
 * begun anew at any time.
 */
export class Compaction {
  readonly #transactions: Transactions;
  readonly #letGo: LetGo;
  readonly #past: Past;
  readonly #goes: boolean;
  readonly #walk: Generator<PastTransaction>;
  readonly #danglingBy;
  readonly #deleteDangling;
  #dropped = 0;

  constructor(
    database: Database,
    transactions: Transactions,
    letGo: LetGo,
    past: Past,
    state: PastState,
    goes: boolean,
  ) {
    this.#goes = goes;
    this.#transactions = transactions;
    this.#letGo = letGo;
    this.#past = past;
    this.#walk = state.transactions();
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

  #compact({ row, dead }: PastTransaction): void {
    this.#dropped += this.#letGo.of(
      row,
      new Set(this.#goes ? dead.filter((operation) => this.#maySettle(operation)) : []),
    );
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
