import type { DatabaseSync } from "node:sqlite";
import { assert } from "../base/assert.ts";
import { equal, toHex, utf8Encode } from "../base/bytes.ts";
import type { KithError } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import { joinedHashes, partialHashes, partialRoot } from "../data/merkle.ts";
import type { CheckedPartial } from "../data/partial.ts";
import type { CheckedTransaction, OperationRecord } from "../data/transaction.ts";
import type { TransactionBytes } from "../wire/bundle.ts";
import type { Frontier, Head } from "../wire/frontier.ts";
import type { PartialBytes } from "../wire/partial.ts";
import { type Header, INSTANCE_BYTES, type VersionId, type WriterId } from "../wire/transaction.ts";
import { Compaction } from "./compaction.ts";
import { Contexts } from "./contexts.ts";
import { DamagedError } from "./damaged_error.ts";
import { Database } from "./database.ts";
import { DigestTree } from "./digest_tree.ts";
import { Heads, parentsOf } from "./heads.ts";
import { LetGo } from "./let_go.ts";
import { KeyHistory } from "./key_history.ts";
import { Lacking } from "./lacking.ts";
import { Mender } from "./mender.ts";
import { LiveSet } from "./live_set.ts";
import { Merge } from "./merge.ts";
import { Meta } from "./meta.ts";
import { operationOf, Operations } from "./operations.ts";
import { Proofs } from "./proofs.ts";
import type {
  DeletedBesidePut,
  DelRow,
  Fork,
  ListedEntry,
  MembershipRow,
  PastOperation,
  TransactionRow,
  VersionRow,
  VersionState,
} from "./rows.ts";
import { Past } from "./past.ts";
import { PastState } from "./past_state.ts";
import type { PastTrees } from "./past_trees.ts";
import { Replay } from "./replay.ts";
import { LOG_PAGES, openSchema, pragma } from "./schema.ts";
import { type CommitMark, StoreRow } from "./store_row.ts";
import { Transactions } from "./transactions.ts";
import { Verifier, type VerifyOptions } from "./verifier.ts";
import { Versions } from "./versions.ts";
import { Writers } from "./writers.ts";

/** What a store needs besides its file. */
export interface StoreOptions {
  /** For the store's instance id. */
  readonly random: Random;
}

/** A leaf of the digest tree over the state inside a checkpoint. */
export interface PastLeaf {
  /** The writer's number in this store. */
  readonly number: number;
  readonly writer: WriterId;
  readonly leaf: number;
  readonly hash: Uint8Array;
}

/** Write-ahead log above which its file is cut back to nothing. */
const LONG_LOG_BYTES = 64 * 1024 * 1024;
/** Free pages (of 4 KiB) beyond which the file is made smaller; so many are soon used again. */
const MANY_FREE_PAGES = 1024;
/** Pages that are given back at a time. */
const VACUUM_PAGES = 2048;

/**
 * Everything a peer holds of its space, in one SQLite database. Synchronous. What was appended since `begin` is seen
 * by all reads, and is durable once `commit` has returned; a crash or `rollback` leaves nothing of it.
 *
 * Reads throw `DamagedError` for a record that is not what was written, and `KithError` `store_…` where the disk or
 * the file fails. After an error while writing, roll back.
 */
export class Store {
  readonly #database: Database;
  readonly #random: Random;
  readonly #writers: Writers;
  readonly #transactions: Transactions;
  readonly #operations: Operations;
  readonly #heads: Heads;
  readonly #contexts: Contexts;
  readonly #row: StoreRow;
  readonly #meta: Meta;
  readonly #digest: DigestTree;
  readonly #proofs: Proofs;
  readonly #merge: Merge;
  readonly #mender: Mender;
  readonly #versions: Versions;
  readonly #history: KeyHistory;
  readonly #lacking: Lacking;
  readonly #countReplaced;
  readonly #pastLeaves;
  readonly #letGo: LetGo;
  #verifier: Verifier | null = null;
  #isCopied = false;

