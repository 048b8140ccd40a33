import { DIGEST_LEAF_OPERATIONS, MAX_OPERATIONS } from "../base/limits.ts";
import { indexOfShortId } from "../data/short_ids.ts";
import type { Place, PlaceState, VersionSet } from "../data/version_set.ts";
import type { PartialBytes } from "../wire/partial.ts";
import { compareWriterIds, ID_BYTES, type WriterId } from "../wire/transaction.ts";
import { DamagedError } from "./damaged_error.ts";
import type { Database } from "./database.ts";
import type { DigestTree } from "./digest_tree.ts";
import { LiveIds, numbersOf } from "./live_ids.ts";
import type { Operations } from "./operations.ts";
import type { Proofs } from "./proofs.ts";
import { STATES } from "./rows.ts";
import type { Transactions } from "./transactions.ts";
import type { UndoneMarks } from "./undone_marks.ts";
import type { Writers } from "./writers.ts";

/** What the set needs of its store. */
export interface LiveSetParts {
  readonly database: Database;
  readonly writers: Writers;
  readonly transactions: Transactions;
  readonly operations: Operations;
  readonly proofs: Proofs;
  readonly digest: DigestTree;
  readonly marks: UndoneMarks;
  readonly loadPartial: (transactionRow: number, indices: ReadonlySet<number>) => PartialBytes;
}

/** The live versions of the space, as a set that is reconciled with another one. */
export class LiveSet implements VersionSet {
  readonly #parts: LiveSetParts;
  readonly #byPrefix;
  readonly #ofLeaf;
  readonly #inLeaf;
  readonly #atNumber;
  readonly #replacers;

