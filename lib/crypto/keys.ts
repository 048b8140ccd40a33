import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { assert } from "../base/assert.ts";
import { concat } from "../base/bytes.ts";

/** Size of every raw key here: Ed25519 seeds and public keys, X25519 secrets and public keys. In bytes. */
export const KEY_BYTES = 32;

/** The two algorithms of RFC 8410; the value is the last byte of their object identifier 1.3.101.x. */
export const ED25519 = 0x70;
/** X25519, see `ED25519`. */
export const X25519 = 0x6e;

/** Ed25519 or X25519. */
export type Curve = typeof ED25519 | typeof X25519;

/** A raw 32-byte secret as a key object, by way of its PKCS #8 form (RFC 8410, section 7). */
export function importSecretKey(curve: Curve, secret: Uint8Array): KeyObject {
  assert(secret.length === KEY_BYTES, "a secret key has 32 bytes");
  const header = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, curve, 0x04, 0x22, 0x04, 0x20];
  return createPrivateKey({ key: derOf(header, secret), format: "der", type: "pkcs8" });
}

/** A raw 32-byte public key as a key object, by way of its SubjectPublicKeyInfo form (RFC 8410, section 4). */
export function importPublicKey(curve: Curve, publicKey: Uint8Array): KeyObject {
  assert(publicKey.length === KEY_BYTES, "a public key has 32 bytes");
  const header = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, curve, 0x03, 0x21, 0x00];
  return createPublicKey({ key: derOf(header, publicKey), format: "der", type: "spki" });
}

/** The raw public key that belongs to a secret one. 32 bytes. */
export function publicKeyOf(secretKey: KeyObject): Uint8Array {
  const der = createPublicKey(secretKey as unknown as Parameters<typeof createPublicKey>[0])
    .export({ format: "der", type: "spki" });
  return Uint8Array.from(der.subarray(der.length - KEY_BYTES));
}

function derOf(header: readonly number[], key: Uint8Array): Parameters<typeof createPublicKey>[0] & string {
  // The types want a Buffer; at run time any byte array is taken.
  return concat([Uint8Array.from(header), key]) as unknown as string;
}
