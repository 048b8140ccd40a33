import { diffieHellman, type KeyObject } from "node:crypto";
import type { Random } from "../base/random.ts";
import { plain } from "./hash.ts";
import { importPublicKey, importSecretKey, KEY_BYTES, publicKeyOf, X25519 } from "./keys.ts";

/** An X25519 key pair (RFC 7748). */
export class DhKeyPair {
  /** The public half: 32 bytes. */
  readonly publicKey: Uint8Array;
  #key: KeyObject;

  private constructor(key: KeyObject) {
    this.#key = key;
    this.publicKey = publicKeyOf(key);
  }

  /** The key pair of a 32-byte secret. */
  static fromSecret(secret: Uint8Array): DhKeyPair {
    return new DhKeyPair(importSecretKey(X25519, secret));
  }

  /** A new key pair. */
  static generate(random: Random): DhKeyPair {
    return DhKeyPair.fromSecret(random.bytes(KEY_BYTES));
  }

  /**
   * The secret shared with the owner of a public key: 32 bytes; null for a point of small order, with which it would
   * be all zeros whatever the secret (RFC 7748, section 6.1), or a key of another size.
   */
  agree(publicKey: Uint8Array): Uint8Array | null {
    if (publicKey.length !== KEY_BYTES) return null;
    let shared: Uint8Array;
    try {
      shared = plain(diffieHellman({ privateKey: this.#key, publicKey: importPublicKey(X25519, publicKey) }));
    } catch {
      // What native implementations do with a point of small order since they check for it.
      return null;
    }
    // Those that do not check return zeros. All bytes are looked at, so that the time tells nothing.
    let bits = 0;
    for (const byte of shared) bits |= byte;
    return bits === 0 ? null : shared;
  }
}
