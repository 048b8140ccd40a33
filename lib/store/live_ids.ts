import { SHORT_ID_PREFIX_BYTES, type ShortIds } from "../data/short_ids.ts";
import type { Database } from "./database.ts";

/** Operations and transactions that are read at a time: about 2 ms. */
const PAGE_ROWS = 2048;
const NOTHING = new Uint8Array(0);

/**
 * Reads the short ids of all live versions, page by page; what changes meanwhile may be among them or not. Rows come as
 * one text for each page, since a row that is handed over costs five times as much as one that is looked at.
 */
export class LiveIds {
  readonly #livePage;
  readonly #transactionPage;
  /** A bit for each operation row with a live version. */
  #isLive = new Uint8Array(1024);
  #after: [key: Uint8Array, row: number] | null = [NOTHING, 0];
  #afterTransaction = 0;

  constructor(database: Database) {
    this.#livePage = database.statement(`
      SELECT count(*), group_concat(row), max(key) FROM (
        SELECT key, row FROM operations INDEXED BY operations_live
        WHERE state = 0 AND (key, row) > (?, ?) ORDER BY key, row LIMIT ${PAGE_ROWS}
      )`);
    this.#transactionPage = database.statement(`
      SELECT max(row), group_concat(hex(substr(id, 1, ${SHORT_ID_PREFIX_BYTES})), ''), group_concat(first_row),
        group_concat(operation_count)
      FROM (
        SELECT row, id, first_row, operation_count FROM transactions
        WHERE row > ? AND class = 0 ORDER BY row LIMIT ${PAGE_ROWS}
      )`);
  }

  /** Reads a page, and adds the ids that are known by then. @returns whether there is more to read. */
  next(ids: ShortIds): boolean {
    if (this.#after !== null) {
      this.#readLive(this.#after);
      return true;
    }
    return this.#readTransactions(ids);
  }

  #readLive(after: [Uint8Array, number]): void {
    const [count, text, lastKey] = this.#livePage.get(...after) as [number, string | null, Uint8Array | null];
    const rows = text === null ? [] : numbersOf(text);
    for (const row of rows) {
      while (row >> 3 >= this.#isLive.length) this.#grow();
      this.#isLive[row >> 3]! |= 1 << (row & 7);
    }
    const lastRow = rows.at(-1);
    this.#after = count < PAGE_ROWS || lastKey === null || lastRow === undefined ? null : [lastKey, lastRow];
  }

  #readTransactions(ids: ShortIds): boolean {
    const [last, hex, firstRows, counts] = this.#transactionPage.get(this.#afterTransaction) as
      | [number, string, string, string]
      | [null, null, null, null];
    if (last === null) return false;
    const prefixes = new Uint8Array(hex.length / 2);
    prefixes.setFromHex(hex);
    const sizes = numbersOf(counts);
    for (const [i, firstRow] of numbersOf(firstRows).entries()) {
      const at = i * SHORT_ID_PREFIX_BYTES;
      const prefix = prefixes.subarray(at, at + SHORT_ID_PREFIX_BYTES);
      const end = Math.min(firstRow + (sizes[i] as number), 8 * this.#isLive.length);
      for (let row = firstRow; row < end; row++) {
        if (((this.#isLive[row >> 3] as number) >> (row & 7)) & 1) ids.addVersion(prefix, row - firstRow);
      }
    }
    this.#afterTransaction = last;
    return true;
  }

  #grow(): void {
    const grown = new Uint8Array(2 * this.#isLive.length);
    grown.set(this.#isLive);
    this.#isLive = grown;
  }
}

/** The numbers in a text, with commas between them. */
export function numbersOf(text: string): number[] {
  if (text === "") return [];
  const numbers: number[] = [];
  let number = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 44) {
      numbers.push(number);
      number = 0;
    } else number = 10 * number + code - 48;
  }
  numbers.push(number);
  return numbers;
}
