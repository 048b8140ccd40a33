import { DatabaseSync, type StatementSync } from "node:sqlite";
import { type ErrorCode, KithError } from "../base/errors.ts";

/** What a column holds. */
export type SqlValue = number | string | Uint8Array | null;

/** Primary result codes of SQLite (https://sqlite.org/rescode.html) that are not a defect of this program. */
const CODES: ReadonlyMap<number, ErrorCode> = new Map([
  [5, "store_busy"],
  [6, "store_busy"],
  [8, "store_read_only"],
  [10, "store_io"],
  [11, "store_damaged"],
  [13, "store_full"],
  [14, "store_io"],
  [26, "store_not_kith"],
]);

/** The code of what has none of its own. */
const GENERIC = 1;

/** The same, where only the text of the error says it: while a statement is prepared, or a file is opened. */
const TEXTS: readonly (readonly [string, ErrorCode])[] = [
  ["file is not a database", "store_not_kith"],
  ["malformed", "store_damaged"],
  // The statements here are right for every schema that this program made: one that they do not fit was changed since.
  ["no such table", "store_damaged"],
  ["no such column", "store_damaged"],
  ["has no column", "store_damaged"],
  ["database is locked", "store_busy"],
  ["readonly", "store_read_only"],
  ["database or disk is full", "store_full"],
  ["disk I/O error", "store_io"],
  ["unable to open", "store_io"],
];

/** What the runtime's types leave out. */
interface ArrayReturning {
  setReturnArrays(enabled: boolean): void;
}

/** A statement, which is prepared when it is first used: most stores are opened for few of them. Rows are arrays. */
export class Statement {
  readonly #prepare: () => StatementSync;
  #prepared: StatementSync | null = null;
  readonly #failed: (error: unknown) => never;
  readonly #check: () => void;

  /** @param check throws where nothing may be written now. */
  constructor(prepare: () => StatementSync, failed: (error: unknown) => never, check: () => void) {
    this.#prepare = prepare;
    this.#failed = failed;
    this.#check = check;
  }

  /** The first row; undefined where there is none. @throws {KithError} `store_…`, as all here. */
  get(...parameters: SqlValue[]): SqlValue[] | undefined {
    try {
      return this.#statement().get(...parameters) as unknown as SqlValue[] | undefined;
    } catch (error) {
      return this.#failed(error);
    }
  }

  /** All rows. Bound them in the statement. */
  all(...parameters: SqlValue[]): SqlValue[][] {
    try {
      return this.#statement().all(...parameters) as unknown as SqlValue[][];
    } catch (error) {
      return this.#failed(error);
    }
  }

  /** Executes a statement without result. */
  run(...parameters: SqlValue[]): void {
    this.#check();
    try {
      this.#statement().run(...parameters);
    } catch (error) {
      this.#failed(error);
    }
  }

  #statement(): StatementSync {
    if (this.#prepared !== null) return this.#prepared;
    const prepared = this.#prepare();
    (prepared as StatementSync & ArrayReturning).setReturnArrays(true);
    return this.#prepared = prepared;
  }
}

/** One SQLite connection: statements, transactions, and its errors in kith's words. */
export class Database {
  /** What errors call the file. */
  readonly path: string;
  readonly #database: DatabaseSync;
  readonly #begin: Statement;
  readonly #commit: Statement;
  readonly #rollback: Statement;
  #inTransaction = false;
  /** Why nothing more is written. */
  #refusal: KithError | null = null;
  /** The error at which SQLite took the transaction under way back by itself. */
  #takenBack: unknown = null;
  readonly #check = () => {
    if (this.#takenBack !== null) throw this.#takenBack;
  };
  readonly #failed = (error: unknown): never => {
    throw this.#failure(error);
  };

  /** @param source a file path or ":memory:"; tests may hand in an open database. */
  constructor(source: string | DatabaseSync) {
    this.path = typeof source === "string" ? source : ":memory:";
    try {
      this.#database = typeof source === "string"
        ? new DatabaseSync(source, { enableForeignKeyConstraints: false })
        : source;
    } catch (error) {
      throw this.#translate(error);
    }
    this.#begin = this.statement("BEGIN IMMEDIATE");
    this.#commit = this.statement("COMMIT");
    this.#rollback = this.statement("ROLLBACK");
  }

  /** A statement to be kept and used again. */
  statement(sql: string): Statement {
    return new Statement(() => this.#database.prepare(sql), this.#failed, this.#check);
  }

  /** Executes statements that are used once. */
  execute(sql: string): void {
    this.#check();
    try {
      this.#database.exec(sql);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** The failed commit after which nothing more is written; null where there was none. */
  get refusal(): KithError | null {
    return this.#refusal;
  }

  /** Whether a transaction is under way. */
  get inTransaction(): boolean {
    return this.#inTransaction;
  }

  /** Writes nothing more until the store is opened again. */
  refuse(why: KithError): void {
    this.#refusal ??= why;
  }

  /** Begins a transaction where none is under way. @throws {KithError} also after a commit that failed. */
  begin(): void {
    if (this.#inTransaction) return;
    if (this.#refusal !== null) throw this.#refusal;
    this.#begin.run();
    this.#inTransaction = true;
  }

  /**
   * Commits the transaction under way.
   *
   * @throws {KithError} then it is rolled back. After a failed fsync it may be on the disk all the same, so that what
   * is in memory and what is on disk may differ: nothing more is written. A full disk leaves no such doubt.
   */
  commit(): void {
    if (!this.#inTransaction) return;
    try {
      this.#commit.run();
      this.#inTransaction = false;
    } catch (error) {
      if (!(error instanceof KithError && error.code === "store_full")) {
        this.#refusal = error instanceof KithError ? error : this.#ioError(String(error), error);
      }
      this.rollback();
      throw error;
    }
  }

  /** Takes back the transaction under way. */
  rollback(): void {
    if (!this.#inTransaction) return;
    this.#inTransaction = false;
    this.#takenBack = null;
    // SQLite has already rolled back by itself after some errors (a full disk, a failed read).
    if (this.#database.isTransaction) this.#rollback.run();
  }

  /** Closes the connection. */
  close(): void {
    this.#inTransaction = false;
    this.#database.close();
  }

  /**
   * The error of a statement. After some of them SQLite has taken the transaction back by itself, and would let every
   * statement that follows stand on its own: so none is run before whoever writes has heard of it and rolls back.
   */
  #failure(error: unknown): unknown {
    const failure = this.#translate(error);
    if (this.#inTransaction && !this.#database.isTransaction) this.#takenBack ??= failure;
    return failure;
  }

  #translate(error: unknown): unknown {
    if (!(error instanceof Error) || !("code" in error) || error.code !== "ERR_SQLITE_ERROR") return error;
    const primary = "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : GENERIC;
    const code = primary === GENERIC ? TEXTS.find(([text]) => error.message.includes(text))?.[1] : CODES.get(primary);
    return code === undefined ? error : new KithError(code, { path: this.path, detail: error.message }, error);
  }

  #ioError(detail: string, cause: unknown): KithError {
    return new KithError("store_io", { path: this.path, detail }, cause);
  }
}
