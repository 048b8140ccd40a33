import type { DatabaseSync } from "node:sqlite";
import type { KithError } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import type { CheckedTransaction } from "../data/transaction.ts";
import type { TransactionBytes } from "../wire/bundle.ts";
import type { Frontier } from "../wire/frontier.ts";
import { type Header, INSTANCE_BYTES, type VersionId } from "../wire/transaction.ts";
import { Database } from "./database.ts";
import { HeldWriters } from "./held_writers.ts";
import { KeyHistory } from "./key_history.ts";
import { Lacking } from "./lacking.ts";
import { LiveSet } from "./live_set.ts";
import { operationOf } from "./operations.ts";
import { Partials } from "./partials.ts";
import { Pasts } from "./pasts.ts";
import { Replay } from "./replay.ts";
import type {
  DeletedBesidePut,
  DelRow,
  ListedEntry,
  MembershipRow,
  TransactionRow,
  VersionRow,
  VersionState,
} from "./rows.ts";
import { openSchema } from "./schema.ts";
import { StoreFile } from "./store_file.ts";
import { StoreParts } from "./store_parts.ts";
import type { CommitMark } from "./store_row.ts";
import { Undoing } from "./undoing.ts";
import { Upkeep } from "./upkeep.ts";
import { Versions } from "./versions.ts";

/** What a store needs besides its file. */
export interface StoreOptions {
  /** For the store's instance id. */
  readonly random: Random;
}

/**
 * Everything a peer holds of its space, in one SQLite database. Synchronous. What was appended since `begin` is seen
 * by all reads, and is durable once `commit` has returned; a crash or `rollback` leaves nothing of it.
 *
 * Reads throw `DamagedError` for a record that is not what was written, and `KithError` `store_…` where the disk or
 * the file fails. After an error while writing, roll back.
 */
export class Store {
  /** What is held of each writer. */
  readonly writers: HeldWriters;
  /** Every put and del on a key. */
  readonly history: KeyHistory;
  /** Transactions that lack some of their operations. */
  readonly partials: Partials;
  /** The state inside of frontiers, and letting go what is dead there. */
  readonly pasts: Pasts;
  /** Which transactions are undone. */
  readonly undoing: Undoing;
  /** Finding what is damaged, and putting it right. */
  readonly upkeep: Upkeep;
  /** The database file and its write-ahead log. */
  readonly file: StoreFile;
  readonly #random: Random;
  readonly #parts: StoreParts;
  readonly #versions: Versions;
  readonly #lacking: Lacking;

  private constructor(database: Database, random: Random) {
    const parts = new StoreParts(database);
    const { transactions, operations, proofs } = parts;
    this.#random = random;
    this.#parts = parts;
    this.#versions = new Versions(database, transactions, operations, proofs);
    this.#lacking = new Lacking(database, parts.writers, parts.heads);
    this.writers = new HeldWriters(parts);
    this.history = new KeyHistory(database, transactions, operations);
    this.partials = new Partials(parts);
    this.pasts = new Pasts(parts);
    this.undoing = new Undoing(parts);
    this.upkeep = new Upkeep(parts);
    this.file = new StoreFile(database);
  }

