import type { Database, Statement } from "./database.ts";
import type { Heads } from "./heads.ts";
import type { Writers } from "./writers.ts";

/** Rows that a cursor reads ahead at a time. */
const READ_AHEAD_ROWS = 128;

/** Finds the transactions that another peer lacks, writer by writer, merged in row order. */
export class Lacking {
  readonly #writers: Writers;
  readonly #heads: Heads;
  readonly #first: Statement;
  readonly #next: Statement;

  constructor(database: Database, writers: Writers, heads: Heads) {
    this.#writers = writers;
    this.#heads = heads;
    this.#first = database.statement(`
      SELECT row FROM transactions INDEXED BY transactions_by_sequence
      WHERE writer = ? AND sequence > ? ORDER BY sequence, row LIMIT 1`);
    this.#next = database.statement(`
      SELECT row FROM transactions INDEXED BY transactions_by_writer
      WHERE writer = ? AND row > ? AND sequence > ? ORDER BY row LIMIT ?`);
  }

  /** See `Store.lackingRows`. */
  rows(theirs: ReadonlyMap<string, number>, afterRow: number, limit: number): number[] {
    const cursors: Cursor[] = [];
    for (const [key, writer] of this.#writers.all()) {
      const above = theirs.get(key) ?? 0;
      if ((this.#heads.of(writer).at(-1)?.sequence ?? 0) <= above) continue;
      // No transaction above it has a lower row than the first number above it, since rows follow causality.
      const first = this.#first.get(writer, above)?.[0] as number;
      const cursor = new Cursor(this.#next, writer, above, Math.max(afterRow, first - 1), limit);
      if (cursor.row !== Infinity) cursors.push(cursor);
    }
    const rows: number[] = [];
    while (rows.length < limit && cursors.length > 0) {
      const lowest = cursors.reduce((a, b) => a.row < b.row ? a : b);
      rows.push(lowest.row);
      lowest.advance();
      if (lowest.row === Infinity) cursors.splice(cursors.indexOf(lowest), 1);
    }
    return rows;
  }
}

/** Walks one writer's rows above a sequence number, in row order. */
class Cursor {
  readonly #next: Statement;
  readonly #writer: number;
  readonly #above: number;
  readonly #pageRows: number;
  #page: number[] = [];
  #index = 0;
  /** The row it stands at; Infinity at the end. */
  row: number;

  constructor(next: Statement, writer: number, above: number, afterRow: number, limit: number) {
    this.#next = next;
    this.#writer = writer;
    this.#above = above;
    this.#pageRows = Math.min(READ_AHEAD_ROWS, limit);
    this.row = afterRow;
    this.advance();
  }

  advance(): void {
    if (this.#index === this.#page.length) {
      this.#page = (this.#next.all(this.#writer, this.row, this.#above, this.#pageRows) as [number][])
        .map(([row]) => row);
      this.#index = 0;
    }
    this.row = this.#page[this.#index++] ?? Infinity;
  }
}
