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
   * Turns a plaintext with `TAG_BYTES` of room behind it into the ciphertext with its tag, where it is. The key has 32
   * bytes, the nonce 12; a pair of both must never be used twice.
   */
  sealInPlace(buffer: Uint8Array, key: Uint8Array, nonce: Uint8Array, ad: Uint8Array): void;
  /** The plaintext of a ciphertext with its tag, in a new array; null when it is not what was sealed. */
  open(key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, ciphertext: Uint8Array): Uint8Array | null;
}

const CIPHER: CipherChaCha20Poly1305Types = "chacha20-poly1305";
const OPTIONS = { authTagLength: TAG_BYTES };

/** By node:crypto, where it has the cipher: Deno from 2.7.10 on. */
export const nativeAead: Aead = {
  sealInPlace(buffer, key, nonce, ad) {
    assert(buffer.length >= TAG_BYTES, "room for the tag");
    const size = buffer.length - TAG_BYTES;
    const cipher = createCipheriv(CIPHER, key, nonce, OPTIONS);
    if (ad.length > 0) cipher.setAAD(ad, { plaintextLength: size });
    buffer.set(cipher.update(buffer.subarray(0, size)), 0);
    cipher.final();
    buffer.set(cipher.getAuthTag(), size);
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
  sealInPlace(buffer, key, nonce, ad) {
    assert(buffer.length >= TAG_BYTES, "room for the tag");
    buffer.set(chacha20poly1305(key, nonce, ad).encrypt(buffer.subarray(0, buffer.length - TAG_BYTES)));
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
