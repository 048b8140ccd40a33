import { SHORT_ID_BYTES } from "../wire/reconciliation.ts";
import type { VersionId } from "../wire/transaction.ts";

const INDEX_BYTES = 2;
/** How many bytes of them are the beginning of the transaction's id; the index follows, in two. */
export const SHORT_ID_PREFIX_BYTES = SHORT_ID_BYTES - INDEX_BYTES;

/**
 * A version's id, short: the first 14 bytes of its transaction's id, then the index as `u16`. Two versions with one
 * short id would take some 2^56 signed transactions to find, and all that came of it is that they are not told apart.
 */
export function shortIdOf({ transaction, index }: VersionId): Uint8Array {
  return shortId(transaction.subarray(0, SHORT_ID_PREFIX_BYTES), index);
}

/** The same by the beginning of a transaction's id, however long it is. */
export function shortId(prefix: Uint8Array, index: number): Uint8Array {
  const out = new Uint8Array(prefix.length + INDEX_BYTES);
  out.set(prefix);
  out[prefix.length] = index >> 8;
  out[prefix.length + 1] = index & 0xff;
  return out;
}

/** The index in a short id. */
export function indexOfShortId(id: Uint8Array): number {
  return ((id[id.length - 2] as number) << 8) | (id[id.length - 1] as number);
}

/** Short ids, each as four little-endian numbers of 32 bits (signed, which are faster), one behind the other in one array: 16 MB for a million. */
export class ShortIds {
  #words: Int32Array<ArrayBuffer>;
  #size = 0;

  /** @param capacity ids for which there is room at first; it doubles as needed. Default: 1,024. */
  constructor(capacity = 1024) {
    this.#words = new Int32Array(4 * capacity);
  }

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** Four numbers for each id, of which those behind the last id mean nothing. Valid until the next `add`. */
  get words(): Int32Array {
    return this.#words;
  }

  /** Adds an id, given as its bytes. */
  add(id: Uint8Array): void {
    this.addVersion(id, indexOfShortId(id));
  }

  /** Adds a version of a transaction. @param transaction its id, of which 14 bytes are looked at. */
  addVersion(transaction: Uint8Array, index: number): void {
    const at = 4 * this.#size++;
    if (at === this.#words.length) {
      const grown = new Int32Array(Math.max(4096, 2 * this.#words.length));
      grown.set(this.#words);
      this.#words = grown;
    }
    this.#words[at] = wordOf(transaction, 0);
    this.#words[at + 1] = wordOf(transaction, 4);
    this.#words[at + 2] = wordOf(transaction, 8);
    this.#words[at + 3] = (transaction[12] as number) | ((transaction[13] as number) << 8) |
      ((index >> 8) << 16) | ((index & 0xff) << 24);
  }

  /** The bytes of an id by its place. */
  at(place: number): Uint8Array {
    return bytesOfWords(this.#words, 4 * place);
  }
}

/** The bytes of the id whose four numbers begin at a place. */
export function bytesOfWords(words: Int32Array, at: number): Uint8Array {
  const out = new Uint8Array(SHORT_ID_BYTES);
  for (let i = 0; i < SHORT_ID_BYTES; i++) out[i] = (words[at + (i >> 2)] as number) >>> (8 * (i & 3));
  return out;
}

function wordOf(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24);
}
