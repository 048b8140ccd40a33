import type { Database } from "./database.ts";

/** Which transactions are undone. Where none ever was, asking costs nothing. */
export class UndoneMarks {
  readonly #select;
  readonly #upsert;
  readonly #delete;
  readonly #anyRow;
  readonly #page;
  readonly #causedPage;
  readonly #lastAct;
  /** Whether there is any mark, be it taken back; null before it was looked up. */
  #any: boolean | null = null;
  #changes = 0;

  constructor(database: Database) {
    this.#select = database.statement("SELECT undone FROM undoings WHERE transaction_row = ?");
    this.#upsert = database.statement(
      "INSERT OR REPLACE INTO undoings (transaction_row, undone, cause) VALUES (?, ?, ?)",
    );
    this.#delete = database.statement("DELETE FROM undoings WHERE transaction_row = ?");
    this.#anyRow = database.statement("SELECT 1 FROM undoings LIMIT 1");
    this.#page = database.statement(`
      SELECT transaction_row, undone, cause FROM undoings WHERE transaction_row > ? ORDER BY transaction_row LIMIT ?`);
    this.#causedPage = database.statement(`
      SELECT transaction_row FROM undoings INDEXED BY undoings_by_cause WHERE cause = ? AND transaction_row > ?
      ORDER BY transaction_row LIMIT ?`);
    this.#lastAct = database.statement(
      "SELECT max(row) FROM transactions INDEXED BY transactions_of_members WHERE class = 1",
    );
  }

  /** Forgets what is in memory, after a rollback. */
  reset(): void {
    this.#any = null;
    this.#changes++;
  }

  /** A number that is another one after every change of a mark. */
  get changes(): number {
    return this.#changes;
  }

  /** Whether any transaction is undone, or was once. */
  get any(): boolean {
    return this.#any ??= this.#anyRow.get() !== undefined;
  }

  /** Whether a transaction is undone. */
  isUndone(transactionRow: number): boolean {
    return this.any && this.#select.get(transactionRow)?.[0] === 1;
  }

  /** Notes whether a transaction is undone, as of the last membership transaction. @returns whether that is new. */
  set(transactionRow: number, isUndone: boolean): boolean {
    if (this.isUndone(transactionRow) === isUndone) return false;
    this.#upsert.run(transactionRow, isUndone ? 1 : 0, this.lastAct);
    this.#any = true;
    this.#changes++;
    return true;
  }

  /** A mark is as of the last membership transaction from now on. */
  renew(transactionRow: number): void {
    this.#upsert.run(transactionRow, this.isUndone(transactionRow) ? 1 : 0, this.lastAct);
  }

  /** Deletes a mark. */
  delete(transactionRow: number): void {
    this.#delete.run(transactionRow);
  }

  /** All marks, in the order of the transactions. */
  page(afterRow: number, limit: number): { transactionRow: number; isUndone: boolean; cause: number }[] {
    const rows = this.#page.all(afterRow, limit) as [number, number, number][];
    return rows.map(([transactionRow, undone, cause]) => ({ transactionRow, isUndone: undone === 1, cause }));
  }

  /** Transactions whose mark last changed with a membership transaction, in order. */
  causedBy(actRow: number, afterRow: number, limit: number): number[] {
    if (!this.any) return [];
    return (this.#causedPage.all(actRow, afterRow, limit) as [number][]).map(([row]) => row);
  }

  /** The last membership transaction, which changes of marks are noted with; 0 where there is none. */
  get lastAct(): number {
    return (this.#lastAct.get()?.[0] ?? 0) as number;
  }
}
