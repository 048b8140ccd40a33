import { assert } from "../base/assert.ts";
import { operationOf } from "./operations.ts";
import type { UndoneVersion } from "./rows.ts";
import type { StoreParts } from "./store_parts.ts";

/** The name in the meta table under which it is kept that transactions are on their way to being undone. */
const UNDER_WAY = "undoing";
/** Marks that are read at a time. */
const PAGE_ROWS = 256;

/**
 * Which transactions a removal has undone (DESIGN, "Undoing"). They are held, sent on and counted in frontiers as any
 * others; only the state is what it would be without them, but that who replaced one of their versions replaced what that
 * one had replaced. Who decides it is `lib/space`.
 */
export class Undoing {
  readonly #parts: StoreParts;
  readonly #ends;

  constructor(parts: StoreParts) {
    this.#parts = parts;
    this.#ends = parts.database.statement(`
      SELECT o.row FROM undoings AS u JOIN transactions AS t ON t.row = u.transaction_row
      CROSS JOIN operations AS o ON o.row >= max(t.first_row, ?1 + 1) AND o.row < t.first_row + t.operation_count
      WHERE u.undone = 1 AND o.key IS NOT NULL AND NOT EXISTS (SELECT 1 FROM replacements AS r WHERE r.named_row = o.row)
      ORDER BY u.transaction_row, o.row LIMIT ?2`);
  }

  /** Whether any transaction is undone, or was once. */
  get any(): boolean {
    return this.#parts.marks.any;
  }

  /**
   * Whether not all is undone yet that has to be, or taken back: until then the state is between two, and has a digest that
   * nobody else has. It is kept on disk, so that whoever opens the store after a crash goes on.
   */
  get isUnderWay(): boolean {
    return this.#parts.meta.get(UNDER_WAY) !== null;
  }

  /** Notes that, within the transaction under way. */
  set isUnderWay(isUnderWay: boolean) {
    if (isUnderWay === this.isUnderWay) return;
    this.#parts.database.begin();
    this.#parts.meta.set(UNDER_WAY, isUnderWay ? Uint8Array.of(1) : null);
  }

  /** Whether a held transaction is undone. */
  isUndone(transactionRow: number): boolean {
    return this.#parts.marks.isUndone(transactionRow);
  }

  /** Rows of all transactions that are undone, in order: what a judgement of everything has to come to as well. */
  *rows(): Generator<number> {
    for (let after = 0;;) {
      const page = this.#parts.marks.page(after, PAGE_ROWS);
      for (const { transactionRow, isUndone } of page) if (isUndone) yield transactionRow;
      if (page.length < PAGE_ROWS) return;
      after = page.at(-1)?.transactionRow ?? after;
    }
  }

  /**
   * Undoes transactions, data or membership, or takes that back, within the transaction under way: after the membership
   * transaction that is the cause was appended. Where they are many, some at a time (`isUnderWay`): what the state is
   * follows from those that are undone by then.
   *
   * @param changes by the row of a held transaction, whether it is undone from now on.
   * @returns the keys they are about.
   * @throws {DamagedError}
   */
  set(changes: ReadonlyMap<number, boolean>): Set<string> {
    const { database, marks, transactions, merge } = this.#parts;
    database.begin();
    const changed = new Set<number>();
    for (const [row, isUndone] of changes) if (marks.set(row, isUndone)) changed.add(row);
    const keys = new Set<string>();
    const seen = new Set<number>();
    const known = new Map<number, boolean>();
    for (const row of changed) {
      for (const key of merge.settle(transactions.byRow(row), seen, known, changed)) keys.add(key);
    }
    return keys;
  }

  /**
   * The puts and dels that are undone and that nothing names, oldest first: what a removal has taken out of the state,
   * without what was replaced before or after. Whoever takes one back in names it, so that it is listed no more.
   *
   * @param afterRow only those behind this operation row; 0 for all.
   */
  list(afterRow: number, limit: number): UndoneVersion[] {
    return (this.#ends.all(afterRow, limit) as [number][]).map(([row]) => this.#versionIn(row));
  }

  #versionIn(row: number): UndoneVersion {
    const found = this.#parts.operations.byRow(row);
    const operation = operationOf(found);
    assert(operation.kind === "put" || operation.kind === "del", "what has a key is a put or a del");
    const transaction = this.#parts.transactions.byRow(found.transactionRow);
    return {
      row,
      versionId: { transaction: transaction.id, index: row - transaction.firstRow },
      key: operation.key,
      put: operation.kind === "put" && found.value !== null ? { media: operation.media, value: found.value } : null,
      stamp: transaction.header.clock,
      peer: transaction.header.peer,
    };
  }
}
