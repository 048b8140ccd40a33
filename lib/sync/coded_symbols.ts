import { assert } from "../base/assert.ts";
import { HalfSipHash } from "../crypto/half_siphash.ts";
import { bytesOfWords } from "../data/short_ids.ts";
import { type CodedSymbol, SYMBOL_CHECK_BYTES } from "../wire/reconciliation.ts";

/** Of the second half of a hash, what is in a checksum; the rest only leads the walk. */
const CHECK_HIGH = 0xffff;

/**
 * The first symbols of a rateless IBLT (arXiv 2402.02668) over a set of short ids. Symbol i holds each id with a
 * probability of 1 / (1 + i/2), by a pseudo-random walk that only the id and the key decide: so the symbols of two sets
 * can be subtracted from each other, and about 1.4 d of them give the d ids in which the sets differ, whatever d is.
 *
 * The key is new for each reconciliation, so that nobody who writes versions can choose ids that don't decode.
 */
export class CodedSymbols {
  /** How many there are. */
  readonly size: number;
  readonly #key: Uint8Array;
  readonly #hash: HalfSipHash;
  /** For each symbol: four numbers of the sum, two of the checksum, as `ShortIds` has them. */
  readonly #cells: Int32Array;
  /** How many ids each holds, modulo 256. */
  readonly #counts: Int8Array;

  /** @param key of `HALF_SIPHASH_KEY_BYTES`. @param size how many symbols. */
  constructor(key: Uint8Array, size: number) {
    this.size = size;
    this.#key = key;
    this.#hash = new HalfSipHash(key);
    this.#cells = new Int32Array(6 * size);
    this.#counts = new Int8Array(size);
  }

  /** The probability with which symbol `i` holds an id. */
  static density(i: number): number {
    return 1 / (1 + i / 2);
  }

  /**
   * How many ids a symbol holds, modulo 256; after a subtraction, how many more of one set than of the other. Range:
   * −128 to 127.
   */
  count(i: number): number {
    return this.#counts[i] as number;
  }

  /** A symbol as it travels. */
  at(i: number): CodedSymbol {
    const sum = bytesOfWords(this.#cells, 6 * i);
    const check = new Uint8Array(SYMBOL_CHECK_BYTES);
    for (let j = 0; j < SYMBOL_CHECK_BYTES; j++) {
      check[j] = (this.#cells[6 * i + 4 + (j >> 2)] as number) >>> (8 * (j & 3));
    }
    return { sum, check, count: this.count(i) & 0xff };
  }

  /** Puts a symbol that came in to its place. */
  set(i: number, { sum, check, count }: CodedSymbol): void {
    assert(i < this.size, "a symbol has its place");
    for (let j = 0; j < 6; j++) this.#cells[6 * i + j] = 0;
    for (const [j, byte] of [...sum, ...check].entries()) this.#cells[6 * i + (j >> 2)]! |= byte << (8 * (j & 3));
    this.#counts[i] = count;
  }

  /**
   * Takes ids into all symbols they belong in.
   *
   * @param words as of `ShortIds`, from id number `from` up to `to`, which is left out.
   * @param times 1 to add them; −1 to take them out.
   */
  add(words: Int32Array, from: number, to: number, times: 1 | -1 = 1): void {
    const hash = this.#hash;
    const cells = this.#cells;
    const counts = this.#counts;
    const size = this.size;
    for (let at = 4 * from; at < 4 * to; at += 4) {
      const word0 = words[at] as number;
      const word1 = words[at + 1] as number;
      const word2 = words[at + 2] as number;
      const word3 = words[at + 3] as number;
      hash.hash(word0, word1, word2, word3);
      const { low, high } = hash;
      let state = low;
      for (let i = 0; i < size;) {
        const cell = 6 * i;
        cells[cell]! ^= word0;
        cells[cell + 1]! ^= word1;
        cells[cell + 2]! ^= word2;
        cells[cell + 3]! ^= word3;
        cells[cell + 4]! ^= low;
        cells[cell + 5]! ^= high & CHECK_HIGH;
        counts[i]! += times;
        state = (state + (high | 1)) | 0;
        i += step(i, state);
      }
    }
  }

  /** This set's symbols less those of another, in new ones: they are those of the difference. */
  minus(other: CodedSymbols): CodedSymbols {
    assert(this.size <= other.size, "both have these symbols");
    const out = new CodedSymbols(this.#key, this.size);
    out.#cells.set(this.#cells);
    out.#counts.set(this.#counts);
    for (let i = 0; i < out.#cells.length; i++) out.#cells[i]! ^= other.#cells[i] as number;
    for (let i = 0; i < out.size; i++) out.#counts[i]! -= other.#counts[i] as number;
    return out;
  }

  /** Whether a symbol holds nothing. */
  isEmpty(i: number): boolean {
    const cell = 6 * i;
    for (let j = 0; j < 6; j++) if (this.#cells[cell + j] !== 0) return false;
    return this.#counts[i] === 0;
  }

  /** Whether a symbol holds exactly one id of one of two sets. */
  isPure(i: number): boolean {
    const count = this.#counts[i] as number;
    if (count !== 1 && count !== -1) return false;
    const cell = 6 * i;
    const cells = this.#cells;
    this.#hash.hash(
      cells[cell] as number,
      cells[cell + 1] as number,
      cells[cell + 2] as number,
      cells[cell + 3] as number,
    );
    return this.#hash.low === cells[cell + 4] && (this.#hash.high & CHECK_HIGH) === cells[cell + 5];
  }

  /** Takes the id of a pure symbol out of all. @returns it, and the other symbols it was in. */
  peel(i: number): { id: Uint8Array; touched: number[] } {
    const words = this.#cells.slice(6 * i, 6 * i + 4);
    const times = this.#counts[i] === 1 ? -1 : 1;
    this.add(words, 0, 1, times);
    const touched: number[] = [];
    this.#hash.hash(words[0] as number, words[1] as number, words[2] as number, words[3] as number);
    const { low, high } = this.#hash;
    let state = low;
    for (let j = 0; j < this.size;) {
      if (j !== i) touched.push(j);
      state = (state + (high | 1)) | 0;
      j += step(j, state);
    }
    return { id: bytesOfWords(words, 0), touched };
  }
}

/**
 * How far it is from symbol `i` to the next one that holds an id, by a pseudo-random number. The next one is behind `n`
 * with a probability of (i + 1)(i + 2) / ((n + 1)(n + 2)), which makes the density 1 / (1 + i/2); this is its inverse.
 */
function step(i: number, state: number): number {
  let bits = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  bits = (bits ^ (bits >>> 16)) >>> 0;
  const share = (bits + 1) / 2 ** 32;
  // Square roots and divisions of doubles are exact to the last bit everywhere (IEEE 754), so all peers walk alike.
  const next = (Math.sqrt(1 + 4 * (i + 1) * (i + 2) / share) - 1) / 2;
  return Math.max(1, Math.ceil(next - i - 1));
}
