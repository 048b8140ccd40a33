import { KithError } from "../base/errors.ts";
import { MAX_LISTED_DAMAGE } from "../base/limits.ts";
import type { Verify } from "../data/transaction.ts";
import type { Contexts } from "./contexts.ts";
import type { Database } from "./database.ts";
import type { DigestTree } from "./digest_tree.ts";
import type { Heads } from "./heads.ts";
import type { Merge } from "./merge.ts";
import type { Meta } from "./meta.ts";
import type { Operations } from "./operations.ts";
import type { Proofs } from "./proofs.ts";
import type { Damage } from "./rows.ts";
import type { StoreRow } from "./store_row.ts";
import type { Transactions } from "./transactions.ts";
import type { UndoneMarks } from "./undone_marks.ts";
import { VerifyHistory } from "./verify_history.ts";
import { VerifyNames } from "./verify_names.ts";
import { verifyMarks } from "./verify_marks.ts";
import { verifyOwn } from "./verify_own.ts";
import { VerifyState } from "./verify_state.ts";
import { TransactionPlaces } from "./transaction_places.ts";
import type { Writers } from "./writers.ts";

/** How a store is to be checked. */
export interface VerifyOptions {
  /** The space whose transactions these are; null: signatures, numbers and contexts are not checked. */
  readonly space: Uint8Array | null;
  readonly verify: Verify;
  /** Whether SQLite's own structure is checked too, in one go: seconds for a million entries. */
  readonly structure: boolean;
}

/** What a check works upon. */
export interface VerifyParts extends VerifyOptions {
  readonly database: Database;
  readonly storeRow: StoreRow;
  readonly meta: Meta;
  readonly writers: Writers;
  readonly transactions: Transactions;
  readonly operations: Operations;
  readonly proofs: Proofs;
  readonly heads: Heads;
  readonly contexts: Contexts;
  readonly digest: DigestTree;
  readonly marks: UndoneMarks;
  readonly merge: Merge;
}

/**
 * Rereads everything from disk and checks it, a little at a time: nothing is held that grows with the store, and the
 * store may be written to between two steps.
 */
export class Verifier {
  /** What is not as it was written, at most `MAX_LISTED_DAMAGE`. */
  readonly damages: Damage[] = [];
  readonly #parts: VerifyParts;
  readonly #state: VerifyState;
  readonly #run: Generator<number>;
  #damageCount = 0;
  #checkedRows = 0;
  #done = false;

  constructor(parts: VerifyParts) {
    this.#parts = parts;
    this.#state = new VerifyState(parts, this.#found);
    this.#run = this.#phases();
  }

  /**
   * Looks at some more rows, outside of a transaction of the store.
   *
   * @param rows about how many: some 20 µs each.
   * @returns whether all is done.
   * @throws {KithError} `store_io` where the disk fails.
   */
  step(rows: number): boolean {
    for (let left = rows; left > 0 && !this.#done;) {
      const { value, done } = this.#run.next();
      this.#done = done === true;
      if (!done) {
        this.#checkedRows += value;
        left -= Math.max(1, value);
      }
    }
    return this.#done;
  }

  /** How many records were found that are not as they were written. */
  get damageCount(): number {
    return this.#damageCount;
  }

  /** How many rows were looked at. */
  get checkedRows(): number {
    return this.#checkedRows;
  }

  /** How many rows there are about, in all that is looked at. */
  get totalRows(): number {
    const { transactions, operations, storeRow } = this.#parts;
    return Math.max(this.#checkedRows, transactions.total + operations.total + storeRow.entries);
  }

  /** The number of live versions of a key changes. */
  changed(key: Uint8Array, entries: number, conflicts: number): void {
    this.#state.changed(key, entries, conflicts);
  }

  /** The store has taken back what was not committed. */
  rolledBack(): void {
    this.#state.rolledBack();
  }

  readonly #found = (damage: Damage): void => {
    this.#damageCount++;
    if (this.damages.length < MAX_LISTED_DAMAGE) this.damages.push(damage);
  };

  *#phases(): Generator<number> {
    const { database, storeRow, meta, structure } = this.#parts;
    // Pages in memory are what was written, not what the disk gives back.
    database.execute("PRAGMA shrink_memory");
    const names = new VerifyNames(this.#parts, new TransactionPlaces(database), this.#found);
    const phases = [
      () => verifyOwn(database, storeRow, meta, this.#found),
      () => new VerifyHistory(this.#parts, this.#found).run(),
      () => names.run(),
      () => verifyMarks(this.#parts, this.#found),
      () => this.#state.run(),
      ...(structure ? [() => this.#structure()] : []),
    ];
    for (const phase of phases) yield* this.#guarded(phase);
  }

  /** Where SQLite itself cannot read on, the next phase still tells what it can. */
  *#guarded(phase: () => Generator<number>): Generator<number> {
    try {
      yield* phase();
    } catch (error) {
      if (!(error instanceof KithError && error.code === "store_damaged")) throw error;
      this.#found({ table: "structure", row: 0, key: null });
    }
  }

  *#structure(): Generator<number> {
    yield 1;
    if (this.#parts.database.statement("PRAGMA integrity_check(1)").get()?.[0] === "ok") return;
    this.#found({ table: "structure", row: 0, key: null });
  }
}
