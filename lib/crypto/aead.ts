import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { type CipherChaCha20Poly1305Types, createCipheriv, createDecipheriv, getCiphers } from "node:crypto";
import { assert } from "../base/assert.ts";

/** Size of the authentication tag behind each ciphertext, in bytes. */
export const TAG_BYTES = 16;
/** Size of a nonce, in bytes. */
export const NONCE_BYTES = 12;

/** ChaCha20-Poly1305 (RFC 8439, section 2.8) by one implementation; all give the same bytes. */
export interface Aead {
  /**
   * Writes the ciphertext and its tag into `out`, which holds exactly `plaintext.length + TAG_BYTES` bytes and does not
   * overlap the plaintext. The key has 32 bytes, the nonce 12; a pair of both must never be used twice.
   */
  sealInto(out: Uint8Array, key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, plaintext: Uint8Array): void;
  /** The plaintext of a ciphertext with its tag, in a new array; null when it is not what was sealed. */
  open(key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, ciphertext: Uint8Array): Uint8Array | null;
}

const CIPHER: CipherChaCha20Poly1305Types = "chacha20-poly1305";
const OPTIONS = { authTagLength: TAG_BYTES };

/** By node:crypto, where it has the cipher: Deno from 2.7.10 on. */
export const nativeAead: Aead = {
  sealInto(out, key, nonce, ad, plaintext) {
    assert(out.length === plaintext.length + TAG_BYTES, "room for ciphertext and tag");
    const cipher = createCipheriv(CIPHER, key, nonce, OPTIONS);
    if (ad.length > 0) cipher.setAAD(ad, { plaintextLength: plaintext.length });
    out.set(cipher.update(plaintext), 0);
    cipher.final();
    out.set(cipher.getAuthTag(), plaintext.length);
  },
  open(key, nonce, ad, ciphertext) {
    const size = ciphertext.length - TAG_BYTES;
    if (size < 0) return null;
    const decipher = createDecipheriv(CIPHER, key, nonce, OPTIONS);
    if (ad.length > 0) decipher.setAAD(ad, { plaintextLength: size });
    decipher.setAuthTag(ciphertext.subarray(size));
    const plaintext = decipher.update(ciphertext.subarray(0, size));
    try {
      decipher.final();
    } catch {
      // The one way in which node:crypto says that the tag does not fit.
      return null;
    }
    return new Uint8Array(plaintext.buffer, plaintext.byteOffset, plaintext.length);
  },
};

/** In JavaScript, for runtimes without the native cipher; some six times slower. */
export const portableAead: Aead = {
  sealInto(out, key, nonce, ad, plaintext) {
    assert(out.length === plaintext.length + TAG_BYTES, "room for ciphertext and tag");
    out.set(chacha20poly1305(key, nonce, ad).encrypt(plaintext));
  },
  open(key, nonce, ad, ciphertext) {
    if (ciphertext.length < TAG_BYTES) return null;
    try {
      return chacha20poly1305(key, nonce, ad).decrypt(ciphertext);
    } catch {
      // The one way in which the library says that the tag does not fit: sizes were checked above.
      return null;
    }
  },
};

/** Whether this runtime's node:crypto has the cipher. */
export const hasNativeAead: boolean = getCiphers().includes(CIPHER);

/** The fastest implementation that this runtime has. */
export const aead: Aead = hasNativeAead ? nativeAead : portableAead;
