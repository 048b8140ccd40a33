import { assert } from "../base/assert.ts";
import type { Database } from "./database.ts";
import { LOG_PAGES, pragma } from "./schema.ts";

/** Write-ahead log above which its file is cut back to nothing. */
const LONG_LOG_BYTES = 64 * 1024 * 1024;
/** Free pages (of 4 KiB) beyond which the file is made smaller; so many are soon used again. */
const MANY_FREE_PAGES = 1024;
/** Pages that are given back at a time: some 5 ms where others have to be moved for it. */
const VACUUM_PAGES = 256;

/** The file of a store, with its write-ahead log: their sizes, and how the file is copied while it is in use. */
export class StoreFile {
  readonly #database: Database;
  #isCopied = false;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Moves all commits into the database file, durably: it is whole then without its log. To be called before a store is
   * closed whose file is put somewhere else, since closing does the same, but does not tell of a disk that fails. Not
   * within a transaction.
   *
   * @throws {KithError} `store_…`.
   */
  moveLog(): void {
    assert(!this.#database.inTransaction, "a log is moved between transactions");
    this.#database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  /**
   * Moves all commits into the database file, which then stays as it is until `endCopy`, for as long as it is copied;
   * what is committed meanwhile is in the write-ahead log alone. Not within a transaction.
   *
   * @returns its size in bytes.
   */
  beginCopy(): number {
    this.moveLog();
    this.#database.execute("PRAGMA wal_autocheckpoint = 0");
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
    if (this.#database.inTransaction || this.#isCopied) return;
    const logPages = this.#database.statement("PRAGMA wal_checkpoint(PASSIVE)").get()?.[1] as number;
    if (logPages * pragma(this.#database, "page_size") > LONG_LOG_BYTES) {
      this.moveLog();
    }
    if (pragma(this.#database, "freelist_count") > MANY_FREE_PAGES) {
      // A row, and a step, for each page: what is executed without its rows takes the first step alone.
      this.#database.statement(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`).all();
    }
  }

  /** Size of the database in bytes, without its write-ahead log. */
  get sizeBytes(): number {
    return pragma(this.#database, "page_count") * pragma(this.#database, "page_size");
  }
}
