import { equal, utf8Encode } from "../base/bytes.ts";
import type { Del, Put } from "../wire/operation.ts";
import type { VersionId } from "../wire/transaction.ts";
import type { Database } from "./database.ts";
import { operationOf, type OperationRow, type Operations } from "./operations.ts";
import type { PastOperation } from "./rows.ts";
import type { Transactions } from "./transactions.ts";
import { STATE_NAMES } from "./versions.ts";

/** What became of a key: every put and del on it that is held, whatever its state. */
export class KeyHistory {
  readonly #transactions: Transactions;
  readonly #operations: Operations;
  readonly #ofKey;

  constructor(database: Database, transactions: Transactions, operations: Operations) {
    this.#transactions = transactions;
    this.#operations = operations;
    // One for each index that finds operations by key: each gives its rows in order, so that a page costs a page.
    this.#ofKey = [["live", "state = 0"], ["open_dels", "state = 3"], ["past", "state IN (1, 2)"]].map((
      [index, state],
    ) =>
      database.statement(`
        SELECT row FROM operations INDEXED BY operations_${index}
        WHERE key = ? AND ${state} AND row < ? ORDER BY row DESC LIMIT ?`)
    );
  }

  /**
   * The puts and dels on a key that are held, newest first: in the order in which they came here, so that what
   * replaces something stands before it.
   *
   * @param beforeRow only operations that came before the one in this row; Infinity for all.
   */
  page(key: string, beforeRow: number, limit: number): PastOperation[] {
    const bytes = utf8Encode(key);
    const before = Math.min(beforeRow, Number.MAX_SAFE_INTEGER);
    const rows = this.#ofKey.flatMap((statement) => statement.all(bytes, before, limit) as [number][]);
    const newest = rows.map(([row]) => row).sort((a, b) => b - a).slice(0, limit);
    return newest.flatMap((row) => this.#pastIn(this.#operations.withoutValue(row)) ?? []);
  }

  /**
   * The put or del that a version id names; "not_held" where this store does not have it, or no longer, and
   * "no_version" where no put or del has that id.
   */
  operation(id: VersionId): PastOperation | "not_held" | "no_version" {
    const found = this.#find(id);
    return found === "not_held" || found === "no_version" ? found : this.#pastIn(found) ?? "no_version";
  }

  /** The value of a put; null where it is held no more. @throws {DamagedError} */
  value({ row }: PastOperation): Uint8Array | null {
    return this.#operations.byRow(row).value;
  }

  #find({ transaction, index }: VersionId): OperationRow | "not_held" | "no_version" {
    const place = this.#transactions.byId(transaction);
    if (place === null) return "not_held";
    if (index >= place.header.operationCount) return "no_version";
    return this.#operations.find(place.firstRow + index) ?? "not_held";
  }

  #pastIn(row: OperationRow): PastOperation | null {
    const operation = operationOf(row);
    if (operation.kind !== "put" && operation.kind !== "del") return null;
    const { id, firstRow, header } = this.#transactions.byRow(row.transactionRow);
    return {
      row: row.row,
      versionId: { transaction: id, index: row.row - firstRow },
      key: operation.key,
      put: operation.kind === "put" ? { media: operation.media, sizeBytes: operation.length } : null,
      stamp: header.clock,
      peer: header.peer,
      state: STATE_NAMES[row.state] ?? "replaced",
      ...this.#named(operation, row.key as Uint8Array),
    };
  }

  /** What an operation replaced: of what it names, that which is under its own key, or can't be told any more. */
  #named({ names }: Put | Del, key: Uint8Array): Pick<PastOperation, "names" | "missing"> {
    const missing: VersionId[] = [];
    const kept = names.filter((name) => {
      const found = this.#find(name);
      if (found === "not_held") missing.push(name);
      return found === "not_held" || (found !== "no_version" && found.key !== null && equal(found.key, key));
    });
    return { names: kept, missing };
  }
}
