import { type KeyObject, sign, verify as verifyNatively } from "node:crypto";
import { compare, fromHex, toHex } from "../base/bytes.ts";
import { MAX_KEPT_KEYS } from "../base/limits.ts";
import { plain } from "./hash.ts";
import { ED25519, importPublicKey, importSecretKey, KEY_BYTES, publicKeyOf } from "./keys.ts";

/** Size of an Ed25519 signature, in bytes. */
export const SIGNATURE_BYTES = 64;

/** An Ed25519 key pair (RFC 8032). */
export class SigningKey {
  /** The public half: 32 bytes. */
  readonly publicKey: Uint8Array;
  #key: KeyObject;

  private constructor(key: KeyObject) {
    this.#key = key;
    this.publicKey = publicKeyOf(key);
  }

  /** The key pair of a 32-byte seed, RFC 8032's private key. */
  static fromSeed(seed: Uint8Array): SigningKey {
    return new SigningKey(importSecretKey(ED25519, seed));
  }

  /** The signature over a message: 64 bytes, the same ones each time. */
  sign(message: Uint8Array): Uint8Array {
    return plain(sign(null, message, this.#key));
  }
}

/**
 * Whether `signature` is the public key's Ed25519 signature over `message`. False, never an exception, for sizes and
 * points that are none. Refuses public keys of small order, under which one signature fits many messages, and those
 * not in canonical form, on which implementations differ.
 */
export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return fits(verifyingKey(publicKey), message, signature);
}

/** As `verify`, for many signatures of few keys, the latest of which it keeps: to import one takes a quarter of a check. */
export class KeptKeys {
  readonly #keys = new Map<string, KeyObject | null>();

  /** See `verify`. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    const text = toHex(publicKey);
    let key = this.#keys.get(text);
    if (key === undefined) {
      key = verifyingKey(publicKey);
      if (this.#keys.size >= MAX_KEPT_KEYS) this.#keys.clear();
      this.#keys.set(text, key);
    }
    return fits(key, message, signature);
  }
}

function fits(key: KeyObject | null, message: Uint8Array, signature: Uint8Array): boolean {
  return key !== null && signature.length === SIGNATURE_BYTES && verifyNatively(null, message, key, signature);
}

function verifyingKey(publicKey: Uint8Array): KeyObject | null {
  if (publicKey.length !== KEY_BYTES || !isUsablePoint(publicKey)) return null;
  try {
    return importPublicKey(ED25519, publicKey);
  } catch {
    // 32 bytes that are no point of the curve: the one thing that can be wrong with them.
    return null;
  }
}

// The y coordinates of all points whose order divides 8, little-endian: 0, 1, −1 and the two of order 8.
const SMALL_ORDER_Y = [
  "00".repeat(32),
  "01" + "00".repeat(31),
  "ec" + "ff".repeat(30) + "7f",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
].map(fromHex);

function isUsablePoint(publicKey: Uint8Array): boolean {
  const y = publicKey.slice();
  y[31] = (y[31] as number) & 0x7f;
  const isReduced = y[31] !== 0x7f || (y[0] as number) < 0xed || y.subarray(1, 31).some((byte) => byte !== 0xff);
  return isReduced && SMALL_ORDER_Y.every((small) => compare(y, small) !== 0);
}
