import { concat, equal } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import { TAG_BYTES } from "../crypto/aead.ts";
import type { CipherState } from "../crypto/cipher_state.ts";
import { type Identity, verifySigned } from "../crypto/identity.ts";
import { KEY_BYTES } from "../crypto/keys.ts";
import { NOISE_XX, NoiseHandshake } from "../crypto/noise.ts";
import { SIGNATURE_BYTES } from "../crypto/sign.ts";
import { DOMAINS } from "../wire/domains.ts";
import { encodeHello } from "../wire/hello.ts";

const NONE = new Uint8Array(0);
/** Peer id and the signature over the Noise static key. */
const PAYLOAD_BYTES = KEY_BYTES + SIGNATURE_BYTES;
/** Sizes of the three messages; none of them varies. */
const MESSAGE_BYTES = [
  KEY_BYTES,
  KEY_BYTES + (KEY_BYTES + TAG_BYTES) + (PAYLOAD_BYTES + TAG_BYTES),
  (KEY_BYTES + TAG_BYTES) + (PAYLOAD_BYTES + TAG_BYTES),
] as const;

/** What a finished handshake gives. */
export interface Session {
  /** The other side's peer id, checked: 32 bytes. */
  readonly peer: Uint8Array;
  /** A name of this one link that both sides know: 32 bytes. */
  readonly handshakeHash: Uint8Array;
  readonly send: CipherState;
  readonly receive: CipherState;
}

/**
 * Noise_XX_25519_ChaChaPoly_SHA256 with both hellos as prologue. Messages 2 and 3 carry, encrypted, the sender's peer
 * id and its Ed25519 signature over its Noise static key (lib/wire/PROTOCOL.md, "Handshake").
 */
export class Handshake {
  readonly #noise: NoiseHandshake;
  readonly #identity: Identity;
  #messages = 0;
  #session: Session | null = null;

  constructor(direction: "out" | "in", identity: Identity, random: Random) {
    this.#identity = identity;
    this.#noise = new NoiseHandshake({
      pattern: NOISE_XX,
      initiator: direction === "out",
      // Both hellos are the same where the handshake goes on, so that the dialler need not wait for the listener's.
      prologue: concat([encodeHello(), encodeHello()]),
      random,
      localStatic: identity.noiseStatic,
    });
  }

  /** What the handshake gave; null before its last message. */
  get session(): Session | null {
    return this.#session;
  }

  /** Size of the message that the other side is to send next, in bytes. */
  get expectedBytes(): number {
    return MESSAGE_BYTES[this.#messages] as number;
  }

  /** The dialler's first message, which nothing has to come before. */
  begin(): Uint8Array {
    this.#messages++;
    return this.#noise.writeMessage(NONE);
  }

  /**
   * Takes the other side's next message, and gives one's own that answers it; null when there is none to send.
   *
   * @throws {ProtocolError} `bad_handshake` when anything about it is not as it must be.
   */
  take(message: Uint8Array): Uint8Array | null {
    const isFirst = this.#messages === 0;
    const payload = this.#noise.readMessage(message);
    this.#messages++;
    if (!isFirst) this.#checkIdentity(payload);
    else if (payload.length > 0) throw new ProtocolError("bad_handshake", "the first message has a payload");
    let answer: Uint8Array | null = null;
    if (this.#noise.isToWrite) {
      answer = this.#noise.writeMessage(this.#payload());
      this.#messages++;
    }
    if (this.#noise.isFinished) {
      const { send, receive } = this.#noise.split();
      const peer = payload.slice(0, KEY_BYTES);
      this.#session = { peer, handshakeHash: this.#noise.handshakeHash, send, receive };
    }
    return answer;
  }

  /** Whether the other side is this very peer. */
  get isWithSelf(): boolean {
    return this.#session !== null && equal(this.#session.peer, this.#identity.peerId);
  }

  #payload(): Uint8Array {
    const { peerId, noiseStatic } = this.#identity;
    return concat([peerId, this.#identity.sign(DOMAINS.identity, noiseStatic.publicKey)]);
  }

  #checkIdentity(payload: Uint8Array): void {
    const peer = payload.subarray(0, KEY_BYTES);
    const noiseKey = this.#noise.remoteStatic;
    if (
      payload.length !== PAYLOAD_BYTES || noiseKey === null ||
      !verifySigned(DOMAINS.identity, peer, noiseKey, payload.subarray(KEY_BYTES))
    ) {
      throw new ProtocolError("bad_handshake", "the identity's signature does not verify");
    }
  }
}
