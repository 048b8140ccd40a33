import { utf8Encode } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import { TAG_BYTES } from "./aead.ts";
import type { DhKeyPair } from "./dh.ts";
import { KEY_BYTES } from "./keys.ts";
import { NOISE_N, NoiseHandshake } from "./noise.ts";

/** How much longer a sealed box is than what is in it, in bytes: an ephemeral public key and a tag. */
export const SEAL_OVERHEAD_BYTES = KEY_BYTES + TAG_BYTES;

/**
 * Encrypts a message so that only the owner of an X25519 public key can read it: one message of
 * Noise_N_25519_ChaChaPoly_SHA256 with the domain string as prologue. It does not tell who sealed it. Null for a
 * public key of small order, to which nothing can be sealed.
 *
 * @param message Range: 0 to 65,487 bytes.
 */
export function seal(
  recipient: Uint8Array,
  domain: string,
  message: Uint8Array,
  random: Random,
): Uint8Array | null {
  const prologue = utf8Encode(domain);
  const handshake = new NoiseHandshake({
    pattern: NOISE_N,
    initiator: true,
    prologue,
    random,
    remoteStatic: recipient,
  });
  return orNull(() => handshake.writeMessage(message));
}

/** What `seal` put into a box; null when it was made for another key or domain, or altered. */
export function openSealed(recipient: DhKeyPair, domain: string, box: Uint8Array): Uint8Array | null {
  const prologue = utf8Encode(domain);
  const handshake = new NoiseHandshake({
    pattern: NOISE_N,
    initiator: false,
    prologue,
    random: NO_RANDOM,
    localStatic: recipient,
  });
  return orNull(() => handshake.readMessage(box));
}

// The recipient of a one-way pattern has no ephemeral key.
const NO_RANDOM: Random = { bytes: () => new Uint8Array(0) };

function orNull(step: () => Uint8Array): Uint8Array | null {
  try {
    return step();
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}