  private constructor(database: Database, random: Random) {
    this.#database = database;
    this.#random = random;
    this.#writers = new Writers(database);
    this.#transactions = new Transactions(database);
    this.#operations = new Operations(database);
    this.#heads = new Heads(database, this.#writers, this.#transactions);
    this.#contexts = new Contexts(database);
    this.#row = new StoreRow(database);
    this.#meta = new Meta(database, this.#row);
    this.#digest = new DigestTree(database, this.#writers);
    this.#proofs = new Proofs(database);
    this.#merge = new Merge(
      database,
      this.#transactions,
      this.#operations,
      this.#digest,
      this.#row,
      this.#proofs,
    );
    this.#mender = new Mender(database, this.#transactions, this.#operations, this.#digest, this.#merge);
    this.#merge.counted = (key, entries, conflicts) => this.#verifier?.changed(key, entries, conflicts);
    this.#versions = new Versions(database, this.#transactions, this.#operations, this.#proofs);
    this.#history = new KeyHistory(database, this.#transactions, this.#operations);
    this.#lacking = new Lacking(database, this.#writers, this.#heads);
    this.#pastLeaves = database.statement(
      "SELECT writer, leaf, hash FROM past_leaves WHERE (writer, leaf) > (?, ?) ORDER BY writer, leaf LIMIT ?",
    );
    this.#letGo = new LetGo(database, this.#transactions, this.#operations, this.#proofs);
    this.#countReplaced = database.statement(`
      SELECT count(*) FROM (
        SELECT 1 FROM operations INDEXED BY operations_past WHERE state IN (1, 2) AND row < ? LIMIT ?
      )`);
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
    return this.#database.path;
  }

  /** Why nothing can be written any more until the store is opened again; null where it can. */
  get failure(): KithError | null {
    return this.#database.refusal;
  }

  /** Writes nothing more: what can't do without a record that is damaged stops, and the next start puts it right. */
  refuse(why: KithError): void {
    this.#database.refuse(why);
  }

  /** Closes the database. What was not committed is gone. */
  close(): void {
    this.#database.close();
  }

  /** Random id of this life of the store (16 bytes): a part of its peer's writer id. */
  get instance(): Uint8Array {
    return this.#row.instance;
  }

  /** Draws a new instance id, within the transaction: for a store that is older than what others have seen of it. */
  renewInstance(): Uint8Array {
    this.begin();
    return this.#row.instance = this.#random.bytes(INSTANCE_BYTES).slice();
  }

  /** The last commit, and with it all before it. */
  get lastCommit(): CommitMark {
    return this.#row.commit;
  }

  /** Which commit is noted outside of this file, so that a file that lost commits can be told. */
  get notedCommit(): CommitMark {
    return this.#row.mark;
  }

  /** The same; it becomes durable with the next commit. */
  set notedCommit(mark: CommitMark) {
    this.#row.mark = mark;
  }

  /** Begins a transaction where none is under way; every write does it by itself. @throws {KithError} */
  begin(): void {
    this.#database.begin();
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
      this.#heads.flush();
      this.#digest.flush();
      this.#row.flush();
      this.#database.commit();
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  /** Takes back everything since `begin`. */
  rollback(): void {
    this.#database.rollback();
    this.#forget();
  }

  /** Empties the store and draws a new instance id, within the transaction: for a peer that enters another space. */
  clear(): void {
    this.begin();
    const tables = this.#database.statement("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'store'");
    for (const [name] of tables.all()) this.#database.execute(`DELETE FROM ${name}`);
    this.#forget();
    this.#row.clear();
    this.renewInstance();
  }

  /** Whether a transaction is under way. */
  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  /** A value of the peer's own, by name; null where there is none. */
  getMeta(key: string): Uint8Array | null {
    return this.#meta.get(key);
  }

  /** Keeps a value of the peer's own under a name; null removes it. */
  setMeta(key: string, value: Uint8Array | null): void {
    this.begin();
    this.#meta.set(key, value);
  }

  /** Whether the transaction is held. */
  hasTransaction(id: Uint8Array): boolean {
    return this.transaction(id) !== null;
  }

  /** A held transaction by its id; null where it is not held. */
  transaction(id: Uint8Array): TransactionRow | null {
    return this.#transactions.byId(id);
  }

  /** A held transaction by its row. @throws {DamagedError} also where there is none. */
  transactionByRow(row: number): TransactionRow {
    return this.#transactions.byRow(row);
  }

  /**
   * Takes a transaction in: one that is not held, whose previous one and parents are.
   *
   * @param context the membership acts in its past, as `internContext` gave it.
   * @returns the keys it is about.
   */
  append(transaction: CheckedTransaction, context: number): Set<string> {
    return this.#merge.append(this.#place(transaction, context), [...transaction.operations.entries()], true);
  }

  /** The same for a partial transaction: one that is not held. Some of its operations may come by `supplement`. */
  appendPartial(partial: CheckedPartial, context: number): Set<string> {
    const place = this.#place(partial, context);
    if (partial.hashes.length > 0) this.#proofs.set(place.row, partial.hashes, false);
    return this.#merge.append(place, placed(partial), true);
  }

  /**
   * Takes in operations of a held transaction that are absent, as if they had come in time; not those that a final
   * checkpoint shows as dead.
   *
   * @returns the keys they are about.
   */
  supplement(partial: CheckedPartial): Set<string> {
    const place = this.#transactions.byId(partial.id);
    assert(place !== null, "what is supplemented is held");
    const { row, firstRow, header } = place;
    if (this.#proofs.isDead(row)) return new Set();
    const present = new Set(this.#operations.presentRows(firstRow, header.operationCount));
    const absent = placed(partial).filter(([index]) => !present.has(firstRow + index));
    if (absent.length === 0) return new Set();
    this.begin();
    const hashes = joinedHashes(
      header.operationCount,
      { indices: [...present].map((held) => held - firstRow), hashes: this.#proofs.of(row) ?? [] },
      { indices: partial.operations.map(({ index }) => index), hashes: partial.hashes },
    );
    if (hashes !== null) this.#proofs.set(row, hashes, false);
    return this.#merge.append(place, absent, false);
  }

  /** Whether all operations of a transaction are held; else `loadPartial` gives what is. */
  isWhole(transactionRow: number): boolean {
    return this.#proofs.of(transactionRow) === null;
  }

  /**
   * A transaction as it travels without some of its operations; what it is made of is checked.
   *
   * @param indices of the operations that are wanted; null for all that are held.
   * @throws {DamagedError}
   */
  loadPartial(transactionRow: number, indices: ReadonlySet<number> | null): PartialBytes {
    const { headerBytes, signature, firstRow, header } = this.#transactions.byRow(transactionRow);
    const count = header.operationCount;
    if (indices !== null) return this.#loadSome(this.#transactions.byRow(transactionRow), indices);
    const held = this.#operations.present(firstRow, count)
      .map(({ row, leaf, value }) => ({ index: row - firstRow, leaf, value }));
    const hashes = this.#proofs.of(transactionRow) ?? [];
    if (hashes.length === 0 && held.length < count) throw new DamagedError("operations", firstRow + held.length, null);
    return { header: headerBytes, signature, operations: held, hashes };
  }

  /** Of the operations that are not wanted only the leaves are read; that they are right, the header's root tells. */
  #loadSome(
    { row, firstRow, header, headerBytes, signature }: TransactionRow,
    indices: ReadonlySet<number>,
  ): PartialBytes {
    const count = header.operationCount;
    const leaves = this.#operations.leaves(firstRow, count).map((held) => ({ ...held, index: held.row - firstRow }));
    const absent = this.#proofs.of(row) ?? [];
    const isRight = (root: Uint8Array | null) => root !== null && equal(root, header.root);
    const damaged = () => new DamagedError("operations", firstRow + leaves.length, null);
    if (absent.length === 0 ? leaves.length < count : !isRight(partialRoot(count, leaves, absent))) throw damaged();
    const wanted = leaves.filter(({ index }) => indices.has(index));
    const hashes = partialHashes(count, leaves, absent, wanted.map(({ index }) => index));
    if (!isRight(partialRoot(count, wanted, hashes))) throw damaged();
    const operations = wanted.map(({ index, leaf }) => ({
      index,
      leaf,
      value: this.#operations.byRow(firstRow + index).value,
    }));
    return { header: headerBytes, signature, operations, hashes };
  }

  /** The held transactions inside a frontier; null where some of its heads are not held. */
  past(frontier: Frontier): Past | null {
    return Past.of(frontier, this.#writers, this.#heads, this.#transactions);
  }

  /** The state of the space inside a past. */
  pastState(past: Past): PastState {
    return new PastState(this.#database, this.#writers, past);
  }

  /**
   * Begins to let go what is dead inside the past of a final checkpoint, whose digest was found right.
   *
   * @param goes whether what is held goes; else only what is absent is taken for dead. Default: true.
   */
  compaction(past: Past, goes = true): Compaction {
    return new Compaction(this.#database, this.#transactions, this.#letGo, past, this.pastState(past), goes);
  }

  /** Ids of transactions some of whose operations are absent, and not shown as dead. */
  openTransactions(limit: number): Uint8Array[] {
    return this.#proofs.open(limit).map((row) => this.#transactions.byRow(row).id);
  }

  /**
   * Lets versions go that a final checkpoint shows as dead, though nothing here that it covers names them.
   *
   * @param rows of operations, by their transactions' rows.
   * @returns their keys.
   */
  endVersions(rows: ReadonlyMap<number, ReadonlySet<number>>): Set<string> {
    this.begin();
    const keys = new Set<string>();
    for (const [transactionRow, versions] of rows) {
      for (const row of versions) {
        const key = this.#merge.end(row);
        if (key !== null) keys.add(key);
      }
      this.#letGo.of(transactionRow, versions);
    }
    return keys;
  }

  /** The frontier of the first so many transactions in the order in which they were taken in. */
  frontierAt(row: number): Frontier {
    return this.#heads.frontierAt(row);
  }

  /** Whether a transaction is held that is not inside a past, though its writer's number is used there. */
  hasForkBeside(past: Past): boolean {
    return past.writers.some((writer) => {
      if (this.#heads.of(writer).length < 2) return false;
      const rows = this.#database.statement("SELECT row, sequence FROM transactions WHERE writer = ?").all(writer);
      return (rows as [number, number][]).some(([row, sequence]) =>
        past.covers(writer, sequence) && !past.has(writer, sequence, row)
      );
    });
  }

  /** Keeps the digest's leaves over the past of the checkpoint that was compacted last, to show them to others. */
  keepPastLeaves(leaves: PastTrees): void {
    this.begin();
    this.#database.execute("DELETE FROM past_leaves");
    const insert = this.#database.statement("INSERT INTO past_leaves (writer, leaf, hash) VALUES (?, ?, ?)");
    for (const leaf of leaves.leaves()) insert.run(...leaf);
  }

  /** The leaves that `keepPastLeaves` kept, in order. @param after the last one of the page before; null at first. */
  pastLeaves(after: { writer: number; leaf: number } | null, limit: number): PastLeaf[] {
    const rows = this.#pastLeaves.all(after?.writer ?? 0, after?.leaf ?? 0, limit);
    return (rows as [number, number, Uint8Array][]).map(([number, leaf, hash]) => ({
      number,
      writer: this.#writers.writer(number),
      leaf,
      hash,
    }));
  }

  /** The writer with a small number that this store gave. */
  writerOf(number: number): WriterId {
    return this.#writers.writer(number);
  }

  /** A writer's small number in this store; null where nothing of it is held. */
  writerNumber(writer: WriterId): number | null {
    return this.#writers.numberOf(writer);
  }

  /** Whether there are at least `count` operations that something names among those of the first transactions. */
  hasReplaced(transactionRow: number, count: number): boolean {
    if (transactionRow < 1) return false;
    const { firstRow, header } = this.#transactions.byRow(Math.min(transactionRow, this.transactionsTotal));
    const found = this.#countReplaced.get(firstRow + header.operationCount, count)?.[0] as number;
    return found >= count;
  }

  #place(transaction: CheckedTransaction | CheckedPartial, context: number): TransactionRow {
    const { id, header } = transaction;
    assert(!this.hasTransaction(id), "a transaction is appended once");
    for (const parent of parentsOf(header)) assert(this.hasTransaction(parent), "parents are held before their child");
    this.begin();
    const writer = this.#writers.numberFor(header);
    const place = this.#transactions.insert(transaction, writer, this.#operations.total + 1, context);
    this.#operations.took(header.operationCount);
    this.#heads.append(place);
    this.#row.appended(place.id);
    return place;
  }

  /** Whether the frontier has room for a transaction: for one more writer, or one more head of a writer (a fork). */
  hasRoomFor(header: Header): boolean {
    return this.#heads.hasRoomFor(this.#writers.numberOf(header), header.previous);
  }

  /** Ids of the transactions that no held one names as previous or parent, sorted. */
  tips(): Uint8Array[] {
    return this.#heads.tips();
  }

  /** What is held of each writer. */
  frontier(): Frontier {
    return this.#heads.frontier();
  }

  /** SHA-256 of the encoded frontier. */
  frontierHash(): Uint8Array {
    return this.#heads.frontierHash();
  }

  /** The writer's transactions that no other of its held ones names as previous, by (sequence, id). */
  headsOf(writer: WriterId): readonly Head[] {
    const number = this.#writers.numberOf(writer);
    return number === null ? [] : this.#heads.of(number);
  }

  /** The writers that used a number twice. */
  forks(): Fork[] {
    return this.#heads.forked().map((number) => {
      const heads = this.#heads.of(number).length;
      return { writer: this.#writers.writer(number), sequence: this.#transactions.firstUsedTwice(number), heads };
    });
  }

  /** Whether anything of the writer is held. */
  hasWriter(writer: WriterId): boolean {
    return this.#writers.numberOf(writer) !== null;
  }

  /** The writer's highest head, and the number that its next operation gets; null where nothing of it is held. */
  writerState(writer: WriterId): { sequence: number; id: Uint8Array; nextOperation: number } | null {
    const number = this.#writers.numberOf(writer);
    return number === null ? null : this.#heads.of(number).at(-1) ?? null;
  }

  /** Live versions of a key, the winner first: the highest (clock, id). */
  live(key: string): VersionRow[] {
    return this.#versions.live(key);
  }

  /** Those of some distinct keys under which something stands: a live version, or a del that nothing names. */
  keysInUse(keys: readonly string[]): Set<string> {
    const encoded = keys.map(utf8Encode);
    const live = this.#operations.countLive(encoded);
    const openDels = this.#operations.countOpenDels(encoded);
    if (live.size + openDels.size === 0) return new Set();
    return new Set(keys.filter((_, i) => {
      const hex = toHex(encoded[i] as Uint8Array);
      return live.has(hex) || openDels.has(hex);
    }));
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
    return this.#row.conflicts;
  }

  /** The dels on a key that nothing names, oldest row first. */
  openDels(key: string): DelRow[] {
    return this.#versions.openDels(key);
  }

  /** Dels beside a concurrent put that stands, in key order, at most `limit`; each with the winner of its key. */
  deletedBesidePut(limit: number): DeletedBesidePut[] {
    return this.#versions.deletedBesidePut(limit);
  }

  /**
   * The puts and dels on a key that are held, newest first: in the order in which they came here, so that what
   * replaces something stands before it.
   *
   * @param beforeRow only operations that came before the one in this row; Infinity for all.
   */
  history(key: string, beforeRow: number, limit: number): PastOperation[] {
    return this.#history.page(key, Math.min(beforeRow, Number.MAX_SAFE_INTEGER), limit);
  }

  /**
   * The put or del that a version id names; "not_held" where this store does not have it, or no longer, and
   * "no_version" where no put or del has that id.
   */
  pastOperation(id: VersionId): PastOperation | "not_held" | "no_version" {
    return this.#history.operation(id);
  }

  /** The value of a put; null where it is held no more. @throws {DamagedError} */
  pastValue({ row }: PastOperation): Uint8Array | null {
    return this.#history.value(row);
  }

  /** Every membership transaction, in row order. */
  membershipRows(): MembershipRow[] {
    return this.#transactions.ofMembers().map((row) => {
      const transaction = this.#transactions.byRow(row);
      const operations = this.#operations.range(transaction.firstRow, transaction.header.operationCount);
      return { transaction, operations: operations.map(operationOf) };
    });
  }

  /** The rows of the membership transactions that a context stands for, sorted. 0 stands for none. */
  context(id: number): readonly number[] {
    return this.#contexts.rows(id);
  }

  /** The number of the context of these rows (sorted, distinct), a new one where there is none yet. */
  internContext(rows: readonly number[]): number {
    this.begin();
    return this.#contexts.idFor(rows);
  }

  /** The context that a transaction was appended with. */
  contextOf(transactionRow: number): number {
    return this.#transactions.byRow(transactionRow).context;
  }

  /** A transaction whole, as it travels; every record of it is checked. @throws {DamagedError} */
  load(transactionRow: number): TransactionBytes {
    const { headerBytes, signature, firstRow, header } = this.#transactions.byRow(transactionRow);
    return { header: headerBytes, signature, operations: this.#operations.bytesOf(firstRow, header.operationCount) };
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

  /** Whether a held transaction lacks operations that may still come: until then, its frontier says too much. */
  get hasOpenParts(): boolean {
    return this.#proofs.hasOpen;
  }

  /**
   * Walks what lies outside of a frontier, in the order in which it came here, and all that comes after.
   *
   * @returns null where not all heads of the frontier are held.
   */
  replay(frontier: Frontier): Replay | null {
    const past = this.past(frontier);
    if (past === null) return null;
    return new Replay(
      {
        writers: this.#writers,
        heads: this.#heads,
        transactions: this.#transactions,
        operations: this.#operations,
        lacking: this.#lacking,
        instance: () => this.instance,
      },
      frontier,
      past,
    );
  }

  /** Rows of a writer's transactions with a sequence number; two after a fork. */
  transactionsAt(writer: WriterId, sequence: number): number[] {
    const number = this.#writers.numberOf(writer);
    return number === null ? [] : this.#transactions.atSequence(number, sequence);
  }

  /**
   * Operations of a held transaction together with those that are held, whose leaves may prove what came without its
   * hashes; null where both together do not.
   */
  joined(transactionRow: number, { header, signature, operations, hashes }: PartialBytes): PartialBytes | null {
    const { firstRow, header: { operationCount } } = this.#transactions.byRow(transactionRow);
    const byIndex = new Map(operations.map((operation) => [operation.index, operation]));
    const held = this.#operations.present(firstRow, operationCount);
    const joined = joinedHashes(
      operationCount,
      { indices: held.map(({ row }) => row - firstRow), hashes: this.#proofs.of(transactionRow) ?? [] },
      { indices: operations.map(({ index }) => index), hashes },
    );
    if (joined === null) return null;
    for (const { row, leaf, value } of held) byIndex.set(row - firstRow, { index: row - firstRow, leaf, value });
    const all = [...byIndex.values()].sort((a, b) => a.index - b.index);
    return { header, signature, operations: all, hashes: joined };
  }

  /** Whether some of these operations of a held transaction are absent, though no final checkpoint says so. */
  lacks(transactionRow: number, indices: readonly number[]): boolean {
    if (this.#proofs.isDead(transactionRow)) return false;
    const { firstRow } = this.#transactions.byRow(transactionRow);
    return indices.some((index) => !this.#operations.has(firstRow + index));
  }

  /** Lets go an operation whose row is damaged, within the transaction, so that it can be supplemented. */
  dropOperation(row: number): void {
    this.begin();
    this.#merge.drop(row);
  }

  /** The live versions as a set that is reconciled with another peer's. */
  liveSet(): LiveSet {
    return new LiveSet({
      database: this.#database,
      writers: this.#writers,
      transactions: this.#transactions,
      operations: this.#operations,
      proofs: this.#proofs,
      digest: this.#digest,
      loadPartial: (transactionRow, indices) => this.loadPartial(transactionRow, indices),
    });
  }

  /** How many keys have a live version. */
  get entries(): number {
    return this.#row.entries;
  }

  /** How many operations are held. */
  get operationsTotal(): number {
    return this.#operations.total;
  }

  /** How many operations are held, without those that went. It counts them: a second for some millions. */
  get heldOperations(): number {
    return this.#database.statement("SELECT count(*) FROM operations").get()?.[0] as number;
  }

  /** How many transactions are held. */
  get transactionsTotal(): number {
    return this.#transactions.total;
  }

  /**
   * Does a part of what `digest` has to do, for whoever must not be held up.
   *
   * @param maxIds how many live versions are read, or so.
   * @returns whether all is done, so that `digest` costs little.
   */
  prepareDigest(maxIds: number): boolean {
    return this.#digest.prepare(maxIds);
  }

  /** The digest of the space's state (lib/data/digest.ts). */
  digest(): Uint8Array {
    return this.#digest.digest();
  }

  /**
   * Puts right what is damaged of a held transaction, from one that is intact.
   *
   * @param context the membership acts in its past, as `internContext` gave it.
   * @returns the keys whose operations were put back; null where its own place is not known.
   * @throws {KithError} `store_damaged` where SQLite's structure is damaged too.
   */
  mend(transaction: CheckedTransaction, context: number): Set<string> | null {
    this.begin();
    return this.#mender.mend(transaction, context, this.#writers.numberFor(transaction.header));
  }

  /** The id of the transaction that a damaged record belongs to; null where that cannot be told. */
  damagedTransaction(table: string, row: number): Uint8Array | null {
    if (table === "operations") return this.#mender.ownerOf(row);
    return table === "transactions" ? this.#mender.idOf(row) : null;
  }

  /** A check of everything, which is under way until it is done or another one begins. */
  verifier(options: VerifyOptions): Verifier {
    return this.#verifier = new Verifier({
      ...options,
      database: this.#database,
      storeRow: this.#row,
      meta: this.#meta,
      writers: this.#writers,
      transactions: this.#transactions,
      operations: this.#operations,
      proofs: this.#proofs,
      heads: this.#heads,
      contexts: this.#contexts,
      digest: this.#digest,
    });
  }

  /**
   * Moves all commits into the database file, which then stays as it is until `endCopy`, for as long as it is copied;
   * what is committed meanwhile is in the write-ahead log alone. Not within a transaction.
   *
   * @returns its size in bytes.
   */
  beginCopy(): number {
    assert(!this.inTransaction, "a store is copied between its transactions");
    this.#database.execute(`PRAGMA wal_checkpoint(TRUNCATE); PRAGMA wal_autocheckpoint = 0`);
    this.#isCopied = true;
    return this.sizeBytes;
  }

  /** The database file was copied. */
  endCopy(): void {
    this.#isCopied = false;
    this.#database.execute(`PRAGMA wal_autocheckpoint = ${LOG_PAGES}`);
  }

  /** Moves the write-ahead log into the database file; for times when there is nothing else to do. */
  checkpointWhenIdle(): void {
    if (this.inTransaction || this.#isCopied) return;
    const logPages = this.#database.statement("PRAGMA wal_checkpoint(PASSIVE)").get()?.[1] as number;
    if (logPages * pragma(this.#database, "page_size") > LONG_LOG_BYTES) {
      this.#database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    if (pragma(this.#database, "freelist_count") > MANY_FREE_PAGES) {
      this.#database.execute(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`);
    }
  }

  /** Size of the database in bytes, without its write-ahead log. */
  get sizeBytes(): number {
    return pragma(this.#database, "page_count") * pragma(this.#database, "page_size");
  }

  /** Drops everything that is in memory; it is read again when needed. */
  #forget(): void {
    const parts = [
      this.#writers,
      this.#transactions,
      this.#operations,
      this.#heads,
      this.#contexts,
      this.#row,
      this.#meta,
      this.#digest,
      this.#proofs,
    ];
    for (const part of parts) part.reset();
    this.#verifier?.rolledBack();
  }
}

function placed({ operations }: CheckedPartial): [number, OperationRecord][] {
  return operations.map((operation) => [operation.index, operation]);
}
