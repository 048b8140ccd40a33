import type { DatabaseSync } from "node:sqlite";
import type { Random } from "../base/random.ts";
import type { CheckedTransaction } from "../data/transaction.ts";
import type { TransactionBytes } from "../wire/bundle.ts";
import type { Frontier, Head } from "../wire/frontier.ts";
import type { VersionId, WriterId } from "../wire/transaction.ts";
import type { Damage, DelRow, ListedEntry, MembershipRow, NoticeRow, TransactionRow, VersionRow } from "./rows.ts";

/** What a store needs besides its file. */
export interface StoreOptions {
  /** For the store's instance id. */
  readonly random: Random;
}

/** What a version is now; "del" for an operation that ends versions. */
export type VersionState = "live" | "replaced" | "undone" | "del";

const notYet = (): never => {
  throw new Error("not yet");
};

/**
 * Everything a peer holds of its space, in one SQLite database. Synchronous. What was appended since `begin` is seen
 * by all reads, and is durable once `commit` has returned; a crash or `rollback` leaves nothing of it.
 *
 * Reads throw `DamagedError` for a record that is not what was written, and `KithError` `store_…` where the disk or
 * the file fails.
 */
export class Store {
  private constructor(_database: DatabaseSync, _options: StoreOptions) {}

  /**
   * Opens a store, or creates it where there is none.
   *
   * @param path a file path or ":memory:"; tests may hand in an open database.
   * @throws {KithError} `store_too_new`, `store_not_kith`, `store_damaged`, `store_io`, `store_busy`.
   */
  static open(_path: string | DatabaseSync, _options: StoreOptions): Store {
    return notYet();
  }
  /** Closes the database. What was not committed is gone. */
  close(): void {}
  /** Random id of this life of the store (16 bytes): a part of its peer's writer id. */
  get instance(): Uint8Array {
    return notYet();
  }
  /** Draws a new instance id, in the transaction under way: this store was found to be older than what others saw. */
  renewInstance(): Uint8Array {
    return notYet();
  }
  /** Begins a transaction where none is under way; writes do it by themselves. */
  begin(): void {}
  /** Makes everything since `begin` durable. @throws {KithError} where the disk fails: then nothing of it is held. */
  commit(): void {}
  /** Takes back everything since `begin`. */
  rollback(): void {}
  /** Whether a transaction is under way. */
  get inTransaction(): boolean {
    return notYet();
  }
  /** A value of the peer's own, by name; null where there is none. */
  getMeta(_key: string): Uint8Array | null {
    return notYet();
  }
  /** Keeps a value of the peer's own under a name; null removes it. */
  setMeta(_key: string, _value: Uint8Array | null): void {}
  /** Whether the transaction is held. */
  hasTransaction(_id: Uint8Array): boolean {
    return notYet();
  }
  /** A held transaction by its id; null where it is not held. */
  transaction(_id: Uint8Array): TransactionRow | null {
    return notYet();
  }
  /** A held transaction by its row. @throws {DamagedError} also where there is none. */
  transactionByRow(_row: number): TransactionRow {
    return notYet();
  }
  /**
   * Takes a transaction in; its previous one and its parents are held already, it itself is not.
   *
   * @param context the membership acts in its past, as `internContext` gave it.
   * @returns the keys it is about.
   */
  append(_transaction: CheckedTransaction, _context: number): Set<string> {
    return notYet();
  }
  /** Ids of the transactions that no held one names as previous or parent, sorted. */
  tips(): Uint8Array[] {
    return notYet();
  }
  /** What is held of each writer. */
  frontier(): Frontier {
    return notYet();
  }
  /** SHA-256 of the encoded frontier. */
  frontierHash(): Uint8Array {
    return notYet();
  }
  /** The writer's transactions that no other of its held ones names as previous; more than one after a fork. */
  headsOf(_writer: WriterId): readonly Head[] {
    return notYet();
  }
  /** Whether anything of the writer is held. */
  hasWriter(_writer: WriterId): boolean {
    return notYet();
  }
  /** The writer's highest head, and the number its next operation gets; null where nothing of it is held. */
  writerState(_writer: WriterId): { sequence: number; id: Uint8Array; nextOperation: number } | null {
    return notYet();
  }
  /** Live versions of a key, the winner first: the highest (clock, id). */
  live(_key: string): VersionRow[] {
    return notYet();
  }
  /** The version of a key that is shown; null where none is live. */
  winner(_key: string): VersionRow | null {
    return notYet();
  }
  /** What became of a version; null where it is not held or is no operation on a key. */
  versionState(_id: VersionId): VersionState | null {
    return notYet();
  }
  /** Winners in order of their keys' UTF-8 bytes; `after`: only keys behind this one. */
  list(_query: { prefix?: string; after?: string; limit: number }): ListedEntry[] {
    return notYet();
  }
  /** Keys with more than one live version, in order; `after`: only keys behind this one. */
  conflictKeys(_after: string | null, _limit: number): string[] {
    return notYet();
  }
  /** How many keys have more than one live version. */
  get conflictCount(): number {
    return notYet();
  }
  /** The dels on a key, oldest row first. */
  delsOf(_key: string): DelRow[] {
    return notYet();
  }
  /** Notes that a del and a put are concurrent. Noting it again changes nothing. */
  addNotice(_delRow: number, _putRow: number): void {}
  /** Dels beside a concurrent put that is still live, at most `limit`. */
  notices(_limit: number): NoticeRow[] {
    return notYet();
  }
  /** Every membership transaction, in row order. */
  membershipRows(): MembershipRow[] {
    return notYet();
  }
  /** The rows of the membership transactions that a context stands for, sorted. 0 stands for none. */
  context(_id: number): readonly number[] {
    return notYet();
  }
  /** The number of the context of these rows, a new one where there is none yet. */
  internContext(_rows: readonly number[]): number {
    return notYet();
  }
  /** The context that a transaction was appended with. */
  contextOf(_transactionRow: number): number {
    return notYet();
  }
  /** A transaction whole, as it travels. @throws {DamagedError} */
  load(_transactionRow: number): TransactionBytes {
    return notYet();
  }
  /**
   * Rows of transactions that another peer lacks, in row order.
   *
   * @param theirs by `writerKey`: the highest sequence it has of each writer; a writer not in it: none.
   * @param afterRow only rows above it: the last one of the page before; 0 at first.
   */
  lackingRows(_theirs: ReadonlyMap<string, number>, _afterRow: number, _limit: number): number[] {
    return notYet();
  }
  /** Rows of a writer's transactions with a sequence number; two after a fork. */
  transactionsAt(_writer: WriterId, _sequence: number): number[] {
    return notYet();
  }
  /** How many keys have a live version. */
  get entries(): number {
    return notYet();
  }
  /** How many operations are held. */
  get operationsTotal(): number {
    return notYet();
  }
  /** How many transactions are held. */
  get transactionsTotal(): number {
    return notYet();
  }
  /** The digest of the space's state (DESIGN, "Data"). */
  digest(): Uint8Array {
    return notYet();
  }
  /** Reads every record and checks it. Returns those that are not what was written. */
  verifyAll(): Damage[] {
    return notYet();
  }
  /** Moves the write-ahead log into the database file; for times when there is nothing else to do. */
  checkpointWhenIdle(): void {}
  /** Size of the database file in bytes, without the write-ahead log. */
  get sizeBytes(): number {
    return notYet();
  }
}