  constructor(parts: LiveSetParts) {
    const { database } = parts;
    this.#parts = parts;
    this.#byPrefix = database.statement("SELECT id FROM transactions WHERE id >= ? AND id <= ?");
    // A transaction that reaches into the leaf begins less than MAX_OPERATIONS before it.
    this.#ofLeaf = database.statement(`
      SELECT group_concat(CAST(t.first_operation + o.row - t.first_row - ?2 AS INTEGER))
      FROM transactions AS t INDEXED BY transactions_by_operation
      CROSS JOIN operations AS o
        ON o.row >= t.first_row + max(0, ?2 - t.first_operation)
        AND o.row < t.first_row + min(t.operation_count, ?3 - t.first_operation)
      WHERE t.writer = ?1 AND t.first_operation > ?2 - ${MAX_OPERATIONS} AND t.first_operation < ?3
        AND o.state = ${STATES.live}`);
    this.#inLeaf = database.statement(`
      SELECT first_operation, operation_count FROM transactions INDEXED BY transactions_by_operation
      WHERE writer = ?1 AND first_operation > ?2 - ${MAX_OPERATIONS} AND first_operation < ?2 + ${DIGEST_LEAF_OPERATIONS}
        AND first_operation + operation_count > ?2
      ORDER BY first_operation`);
    this.#atNumber = database.statement(`
      SELECT row, ?2 - first_operation FROM transactions INDEXED BY transactions_by_operation
      WHERE writer = ?1 AND first_operation > ?2 - ${MAX_OPERATIONS} AND first_operation <= ?2
        AND first_operation + operation_count > ?2`);
    this.#replacers = database.statement(`
      SELECT t.row, r.by_row - t.first_row, r.by_row FROM replacements AS r
      JOIN operations AS o ON o.row = r.by_row JOIN transactions AS t ON t.row = o.transaction_row
      WHERE r.named_row = ? ORDER BY r.by_row`);
  }

  /** Begins to read the short ids of all. */
  ids(): LiveIds {
    return new LiveIds(this.#parts.database);
  }

  /** The nodes of a level of the digest that are not empty, by writer in order. Level 0 has the leaves. */
  nodes(level: number): { writer: WriterId; nodes: ReadonlyMap<number, Uint8Array> }[] {
    const { digest, writers } = this.#parts;
    const out: { writer: WriterId; nodes: ReadonlyMap<number, Uint8Array> }[] = [];
    for (const [number, tree] of digest.trees()) {
      const nodes = tree[level];
      if (nodes !== undefined && nodes.size > 0) out.push({ writer: writers.writer(number), nodes });
    }
    return out.sort((a, b) => compareWriterIds(a.writer, b.writer));
  }

  /** A bit for each operation number of a leaf, with those set under which a version is live. */
  bits(writer: WriterId, leaf: number): Uint8Array {
    const bits = new Uint8Array(DIGEST_LEAF_OPERATIONS / 8);
    const number = this.#parts.writers.numberOf(writer);
    if (number === null) return bits;
    const start = leaf * DIGEST_LEAF_OPERATIONS;
    const text = this.#ofLeaf.get(number, start, start + DIGEST_LEAF_OPERATIONS)?.[0] as string | null;
    for (const bit of text === null ? [] : numbersOf(text)) bits[bit >> 3]! |= 1 << (bit & 7);
    return bits;
  }

  /** The same, with those set that several transactions have, which only a fork has. */
  forkedBits(writer: WriterId, leaf: number): Uint8Array {
    const bits = new Uint8Array(DIGEST_LEAF_OPERATIONS / 8);
    const number = this.#parts.writers.numberOf(writer);
    if (number === null) return bits;
    const start = leaf * DIGEST_LEAF_OPERATIONS;
    let taken = 0;
    for (const [first, count] of this.#inLeaf.all(number, start) as [number, number][]) {
      const end = Math.min(DIGEST_LEAF_OPERATIONS, first + count - start);
      for (let bit = Math.max(0, first - start); bit < Math.min(taken, end); bit++) bits[bit >> 3]! |= 1 << (bit & 7);
      taken = Math.max(taken, end);
    }
    return bits;
  }

  /** The places with a short id: none where its transaction is not held, and one mostly. */
  byShortId(id: Uint8Array): Place[] {
    const prefix = id.subarray(0, -2);
    const least = new Uint8Array(ID_BYTES);
    const greatest = new Uint8Array(ID_BYTES).fill(0xff);
    least.set(prefix);
    greatest.set(prefix);
    const index = indexOfShortId(id);
    return (this.#byPrefix.all(least, greatest) as [Uint8Array][]).flatMap(([transaction]) => {
      const held = this.#parts.transactions.byId(transaction);
      return held === null || index >= held.header.operationCount ? [] : [{ transactionRow: held.row, index }];
    });
  }

  /** The places with an operation number of a writer: one, or after a fork several. */
  byNumber(writer: WriterId, operationNumber: number): Place[] {
    const number = this.#parts.writers.numberOf(writer);
    if (number === null) return [];
    const rows = this.#atNumber.all(number, operationNumber) as [number, number][];
    return rows.map(([transactionRow, index]) => ({ transactionRow, index }));
  }

  /** What is at a place. */
  stateOf({ transactionRow, index }: Place): PlaceState {
    const { transactions, operations, proofs } = this.#parts;
    const row = operations.find(transactions.byRow(transactionRow).firstRow + index);
    if (row === null) return proofs.isDead(transactionRow) ? "gone" : "absent";
    if (row.state === STATES.live) return "live";
    return row.state === STATES.replaced ? "replaced" : "other";
  }

  /** Where the operations are that name the one at a place, directly or through undone ones; of those that are held. */
  replacersOf({ transactionRow, index }: Place): Place[] {
    const { transactions, marks } = this.#parts;
    const found = new Map<number, Place>();
    const open = [transactions.byRow(transactionRow).firstRow + index];
    for (let row = open.pop(); row !== undefined; row = open.pop()) {
      for (const [byTransaction, at, byRow] of this.#replacers.all(row) as [number, number, number][]) {
        if (found.has(byRow)) continue;
        found.set(byRow, { transactionRow: byTransaction, index: at });
        if (marks.isUndone(byTransaction)) open.push(byRow);
      }
    }
    return [...found.values()];
  }

  /**
   * Operations of a transaction with what proves them; where others of it are damaged here, without: who lacks no more
   * than these can check them all the same.
   */
  prove(transactionRow: number, indices: ReadonlySet<number>): PartialBytes | null {
    try {
      return this.#parts.loadPartial(transactionRow, indices);
    } catch (error) {
      if (error instanceof DamagedError) return this.#unproven(transactionRow, indices);
      throw error;
    }
  }

  #unproven(transactionRow: number, indices: ReadonlySet<number>): PartialBytes | null {
    const { transactions, operations } = this.#parts;
    try {
      const { headerBytes, signature, firstRow } = transactions.byRow(transactionRow);
      const held = [...indices].sort((a, b) => a - b).filter((index) => operations.has(firstRow + index))
        .map((index) => ({ index, ...operations.byRow(firstRow + index) }));
      const placed = held.map(({ index, leaf, value }) => ({ index, leaf, value }));
      return { header: headerBytes, signature, operations: placed, hashes: [] };
    } catch (error) {
      if (error instanceof DamagedError) return null;
      throw error;
    }
  }
}
