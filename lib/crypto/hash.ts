import { concat } from "../base/bytes.ts";
import { BLOCK_BYTES, MAX_SHORT_BYTES, shortSha256BeginsWith, shortSha256Into } from "./short_sha256.ts";
import { createHash, hash, timingSafeEqual } from "node:crypto";

/** Size of a SHA-256 and of an HMAC-SHA-256, in bytes. */
export const HASH_BYTES = 32;

/** By what HMAC tells its two hashes apart. */
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/** SHA-256 (FIPS 180-4) of the parts, one behind the other. 32 bytes. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(HASH_BYTES);
  sha256Into(out, 0, parts.length === 1 ? parts[0] as Uint8Array : concat(parts));
  return out;
}

/**
 * Writes the SHA-256 of some bytes to a place in an array. For many short hashes: on Deno 2.9 a hash by `createHash`
 * takes three times as long as its text at one go, and a new array, be it a view, as long as a hash.
 *
 * @param sizeBytes how many of the bytes are hashed, from the first on. Default: all.
 */
export function sha256Into(target: Uint8Array, offset: number, bytes: Uint8Array, sizeBytes = bytes.length): void {
  if (sizeBytes <= MAX_SHORT_BYTES) shortSha256Into(target, offset, bytes, sizeBytes);
  else target.subarray(offset).setFromHex(hash("sha256", bytes.subarray(0, sizeBytes), "hex"));
}

/**
 * Whether a SHA-256, or one cut off behind 16 bytes or more, is that of some bytes. Not constant-time: for what is no
 * secret.
 *
 * @param sizeBytes as for `sha256Into`.
 */
export function isSha256(digest: Uint8Array, bytes: Uint8Array, sizeBytes = bytes.length): boolean {
  if (digest.length < HASH_BYTES / 2 || digest.length > HASH_BYTES) return false;
  if (sizeBytes <= MAX_SHORT_BYTES) return shortSha256BeginsWith(digest, bytes, sizeBytes);
  return hash("sha256", bytes.subarray(0, sizeBytes), "hex").startsWith(digest.toHex());
}

/** SHA-256 of what comes in pieces. */
export class RunningHash {
  readonly #state = createHash("sha256");

  /** Takes in the next piece. */
  update(bytes: Uint8Array): void {
    this.#state.update(bytes);
  }

  /** The hash of all pieces (32 bytes). To be called once. */
  digest(): Uint8Array {
    return plain(this.#state.digest());
  }
}

/** HMAC-SHA-256 (RFC 2104) of the parts, one behind the other. 32 bytes. */
export function hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES);
  block.set(key.length > BLOCK_BYTES ? sha256(key) : key);
  const inner = sha256(block.map((byte) => byte ^ INNER_PAD), ...parts);
  return sha256(block.map((byte) => byte ^ OUTER_PAD), inner);
}

/** Whether both hold the same bytes, in a time that depends on their lengths only: for MACs and secrets. */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The bytes of a node Buffer as an array that compares and prints as every other one. */
export function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
