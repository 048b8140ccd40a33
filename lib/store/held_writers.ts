import type { Head } from "../wire/frontier.ts";
import type { Header, WriterId } from "../wire/transaction.ts";
import type { Fork } from "./rows.ts";
import type { StoreParts } from "./store_parts.ts";

/** What is held of each writer. */
export class HeldWriters {
  readonly #parts: StoreParts;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  /** The writer with a small number that this store gave. */
  byNumber(number: number): WriterId {
    return this.#parts.writers.writer(number);
  }

  /** A writer's small number in this store; null where nothing of it is held. */
  numberOf(writer: WriterId): number | null {
    return this.#parts.writers.numberOf(writer);
  }

  /** The writer's highest head, and the number that its next operation gets; null where nothing of it is held. */
  stateOf(writer: WriterId): { sequence: number; id: Uint8Array; nextOperation: number } | null {
    const number = this.#parts.writers.numberOf(writer);
    return number === null ? null : this.#parts.heads.of(number).at(-1) ?? null;
  }

  /** Whether a transaction's number is above all that are held of its writer, so that it is not held itself. */
  isBeyond(header: Header): boolean {
    return header.sequence > (this.stateOf(header)?.sequence ?? 0);
  }

  /** The writer's transactions that no other of its held ones names as previous, by (sequence, id). */
  headsOf(writer: WriterId): readonly Head[] {
    const number = this.#parts.writers.numberOf(writer);
    return number === null ? [] : this.#parts.heads.of(number);
  }

  /** Rows of a writer's transactions with a sequence number; two after a fork. */
  transactionsAt(writer: WriterId, sequence: number): number[] {
    const number = this.#parts.writers.numberOf(writer);
    return number === null ? [] : this.#parts.transactions.atSequence(number, sequence);
  }

  /**
   * Rows of the writer's data transactions that have a number above one, or are behind a row, in order.
   *
   * @param aboveSequence Infinity for none. @param behindRow Infinity for none.
   */
  dataRows(writer: WriterId, aboveSequence: number, behindRow: number): number[] {
    const number = this.#parts.writers.numberOf(writer);
    return number === null ? [] : this.#parts.transactions.dataRows(number, aboveSequence, behindRow);
  }

  /** The writers that used a number twice. */
  forks(): Fork[] {
    return this.#parts.heads.forked().map((number) => {
      const heads = this.#parts.heads.of(number).length;
      return {
        writer: this.#parts.writers.writer(number),
        sequence: this.#parts.transactions.firstUsedTwice(number),
        heads,
      };
    });
  }
}
