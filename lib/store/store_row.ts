import { equal } from "../base/bytes.ts";
import { Writer } from "../base/writer.ts";
import { sha256 } from "../crypto/hash.ts";
import { DamagedError } from "./damaged_error.ts";
import type { Database, SqlValue } from "./database.ts";
import { recordHash } from "./record_hash.ts";

/** How far a store has come: the number of its commits, and a hash that runs over all of them. */
export interface CommitMark {
  /** From 1, which made the schema; 0 for none. */
  readonly commits: number;
  /** 32 bytes; empty at commit 1. */
  readonly chain: Uint8Array;
}

/** What the row holds, with a hash over all of it. */
interface Fields {
  instance: Uint8Array;
  entries: number;
  conflicts: number;
  commits: number;
  chain: Uint8Array;
  mark: CommitMark;
  metaNames: string;
  readonly schemaHash: Uint8Array;
}

/** The columns that the row's hash covers, in order. */
export const STORE_COLUMNS =
  "instance, entries, conflicts, commits, chain, mark_commits, mark_chain, meta_names, schema_hash";

/**
 * The one row of the table `store`: instance id, counters, and the chain of commits. It is held in memory, and written
 * with every commit, so that a store whose last commits are gone can be told from one that is whole (see
 * `lib/host/commit_counter.ts`).
 */
export class StoreRow {
  readonly #select;
  readonly #update;
  #fields: Fields | null = null;
  /** Ids of the transactions since the last commit. */
  #appended: Uint8Array[] = [];
  /** What was noted outside of the database stays noted there, whatever is rolled back here. */
  #noted: CommitMark | null = null;

  constructor(database: Database) {
    this.#select = database.statement(`SELECT ${STORE_COLUMNS}, record_hash FROM store`);
    this.#update = database.statement(
      `UPDATE store SET (${STORE_COLUMNS}, record_hash) = (${new Array(10).fill("?").join()})`,
    );
  }

  /** Forgets what is in memory, after a rollback. */
  reset(): void {
    this.#fields = null;
    this.#appended = [];
  }

  /** Counts the commit that is about to happen, and writes the row. */
  flush(): void {
    const fields = this.#load();
    fields.commits++;
    fields.chain = sha256(fields.chain, ...this.#appended, new Writer(8).varint(fields.commits).finish());
    this.#appended = [];
    const columns = columnsOf(fields);
    this.#update.run(...columns, recordHash(...columns));
  }

  /** Takes a transaction's id into the chain, at the commit. */
  appended(id: Uint8Array): void {
    this.#appended.push(id);
  }

  /** The store's instance id (16 bytes). @throws {DamagedError} as all here. */
  get instance(): Uint8Array {
    return this.#load().instance;
  }

  /** Another life of the store. It is written at commit. */
  set instance(instance: Uint8Array) {
    this.#load().instance = instance;
  }

  /** Keys with a live version. */
  get entries(): number {
    return this.#load().entries;
  }

  /** Keys with more than one live version. */
  get conflicts(): number {
    return this.#load().conflicts;
  }

  /** Adds to both. */
  add(entries: number, conflicts: number): void {
    if (entries === 0 && conflicts === 0) return;
    const fields = this.#load();
    fields.entries += entries;
    fields.conflicts += conflicts;
  }

  /** The store is emptied: what it counted is gone, its commits go on. */
  clear(): void {
    const fields = this.#load();
    fields.entries = 0;
    fields.conflicts = 0;
    fields.metaNames = "";
  }

  /** The last commit. */
  get commit(): CommitMark {
    const { commits, chain } = this.#load();
    return { commits, chain };
  }

  /** The commit that is noted outside of the database, as far as the database knows. */
  get mark(): CommitMark {
    return this.#load().mark;
  }

  /** Notes which commit is noted outside. It is written with the next commit. */
  set mark(mark: CommitMark) {
    this.#noted = mark;
    this.#load().mark = mark;
  }

  /** The names in the table `meta`, in order, a line each. */
  get metaNames(): string {
    return this.#load().metaNames;
  }

  set metaNames(names: string) {
    this.#load().metaNames = names;
  }

  /** Reads the row from disk again, which must be what is in memory. @throws {DamagedError} */
  reread(): void {
    const columns = this.#select.get();
    if (columns === undefined || fieldsOf(columns) === null) throw new DamagedError("store", 1, null);
  }

  #load(): Fields {
    if (this.#fields !== null) return this.#fields;
    const columns = this.#select.get();
    const fields = columns === undefined ? null : fieldsOf(columns);
    if (fields === null) throw new DamagedError("store", 1, null);
    if (this.#noted !== null) fields.mark = this.#noted;
    return this.#fields = fields;
  }
}

function columnsOf({ instance, entries, conflicts, commits, chain, mark, metaNames, schemaHash }: Fields): SqlValue[] {
  return [instance, entries, conflicts, commits, chain, mark.commits, mark.chain, metaNames, schemaHash];
}

/** What the row says; null where it is not what was written. */
function fieldsOf(columns: SqlValue[]): Fields | null {
  const [instance, entries, conflicts, commits, chain, markCommits, markChain, metaNames, schemaHash] = columns;
  const hash = columns.at(-1);
  if (!(hash instanceof Uint8Array && equal(hash, recordHash(...columns.slice(0, -1))))) return null;
  return {
    instance: instance as Uint8Array,
    entries: entries as number,
    conflicts: conflicts as number,
    commits: commits as number,
    chain: chain as Uint8Array,
    mark: { commits: markCommits as number, chain: markChain as Uint8Array },
    metaNames: metaNames as string,
    schemaHash: schemaHash as Uint8Array,
  };
}
