import { equal } from "../base/bytes.ts";
import { DIGEST_LEAF_OPERATIONS } from "../base/limits.ts";
import { sha256 } from "../crypto/hash.ts";
import { MerkleRoot, partialRoot, type PlacedLeaf } from "../data/merkle.ts";
import { transactionMessage } from "../wire/authenticated.ts";
import { DOMAINS } from "../wire/domains.ts";
import { OPERATION_KINDS } from "../wire/operation.ts";
import { DamagedError } from "./damaged_error.ts";
import { parentsOf } from "./heads.ts";
import { operationOf, type OperationRow } from "./operations.ts";
import { type Damage, type Found, STATES, type TransactionRow } from "./rows.ts";
import { TransactionPlaces } from "./transaction_places.ts";
import { VerifyEnds } from "./verify_ends.ts";
import { VerifyNames } from "./verify_names.ts";
import { VERIFY_PAGE_ROWS } from "./verify_own.ts";
import type { VerifyParts } from "./verifier.ts";

/**
 * Checks every transaction with its operations, in row order: records against their hashes, headers against ids and
 * signatures, operations against the header's root, values, places, parents, numbers, contexts, states, names and the
 * entries of the indexes. Reads from disk only. Yields how many rows it has looked at since the last yield.
 */
export class VerifyHistory {
  readonly #parts: VerifyParts;
  readonly #found: Found;
  readonly #places: TransactionPlaces;
  readonly #names: VerifyNames;
  readonly #ends: VerifyEnds;
  readonly #isIndexed;
  readonly #operationIsIndexed;
  readonly #hasLeaf;
  #lastLeaf = "";
  #lastMarked = 0;
  readonly #reindexed = new Set<string>();
  /** Whether a transaction was damaged. */
  #anyDamaged = false;

