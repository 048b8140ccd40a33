import { equal } from "../base/bytes.ts";
import type { Del, Put } from "../wire/operation.ts";
import type { VersionId } from "../wire/transaction.ts";
import { DamagedError } from "./damaged_error.ts";
import { operationOf, type OperationRow } from "./operations.ts";
import { type Found, STATES } from "./rows.ts";
import { reaches } from "./reaches.ts";
import type { TransactionPlaces } from "./transaction_places.ts";
import { VERIFY_PAGE_ROWS } from "./verify_own.ts";
import type { VerifyParts } from "./verifier.ts";

/** Checks who replaces whom: what operations say against what is kept of it, both ways. */
export class VerifyNames {
  readonly #parts: VerifyParts;
  readonly #places: TransactionPlaces;
  readonly #found: Found;
  readonly #namersOf;
  readonly #hasReplacement;
  readonly #insertReplacement;
  readonly #deleteReplacement;
  readonly #replacements;
  readonly #hasDangling;
  readonly #insertDangling;
  readonly #deleteDangling;
  readonly #dangling;

  constructor(parts: VerifyParts, places: TransactionPlaces, found: Found) {
    const { database } = parts;
    this.#parts = parts;
    this.#places = places;
    this.#found = found;
    const pair = "named_row = ? AND by_row = ?";
    const triple = "named_transaction = ? AND named_index = ? AND by_row = ?";
    this.#namersOf = database.statement("SELECT by_row FROM replacements WHERE named_row = ?");
    this.#hasReplacement = database.statement(`SELECT 1 FROM replacements WHERE ${pair}`);
    this.#insertReplacement = database.statement("INSERT OR IGNORE INTO replacements VALUES (?, ?)");
    this.#deleteReplacement = database.statement(`DELETE FROM replacements WHERE ${pair}`);
    this.#replacements = database.statement(`
      SELECT named_row, by_row FROM replacements WHERE (named_row, by_row) > (?, ?)
      ORDER BY named_row, by_row LIMIT ${VERIFY_PAGE_ROWS}`);
    this.#hasDangling = database.statement(`SELECT 1 FROM dangling WHERE ${triple}`);
    this.#insertDangling = database.statement("INSERT OR IGNORE INTO dangling VALUES (?, ?, ?)");
    this.#deleteDangling = database.statement(`DELETE FROM dangling WHERE ${triple}`);
    this.#dangling = database.statement(`
      SELECT named_transaction, named_index, by_row FROM dangling
      WHERE (named_transaction, named_index, by_row) > (?, ?, ?)
      ORDER BY named_transaction, named_index, by_row LIMIT ${VERIFY_PAGE_ROWS}`);
  }

  /** What an operation names must be noted, and that it is named where it is. */
  check({ row, transactionRow, state, key }: OperationRow, operation: Put | Del, found: Found): void {
    // One that is replaced and not noted as named is told of by who names it, where that is still here.
    const isNamed = this.#namersOf.get(row) !== undefined;
    if (isNamed && state !== STATES.undone && this.#isReplaced(row) === (state !== STATES.replaced)) {
      const mend = () => void this.#parts.merge.settle(this.#parts.transactions.byRow(transactionRow), new Set());
      found({ table: "operations", row, key: operation.key, mend });
    }
    for (const name of operation.names) this.#checkName(name, row, key as Uint8Array, operation.key, found);
  }

  /** Whether what is not undone names an operation, directly or through undone ones; null where that cannot be told. */
  #isReplaced(row: number): boolean | null {
    let isKnown = true;
    const isReplaced = reaches(row, (named) => {
      const undone: number[] = [];
      for (const [byRow] of this.#namersOf.all(named) as [number][]) {
        const by = this.#read(byRow);
        const isTrue = this.#isTrue(named, byRow);
        if (isTrue === false) continue;
        if (isTrue === null || by === null || by === "damaged") isKnown = false;
        else if (by.state !== STATES.undone) return true;
        else undone.push(byRow);
      }
      return undone;
    }, new Map());
    return isReplaced || (isKnown ? false : null);
  }

  #checkName(name: VersionId, byRow: number, key: Uint8Array, text: string, found: Found): void {
    const { proofs } = this.#parts;
    const transaction = this.#places.of(name.transaction);
    if (transaction !== null && name.index >= transaction.operationCount) return;
    const namedRow = transaction === null ? null : transaction.firstRow + name.index;
    const named = namedRow === null ? null : this.#read(namedRow);
    // It is named by the check of its own record.
    if (named === "damaged") return;
    if (named !== null) {
      if (named.key === null || !equal(named.key, key)) return;
      if (this.#hasReplacement.get(named.row, byRow) !== undefined) return;
      const mend = () => this.#insertReplacement.run(named.row, byRow);
      found({ table: "replacements", row: named.row, key: text, mend });
      return;
    }
    if (transaction !== null && proofs.isDead(transaction.row)) return;
    const triple = [name.transaction, name.index, byRow] as const;
    if (this.#hasDangling.get(...triple) !== undefined) return;
    // Where the named one is damaged and gone, the name is kept as it was while it was there.
    if (transaction !== null && proofs.of(transaction.row) === null) return;
    found({ table: "dangling", row: byRow, key: text, mend: () => this.#insertDangling.run(...triple) });
  }

  /** Everything that is noted must be what an operation says. */
  *run(): Generator<number> {
    for (let [named, by] = [0, 0];;) {
      const page = this.#replacements.all(named, by) as [number, number][];
      for ([named, by] of page) this.#checkReplacement(named, by);
      yield page.length;
      if (page.length < VERIFY_PAGE_ROWS) break;
    }
    let last: readonly [Uint8Array, number, number] = [new Uint8Array(0), 0, 0];
    while (true) {
      const page = this.#dangling.all(...last) as [Uint8Array, number, number][];
      for (const columns of page) this.#checkDangling(last = columns);
      yield page.length;
      if (page.length < VERIFY_PAGE_ROWS) break;
    }
  }

  /** Whether one operation replaces another; null where that cannot be told. */
  #isTrue(namedRow: number, byRow: number): boolean | null {
    const named = this.#read(namedRow);
    const by = this.#read(byRow);
    // What is damaged says nothing, and what is compacted is gone.
    if (named === "damaged" || by === "damaged" || named === null || by === null) return null;
    const place = this.#places.inRow(named.transactionRow);
    if (place === null) return null;
    return by.key !== null && named.key !== null && equal(by.key, named.key) &&
      namesIt(by, place.id, namedRow - place.firstRow);
  }

  #checkReplacement(namedRow: number, byRow: number): void {
    if (this.#isTrue(namedRow, byRow) !== false) return;
    const mend = () => this.#deleteReplacement.run(namedRow, byRow);
    this.#found({ table: "replacements", row: namedRow, key: null, mend });
  }

  #checkDangling([id, index, byRow]: readonly [Uint8Array, number, number]): void {
    const by = this.#read(byRow);
    if (by === "damaged" || by === null) return;
    const place = this.#places.of(id);
    // A name that leads to no operation on a key waits for ever, and does no harm.
    const named = place === null || index >= place.operationCount ? null : this.#read(place.firstRow + index);
    const isHeld = named === "damaged" || (named !== null && named.key !== null);
    if (!isHeld && namesIt(by, id, index)) return;
    const mend = () => this.#deleteDangling.run(id, index, byRow);
    this.#found({ table: "dangling", row: byRow, key: null, mend });
  }

  #read(row: number): OperationRow | "damaged" | null {
    try {
      return this.#parts.operations.find(row);
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error;
      return "damaged";
    }
  }
}

function namesIt(by: OperationRow, id: Uint8Array, index: number): boolean {
  const operation = operationOf(by);
  if (operation.kind !== "put" && operation.kind !== "del") return false;
  return operation.names.some((name) => name.index === index && equal(name.transaction, id));
}
