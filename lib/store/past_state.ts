import { DIGEST_LEAF_OPERATIONS } from "../base/limits.ts";
import { digestRoot, leafHash } from "../data/digest.ts";
import { OPERATION_KINDS } from "../wire/operation.ts";
import { compareVersionIds, type VersionId } from "../wire/transaction.ts";
import type { Database } from "./database.ts";
import { hashAbove, newTree, topOf, type WriterTree } from "./digest_tree.ts";
import type { Past } from "./past.ts";
import { STATES } from "./rows.ts";
import type { Writers } from "./writers.ts";

const PAGE_TRANSACTIONS = 256;

/** A data transaction inside a past, with its operations that are held. */
export interface PastTransaction {
  readonly row: number;
  readonly id: Uint8Array;
  readonly writer: number;
  readonly firstOperation: number;
  readonly firstRow: number;
  /** Rows of the puts that no operation inside the past names. */
  readonly live: readonly number[];
  /** Rows of its other operations that are held. */
  readonly dead: readonly number[];
}

/** The state of the space inside a past. Reads only; what is looked at may not change until all of it is. */
export class PastState {
  readonly #past: Past;
  readonly #writers: Writers;
  readonly #transactionsOf;
  readonly #operationsOf;
  readonly #namersOf;
  readonly #actsOf;

  constructor(database: Database, writers: Writers, past: Past) {
    this.#past = past;
    this.#writers = writers;
    this.#transactionsOf = database.statement(`
      SELECT row, id, sequence, first_operation, first_row, operation_count
      FROM transactions INDEXED BY transactions_by_operation
      WHERE writer = ? AND (first_operation, row) > (?, ?) AND class = 0 ORDER BY first_operation, row LIMIT ?`);
    this.#operationsOf = database.statement(`
      SELECT row, state, hex(substr(leaf, 1, 1)) FROM operations WHERE row >= ? AND row < ? ORDER BY row`);
    // An operation that is absent was let go, and so was inside an earlier past.
    this.#namersOf = database.statement(`
      SELECT t.row, t.writer, t.sequence FROM replacements AS r
      LEFT JOIN operations AS o ON o.row = r.by_row LEFT JOIN transactions AS t ON t.row = o.transaction_row
      WHERE r.named_row = ?`);
    this.#actsOf = database.statement(`
      SELECT t.row, t.writer, t.sequence, t.id, o.row - t.first_row FROM transactions AS t
      CROSS JOIN operations AS o ON o.row >= t.first_row AND o.row < t.first_row + t.operation_count
      WHERE t.class = 1`);
  }

  /** The data transactions inside, each writer's in the order of its operation numbers. */
  *transactions(): Generator<PastTransaction> {
    for (const writer of this.#past.writers) {
      for (let after: [number, number] | null = [-1, 0]; after !== null;) {
        const page = this.#transactionsOf.all(writer, ...after, PAGE_TRANSACTIONS) as [
          number,
          Uint8Array,
          ...[number, number, number, number],
        ][];
        for (const [row, id, sequence, firstOperation, firstRow, count] of page) {
          if (!this.#past.has(writer, sequence, row)) continue;
          yield { row, id, writer, firstOperation, firstRow, ...this.#sort(firstRow, count) };
        }
        const last = page.at(-1);
        after = page.length < PAGE_TRANSACTIONS || last === undefined ? null : [last[3], last[0]];
      }
    }
  }

  /** The membership operations inside. */
  acts(): VersionId[] {
    return (this.#actsOf.all() as [number, number, number, Uint8Array, number][])
      .filter(([row, writer, sequence]) => this.#past.has(writer, sequence, row))
      .map(([, , , transaction, index]) => ({ transaction, index }));
  }

  /** The digest of trees of the live versions inside. */
  digestOf(trees: PastLeaves): Uint8Array {
    const roots = [...trees.trees()].map(([writer, tree]) => ({ writer: this.#writers.writer(writer), tree }));
    return digestRoot(roots, this.acts());
  }

  #sort(firstRow: number, count: number): { live: number[]; dead: number[] } {
    const live: number[] = [];
    const dead: number[] = [];
    for (const [row, state, kind] of this.#operationsOf.all(firstRow, firstRow + count) as [number, number, string][]) {
      const isLive = state === STATES.live ||
        (state === STATES.replaced && Number(kind) === OPERATION_KINDS.put && !this.#isNamedInside(row));
      (isLive ? live : dead).push(row);
    }
    return { live, dead };
  }

  #isNamedInside(row: number): boolean {
    return (this.#namersOf.all(row) as [number | null, number, number][])
      .some(([by, writer, sequence]) => by === null || this.#past.has(writer, sequence, by));
  }
}

/** The leaves of the digest tree over the versions that are live inside a past, fed in the order of their numbers. */
export class PastLeaves {
  readonly #trees = new Map<number, WriterTree>();
  #writer = 0;
  #open = new Map<number, { number: number; id: VersionId }[]>();

  /** Takes in the next transaction of `PastState.transactions`. */
  add({ id, writer, firstOperation, firstRow, live }: PastTransaction): void {
    this.#close(writer, Math.floor(firstOperation / DIGEST_LEAF_OPERATIONS));
    for (const row of live) {
      const number = firstOperation + row - firstRow;
      const leaf = Math.floor(number / DIGEST_LEAF_OPERATIONS);
      const entry = { number, id: { transaction: id, index: row - firstRow } };
      const entries = this.#open.get(leaf);
      if (entries === undefined) this.#open.set(leaf, [entry]);
      else entries.push(entry);
    }
  }

  /** Ends: no more is fed. */
  end(): void {
    this.#close(0, 0);
    for (const tree of this.#trees.values()) hashAbove(tree, (tree[0] as Map<number, Uint8Array>).keys());
  }

  /** The top of each writer's tree. */
  *trees(): Generator<[writer: number, top: Uint8Array]> {
    for (const [writer, tree] of this.#trees) {
      const top = topOf(tree);
      if (top !== undefined) yield [writer, top];
    }
  }

  /** The leaves that are not empty. */
  *leaves(): Generator<[writer: number, leaf: number, hash: Uint8Array]> {
    for (const [writer, tree] of this.#trees) {
      for (const [leaf, hash] of tree[0] as Map<number, Uint8Array>) yield [writer, leaf, hash];
    }
  }

  /** Hashes the leaves that nothing more can come into; numbers overlap only where a writer forked. */
  #close(writer: number, before: number): void {
    for (const [leaf, entries] of this.#open) {
      if (writer === this.#writer && leaf >= before) continue;
      entries.sort((a, b) => a.number - b.number || compareVersionIds(a.id, b.id));
      const tree = this.#trees.get(this.#writer) ?? newTree();
      this.#trees.set(this.#writer, tree);
      tree[0]?.set(leaf, leafHash(entries.map(({ id }) => id)));
      this.#open.delete(leaf);
    }
    this.#writer = writer;
  }
}
