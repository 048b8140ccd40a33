import { DIGEST_LEAF_OPERATIONS, MAX_OPERATIONS } from "../base/limits.ts";
import { digestRoot } from "../data/digest.ts";
import { OPERATION_KINDS } from "../wire/operation.ts";
import { compareVersionIds, type VersionId } from "../wire/transaction.ts";
import type { Database } from "./database.ts";
import type { Past } from "./past.ts";
import type { PastTrees } from "./past_trees.ts";
import { STATES } from "./rows.ts";
import type { Writers } from "./writers.ts";

const PAGE_TRANSACTIONS = 256;

/** Row, id, sequence, first operation, first row and operation count of a transaction. */
type Placed = [number, Uint8Array, number, number, number, number];

/** A data transaction inside a past, with its operations that are held. */
export interface PastTransaction {
  readonly row: number;
  readonly id: Uint8Array;
  readonly writer: number;
  readonly firstOperation: number;
  readonly firstRow: number;
  /** Rows of the puts that no operation inside the past names. */
  readonly live: readonly number[];
  /** Rows of its other operations that are held, but for dels that nobody has settled (`PastState`). */
  readonly dead: readonly number[];
}

/**
 * The state of the space inside a past. Reads only; what is looked at may not change until all of it is. A del that
 * nothing inside names, beside a put of its key that stands there, is neither live nor dead: somebody has to be told.
 */
export class PastState {
  readonly #past: Past;
  readonly #writers: Writers;
  readonly #transactionsOf;
  readonly #operationsOf;
  readonly #namersOf;
  readonly #putsBeside;
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
    this.#putsBeside = database.statement(`
      SELECT o.row, o.state, t.row, t.writer, t.sequence FROM operations AS d
      JOIN operations AS o ON o.key = d.key AND (o.state = ${STATES.live} OR o.state IN (1, 2))
        AND substr(o.leaf, 1, 1) = x'0${OPERATION_KINDS.put}'
      JOIN transactions AS t ON t.row = o.transaction_row WHERE d.row = ?`);
    this.#actsOf = database.statement(`
      SELECT t.row, t.writer, t.sequence, t.id, o.row - t.first_row FROM transactions AS t
      CROSS JOIN operations AS o ON o.row >= t.first_row AND o.row < t.first_row + t.operation_count
      WHERE t.class = 1`);
  }

  /** The data transactions inside, each writer's in the order of its operation numbers. */
  *transactions(): Generator<PastTransaction> {
    for (const writer of this.#past.writers) {
      for (let after: [number, number] | null = [-1, 0]; after !== null;) {
        const page = this.#page(writer, after, PAGE_TRANSACTIONS);
        for (const [row, id, sequence, firstOperation, firstRow, count] of page) {
          if (!this.#past.has(writer, sequence, row)) continue;
          yield { row, id, writer, firstOperation, firstRow, ...this.#sort(firstRow, count) };
        }
        const last = page.at(-1);
        after = page.length < PAGE_TRANSACTIONS || last === undefined ? null : [last[3], last[0]];
      }
    }
  }

  /** The versions of one leaf of the digest tree, as they are hashed, with their rows. */
  leaf(writer: number, leaf: number): { row: number; transactionRow: number; id: VersionId }[] {
    const start = leaf * DIGEST_LEAF_OPERATIONS;
    const end = start + DIGEST_LEAF_OPERATIONS;
    const found: { number: number; row: number; transactionRow: number; id: VersionId }[] = [];
    // A transaction that reaches into the leaf begins less than MAX_OPERATIONS before it.
    for (const [row, id, sequence, first, firstRow, count] of this.#page(writer, [start - MAX_OPERATIONS, 0], -1)) {
      if (first >= end) break;
      if (!this.#past.has(writer, sequence, row)) continue;
      for (const operation of this.#sort(firstRow, count).live) {
        const number = first + operation - firstRow;
        if (number < start || number >= end) continue;
        const version = { transaction: id, index: operation - firstRow };
        found.push({ number, row: operation, transactionRow: row, id: version });
      }
    }
    return found.sort((a, b) => a.number - b.number || compareVersionIds(a.id, b.id));
  }

  /** The membership operations inside. */
  acts(): VersionId[] {
    return (this.#actsOf.all() as [number, number, number, Uint8Array, number][])
      .filter(([row, writer, sequence]) => this.#past.has(writer, sequence, row))
      .map(([, , , transaction, index]) => ({ transaction, index }));
  }

  /** The digest of trees of the live versions inside. */
  digestOf(trees: PastTrees): Uint8Array {
    const roots = [...trees.tops()].map(([writer, tree]) => ({ writer: this.#writers.writer(writer), tree }));
    return digestRoot(roots, this.acts());
  }

  #page(writer: number, after: readonly [number, number], limit: number): Placed[] {
    return this.#transactionsOf.all(writer, ...after, limit) as Placed[];
  }

  #sort(firstRow: number, count: number): { live: number[]; dead: number[] } {
    const live: number[] = [];
    const dead: number[] = [];
    for (const [row, state, kind] of this.#operationsOf.all(firstRow, firstRow + count) as [number, number, string][]) {
      const isPut = Number(kind) === OPERATION_KINDS.put;
      const stands = state === STATES.live || state === STATES.openDel ||
        (state === STATES.replaced && !this.#isNamedInside(row));
      if (stands && isPut) live.push(row);
      else if (!stands || !this.#isBesidePut(row)) dead.push(row);
    }
    return { live, dead };
  }

  /** Whether a put stands inside under the key of a del. */
  #isBesidePut(del: number): boolean {
    return (this.#putsBeside.all(del) as [number, number, number, number, number][])
      .some(([row, state, transactionRow, writer, sequence]) =>
        this.#past.has(writer, sequence, transactionRow) && (state === STATES.live || !this.#isNamedInside(row))
      );
  }

  #isNamedInside(row: number): boolean {
    return (this.#namersOf.all(row) as [number | null, number, number][])
      .some(([by, writer, sequence]) => by === null || this.#past.has(writer, sequence, by));
  }
}
