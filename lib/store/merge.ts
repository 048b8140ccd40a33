import { equal, toHex, utf8Decode } from "../base/bytes.ts";
import { isMembership, type OperationRecord } from "../data/transaction.ts";
import { type Del, keyBytesOf, type Put } from "../wire/operation.ts";
import type { VersionId } from "../wire/transaction.ts";
import type { Database } from "./database.ts";
import type { DigestTree } from "./digest_tree.ts";
import type { OperationRow, Operations } from "./operations.ts";
import type { Proofs } from "./proofs.ts";
import { STATES, type TransactionRow } from "./rows.ts";
import type { StoreRow } from "./store_row.ts";
import type { Transactions } from "./transactions.ts";

/**
 * Takes the operations of a transaction into the state: what they name is replaced, whichever arrives first, and
 * what they do not name stays beside them (DESIGN, "Data").
 */
export class Merge {
  readonly #transactions: Transactions;
  readonly #operations: Operations;
  readonly #digest: DigestTree;
  readonly #storeRow: StoreRow;
  readonly #insertReplacement;
  readonly #insertDangling;
  readonly #danglingOf;
  readonly #deleteDangling;
  readonly #namersOf;
  readonly #proofs: Proofs;
  readonly #anyDangling;
  readonly #insertConflict;
  readonly #deleteConflict;
  /** Told of each key whose number of live versions changes. */
  counted: (key: Uint8Array, entries: number, conflicts: number) => void = () => {};
  /** Whether there may be names of versions not held; null before it was looked up. */
  #hasDangling: boolean | null = null;

