import { assert } from "../base/assert.ts";
import { equal } from "../base/bytes.ts";
import { joinedHashes, partialHashes, partialRoot, type PlacedLeaf, provingHashes } from "../data/merkle.ts";
import type { CheckedPartial } from "../data/partial.ts";
import type { OperationRecord } from "../data/transaction.ts";
import type { PartialBytes } from "../wire/partial.ts";
import { DamagedError } from "./damaged_error.ts";
import type { TransactionRow } from "./rows.ts";
import type { StoreParts } from "./store_parts.ts";

/** Leaves of a transaction, with the hashes that give its root with them. */
interface Proven {
  readonly wanted: readonly PlacedLeaf[];
  readonly hashes: readonly Uint8Array[];
}

/** Transactions some of whose operations are absent, as they come, are held, and travel on. */
export class Partials {
  readonly #parts: StoreParts;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  /** Whether all operations of a transaction are held; else `load` gives what is. */
  isWhole(transactionRow: number): boolean {
    return this.#parts.proofs.of(transactionRow) === null;
  }

  /**
   * A transaction as it travels without some of its operations; what it is made of is checked.
   *
   * @param indices of the operations that are wanted; null for all that are held.
   * @throws {DamagedError}
   */
  load(transactionRow: number, indices: ReadonlySet<number> | null): PartialBytes {
    const { headerBytes, signature, firstRow, header } = this.#parts.transactions.byRow(transactionRow);
    const count = header.operationCount;
    if (indices !== null) return this.#loadSome(this.#parts.transactions.byRow(transactionRow), indices);
    const held = this.#parts.operations.present(firstRow, count)
      .map(({ row, leaf, value }) => ({ index: row - firstRow, leaf, value }));
    const hashes = this.#parts.proofs.of(transactionRow) ?? [];
    if (hashes.length === 0 && held.length < count) throw new DamagedError("operations", firstRow + held.length, null);
    return { header: headerBytes, signature, operations: held, hashes };
  }

