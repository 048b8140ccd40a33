import type { Frontier } from "../wire/frontier.ts";
import type { Heads } from "./heads.ts";
import type { TransactionRow } from "./rows.ts";
import type { Transactions } from "./transactions.ts";
import type { Writers } from "./writers.ts";

/** What is inside of a writer's heads. */
interface Part {
  /** The highest sequence number inside. */
  readonly upTo: number;
  /** Rows inside; null where every transaction up to `upTo` is, since the writer never used a number twice. */
  readonly rows: ReadonlySet<number> | null;
}

/** The held transactions inside a frontier: its heads and their ancestors, each writer's along its own chain. */
export class Past {
  readonly #parts: ReadonlyMap<number, Part>;

  private constructor(parts: ReadonlyMap<number, Part>) {
    this.#parts = parts;
  }

  /** Null where not all heads are held. */
  static of(frontier: Frontier, writers: Writers, heads: Heads, transactions: Transactions): Past | null {
    const parts = new Map<number, Part>();
    for (const { writer, heads: inside } of frontier) {
      const number = writers.numberOf(writer);
      const held = inside.map(({ id }) => transactions.byId(id));
      if (number === null || !held.every((transaction) => transaction?.writer === number)) return null;
      const upTo = Math.max(...inside.map(({ sequence }) => sequence));
      const isForked = inside.length > 1 || heads.of(number).length > 1;
      parts.set(number, { upTo, rows: isForked ? ancestorsOf(held as TransactionRow[], transactions) : null });
    }
    return new Past(parts);
  }

  /** The numbers of the writers that have something inside. */
  get writers(): readonly number[] {
    return [...this.#parts.keys()];
  }

  /** Whether a held transaction is inside. */
  has(writer: number, sequence: number, row: number): boolean {
    const part = this.#parts.get(writer);
    return part !== undefined && sequence <= part.upTo && (part.rows === null || part.rows.has(row));
  }

  /** Whether a writer's number is used inside, be it by this transaction or by another. */
  covers(writer: number, sequence: number): boolean {
    return sequence <= (this.#parts.get(writer)?.upTo ?? 0);
  }
}

function ancestorsOf(heads: readonly TransactionRow[], transactions: Transactions): Set<number> {
  const rows = new Set<number>();
  for (const head of heads) {
    for (let at: TransactionRow | null = head; at !== null && !rows.has(at.row);) {
      rows.add(at.row);
      const { previous }: TransactionRow["header"] = at.header;
      at = previous === null ? null : transactions.byId(previous);
    }
  }
  return rows;
}
