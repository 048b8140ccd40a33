import { toHex } from "../base/bytes.ts";
import type { Database, Statement } from "./database.ts";
import type { STATES } from "./rows.ts";

const KEYS_PER_STATEMENT = 64;

/** Counts the operations of one state by key. */
export class KeyCounts {
  readonly #one: Statement;
  readonly #many: Statement;

  /** @param state one that has an index of its own. */
  constructor(database: Database, state: typeof STATES.live | typeof STATES.openDel) {
    const many = new Array(KEYS_PER_STATEMENT).fill("?").join(", ");
    const counts = (keys: string) =>
      `SELECT key, count(*) FROM operations WHERE state = ${state} AND key IN (${keys}) GROUP BY key`;
    this.#one = database.statement(counts("?"));
    this.#many = database.statement(counts(many));
  }

  /** How many there are, by the key in hexadecimal; a key without any is not in it. @param keys distinct. */
  of(keys: readonly Uint8Array[]): Map<string, number> {
    const counts = new Map<string, number>();
    let next = 0;
    // A key costs a fifth of what it costs by itself.
    for (; next + KEYS_PER_STATEMENT <= keys.length; next += KEYS_PER_STATEMENT) {
      addTo(counts, this.#many.all(...keys.slice(next, next + KEYS_PER_STATEMENT)));
    }
    for (const key of keys.slice(next)) addTo(counts, this.#one.all(key));
    return counts;
  }
}

function addTo(counts: Map<string, number>, rows: readonly unknown[][]): void {
  for (const [key, count] of rows as [Uint8Array, number][]) counts.set(toHex(key), count);
}
