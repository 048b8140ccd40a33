/** Size of the key, in bytes. */
export const HALF_SIPHASH_KEY_BYTES = 8;

/**
 * HalfSipHash-2-4 with 64 bits of output (Aumasson and Bernstein), over 16 bytes: a keyed hash that is fast where
 * there are only numbers of 32 bits. Who does not know the key can't choose inputs whose hashes collide or fall where
 * he wants; it is no MAC for what an attacker gets to see.
 */
export class HalfSipHash {
  readonly #key0: number;
  readonly #key1: number;
  /** The first four bytes of the last hash, as a little-endian number of 32 bits, signed or not. */
  low = 0;
  /** The last four. */
  high = 0;

  /** @param key of `HALF_SIPHASH_KEY_BYTES`. */
  constructor(key: Uint8Array) {
    const view = new DataView(key.buffer, key.byteOffset, HALF_SIPHASH_KEY_BYTES);
    this.#key0 = view.getInt32(0, true);
    this.#key1 = view.getInt32(4, true);
  }

  /** Hashes 16 bytes, given as four little-endian numbers of 32 bits; the result is in `low` and `high`. */
  hash(word0: number, word1: number, word2: number, word3: number): void {
    let v0 = this.#key0;
    let v1 = this.#key1 ^ 0xee;
    let v2 = 0x6c796765 ^ this.#key0;
    let v3 = 0x74656462 ^ this.#key1;
    // The four words, the length in the top byte of a last one, then twice the finalisation: all rounds are alike.
    for (let step = 0; step < 7; step++) {
      let word = 0;
      let rounds = 2;
      if (step === 0) word = word0;
      else if (step === 1) word = word1;
      else if (step === 2) word = word2;
      else if (step === 3) word = word3;
      else if (step === 4) word = 0x10000000;
      else {
        rounds = 4;
        if (step === 5) v2 ^= 0xee;
        else {
          this.low = v1 ^ v3;
          v1 ^= 0xdd;
        }
      }
      v3 ^= word;
      for (; rounds > 0; rounds--) {
        v0 = (v0 + v1) | 0;
        v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
        v0 = (v0 << 16) | (v0 >>> 16);
        v2 = (v2 + v3) | 0;
        v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
        v0 = (v0 + v3) | 0;
        v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
        v2 = (v2 + v1) | 0;
        v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
        v2 = (v2 << 16) | (v2 >>> 16);
      }
      v0 ^= word;
    }
    this.high = v1 ^ v3;
  }
}
