import { concat, equal, utf8Encode } from "../base/bytes.ts";
import type { Random } from "../base/random.ts";
import { Writer } from "../base/writer.ts";
import { DhKeyPair } from "./dh.ts";
import { hmacSha256 } from "./hash.ts";
import { KEY_BYTES } from "./keys.ts";
import { openSealed } from "./sealed_box.ts";
import { KeptKeys, SigningKey, verify } from "./sign.ts";

/** Size of `Identity.toBytes()`: a format byte, the secret, and the peer id as a check on it. */
export const IDENTITY_BYTES = 1 + 2 * KEY_BYTES;

const FORMAT = 1;
const ZERO = Uint8Array.of(0);

/**
 * Who a peer is: one 32-byte secret, from which its three key pairs are derived by HMAC-SHA-256 under named labels, so
 * that no key serves two purposes. The peer id is the Ed25519 public key.
 */
export class Identity {
  /** The Ed25519 public key: 32 bytes. */
  readonly peerId: Uint8Array;
  /** The static key pair of the Noise handshake. */
  readonly noiseStatic: DhKeyPair;
  /** The X25519 public key to which others seal secrets for this peer. 32 bytes. */
  readonly sealingPublicKey: Uint8Array;
  #secret: Uint8Array;
  #signingKey: SigningKey;
  #sealingKeyPair: DhKeyPair;

  private constructor(secret: Uint8Array) {
    this.#secret = secret;
    this.#signingKey = SigningKey.fromSeed(hmacSha256(secret, utf8Encode("kith identity key 1")));
    this.#sealingKeyPair = DhKeyPair.fromSecret(hmacSha256(secret, utf8Encode("kith sealing key 1")));
    this.noiseStatic = DhKeyPair.fromSecret(hmacSha256(secret, utf8Encode("kith noise key 1")));
    this.peerId = this.#signingKey.publicKey;
    this.sealingPublicKey = this.#sealingKeyPair.publicKey;
  }

  /** A new identity. */
  static generate(random: Random): Identity {
    return new Identity(random.bytes(KEY_BYTES).slice());
  }

  /** The identity that `toBytes` gave. @throws {RangeError} on a damaged or unknown form. */
  static fromBytes(bytes: Uint8Array): Identity {
    if (bytes.length !== IDENTITY_BYTES) throw new RangeError(`an identity has ${IDENTITY_BYTES} bytes`);
    if (bytes[0] !== FORMAT) throw new RangeError(`unknown identity format ${bytes[0]}`);
    const identity = new Identity(bytes.slice(1, 1 + KEY_BYTES));
    if (!equal(identity.peerId, bytes.subarray(1 + KEY_BYTES))) throw new RangeError("the identity is damaged");
    return identity;
  }

  /** The form to keep: format 1, the secret, the peer id. 65 bytes, secret. */
  toBytes(): Uint8Array {
    return concat([Uint8Array.of(FORMAT), this.#secret, this.peerId]);
  }

  /** The signature over a domain string, a zero byte and the message. 64 bytes. */
  sign(domain: string, message: Uint8Array): Uint8Array {
    return signWith(this.#signingKey, domain, message);
  }

  /** What `seal` made for this identity, or null when it was made for another one, under another domain, or altered. */
  unseal(domain: string, box: Uint8Array): Uint8Array | null {
    return openSealed(this.#sealingKeyPair, domain, box);
  }
}

/** The signature by any key over a domain string, a zero byte and the message: what `verifySigned` checks. 64 bytes. */
export function signWith(key: SigningKey, domain: string, message: Uint8Array): Uint8Array {
  return key.sign(signedBytes(domain, message));
}

/** Whether `signature` is the public key's over the domain string, a zero byte and the message. Never throws. */
export function verifySigned(
  domain: string,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  return verify(publicKey, signedBytes(domain, message), signature);
}

/** A `verifySigned` that keeps the keys of the latest signers. */
export function keepingVerifier(): typeof verifySigned {
  const keys = new KeptKeys();
  const signed = new Writer(512);
  return (domain, publicKey, message, signature) =>
    keys.verify(publicKey, signed.clear().ascii(domain).u8(0).raw(message).finish(), signature);
}

function signedBytes(domain: string, message: Uint8Array): Uint8Array {
  return concat([utf8Encode(domain), ZERO, message]);
}
