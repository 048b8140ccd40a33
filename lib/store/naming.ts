import { equal } from "../base/bytes.ts";
import type { Database } from "./database.ts";
import { operationOf, type OperationRow, type Operations } from "./operations.ts";
import { reaches } from "./reaches.ts";
import type { Transactions } from "./transactions.ts";
import type { UndoneMarks } from "./undone_marks.ts";

/**
 * Who names whom, through undone operations: who replaced an undone version replaces what that one had replaced (DESIGN,
 * "Undoing"). Names hold under one key only, and make no cycles, since a name holds the hash of what it names.
 */
export class Naming {
  readonly #transactions: Transactions;
  readonly #operations: Operations;
  readonly #marks: UndoneMarks;
  readonly #namersOf;

  constructor(database: Database, transactions: Transactions, operations: Operations, marks: UndoneMarks) {
    this.#transactions = transactions;
    this.#operations = operations;
    this.#marks = marks;
    this.#namersOf = database.statement("SELECT by_row FROM replacements WHERE named_row = ? ORDER BY by_row");
  }

  /** Rows of the operations that name the one in a row; some of them may be gone. */
  namersOf(row: number): number[] {
    return (this.#namersOf.all(row) as [number][]).map(([by]) => by);
  }

  /**
   * Whether an operation that is not undone names the one in a row, directly or through undone ones. One that is gone
   * counts as one of them: it went with all that it could bring back.
   *
   * @param known what was found so far, by row.
   */
  isReplaced(row: number, known = new Map<number, boolean>()): boolean {
    return reaches(row, (node) => {
      const undone: number[] = [];
      for (const by of this.namersOf(node)) {
        const operation = this.#operations.find(by);
        if (operation === null || !this.#marks.isUndone(operation.transactionRow)) return true;
        undone.push(by);
      }
      return undone;
    }, known);
  }

  /** The operations that one names under its own key, and that are held. */
  namedBy(row: OperationRow): OperationRow[] {
    const operation = operationOf(row);
    if (operation.kind !== "put" && operation.kind !== "del") return [];
    return operation.names.flatMap(({ transaction, index }) => {
      const place = this.#transactions.byId(transaction);
      if (place === null || index >= place.header.operationCount) return [];
      const named = this.#operations.find(place.firstRow + index);
      return named === null || named.key === null || !equal(named.key, row.key as Uint8Array) ? [] : [named];
    });
  }
}
