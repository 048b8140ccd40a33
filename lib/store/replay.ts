import { equal, utf8Decode } from "../base/bytes.ts";
import { MAX_STREAM_ROWS } from "../base/limits.ts";
import { compareHeads, type Frontier, type Head } from "../wire/frontier.ts";
import { compareWriterIds, writerKey } from "../wire/transaction.ts";
import type { Heads } from "./heads.ts";
import type { Lacking } from "./lacking.ts";
import { operationOf, type Operations } from "./operations.ts";
import type { Past } from "./past.ts";
import type { TransactionRow } from "./rows.ts";
import type { Transactions } from "./transactions.ts";
import type { UndoneMarks } from "./undone_marks.ts";
import type { Writers } from "./writers.ts";

/** What a replay reads. */
export interface ReplayParts {
  readonly writers: Writers;
  readonly heads: Heads;
  readonly transactions: Transactions;
  readonly operations: Operations;
  readonly lacking: Lacking;
  readonly marks: UndoneMarks;
  readonly undoing: { readonly isUnderWay: boolean };
  /** The store's instance id, which is another one once it was cleared. */
  readonly instance: () => Uint8Array;
}

/** Undone transactions that are looked at a time. */
const PAGE_MARKS = 16;

/**
 * Walks the transactions outside of a frontier, with those whose undoing they are the cause of, then all that are taken in after it began, in the order in which they
 * came here. It may go on between the turns of a peer for as long as one likes: what it walked so far, together with
 * the frontier that it began from, is a frontier at any time.
 */
export class Replay {
  readonly #parts: ReplayParts;
  readonly #past: Past;
  readonly #instance: Uint8Array;
  /** Transactions held when it began; whatever came later is outside. */
  readonly #total: number;
  /** By writer, the sequence number up to which all is inside; 0 for who used a number twice. */
  readonly #inside = new Map<string, number>();
  readonly #walked = new Map<number, readonly Head[]>();
  #afterRow = 0;
  /** Of the transactions whose mark changed with the next one, the last that was told. */
  #afterMark = 0;
  /** Membership transactions of which more may be undone than was told, since that was under way. */
  readonly #early: number[] = [];
  /** Those of them of which all is told again. */
  #late: number[] = [];
  /** The number of changes of marks by which all is told but for what comes of `early`. */
  #toldChanges = 0;
  /** Whether the frontier has another history of removals than the one here, so that what was undone in it can't be told. */
  readonly #isAstray: boolean;

  /** @param past of the frontier. */
  constructor(parts: ReplayParts, frontier: Frontier, past: Past) {
    this.#parts = parts;
    this.#past = past;
    this.#instance = parts.instance();
    this.#total = parts.transactions.total;
    for (const { writer, heads } of frontier) {
      const number = parts.writers.numberOf(writer) as number;
      this.#walked.set(number, heads);
      const held = parts.heads.of(number);
      const isForked = heads.length > 1 || held.length > 1;
      // With the same heads, even of who used a number twice, there is nothing outside.
      const isSame = held.length === heads.length && held.every(({ id }, i) => equal(id, (heads[i] as Head).id));
      if (!isForked || isSame) this.#inside.set(writerKey(writer), (heads.at(-1) as Head).sequence);
    }
    if (parts.undoing.isUnderWay) this.#early.push(parts.marks.lastAct);
    this.#toldChanges = parts.marks.changes;
    this.#isAstray = this.#hasRemoval() && !this.#actsComeFirst();
  }

