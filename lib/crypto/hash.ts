import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** Size of a SHA-256 and of an HMAC-SHA-256, in bytes. */
export const HASH_BYTES = 32;

/** SHA-256 (FIPS 180-4) of the parts, one behind the other. 32 bytes. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const state = createHash("sha256");
  for (const part of parts) state.update(part);
  return plain(state.digest());
}

/** HMAC-SHA-256 (RFC 2104) of the parts, one behind the other. 32 bytes. */
export function hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const state = createHmac("sha256", key);
  for (const part of parts) state.update(part);
  return plain(state.digest());
}

/** Whether both hold the same bytes, in a time that depends on their lengths only: for MACs and secrets. */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The bytes of a node Buffer as an array that compares and prints as every other one. */
export function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
