import { HASH_BYTES } from "../crypto/hash.ts";
import type { Database } from "./database.ts";

/** What the hashes beside a transaction are, as the column `dead` has it. */
const KINDS = {
  /** For absent operations that may still come. */
  open: 0,
  /** For absent operations that a final checkpoint shows as dead. */
  dead: 1,
  /** Of the subtrees of a whole one, for who proves single operations of it (`MerkleTree.subtrees`). */
  whole: 2,
} as const;

/** Hashes of the Merkle trees of transactions: what stands for absent operations, and what proves single ones. */
export class Proofs {
  readonly #select;
  readonly #upsert;
  readonly #delete;
  readonly #selectAbsent;
  readonly #selectOpen;
  /** Whether a transaction may lack operations; null before it was looked up. */
  #anyAbsent: boolean | null = null;

  constructor(database: Database) {
    this.#select = database.statement("SELECT dead, hashes FROM proofs WHERE transaction_row = ?");
    this.#upsert = database.statement("INSERT OR REPLACE INTO proofs (transaction_row, dead, hashes) VALUES (?, ?, ?)");
    this.#delete = database.statement("DELETE FROM proofs WHERE transaction_row = ? AND dead <> 2");
    // Where there is none, it reads all rows, which are few: whole transactions have one from 65 operations on.
    this.#selectAbsent = database.statement("SELECT 1 FROM proofs WHERE dead <> 2 LIMIT 1");
    this.#selectOpen = database.statement(
      "SELECT transaction_row FROM proofs INDEXED BY proofs_open WHERE dead = 0 LIMIT ?",
    );
  }

  /** Forgets what is in memory, after a rollback. */
  reset(): void {
    this.#anyAbsent = null;
  }

  /** The hashes that a transaction's Merkle tree has for its absent operations; null where it is whole. */
  of(transactionRow: number): Uint8Array[] | null {
    if (!this.#hasAbsent) return null;
    const [kind, bytes] = (this.#select.get(transactionRow) ?? []) as [number, Uint8Array] | [];
    if (bytes === undefined || kind === KINDS.whole) return null;
    const hashes: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += HASH_BYTES) hashes.push(bytes.slice(at, at + HASH_BYTES));
    return hashes;
  }

  /** Rows of transactions whose absent operations are not shown as dead. */
  open(limit: number): number[] {
    return (this.#selectOpen.all(limit) as [number][]).map(([row]) => row);
  }

  /** Whether a final checkpoint shows that the absent operations of a transaction are dead. */
  isDead(transactionRow: number): boolean {
    return this.#hasAbsent && this.#select.get(transactionRow)?.[0] === KINDS.dead;
  }

  /** Whether there is a transaction whose absent operations may still come. */
  get hasOpen(): boolean {
    return this.#hasAbsent && this.#selectOpen.get(1) !== undefined;
  }

  /** Keeps the hashes of a transaction; with none it is whole. */
  set(transactionRow: number, hashes: readonly Uint8Array[], dead: boolean): void {
    if (hashes.length === 0) {
      this.#delete.run(transactionRow);
      return;
    }
    const bytes = new Uint8Array(hashes.length * HASH_BYTES);
    for (const [i, hash] of hashes.entries()) bytes.set(hash, i * HASH_BYTES);
    this.#upsert.run(transactionRow, dead ? KINDS.dead : KINDS.open, bytes);
    this.#anyAbsent = true;
  }

  /** The hashes of the subtrees of a whole transaction, one behind the other; none where they are not kept. */
  subtreesOf(transactionRow: number): Uint8Array {
    const [kind, bytes] = (this.#select.get(transactionRow) ?? []) as [number, Uint8Array] | [];
    return bytes === undefined || kind !== KINDS.whole ? new Uint8Array() : bytes;
  }

  /** Keeps the hashes of the subtrees of a whole transaction. */
  setSubtrees(transactionRow: number, subtrees: Uint8Array): void {
    this.#upsert.run(transactionRow, KINDS.whole, subtrees);
  }

  get #hasAbsent(): boolean {
    return this.#anyAbsent ??= this.#selectAbsent.get() !== undefined;
  }
}