  constructor(parts: VerifyParts, found: Found) {
    const { database } = parts;
    this.#parts = parts;
    this.#found = found;
    this.#places = new TransactionPlaces(database);
    this.#names = new VerifyNames(parts, this.#places, found);
    this.#ends = new VerifyEnds(parts, found);
    const indexed = (index: string, columns: string) =>
      `EXISTS (SELECT 1 FROM transactions INDEXED BY ${index} WHERE ${columns} AND row = ?1)`;
    this.#isIndexed = database.statement(`
      SELECT EXISTS (SELECT 1 FROM transactions WHERE id = ?2 AND row = ?1)
        AND ${indexed("transactions_by_writer", "writer = ?3")}
        AND ${indexed("transactions_by_sequence", "writer = ?3 AND sequence = ?4")}
        AND ${indexed("transactions_by_operation", "writer = ?3 AND first_operation = ?5")}
        AND (?6 = 0 OR ${indexed("transactions_of_members", "class = 1")})`);
    const byState = [
      ["operations_live", "state = 0"],
      ["operations_past", "state IN (1, 2)"],
      ["operations_past", "state IN (1, 2)"],
      ["operations_open_dels", "state = 3"],
    ] as const;
    this.#operationIsIndexed = byState.map(([index, condition]) =>
      database.statement(`SELECT 1 FROM operations INDEXED BY ${index} WHERE ${condition} AND key = ? AND row = ?`)
    );
    this.#hasLeaf = database.statement("SELECT 1 FROM digest_leaves WHERE writer = ? AND leaf = ?");
  }

  /** Goes through all of it. */
  *run(): Generator<number> {
    const { transactions, operations } = this.#parts;
    let nextRow = 1;
    let damagedBefore = false;
    const unreadable = (row: number) => {
      this.#found({ table: "transactions", row, key: null });
      this.#ends.incomplete();
      damagedBefore = true;
      this.#anyDamaged = true;
    };
    let lastRow = 0;
    for (let at = transactions.next(0); at !== null; at = transactions.next(at.row)) {
      const { row, transaction } = at;
      yield 1;
      // Rows have no gaps; the first one that is missing stands for all.
      if (row !== lastRow + 1) unreadable(lastRow + 1);
      lastRow = row;
      if (transaction === null) {
        unreadable(row);
        continue;
      }
      // Behind a damaged transaction it is not known how many operations that had.
      if (damagedBefore) yield* this.#records(nextRow, transaction.firstRow);
      else if (transaction.firstRow !== nextRow) this.#broken(transaction);
      damagedBefore = false;
      this.#header(transaction);
      yield* this.#operations(transaction);
      nextRow = transaction.firstRow + transaction.header.operationCount;
    }
    if (damagedBefore) yield* this.#records(nextRow, Number.MAX_SAFE_INTEGER);
    for (const left of operations.next(nextRow - 1, Number.MAX_SAFE_INTEGER, damagedBefore ? 0 : VERIFY_PAGE_ROWS)) {
      this.#found({ table: "operations", row: left.row, key: left instanceof DamagedError ? left.key : null });
    }
    this.#ends.compare();
  }

  /** Makes the indexes of a table anew, once for all of their entries that are damaged. */
  #reindex(table: string): void {
    if (this.#reindexed.has(table)) return;
    this.#parts.database.execute(`REINDEX ${table}`);
    this.#reindexed.add(table);
  }

  #broken({ row }: TransactionRow): void {
    this.#ends.incomplete();
    this.#found({ table: "transactions", row, key: null });
  }

  /** What does not need the operations. */
  #header(transaction: TransactionRow): void {
    const { row, id, header, headerBytes, signature, writer, context } = transaction;
    const { space, verify, writers, contexts } = this.#parts;
    const signedSpace = space !== null && equal(id, space) ? null : space;
    const message = () => transactionMessage(signedSpace, headerBytes);
    const isMembership = header.class === "membership";
    if (
      !equal(id, sha256(headerBytes)) ||
      (space !== null && !verify(DOMAINS.transaction, header.peer, message(), signature))
    ) {
      return this.#broken(transaction);
    }
    if (!writers.isAt(writer, header)) this.#found({ table: "writers", row: writer, key: null });
    const numbers = [row, id, writer, header.sequence, header.firstOperation, isMembership ? 1 : 0] as const;
    if (this.#isIndexed.get(...numbers)?.[0] !== 1) {
      this.#found({
        table: "structure",
        row,
        key: "transactions",
        mend: () => this.#reindex("transactions"),
      });
    }
    const acts = new Set<number>();
    const inherited = new Set<number>();
    for (const parent of parentsOf(header)) {
      const place = this.#places.of(parent);
      // It may be one of those that are damaged, and is named where it lies.
      if (place === null && this.#anyDamaged) return this.#ends.take(transaction);
      if (place === null || place.row >= row) return this.#broken(transaction);
      inherited.add(place.context);
      if (this.#places.isJudgedBy(place)) acts.add(place.row);
    }
    if (!this.#followsPrevious(transaction)) return this.#broken(transaction);
    this.#ends.take(transaction);
    if (space === null) return;
    try {
      if (inherited.size === 1 && acts.size === 0 && inherited.has(context)) return;
      for (const one of inherited) for (const act of contexts.rows(one)) acts.add(act);
      const expected = [...acts].sort((a, b) => a - b);
      if (expected.join() !== contexts.rows(context).join()) this.#broken(transaction);
    } catch (error) {
      // It is named by the check of the contexts.
      if (!(error instanceof DamagedError)) throw error;
    }
  }

  #followsPrevious({ header, writer }: TransactionRow): boolean {
    if (this.#parts.space === null) return true;
    const before = header.previous === null ? null : this.#places.of(header.previous);
    if (before === null) return header.sequence === 1 && header.firstOperation === 0;
    return before.writer === writer && before.sequence + 1 === header.sequence &&
      before.firstOperation + before.operationCount === header.firstOperation;
  }

  /** The operations of a transaction whose own record is right. */
  *#operations(transaction: TransactionRow): Generator<number> {
    const { proofs } = this.#parts;
    while (true) {
      const hashes = proofs.of(transaction.row);
      const found: Damage[] = [];
      yield* this.#checkOperations(transaction, hashes, (damage) => found.push(damage));
      // It was compacted or completed meanwhile: what was seen of it is of two times.
      if (String(proofs.of(transaction.row)) !== String(hashes)) continue;
      found.forEach(this.#found);
      return;
    }
  }

  *#checkOperations(transaction: TransactionRow, hashes: Uint8Array[] | null, found: Found): Generator<number> {
    const { operations, proofs } = this.#parts;
    const { row, header, firstRow } = transaction;
    const end = firstRow + header.operationCount;
    const kept = proofs.subtreesOf(row);
    const merkle = new MerkleRoot();
    const leaves: PlacedLeaf[] = [];
    let isDamaged = false;
    let next = firstRow;
    const missingBelow = (to: number) => {
      if (hashes !== null) next = to;
      for (; next < to; next++) {
        found({ table: "operations", row: next, key: null });
        isDamaged = true;
      }
    };
    while (next < end) {
      const page = operations.next(next - 1, end, VERIFY_PAGE_ROWS);
      for (const operation of page) {
        missingBelow(operation.row);
        next = operation.row + 1;
        if (operation instanceof DamagedError || operation.transactionRow !== row) {
          const key = operation instanceof DamagedError ? operation.key : null;
          found({ table: "operations", row: operation.row, key });
          isDamaged = true;
          continue;
        }
        if (hashes === null) merkle.add(operation.leaf);
        else leaves.push({ index: operation.row - firstRow, leaf: operation.leaf });
        this.#operation(operation, transaction, found);
      }
      yield page.length;
      if (page.length < VERIFY_PAGE_ROWS) missingBelow(end);
    }
    if (isDamaged) return;
    const root = hashes === null ? merkle.finish() : partialRoot(header.operationCount, leaves, hashes);
    if (root === null || !equal(root, header.root)) {
      found({ table: hashes === null ? "transactions" : "proofs", row, key: null });
    } else if (kept.length > 0 && !equal(kept, merkle.subtrees)) {
      found({ table: "proofs", row, key: null, mend: () => proofs.setSubtrees(row, merkle.subtrees) });
    }
  }

  /** What an operation is in the state, and how it is found there. */
  #operation(operation: OperationRow, { writer, header, firstRow, row }: TransactionRow, found: Found): void {
    const { state, key, leaf } = operation;
    const fits = leaf[0] === OPERATION_KINDS.put
      ? state === STATES.live || state === STATES.replaced || state === STATES.undone
      : leaf[0] === OPERATION_KINDS.del
      ? state === STATES.openDel || state === STATES.replaced || state === STATES.undone
      : state === STATES.other || state === STATES.undone;
    if (!fits || (header.class === "membership") !== (key === null)) {
      found({ table: "operations", row: operation.row, key: null });
      return;
    }
    this.#mark(row, state === STATES.undone, found);
    if (key === null) return;
    const parsed = operationOf(operation);
    if (parsed.kind !== "put" && parsed.kind !== "del") return;
    if (this.#operationIsIndexed[state]?.get(key, operation.row) === undefined) {
      const mend = () => this.#reindex("operations");
      found({ table: "structure", row: operation.row, key: parsed.key, mend });
    }
    this.#names.check(operation, parsed, found);
    if (state !== STATES.live) return;
    const leafNumber = Math.floor((header.firstOperation + operation.row - firstRow) / DIGEST_LEAF_OPERATIONS);
    const place = `${writer}/${leafNumber}`;
    if (place === this.#lastLeaf) return;
    this.#lastLeaf = place;
    if (this.#hasLeaf.get(writer, leafNumber) !== undefined) return;
    const mend = () => this.#parts.digest.markDirty(writer, header.firstOperation + operation.row - firstRow);
    found({ table: "digest", row, key: null, mend });
  }

  /** Whether a transaction is undone, its operations say with a hash. */
  #mark(transactionRow: number, isUndone: boolean, found: Found): void {
    const { marks } = this.#parts;
    if (marks.isUndone(transactionRow) === isUndone || this.#lastMarked === transactionRow) return;
    this.#lastMarked = transactionRow;
    const mend = () => void marks.set(transactionRow, isUndone);
    found({ table: "undoings", row: transactionRow, key: null, mend });
  }

  /** Operations of which no more is known than what their records say. */
  *#records(from: number, to: number): Generator<number> {
    for (let after = from - 1;;) {
      const page = this.#parts.operations.next(after, to, VERIFY_PAGE_ROWS);
      for (const operation of page) {
        after = operation.row;
        if (operation instanceof DamagedError) {
          this.#found({ table: "operations", row: operation.row, key: operation.key });
        }
      }
      yield page.length;
      if (page.length < VERIFY_PAGE_ROWS) return;
    }
  }
}
