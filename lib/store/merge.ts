import { equal, toHex, utf8Decode } from "../base/bytes.ts";
import { isMembership, type OperationRecord } from "../data/transaction.ts";
import { type Del, keyBytesOf, OPERATION_KINDS, type Put } from "../wire/operation.ts";
import type { VersionId } from "../wire/transaction.ts";
import type { Database } from "./database.ts";
import type { DigestTree } from "./digest_tree.ts";
import type { Naming } from "./naming.ts";
import type { OperationRow, Operations } from "./operations.ts";
import type { Proofs } from "./proofs.ts";
import { STATES, type TransactionRow } from "./rows.ts";
import type { StoreRow } from "./store_row.ts";
import type { Transactions } from "./transactions.ts";
import type { UndoneMarks } from "./undone_marks.ts";

/** What the merge works upon. */
export interface MergeParts {
  readonly database: Database;
  readonly transactions: Transactions;
  readonly operations: Operations;
  readonly digest: DigestTree;
  readonly row: StoreRow;
  readonly proofs: Proofs;
  readonly marks: UndoneMarks;
  readonly naming: Naming;
}

/**
 * Takes the operations of a transaction into the state: what they name is replaced, whichever arrives first, and
 * what they do not name stays beside them (DESIGN, "Data"). What is undone replaces nothing, but what names it replaces
 * what it named (DESIGN, "Undoing").
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
  readonly #proofs: Proofs;
  readonly #marks: UndoneMarks;
  readonly #naming: Naming;
  readonly #anyDangling;
  readonly #insertConflict;
  readonly #deleteConflict;
  /** Told of each key whose number of live versions changes. */
  counted: (key: Uint8Array, entries: number, conflicts: number) => void = () => {};
  /** Whether there may be names of versions not held; null before it was looked up. */
  #hasDangling: boolean | null = null;

  constructor({ database, transactions, operations, digest, row, proofs, marks, naming }: MergeParts) {
    this.#proofs = proofs;
    this.#transactions = transactions;
    this.#operations = operations;
    this.#digest = digest;
    this.#storeRow = row;
    this.#marks = marks;
    this.#naming = naming;
    this.#insertReplacement = database.statement(
      "INSERT OR IGNORE INTO replacements (named_row, by_row) VALUES (?, ?)",
    );
    this.#insertDangling = database.statement(
      "INSERT OR IGNORE INTO dangling (named_transaction, named_index, by_row) VALUES (?, ?, ?)",
    );
    this.#danglingOf = database.statement("SELECT named_index, by_row FROM dangling WHERE named_transaction = ?");
    this.#deleteDangling = database.statement("DELETE FROM dangling WHERE named_transaction = ? AND named_index = ?");
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
    const isUndone = this.#marks.isUndone(place.row);
    // A transaction has one operation for a key, so that none changes the count that another begins with.
    const countsBefore = this.#operations.countLive(keysOf(operations));
    const rows: OperationRow[] = [];
    for (const [index, { operation, leaf, value }] of operations) {
      const row = place.firstRow + index;
      const base = { row, transactionRow: place.row, leaf, value };
      if (operation.kind !== "put" && operation.kind !== "del") {
        rows.push({ ...base, state: isUndone ? STATES.undone : STATES.other, key: null });
        if (!isUndone) this.#digest.addAct({ transaction: place.id, index });
        continue;
      }
      keys.add(operation.key);
      const key = keyBytesOf(leaf);
      const names = namedBefore.get(index);
      if (names !== undefined) this.#deleteDangling.run(place.id, index);
      const isNamed = this.#replaceEarlier(names, row, key) || (!isNew && this.#naming.namersOf(row).length > 0);
      const isReplaced = isNamed && (!this.#marks.any || this.#naming.isReplaced(row));
      const state = isUndone
        ? STATES.undone
        : isReplaced
        ? STATES.replaced
        : operation.kind === "del"
        ? STATES.openDel
        : STATES.live;
      const before = countsBefore.size === 0 ? 0 : countsBefore.get(toHex(key)) ?? 0;
      const ended = this.#replaceNamed(operation, row, key, !isUndone || isReplaced);
      const after = before - ended + (state === STATES.live ? 1 : 0);
      this.count(key, before, after);
      if (state === STATES.live) this.#digest.markDirty(place.writer, place.header.firstOperation + index);
      rows.push({ ...base, state, key });
    }
    this.#operations.insert(rows);
    // While it was absent, what it names counted as replaced.
    if (isUndone && !isNew) this.settle(place, new Set());
    return keys;
  }

  /**
   * Works the states of a transaction's operations out again, and of what they name, directly or through undone ones:
   * it is undone, or no longer is.
   *
   * @param seen rows that were settled already, of operations that are named; it is added to.
   * @param known what was found so far of who is replaced, by row.
   * @param others transactions that are settled by themselves.
   * @returns the keys they are about.
   */
  settle(
    place: TransactionRow,
    seen: Set<number>,
    known = new Map<number, boolean>(),
    others: ReadonlySet<number> = new Set(),
  ): Set<string> {
    const affected: OperationRow[] = [];
    const isUndone = this.#marks.isUndone(place.row);
    for (const row of this.#operations.presentWithoutValues(place.firstRow, place.header.operationCount)) {
      if (row.key !== null) affected.push(row);
      else this.#operations.setState(row, isUndone ? STATES.undone : STATES.other);
    }
    if (place.header.class === "membership") this.#digest.actsChanged();
    const own = affected.length;
    for (let i = 0; i < affected.length; i++) {
      const row = affected[i] as OperationRow;
      if (i >= own && !this.#marks.isUndone(row.transactionRow)) continue;
      for (const named of this.#naming.namedBy(row)) {
        if (seen.has(named.row) || others.has(named.transactionRow)) continue;
        seen.add(named.row);
        affected.push(named);
      }
    }
    const changed = affected.map((row) => ({ row, state: this.#stateOf(row, known) }))
      .filter(({ row, state }) => row.state !== state);
    this.#change(changed);
    return new Set(affected.slice(0, own).map(({ key }) => utf8Decode(key as Uint8Array)));
  }

  /** What a put or del is, by the marks and the names alone. */
  #stateOf({ row, transactionRow, leaf }: OperationRow, known: Map<number, boolean>): number {
    if (this.#marks.isUndone(transactionRow)) return STATES.undone;
    if (this.#naming.isReplaced(row, known)) return STATES.replaced;
    return leaf[0] === OPERATION_KINDS.put ? STATES.live : STATES.openDel;
  }

  #change(changed: readonly { readonly row: OperationRow; readonly state: number }[]): void {
    const ofKeys = new Map<string, { readonly key: Uint8Array; added: number }>();
    for (const { row, state } of changed) {
      const added = (state === STATES.live ? 1 : 0) - (row.state === STATES.live ? 1 : 0);
      const key = row.key as Uint8Array;
      const ofKey = ofKeys.get(toHex(key));
      if (ofKey === undefined) ofKeys.set(toHex(key), { key, added });
      else ofKey.added += added;
    }
    const before = this.#operations.countLive([...ofKeys.values()].map(({ key }) => key));
    for (const { row, state } of changed) {
      this.#operations.setState(row, state);
      if (state !== STATES.live && row.state !== STATES.live) continue;
      const { writer, header, firstRow } = this.#transactions.byRow(row.transactionRow);
      this.#digest.markDirty(writer, header.firstOperation + row.row - firstRow);
    }
    for (const [hex, { key, added }] of ofKeys) {
      const count = before.get(hex) ?? 0;
      this.count(key, count, count + added);
    }
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

  /**
   * Notes what an operation names, and replaces it.
   *
   * @param replaces false for one that is undone, and that nothing which is not undone names.
   * @returns how many live versions ended.
   */
  #replaceNamed(operation: Put | Del, byRow: number, key: Uint8Array, replaces: boolean): number {
    const named: OperationRow[] = [];
    for (const name of operation.names) {
      const transaction = this.#transactions.byId(name.transaction);
      if (transaction === null) {
        this.#addDangling(name, byRow);
        continue;
      }
      if (name.index >= transaction.header.operationCount) continue;
      const found = this.#operations.find(transaction.firstRow + name.index);
      if (found === null) {
        // What a checkpoint shows as dead is not waited for.
        if (!this.#proofs.isDead(transaction.row)) this.#addDangling(name, byRow);
        continue;
      }
      if (found.key === null || !equal(found.key, key)) continue;
      this.#insertReplacement.run(found.row, byRow);
      if (replaces) named.push(found);
    }
    return named.length === 0 ? 0 : this.#replace(named, byRow);
  }

  /** Replaces operations under one key, and what undone ones of them name. @returns how many live versions ended. */
  #replace(named: OperationRow[], byRow: number): number {
    let ended = 0;
    // What an undone one names was gone through already where another one replaces it: a long chain is not walked twice.
    const seen = new Set(
      named.filter(({ row, state }) => state === STATES.undone && this.#isReplacedBeside(row, byRow)).map(({ row }) =>
        row
      ),
    );
    for (let at = named.pop(); at !== undefined; at = named.pop()) {
      if (at.state === STATES.openDel) this.#operations.setState(at, STATES.replaced);
      if (at.state === STATES.undone) {
        for (const passed of seen.has(at.row) ? [] : this.#naming.namedBy(at)) named.push(passed);
        seen.add(at.row);
      }
      if (at.state !== STATES.live || seen.has(at.row)) continue;
      seen.add(at.row);
      const { writer, header, firstRow } = this.#transactions.byRow(at.transactionRow);
      this.#operations.setState(at, STATES.replaced);
      this.#digest.markDirty(writer, header.firstOperation + at.row - firstRow);
      ended++;
    }
    return ended;
  }

  /** Whether an operation that is held and not undone, but for one of them, names the one in a row. */
  #isReplacedBeside(row: number, byRow: number): boolean {
    return this.#naming.namersOf(row).some((by) => {
      const operation = by === byRow ? null : this.#operations.find(by);
      return operation !== null && !this.#marks.isUndone(operation.transactionRow);
    });
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