  /**
   * Opens a store, or creates it where there is none.
   *
   * @param source a file path or ":memory:"; tests may hand in an open database.
   * @throws {KithError} `store_too_new`, `store_not_kith`, `store_damaged`, `store_busy`, `store_read_only`,
   * `store_full` or `store_io`.
   */
  static open(source: string | DatabaseSync, options: StoreOptions): Store {
    const database = new Database(source);
    try {
      openSchema(database, () => options.random.bytes(INSTANCE_BYTES));
      return new Store(database, options.random);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** The database file, as errors name it. */
  get path(): string {
    return this.#parts.database.path;
  }

  /** Why nothing can be written any more until the store is opened again; null where it can. */
  get failure(): KithError | null {
    return this.#parts.database.refusal;
  }

  /** Writes nothing more: what can't do without a record that is damaged stops, and the next start puts it right. */
  refuse(why: KithError): void {
    this.#parts.database.refuse(why);
  }

  /** Closes the database. What was not committed is gone. */
  close(): void {
    this.#parts.database.close();
  }

  /** Random id of this life of the store (16 bytes): a part of its peer's writer id. */
  get instance(): Uint8Array {
    return this.#parts.row.instance;
  }

  /** Draws a new instance id, within the transaction: for a store that is older than what others have seen of it. */
  renewInstance(): Uint8Array {
    this.begin();
    return this.#parts.row.instance = this.#random.bytes(INSTANCE_BYTES).slice();
  }

  /** The last commit, and with it all before it. */
  get lastCommit(): CommitMark {
    return this.#parts.row.commit;
  }

  /** Which commit is noted outside of this file, so that a file that lost commits can be told. */
  get notedCommit(): CommitMark {
    return this.#parts.row.mark;
  }

  /** The same; it becomes durable with the next commit. */
  set notedCommit(mark: CommitMark) {
    this.#parts.row.mark = mark;
  }

  /** Begins a transaction where none is under way; every write does it by itself. @throws {KithError} */
  begin(): void {
    this.#parts.database.begin();
  }

  /**
   * Makes everything since `begin` durable.
   *
   * @throws {KithError} where the disk fails: then nothing of it is held, and after any error but `store_full`
   * nothing more is written until the store is opened again.
   */
  commit(): void {
    if (!this.inTransaction) return;
    try {
      this.#parts.heads.flush();
      this.#parts.digest.flush();
      this.#parts.row.flush();
      this.#parts.database.commit();
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  /** Takes back everything since `begin`. */
  rollback(): void {
    this.#parts.database.rollback();
    this.#forget();
  }

  /** Empties the store and draws a new instance id, within the transaction: for a peer that enters another space. */
  clear(): void {
    this.begin();
    const tables = this.#parts.database.statement(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'store'",
    );
    for (const [name] of tables.all()) this.#parts.database.execute(`DELETE FROM ${name}`);
    this.#forget();
    this.#parts.row.clear();
    this.renewInstance();
  }

  /** Whether a transaction is under way. */
  get inTransaction(): boolean {
    return this.#parts.database.inTransaction;
  }

  /** A value of the peer's own, by name; null where there is none. */
  getMeta(key: string): Uint8Array | null {
    return this.#parts.meta.get(key);
  }

  /** Keeps a value of the peer's own under a name; null removes it. */
  setMeta(key: string, value: Uint8Array | null): void {
    this.begin();
    this.#parts.meta.set(key, value);
  }

  /** Whether the transaction is held. */
  hasTransaction(id: Uint8Array): boolean {
    return this.transaction(id) !== null;
  }

  /** A held transaction by its id; null where it is not held. */
  transaction(id: Uint8Array): TransactionRow | null {
    return this.#parts.transactions.byId(id);
  }

  /** A held transaction by its row. @throws {DamagedError} also where there is none. */
  transactionByRow(row: number): TransactionRow {
    return this.#parts.transactions.byRow(row);
  }

  /**
   * Takes a transaction in: one that is not held, whose previous one and parents are.
   *
   * @param context the membership acts in its past, as `internContext` gave it.
   * @param options `undone`: whether it is undone when it comes (default: false).
   * @returns the keys it is about.
   */
  append(transaction: CheckedTransaction, context: number, { undone = false } = {}): Set<string> {
    const place = this.#parts.place(transaction, context);
    if (undone) this.#parts.marks.set(place.row, true);
    if (transaction.subtrees.length > 0) this.#parts.proofs.setSubtrees(place.row, transaction.subtrees);
    return this.#parts.merge.append(place, [...transaction.operations.entries()], true);
  }

  /** Whether the frontier has room for one more writer, or head of a writer (a fork). @param share of the room, 0 to 1. */
  hasRoomFor(header: Header, share: number): boolean {
    return this.#parts.heads.hasRoomFor(this.#parts.writers.numberOf(header), header.previous, share);
  }

  /** Ids of the transactions that no held one names as previous or parent, sorted. */
  tips(): Uint8Array[] {
    return this.#parts.heads.tips();
  }

  /** What is held of each writer. */
  frontier(): Frontier {
    return this.#parts.heads.frontier();
  }

  /** SHA-256 of the encoded frontier. */
  frontierHash(): Uint8Array {
    return this.#parts.heads.frontierHash();
  }

  /** Live versions of a key, the winner first: the highest (clock, id). */
  live(key: string): VersionRow[] {
    return this.#versions.live(key);
  }

  /** Those of some distinct keys under which something stands: a live version, or a del that nothing names. */
  keysInUse(keys: readonly string[]): Set<string> {
    return this.#versions.keysInUse(keys);
  }

  /** The version of a key that is shown; null where none is live. */
  winner(key: string): VersionRow | null {
    return this.#versions.live(key)[0] ?? null;
  }

  /**
   * What became of a version, "gone" where it is absent from its transaction; null where that is not held, or it is no
   * operation on a key.
   */
  versionState(id: VersionId): VersionState | "gone" | null {
    return this.#versions.stateOf(id);
  }

  /** Winners in order of their keys' UTF-8 bytes. @param query `after`: only keys behind this one. */
  list(query: { prefix?: string; after?: string; limit: number }): ListedEntry[] {
    return this.#versions.list(query);
  }

  /** Keys with more than one live version, in order. @param after only keys behind this one; null for all. */
  conflictKeys(after: string | null, limit: number): string[] {
    return this.#versions.conflictKeys(after, limit);
  }

  /** How many keys have more than one live version. */
  get conflictCount(): number {
    return this.#parts.row.conflicts;
  }

  /** The dels on a key that nothing names, oldest row first. */
  openDels(key: string): DelRow[] {
    return this.#versions.openDels(key);
  }

  /** Dels beside a concurrent put that stands, in key order, at most `limit`; each with the winner of its key. */
  deletedBesidePut(limit: number): DeletedBesidePut[] {
    return this.#versions.deletedBesidePut(limit);
  }

  /** Every membership transaction, in row order. */
  membershipRows(): MembershipRow[] {
    return this.#parts.transactions.ofMembers().map((row) => {
      const transaction = this.#parts.transactions.byRow(row);
      const operations = this.#parts.operations.range(transaction.firstRow, transaction.header.operationCount);
      return { transaction, operations: operations.map(operationOf) };
    });
  }

  /** The rows of the membership transactions that a context stands for, sorted. 0 stands for none. */
  context(id: number): readonly number[] {
    return this.#parts.contexts.rows(id);
  }

  /** The number of the context of these rows (sorted, distinct), a new one where there is none yet. */
  internContext(rows: readonly number[]): number {
    this.begin();
    return this.#parts.contexts.idFor(rows);
  }

  /** A transaction whole, as it travels; every record of it is checked. @throws {DamagedError} */
  load(transactionRow: number): TransactionBytes {
    const { headerBytes, signature, firstRow, header } = this.#parts.transactions.byRow(transactionRow);
    return {
      header: headerBytes,
      signature,
      operations: this.#parts.operations.bytesOf(firstRow, header.operationCount),
    };
  }

  /**
   * Rows of transactions that another peer lacks, in row order.
   *
   * @param theirs by `writerKey`: the highest sequence it has of each writer; a writer not in it: none.
   * @param afterRow only rows above it: the last one of the page before; 0 at first.
   */
  lackingRows(theirs: ReadonlyMap<string, number>, afterRow: number, limit: number): number[] {
    return this.#lacking.rows(theirs, afterRow, limit);
  }

  /**
   * Walks what lies outside of a frontier, in the order in which it came here, and all that comes after.
   *
   * @returns null where not all heads of the frontier are held.
   */
  replay(frontier: Frontier): Replay | null {
    const past = this.pasts.of(frontier);
    if (past === null) return null;
    const parts = { ...this.#parts, undoing: this.undoing, lacking: this.#lacking, instance: () => this.instance };
    return new Replay(parts, frontier, past);
  }

  /** The live versions as a set that is reconciled with another peer's. */
  liveSet(): LiveSet {
    return new LiveSet({ ...this.#parts, loadPartial: (row, indices) => this.partials.load(row, indices) });
  }

  /** How many keys have a live version. */
  get entries(): number {
    return this.#parts.row.entries;
  }

  /** How many operations are held. */
  get operationsTotal(): number {
    return this.#parts.operations.total;
  }

  /** How many operations are held, without those that went. It counts them: a second for some millions. */
  get heldOperations(): number {
    return this.#parts.database.statement("SELECT count(*) FROM operations").get()?.[0] as number;
  }

  /** How many transactions are held. */
  get transactionsTotal(): number {
    return this.#parts.transactions.total;
  }

  /**
   * Does a part of what `digest` has to do, for whoever must not be held up.
   *
   * @param maxIds how many live versions are read, or so.
   * @returns whether all is done, so that `digest` costs little and may be compared with another peer's.
   */
  prepareDigest(maxIds: number): boolean {
    return !this.undoing.isUnderWay && this.#parts.digest.prepare(maxIds);
  }

  /** The digest of the space's state (lib/data/digest.ts). */
  digest(): Uint8Array {
    return this.#parts.digest.digest();
  }

  #forget(): void {
    this.#parts.reset();
    this.upkeep.rolledBack();
  }
}