  /** Of the operations that are not wanted only the leaves are read; that they are right, the header's root tells. */
  #loadSome(
    transaction: TransactionRow,
    indices: ReadonlySet<number>,
  ): PartialBytes {
    const { row, firstRow, headerBytes, signature } = transaction;
    const proven = this.isWhole(row) ? this.#proveOfAll(transaction, indices) : this.#proveOfSome(transaction, indices);
    if (proven === null) throw new DamagedError("operations", firstRow, null);
    const operations = proven.wanted.map(({ index, leaf }) => ({
      index,
      leaf,
      value: this.#parts.operations.byRow(firstRow + index).value,
    }));
    return { header: headerBytes, signature, operations, hashes: proven.hashes };
  }

  /** Leaves of a whole transaction, and what proves them; null where what is here does not. */
  #proveOfAll({ row, firstRow, header }: TransactionRow, indices: ReadonlySet<number>): Proven | null {
    const { operations, proofs } = this.#parts;
    const { operationCount: count, root } = header;
    const kept = [...indices].filter((index) => index < count).sort((a, b) => a - b);
    const leaves = new Map<number, Uint8Array>();
    const leavesOf = (from: number, to: number) => {
      const some = operations.allLeaves(firstRow + from, to - from);
      for (const [i, leaf] of (some ?? []).entries()) if (indices.has(from + i)) leaves.set(from + i, leaf);
      return some;
    };
    const subtrees = proofs.subtreesOf(row);
    let hashes = subtrees.length === 0 ? null : provingHashes({ count, root, subtrees }, kept, leavesOf);
    // Without them, or where they are damaged, the leaves tell.
    hashes ??= provingHashes({ count, root, subtrees: new Uint8Array() }, kept, leavesOf);
    if (hashes === null) return null;
    return { wanted: kept.map((index) => ({ index, leaf: leaves.get(index) as Uint8Array })), hashes };
  }

  /** The same of a transaction some of whose operations are absent; those are left out. */
  #proveOfSome(
    { row, firstRow, header: { operationCount, root } }: TransactionRow,
    indices: ReadonlySet<number>,
  ): Proven | null {
    const leaves = this.#parts.operations.leaves(firstRow, operationCount)
      .map(({ row, leaf }) => ({ index: row - firstRow, leaf }));
    const absent = this.#parts.proofs.of(row) ?? [];
    const made = partialRoot(operationCount, leaves, absent);
    if (made === null || !equal(made, root)) return null;
    const wanted = leaves.filter(({ index }) => indices.has(index));
    return { wanted, hashes: partialHashes(operationCount, leaves, absent, wanted.map(({ index }) => index)) };
  }

  /**
   * Takes a partial transaction in: one that is not held, whose previous one and parents are. Some of its operations may
   * come by `supplement`.
   *
   * @param context the membership acts in its past, as `Store.internContext` gave it.
   * @param options `undone`: whether it is undone when it comes (default: false).
   * @returns the keys it is about.
   */
  append(partial: CheckedPartial, context: number, { undone = false } = {}): Set<string> {
    const place = this.#parts.place(partial, context);
    if (undone) this.#parts.marks.set(place.row, true);
    if (partial.hashes.length > 0) this.#parts.proofs.set(place.row, partial.hashes, false);
    return this.#parts.merge.append(place, placed(partial), true);
  }

  /**
   * Takes in operations of a held transaction that are absent, as if they had come in time; not those that a final
   * checkpoint shows as dead.
   *
   * @returns the keys they are about.
   */
  supplement(partial: CheckedPartial): Set<string> {
    const place = this.#parts.transactions.byId(partial.id);
    assert(place !== null, "what is supplemented is held");
    const { row, firstRow, header } = place;
    if (this.#parts.proofs.isDead(row)) return new Set();
    const { database, operations, proofs, merge } = this.#parts;
    const absent = placed(partial).filter(([index]) => !operations.has(firstRow + index));
    if (absent.length === 0) return new Set();
    database.begin();
    const isWhole = operations.presentCount(firstRow, header.operationCount) + absent.length === header.operationCount;
    const hashes = isWhole ? [] : joinedHashes(
      header.operationCount,
      {
        indices: operations.presentRows(firstRow, header.operationCount).map((held) => held - firstRow),
        hashes: proofs.of(row) ?? [],
      },
      { indices: partial.operations.map(({ index }) => index), hashes: partial.hashes },
    );
    if (hashes !== null) proofs.set(row, hashes, false);
    return merge.append(place, absent, false);
  }

  /**
   * Operations of a held transaction together with those that are held, whose leaves may prove what came without its
   * hashes; null where both together do not.
   */
  joined(transactionRow: number, { header, signature, operations, hashes }: PartialBytes): PartialBytes | null {
    const { firstRow, header: { operationCount } } = this.#parts.transactions.byRow(transactionRow);
    const byIndex = new Map(operations.map((operation) => [operation.index, operation]));
    const held = this.#parts.operations.present(firstRow, operationCount);
    const joined = joinedHashes(
      operationCount,
      { indices: held.map(({ row }) => row - firstRow), hashes: this.#parts.proofs.of(transactionRow) ?? [] },
      { indices: operations.map(({ index }) => index), hashes },
    );
    if (joined === null) return null;
    for (const { row, leaf, value } of held) byIndex.set(row - firstRow, { index: row - firstRow, leaf, value });
    const all = [...byIndex.values()].sort((a, b) => a.index - b.index);
    return { header, signature, operations: all, hashes: joined };
  }

  /** Whether some of these operations of a held transaction are absent, though no final checkpoint says so. */
  lacks(transactionRow: number, indices: readonly number[]): boolean {
    if (this.#parts.proofs.isDead(transactionRow)) return false;
    const { firstRow } = this.#parts.transactions.byRow(transactionRow);
    return indices.some((index) => !this.#parts.operations.has(firstRow + index));
  }

  /** Ids of transactions some of whose operations are absent, and not shown as dead. */
  open(limit: number): Uint8Array[] {
    return this.#parts.proofs.open(limit).map((row) => this.#parts.transactions.byRow(row).id);
  }

  /** Whether a held transaction lacks operations that may still come: until then, its frontier says too much. */
  get hasOpen(): boolean {
    return this.#parts.proofs.hasOpen;
  }
}

function placed({ operations }: CheckedPartial): [number, OperationRecord][] {
  return operations.map((operation) => [operation.index, operation]);
}