  constructor(
    database: Database,
    transactions: Transactions,
    operations: Operations,
    digest: DigestTree,
    storeRow: StoreRow,
    proofs: Proofs,
  ) {
    this.#proofs = proofs;
    this.#transactions = transactions;
    this.#operations = operations;
    this.#digest = digest;
    this.#storeRow = storeRow;
    this.#insertReplacement = database.statement(
      "INSERT OR IGNORE INTO replacements (named_row, by_row) VALUES (?, ?)",
    );
    this.#insertDangling = database.statement(
      "INSERT OR IGNORE INTO dangling (named_transaction, named_index, by_row) VALUES (?, ?, ?)",
    );
    this.#danglingOf = database.statement("SELECT named_index, by_row FROM dangling WHERE named_transaction = ?");
    this.#deleteDangling = database.statement("DELETE FROM dangling WHERE named_transaction = ? AND named_index = ?");
    this.#namersOf = database.statement("SELECT by_row FROM replacements WHERE named_row = ?");
    this.#anyDangling = database.statement("SELECT 1 FROM dangling LIMIT 1");
    this.#insertConflict = database.statement("INSERT OR IGNORE INTO conflicts (key) VALUES (?)");
    this.#deleteConflict = database.statement("DELETE FROM conflicts WHERE key = ?");
  }

  /**
   * Inserts operations of a transaction whose row is `place`.
   *
   * @param operations by their index in it, in order; none of them is here.
   * @param isNew whether the transaction itself is; else operations may be named already.
   * @returns the keys they are about.
   */
  append(
    place: TransactionRow,
    operations: readonly (readonly [number, OperationRecord])[],
    isNew: boolean,
  ): Set<string> {
    const keys = new Set<string>();
    const namedBefore = this.#danglingNames(place.id);
    // A transaction has one operation for a key, so that none changes the count that another begins with.
    const countsBefore = this.#operations.countLive(keysOf(operations));
    const rows: OperationRow[] = [];
    for (const [index, { operation, leaf, value }] of operations) {
      const row = place.firstRow + index;
      const base = { row, transactionRow: place.row, leaf, value };
      if (operation.kind !== "put" && operation.kind !== "del") {
        rows.push({ ...base, state: STATES.other, key: null });
        this.#digest.addAct({ transaction: place.id, index });
        continue;
      }
      keys.add(operation.key);
      const key = keyBytesOf(leaf);
      const names = namedBefore.get(index);
      if (names !== undefined) this.#deleteDangling.run(place.id, index);
      const wasNamed = !isNew && this.#namersOf.get(row) !== undefined;
      const isNamed = this.#replaceEarlier(names, row, key) || wasNamed;
      const state = isNamed ? STATES.replaced : operation.kind === "del" ? STATES.openDel : STATES.live;
      const before = countsBefore.size === 0 ? 0 : countsBefore.get(toHex(key)) ?? 0;
      const after = before - this.#replaceNamed(operation, row, key) + (state === STATES.live ? 1 : 0);
      this.count(key, before, after);
      if (state === STATES.live) this.#digest.markDirty(place.writer, place.header.firstOperation + index);
      rows.push({ ...base, state, key });
    }
    this.#operations.insert(rows);
    return keys;
  }

  /** Ends a live version that nothing names: a final checkpoint shows that it is dead. @returns its key. */
  end(row: number): string | null {
    const version = this.#operations.withoutValue(row);
    if (version.state !== STATES.live || version.key === null) return null;
    const { writer, header, firstRow } = this.#transactions.byRow(version.transactionRow);
    const before = this.#operations.countLive([version.key]).get(toHex(version.key)) ?? 0;
    this.#operations.setState(version, STATES.replaced);
    this.#digest.markDirty(writer, header.firstOperation + row - firstRow);
    this.count(version.key, before, before - 1);
    return utf8Decode(version.key);
  }

  /** Lets go a row that is damaged, so that the operation can come anew; what it replaced stays so. */
  drop(row: number): void {
    const { state, key, transactionRow } = this.#operations.withoutValue(row);
    const { writer, header, firstRow } = this.#transactions.byRow(transactionRow);
    const before = key === null ? 0 : this.#operations.countLive([key]).get(toHex(key)) ?? 0;
    this.#operations.delete(row);
    if (state !== STATES.live || key === null) return;
    this.#digest.markDirty(writer, header.firstOperation + row - firstRow);
    this.count(key, before, before - 1);
  }

  /** Notes which operations, here before it, name the one in `row`. @returns whether any does under the same key. */
  #replaceEarlier(byRows: readonly number[] | undefined, row: number, key: Uint8Array): boolean {
    let isNamed = false;
    for (const byRow of byRows ?? []) {
      const by = this.#operations.withoutValue(byRow);
      if (by.key === null || !equal(by.key, key)) continue;
      this.#insertReplacement.run(row, byRow);
      isNamed = true;
    }
    return isNamed;
  }

  /** Replaces what an operation names. @returns how many live versions ended. */
  #replaceNamed(operation: Put | Del, byRow: number, key: Uint8Array): number {
    let ended = 0;
    for (const name of operation.names) {
      const transaction = this.#transactions.byId(name.transaction);
      if (transaction === null) {
        this.#addDangling(name, byRow);
        continue;
      }
      if (name.index >= transaction.header.operationCount) continue;
      const named = this.#operations.find(transaction.firstRow + name.index);
      if (named === null) {
        // What a checkpoint shows as dead is not waited for.
        if (!this.#proofs.isDead(transaction.row)) this.#addDangling(name, byRow);
        continue;
      }
      if (named.key === null || !equal(named.key, key)) continue;
      this.#insertReplacement.run(named.row, byRow);
      if (named.state === STATES.openDel) this.#operations.setState(named, STATES.replaced);
      if (named.state !== STATES.live) continue;
      this.#operations.setState(named, STATES.replaced);
      this.#digest.markDirty(transaction.writer, transaction.header.firstOperation + name.index);
      ended++;
    }
    return ended;
  }

  #addDangling(name: VersionId, byRow: number): void {
    this.#insertDangling.run(name.transaction, name.index, byRow);
    this.#hasDangling = true;
  }

  /** Notes that the number of live versions of a key was and is so many. */
  count(key: Uint8Array, before: number, after: number): void {
    const entries = Math.sign(after) - Math.sign(before);
    const conflicts = (after > 1 ? 1 : 0) - (before > 1 ? 1 : 0);
    if (conflicts > 0) this.#insertConflict.run(key);
    if (conflicts < 0) this.#deleteConflict.run(key);
    this.#storeRow.add(entries, conflicts);
    this.counted(key, entries, conflicts);
  }

  /** Rows that name operations of a transaction which were not here, by index. */
  #danglingNames(id: Uint8Array): Map<number, number[]> {
    const byIndex = new Map<number, number[]>();
    if (!(this.#hasDangling ??= this.#anyDangling.get() !== undefined)) return byIndex;
    const rows = this.#danglingOf.all(id) as [number, number][];
    for (const [index, byRow] of rows) byIndex.set(index, [...(byIndex.get(index) ?? []), byRow]);
    return byIndex;
  }
}

function keysOf(operations: readonly (readonly [number, OperationRecord])[]): Uint8Array[] {
  return operations.flatMap(([, { operation, leaf }]) => isMembership(operation) ? [] : keyBytesOf(leaf));
}