  /** What it began from and all that it walked. */
  frontier(): Frontier {
    const { writers } = this.#parts;
    return [...this.#walked].map(([writer, heads]) => ({ writer: writers.writer(writer), heads }))
      .sort((a, b) => compareWriterIds(a.writer, b.writer));
  }

  /**
   * Goes on.
   *
   * @param operations after about so many it pauses.
   * @returns the keys of what it walked, perhaps none; null where all is walked that the store holds; "incomplete" where an
   * operation comes next that is not held, or no longer, so that nobody can tell which key it is about.
   * @throws {DamagedError}
   */
  next(operations: number): Set<string> | "incomplete" | null {
    if (this.#isAstray || !equal(this.#parts.instance(), this.#instance)) return "incomplete";
    const keys = new Set<string>();
    let looked = 0;
    while (looked < operations) {
      const rows = this.#rows();
      if (rows.length === 0) break;
      this.#tellLateAnew();
      for (const row of rows) {
        if (looked >= operations) break;
        const transaction = this.#parts.transactions.byRow(row);
        const { sequence, operationCount } = transaction.header;
        looked += 1 + operationCount;
        if (row > this.#total || !this.#past.has(transaction.writer, sequence, row)) {
          const held = this.#parts.operations.presentWithoutValues(transaction.firstRow, operationCount);
          if (held.length < operationCount) return looked > 1 + operationCount ? keys : "incomplete";
          for (const { key } of held) if (key !== null) keys.add(utf8Decode(key));
          if (transaction.header.class === "membership") {
            looked += this.#tellUndone(row, operations - looked, keys);
            if (this.#afterMark > 0) return keys;
            if (this.#parts.undoing.isUnderWay) this.#early.push(row);
          }
          this.#walk(transaction);
        }
        this.#afterRow = row;
      }
    }
    if (looked === 0) looked += this.#tellLate(operations, keys);
    return looked === 0 ? null : keys;
  }

  /** Tells again what was told too early. @returns how much was looked at. */
  #tellLate(operations: number, keys: Set<string>): number {
    const { changes } = this.#parts.marks;
    if (this.#late.length === 0 && this.#toldChanges !== changes) {
      this.#toldChanges = changes;
      this.#late = [...this.#early];
    }
    let looked = 0;
    for (let act = this.#late[0]; act !== undefined && looked < operations; act = this.#late[0]) {
      looked += this.#tellUndone(act, operations - looked, keys);
      if (this.#afterMark > 0) break;
      this.#late.shift();
    }
    return looked;
  }

  #tellLateAnew(): void {
    if (this.#late.length === 0) return;
    this.#late = [];
    this.#afterMark = 0;
    this.#toldChanges = -1;
  }

  /** Tells the keys of what was undone, or no longer is, with an act. @returns how much was looked at. */
  #tellUndone(actRow: number, operations: number, keys: Set<string>): number {
    const { marks, transactions } = this.#parts;
    let looked = 0;
    while (true) {
      const page = marks.causedBy(actRow, this.#afterMark, PAGE_MARKS);
      for (const row of page) {
        const { firstRow, header } = transactions.byRow(row);
        const held = this.#parts.operations.presentWithoutValues(firstRow, header.operationCount);
        for (const { key } of held) if (key !== null) keys.add(utf8Decode(key));
        looked += 1 + header.operationCount;
        this.#afterMark = row;
      }
      if (page.length < PAGE_MARKS) break;
      if (looked >= operations) return looked;
    }
    this.#afterMark = 0;
    return looked;
  }

  /** Whether any removal is held that may undo something. */
  #hasRemoval(): boolean {
    const { transactions, operations } = this.#parts;
    return transactions.revokes().some((row) => {
      const operation = operationOf(operations.withoutValue(row));
      return operation.kind === "revoke" && operation.frontier !== null;
    });
  }

  /**
   * Whether each membership transaction inside came here before each one outside. Then what was undone in the frontier is
   * what was undone here at that time, and what changed since is what those outside are noted as the cause of.
   */
  #actsComeFirst(): boolean {
    const { transactions } = this.#parts;
    let anyOutside = false;
    for (const row of transactions.ofMembers()) {
      const { writer, header } = transactions.byRow(row);
      const isInside = this.#past.has(writer, header.sequence, row);
      if (isInside && anyOutside) return false;
      anyOutside ||= !isInside;
    }
    return true;
  }

  /** The next rows, among them some inside where a writer used a number twice. */
  #rows(): number[] {
    const { lacking, transactions } = this.#parts;
    if (this.#afterRow < this.#total) {
      const rows = lacking.rows(this.#inside, this.#afterRow, MAX_STREAM_ROWS).filter((row) => row <= this.#total);
      if (rows.length > 0) return rows;
      this.#afterRow = this.#total;
    }
    const count = Math.min(MAX_STREAM_ROWS, transactions.total - this.#afterRow);
    return Array.from({ length: count }, (_, i) => this.#afterRow + 1 + i);
  }

  #walk({ id, writer, header }: TransactionRow): void {
    const { previous, sequence } = header;
    const others = (this.#walked.get(writer) ?? []).filter((head) => previous === null || !equal(head.id, previous));
    this.#walked.set(writer, [...others, { sequence, id }].sort(compareHeads));
  }
}
