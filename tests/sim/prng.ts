import type { Random } from "../../lib/base/random.ts";

/**
 * A small seeded generator (sfc32 by Chris Doty-Humphrey): the one source of chance in a simulation, and the peers'
 * randomness as well. Not for secrets.
 */
export class Prng implements Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param seed 32 bits. @param stream tells apart generators of one seed. */
  constructor(seed: number, stream = 0) {
    this.#a = seed | 0;
    this.#b = stream | 0;
    this.#c = 0x6b697468;
    for (let i = 0; i < 16; i++) this.next();
  }

  /** 32 random bits, unsigned. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum | 0;
    return sum >>> 0;
  }

  /** Part of `Random`. */
  bytes(size: number): Uint8Array {
    const out = new Uint8Array(size);
    for (let i = 0; i < size; i += 4) {
      const bits = this.next();
      for (let j = 0; j < 4 && i + j < size; j++) out[i + j] = bits >>> (8 * j);
    }
    return out;
  }

  /** An integer in 0 … limit − 1. */
  below(limit: number): number {
    return this.next() % limit;
  }

  /** An integer in low … high. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True with a probability of 0 to 1. */
  chance(probability: number): boolean {
    return this.next() < probability * 2 ** 32;
  }

  /** One of the items. */
  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }
}
