import { DIGEST_LEAF_OPERATIONS, MAX_OPERATIONS } from "../base/limits.ts";
import { digestRoot } from "../data/digest.ts";
import { OPERATION_KINDS } from "../wire/operation.ts";
import { compareVersionIds, type VersionId } from "../wire/transaction.ts";
import type { Database } from "./database.ts";
import type { Naming } from "./naming.ts";
import type { Operations } from "./operations.ts";
import type { Past } from "./past.ts";
import type { PastTrees } from "./past_trees.ts";
import { reaches } from "./reaches.ts";
import { STATES } from "./rows.ts";
import type { Transactions } from "./transactions.ts";
import type { UndoneMarks } from "./undone_marks.ts";
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
  /** Rows of the puts that nothing inside the past replaces. */
  readonly live: readonly number[];
  /** Rows of its other operations that are held, but for those that are neither (`PastState`). */
  readonly dead: readonly number[];
}

/** What the state inside a past is read from. */
export interface PastStateParts {
  readonly database: Database;
  readonly writers: Writers;
  readonly transactions: Transactions;
  readonly operations: Operations;
  readonly marks: UndoneMarks;
  readonly naming: Naming;
}

/**
 * The state of the space inside a past, with what is undone by now: inside a checkpoint that is final nothing else ever
 * is. Reads only; what is looked at may not change until all of it is.
 *
 * Neither live nor dead is a del that nothing inside names, beside a put of its key that stands there, since somebody has
 * to be told; and what is undone, but names something that is not dead: who names it, outside, replaces that.
 */
export class PastState {
  readonly #parts: PastStateParts;
  readonly #past: Past;
  readonly #changes: number;
  /** Of undone operations, whether something inside replaces what they name, and whether that is not dead. */
  readonly #replaced = new Map<number, boolean>();
  readonly #carrying = new Map<number, boolean>();
  readonly #transactionsOf;
  readonly #operationsOf;
  readonly #namersOf;
  readonly #putsBeside;
  readonly #actsOf;

  constructor(parts: PastStateParts, past: Past) {
    const { database } = parts;
    this.#parts = parts;
    this.#past = past;
    this.#changes = parts.marks.changes;
    this.#transactionsOf = database.statement(`
      SELECT row, id, sequence, first_operation, first_row, operation_count
      FROM transactions INDEXED BY transactions_by_operation
      WHERE writer = ? AND (first_operation, row) > (?, ?) AND class = 0 ORDER BY first_operation, row LIMIT ?`);
    this.#operationsOf = database.statement(`
      SELECT row, state, hex(substr(leaf, 1, 1)) FROM operations WHERE row >= ? AND row < ? ORDER BY row`);
    // An operation that is absent was let go, and so was inside an earlier past.
    this.#namersOf = database.statement(`
      SELECT t.row, t.writer, t.sequence, r.by_row FROM replacements AS r
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

  /** Whether what is undone is not what it was at the beginning, so that what was looked at may not fit together. */
  get isOutdated(): boolean {
    return this.#changes !== this.#parts.marks.changes;
  }

  /** The data transactions inside, each writer's in the order of its operation numbers. */
  *transactions(): Generator<PastTransaction> {
    for (const writer of this.#past.writers) {
      for (let after: [number, number] | null = [-1, 0]; after !== null;) {
        const page = this.#page(writer, after, PAGE_TRANSACTIONS);
        for (const [row, id, sequence, firstOperation, firstRow, count] of page) {
          if (!this.#past.has(writer, sequence, row)) continue;
          yield { row, id, writer, firstOperation, firstRow, ...this.#sort(row, firstRow, count) };
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
      for (const operation of this.#sort(row, firstRow, count).live) {
        const number = first + operation - firstRow;
        if (number < start || number >= end) continue;
        const version = { transaction: id, index: operation - firstRow };
        found.push({ number, row: operation, transactionRow: row, id: version });
      }
    }
    return found.sort((a, b) => a.number - b.number || compareVersionIds(a.id, b.id));
  }

  /** The membership operations inside that are in force. */
  acts(): VersionId[] {
    return (this.#actsOf.all() as [number, number, number, Uint8Array, number][])
      .filter(([row, writer, sequence]) => this.#past.has(writer, sequence, row) && !this.#parts.marks.isUndone(row))
      .map(([, , , transaction, index]) => ({ transaction, index }));
  }

  /** The digest of trees of the live versions inside. */
  digestOf(trees: PastTrees): Uint8Array {
    const roots = [...trees.tops()].map(([writer, tree]) => ({ writer: this.#parts.writers.writer(writer), tree }));
    return digestRoot(roots, this.acts());
  }

  #page(writer: number, after: readonly [number, number], limit: number): Placed[] {
    return this.#transactionsOf.all(writer, ...after, limit) as Placed[];
  }

  #sort(transactionRow: number, firstRow: number, count: number): { live: number[]; dead: number[] } {
    const live: number[] = [];
    const dead: number[] = [];
    const isUndone = this.#parts.marks.isUndone(transactionRow);
    for (const [row, state, kind] of this.#operationsOf.all(firstRow, firstRow + count) as [number, number, string][]) {
      if (isUndone) {
        if (!this.#carries(row)) dead.push(row);
        continue;
      }
      const isPut = Number(kind) === OPERATION_KINDS.put;
      const stands = this.#stands(row, state);
      if (stands && isPut) live.push(row);
      else if (!stands || !this.#isBesidePut(row)) dead.push(row);
    }
    return { live, dead };
  }

  /** Whether nothing inside replaces an operation that is not undone. What nothing replaces at all, nothing does inside. */
  #stands(row: number, state: number): boolean {
    return state === STATES.live || state === STATES.openDel ||
      (state === STATES.replaced && !this.#isReplacedInside(row));
  }

  /** Whether a put stands inside under the key of a del. */
  #isBesidePut(del: number): boolean {
    return (this.#putsBeside.all(del) as [number, number, number, number, number][])
      .some(([row, state, transactionRow, writer, sequence]) =>
        this.#past.has(writer, sequence, transactionRow) && this.#stands(row, state)
      );
  }

  #isReplacedInside(row: number): boolean {
    const through = this.#namersInside(row);
    return typeof through === "boolean"
      ? through
      : through.some((by) => reaches(by, (undone) => this.#namersInside(undone), this.#replaced));
  }

  /** Whether something inside that is not undone names an operation; else the undone ones inside that do. */
  #namersInside(row: number): readonly number[] | boolean {
    const undone: number[] = [];
    for (const [by, writer, sequence, byRow] of this.#namersOf.all(row) as [number | null, number, number, number][]) {
      if (by === null) return true;
      if (!this.#past.has(writer, sequence, by)) continue;
      if (!this.#parts.marks.isUndone(by)) return true;
      undone.push(byRow);
    }
    return undone.length > 0 && undone;
  }

  /** Whether an undone operation names something that is not dead, directly or through undone ones. */
  #carries(row: number): boolean {
    const { transactions, operations, naming, marks } = this.#parts;
    return reaches(row, (at) => {
      const operation = operations.find(at);
      const undone: number[] = [];
      for (const named of operation === null ? [] : naming.namedBy(operation)) {
        const { writer, header } = transactions.byRow(named.transactionRow);
        if (!this.#past.has(writer, header.sequence, named.transactionRow)) return true;
        if (marks.isUndone(named.transactionRow)) undone.push(named.row);
        else if (this.#stands(named.row, named.state)) {
          if (named.leaf[0] === OPERATION_KINDS.put || this.#isBesidePut(named.row)) return true;
        }
      }
      return undone;
    }, this.#carrying);
  }
}
