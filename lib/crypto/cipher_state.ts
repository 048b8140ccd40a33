import { assert } from "../base/assert.ts";
import { aead, NONCE_BYTES, TAG_BYTES } from "./aead.ts";

const NONE = new Uint8Array(0);

/**
 * One direction of an encrypted channel: a key and a counter of what was sealed or opened under it (Noise revision 34,
 * section 5.1, for ChaChaPoly). It goes in order: what is dropped, repeated or reordered does not open.
 */
export class CipherState {
  #key: Uint8Array;
  #count = 0;
  #nonce = new Uint8Array(NONCE_BYTES);

  /** @param key 32 bytes. */
  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** The ciphertext with its tag: `TAG_BYTES` longer than the plaintext. */
  seal(plaintext: Uint8Array, ad: Uint8Array = NONE): Uint8Array {
    const out = new Uint8Array(plaintext.length + TAG_BYTES);
    out.set(plaintext);
    this.sealInPlace(out, ad);
    return out;
  }

  /** As `seal`, for a plaintext that has `TAG_BYTES` of room behind it, where it is. */
  sealInPlace(buffer: Uint8Array, ad: Uint8Array = NONE): void {
    aead.sealInPlace(buffer, this.#key, this.#nonce, ad);
    this.#advance();
  }

  /** The plaintext, or null when the ciphertext is not the one that comes next; then the state is as before. */
  open(ciphertext: Uint8Array, ad: Uint8Array = NONE): Uint8Array | null {
    const plaintext = aead.open(this.#key, this.#nonce, ad, ciphertext);
    if (plaintext !== null) this.#advance();
    return plaintext;
  }

  /** Replaces the key by one from which it cannot be computed (Noise, section 4.2, REKEY). The counter goes on. */
  rekey(): void {
    const nonce = new Uint8Array(NONCE_BYTES).fill(0xff, 4);
    const out = new Uint8Array(32 + TAG_BYTES);
    aead.sealInPlace(out, this.#key, nonce, NONE);
    this.#key.fill(0);
    this.#key = out.slice(0, 32);
  }

  #advance(): void {
    this.#count++;
    assert(Number.isSafeInteger(this.#count), "a nonce is never used twice");
    // Four zero bytes, then the counter, little-endian, in 64 bits.
    for (let i = 4, rest = this.#count; i < NONCE_BYTES; i++) {
      this.#nonce[i] = rest % 256;
      rest = Math.floor(rest / 256);
    }
  }
}
