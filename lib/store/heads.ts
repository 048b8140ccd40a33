import { compare, equal, toHex } from "../base/bytes.ts";
import { MAX_FRONTIER_HEADS, MAX_WRITER_HEADS, MAX_WRITERS } from "../base/limits.ts";
import { sha256 } from "../crypto/hash.ts";
import { compareHeads, encodeFrontier, type Frontier, type FrontierEntry, type Head } from "../wire/frontier.ts";
import { compareWriterIds, type Header } from "../wire/transaction.ts";
import type { Database } from "./database.ts";
import type { TransactionRow } from "./rows.ts";
import type { Transactions } from "./transactions.ts";
import type { Writers } from "./writers.ts";

/** A head with what its writer's next transaction needs. */
export interface WriterHead extends Head {
  readonly row: number;
  /** The number that the operation after its last one gets. */
  readonly nextOperation: number;
}

/**
 * The ends of the history: for each writer the transactions that no other of its own follows, and of all
 * transactions those that nothing follows. Held in memory, and written at commit.
 */
export class Heads {
  readonly #database: Database;
  readonly #writers: Writers;
  readonly #transactions: Transactions;
  readonly #deleteHeads;
  readonly #insertHead;
  readonly #insertTip;
  readonly #deleteTip;
  readonly #rowsUpTo;
  #heads: Map<number, readonly WriterHead[]> | null = null;
  #tips = new Map<string, { readonly row: number; readonly id: Uint8Array }>();
  #changedWriters = new Set<number>();
  #addedTips = new Set<number>();
  #removedTips = new Set<number>();
  /** Numbers of the writers in the order of the frontier. */
  #order: number[] | null = null;
  #frontier: Frontier | null = null;
  #frontierHash: Uint8Array | null = null;

