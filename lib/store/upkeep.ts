import type { CheckedTransaction } from "../data/transaction.ts";
import { Mender } from "./mender.ts";
import type { StoreParts } from "./store_parts.ts";
import { Verifier, type VerifyOptions } from "./verifier.ts";

/** Finds what is damaged in a store, and puts it right. */
export class Upkeep {
  readonly #parts: StoreParts;
  readonly #mender: Mender;
  #verifier: Verifier | null = null;

  constructor(parts: StoreParts) {
    const { database, transactions, operations, digest, merge } = parts;
    this.#parts = parts;
    this.#mender = new Mender(database, transactions, operations, digest, merge);
    merge.counted = (key, entries, conflicts) => this.#verifier?.changed(key, entries, conflicts);
  }

  /** A check of everything, which is under way until it is done or another one begins. */
  verifier(options: VerifyOptions): Verifier {
    const { row: storeRow, ...parts } = this.#parts;
    return this.#verifier = new Verifier({ ...options, ...parts, storeRow });
  }

  /** The id of the transaction that a damaged record belongs to; null where that cannot be told. */
  damagedTransaction(table: string, row: number): Uint8Array | null {
    if (table === "operations") return this.#mender.ownerOf(row);
    return table === "transactions" ? this.#mender.idOf(row) : null;
  }

  /**
   * Puts right what is damaged of a held transaction, from one that is intact.
   *
   * @param context the membership acts in its past, as `Store.internContext` gave it.
   * @returns the keys whose operations were put back; null where its own place is not known.
   * @throws {KithError} `store_damaged` where SQLite's structure is damaged too.
   */
  mend(transaction: CheckedTransaction, context: number): Set<string> | null {
    this.#parts.database.begin();
    return this.#mender.mend(transaction, context, this.#parts.writers.numberFor(transaction.header));
  }

  /** Lets go an operation whose row is damaged, within the transaction, so that it can be supplemented. */
  dropOperation(row: number): void {
    this.#parts.database.begin();
    this.#parts.merge.drop(row);
  }

  /** The store took back its transaction. */
  rolledBack(): void {
    this.#verifier?.rolledBack();
  }
}