  constructor(database: Database, writers: Writers, transactions: Transactions) {
    this.#database = database;
    this.#writers = writers;
    this.#transactions = transactions;
    this.#deleteHeads = database.statement("DELETE FROM heads WHERE writer = ?");
    this.#insertHead = database.statement("INSERT INTO heads (writer, transaction_row) VALUES (?, ?)");
    this.#insertTip = database.statement("INSERT INTO tips (transaction_row) VALUES (?)");
    this.#rowsUpTo = database.statement(`
      SELECT row FROM transactions INDEXED BY transactions_by_writer
      WHERE writer = ? AND row <= ? ORDER BY row DESC LIMIT ?`);
    this.#deleteTip = database.statement("DELETE FROM tips WHERE transaction_row = ?");
  }

  /** Forgets what is in memory, after a rollback. */
  reset(): void {
    this.#heads = null;
    this.#forget();
    this.#order = null;
    this.#changedWriters.clear();
    this.#addedTips.clear();
    this.#removedTips.clear();
  }

  /** Writes what changed, before a commit. */
  flush(): void {
    for (const writer of this.#changedWriters) {
      this.#deleteHeads.run(writer);
      for (const { row } of this.of(writer)) this.#insertHead.run(writer, row);
    }
    for (const row of this.#removedTips) this.#deleteTip.run(row);
    for (const row of this.#addedTips) this.#insertTip.run(row);
    this.#changedWriters.clear();
    this.#addedTips.clear();
    this.#removedTips.clear();
  }

  /** Puts other ends in the place of those that are kept, within the transaction. */
  rewrite(heads: readonly (readonly [writer: number, row: number])[], tips: readonly number[]): void {
    this.#database.execute("DELETE FROM heads; DELETE FROM tips");
    for (const [writer, row] of heads) this.#insertHead.run(writer, row);
    for (const row of tips) this.#insertTip.run(row);
    this.reset();
  }

  /** Takes in a transaction, whose previous one and parents are held. */
  append(transaction: TransactionRow): void {
    const { row, id, writer, header } = transaction;
    const heads = this.#load().get(writer) ?? [];
    const previous = header.previous === null ? null : toHex(header.previous);
    const rest = previous === null ? heads : heads.filter((head) => toHex(head.id) !== previous);
    this.#load().set(writer, [...rest, headOf(transaction)].sort(compareHeads));
    this.#changedWriters.add(writer);
    for (const parent of parentsOf(header)) this.#removeTip(toHex(parent));
    this.#tips.set(toHex(id), { row, id });
    this.#addedTips.add(row);
    if (heads.length === 0) this.#order = null;
    this.#forget();
  }

  /** Heads of a writer, by (sequence, id); empty where nothing of it is held. */
  of(writer: number): readonly WriterHead[] {
    return this.#load().get(writer) ?? [];
  }

  /** Writers with more than one head, by number: a number of theirs was used twice. */
  forked(): number[] {
    return [...this.#load()].filter(([, heads]) => heads.length > 1).map(([writer]) => writer);
  }

  /** See `Store.hasRoomFor`. @param writer null for one of which nothing is held. */
  hasRoomFor(writer: number | null, previous: Uint8Array | null, share: number): boolean {
    const heads = this.#load();
    const own = writer === null ? undefined : heads.get(writer);
    if (own === undefined && heads.size >= MAX_WRITERS * share) return false;
    if (previous !== null && own?.some(({ id }) => equal(id, previous))) return true;
    if (own !== undefined && own.length >= MAX_WRITER_HEADS) return false;
    let total = 0;
    for (const ofWriter of heads.values()) total += ofWriter.length;
    return total < MAX_FRONTIER_HEADS * share;
  }

  /** Ids of the transactions that nothing follows, sorted. */
  tips(): Uint8Array[] {
    this.#load();
    return [...this.#tips.values()].map(({ id }) => id).sort(compare);
  }

  /** What is held of each writer. */
  frontier(): Frontier {
    if (this.#frontier !== null) return this.#frontier;
    const heads = this.#load();
    const order = this.#order ??= [...heads.keys()].sort((a, b) =>
      compareWriterIds(this.#writers.writer(a), this.#writers.writer(b))
    );
    return this.#frontier = order.map((writer): FrontierEntry => ({
      writer: this.#writers.writer(writer),
      heads: this.of(writer).map(({ sequence, id }) => ({ sequence, id })),
    }));
  }

  /** The frontier of the transactions up to a row. */
  frontierAt(row: number): Frontier {
    return [...this.#load().keys()].flatMap((writer): FrontierEntry[] => {
      const isForked = this.of(writer).length > 1;
      const rows = this.#rowsUpTo.all(writer, row, isForked ? -1 : 1) as [number][];
      const held = rows.map(([row]) => this.#transactions.byRow(row));
      const followed = new Set(held.flatMap(({ header }) => header.previous === null ? [] : [toHex(header.previous)]));
      const heads = held.filter(({ id }) => !followed.has(toHex(id)))
        .map(({ header, id }) => ({ sequence: header.sequence, id })).sort(compareHeads);
      return heads.length === 0 ? [] : [{ writer: this.#writers.writer(writer), heads }];
    }).sort((a, b) => compareWriterIds(a.writer, b.writer));
  }

  /** SHA-256 of the encoded frontier. */
  frontierHash(): Uint8Array {
    return this.#frontierHash ??= sha256(encodeFrontier(this.frontier()));
  }

  #removeTip(key: string): void {
    const tip = this.#tips.get(key);
    if (tip === undefined) return;
    this.#tips.delete(key);
    // A tip that came and went within one commit was never written.
    if (!this.#addedTips.delete(tip.row)) this.#removedTips.add(tip.row);
  }

  #forget(): void {
    this.#frontier = null;
    this.#frontierHash = null;
  }

  #load(): Map<number, readonly WriterHead[]> {
    if (this.#heads !== null) return this.#heads;
    const heads = new Map<number, WriterHead[]>();
    const rows = this.#database.statement("SELECT transaction_row FROM heads ORDER BY writer").all() as [number][];
    for (const [row] of rows) {
      const transaction = this.#transactions.byRow(row);
      this.#writers.check(transaction.writer, transaction.header);
      const ofWriter = heads.get(transaction.writer) ?? [];
      ofWriter.push(headOf(transaction));
      heads.set(transaction.writer, ofWriter);
    }
    for (const ofWriter of heads.values()) ofWriter.sort(compareHeads);
    this.#tips = new Map();
    for (const [row] of this.#database.statement("SELECT transaction_row FROM tips").all() as [number][]) {
      const { id } = this.#transactions.byRow(row);
      this.#tips.set(toHex(id), { row, id });
    }
    return this.#heads = heads;
  }
}

/** The previous transaction and the other parents. */
export function parentsOf(header: Header): readonly Uint8Array[] {
  return header.previous === null ? header.parents : [header.previous, ...header.parents];
}

function headOf({ row, id, header }: TransactionRow): WriterHead {
  return { row, id, sequence: header.sequence, nextOperation: header.firstOperation + header.operationCount };
}
