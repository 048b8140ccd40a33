import { assert } from "../base/assert.ts";
import { concat, utf8Encode } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import { TAG_BYTES } from "./aead.ts";
import { CipherState } from "./cipher_state.ts";
import { DhKeyPair } from "./dh.ts";
import { hmacSha256, sha256 } from "./hash.ts";
import { KEY_BYTES } from "./keys.ts";

/** The largest handshake message (Noise, section 3), in bytes. */
export const MAX_NOISE_MESSAGE_BYTES = 65535;

/** What a handshake message does: sends a public key, or mixes a shared secret into the keys. */
export type NoiseToken = "e" | "s" | "ee" | "es" | "se" | "ss" | "psk";

/** A handshake pattern (Noise, section 7). */
export interface NoisePattern {
  /** As in the protocol's name, with its psk modifiers. */
  readonly name: string;
  /** The public key that the initiator's side is known by beforehand. */
  readonly initiatorKnown: readonly "s"[];
  /** The public key that the responder's side is known by beforehand. */
  readonly responderKnown: readonly "s"[];
  /** The messages in turn, the initiator's first. */
  readonly messages: readonly (readonly NoiseToken[])[];
}

/** Both sides tell their static keys during the handshake: what links use. */
export const NOISE_XX: NoisePattern = {
  name: "XX",
  initiatorKnown: [],
  responderKnown: [],
  messages: [["e"], ["e", "ee", "s", "es"], ["s", "se"]],
};

/** One message to a known recipient: what sealed boxes use. */
export const NOISE_N: NoisePattern = {
  name: "N",
  initiatorKnown: [],
  responderKnown: ["s"],
  messages: [["e", "es"]],
};

/** What a handshake starts with. */
export interface NoiseOptions {
  readonly pattern: NoisePattern;
  readonly initiator: boolean;
  /** What both sides must agree on beforehand, or the handshake fails. */
  readonly prologue: Uint8Array;
  /** Where the ephemeral key comes from. */
  readonly random: Random;
  /** One's own static key pair, where the pattern has one. */
  readonly localStatic?: DhKeyPair;
  /** The other side's static public key, where the pattern knows it beforehand. */
  readonly remoteStatic?: Uint8Array;
  /** Pre-shared keys of 32 bytes, in the order in which the pattern uses them. */
  readonly preSharedKeys?: readonly Uint8Array[];
}

/**
 * A handshake of Noise revision 34 for the one suite 25519, ChaChaPoly, SHA256: an interpreter of pattern tokens.
 * Messages are written and read in turn; then `split` gives the keys of the channel.
 */
export class NoiseHandshake {
  readonly #options: NoiseOptions;
  readonly #preSharedKeys: Uint8Array[];
  #chainingKey: Uint8Array;
  #hash: Uint8Array;
  #cipher: CipherState | null = null;
  #ephemeral: DhKeyPair | null = null;
  #remoteEphemeral: Uint8Array | null = null;
  #remoteStatic: Uint8Array | null;
  #nextMessage = 0;

  constructor(options: NoiseOptions) {
    const { pattern, initiator, localStatic, remoteStatic } = options;
    this.#options = options;
    this.#preSharedKeys = [...(options.preSharedKeys ?? [])];
    this.#remoteStatic = remoteStatic ?? null;
    const name = utf8Encode(`Noise_${pattern.name}_25519_ChaChaPoly_SHA256`);
    // Section 5.2: a name that fits is padded with zeros, a longer one hashed.
    this.#hash = name.length <= 32 ? concat([name, new Uint8Array(32 - name.length)]) : sha256(name);
    this.#chainingKey = this.#hash;
    this.#mixHash(options.prologue);
    const local = localStatic?.publicKey;
    if (pattern.initiatorKnown.length > 0) this.#mixHash(known(initiator ? local : remoteStatic));
    if (pattern.responderKnown.length > 0) this.#mixHash(known(initiator ? remoteStatic : local));
  }

  /** Whether all messages are through. */
  get isFinished(): boolean {
    return this.#nextMessage === this.#options.pattern.messages.length;
  }

  /** Whether the next message is one's own to write. */
  get isToWrite(): boolean {
    return !this.isFinished && (this.#nextMessage % 2 === 0) === this.#options.initiator;
  }

  /** The other side's static public key, as soon as it is known. Until the end nothing shows that it is there. */
  get remoteStatic(): Uint8Array | null {
    return this.#remoteStatic;
  }

  /** The hash of all that was said: after the last message a name of this one channel. 32 bytes. */
  get handshakeHash(): Uint8Array {
    return this.#hash;
  }

  /** The next message, with a payload, which is encrypted as well as the pattern allows at that point. */
  writeMessage(payload: Uint8Array): Uint8Array {
    assert(this.isToWrite, "the message is one's own to write");
    const parts: Uint8Array[] = [];
    for (const token of this.#takeTokens()) {
      if (token === "e") {
        this.#ephemeral = DhKeyPair.generate(this.#options.random);
        parts.push(this.#ephemeral.publicKey);
        this.#mixEphemeral(this.#ephemeral.publicKey);
      } else if (token === "s") parts.push(this.#encryptAndHash(known(this.#options.localStatic?.publicKey)));
      else this.#mixSecret(token);
    }
    parts.push(this.#encryptAndHash(payload));
    return concat(parts);
  }

  /**
   * The payload of the other side's next message.
   *
   * @throws {ProtocolError} `bad_handshake` for a message that is not what comes next; the handshake is then over.
   */
  readMessage(message: Uint8Array): Uint8Array {
    assert(!this.isToWrite && !this.isFinished, "the message is the other side's to write");
    let rest = message;
    const take = (size: number): Uint8Array => {
      if (rest.length < size) throw new ProtocolError("bad_handshake", "a handshake message is too short");
      const part = rest.slice(0, size);
      rest = rest.subarray(size);
      return part;
    };
    for (const token of this.#takeTokens()) {
      if (token === "e") {
        this.#remoteEphemeral = take(KEY_BYTES);
        this.#mixEphemeral(this.#remoteEphemeral);
      } else if (token === "s") {
        this.#remoteStatic = this.#decryptAndHash(take(KEY_BYTES + (this.#cipher ? TAG_BYTES : 0)));
      } else this.#mixSecret(token);
    }
    return this.#decryptAndHash(rest);
  }

  /** The keys of the channel, once the handshake is finished. */
  split(): { send: CipherState; receive: CipherState } {
    assert(this.isFinished, "the handshake is finished");
    const [first, second] = this.#derive(new Uint8Array(0), 2) as [Uint8Array, Uint8Array];
    const [send, receive] = this.#options.initiator ? [first, second] : [second, first];
    return { send: new CipherState(send), receive: new CipherState(receive) };
  }

  #takeTokens(): readonly NoiseToken[] {
    return this.#options.pattern.messages[this.#nextMessage++] as readonly NoiseToken[];
  }

  #mixSecret(token: Exclude<NoiseToken, "e" | "s">): void {
    if (token === "psk") {
      this.#mixKeyAndHash(known(this.#preSharedKeys.shift()));
      return;
    }
    // The first letter is the initiator's key, the second one the responder's.
    const [local, remote] = this.#options.initiator ? [token[0], token[1]] : [token[1], token[0]];
    const pair = local === "e" ? this.#ephemeral : this.#options.localStatic;
    const publicKey = remote === "e" ? this.#remoteEphemeral : this.#remoteStatic;
    assert(pair && publicKey, "the pattern tells keys before it uses them");
    const secret = pair.agree(publicKey);
    if (secret === null) throw new ProtocolError("bad_handshake", "a public key is of small order");
    this.#mixKey(secret);
  }

  #mixEphemeral(publicKey: Uint8Array): void {
    this.#mixHash(publicKey);
    // Section 9.2: with pre-shared keys the ephemeral key also makes the keys differ each time.
    if (this.#options.pattern.messages.some((tokens) => tokens.includes("psk"))) this.#mixKey(publicKey);
  }

  #mixHash(data: Uint8Array): void {
    this.#hash = sha256(this.#hash, data);
  }

  #mixKey(secret: Uint8Array): void {
    const [chainingKey, key] = this.#derive(secret, 2) as [Uint8Array, Uint8Array];
    this.#chainingKey = chainingKey;
    this.#cipher = new CipherState(key);
  }

  #mixKeyAndHash(secret: Uint8Array): void {
    const [chainingKey, hashed, key] = this.#derive(secret, 3) as [Uint8Array, Uint8Array, Uint8Array];
    this.#chainingKey = chainingKey;
    this.#mixHash(hashed);
    this.#cipher = new CipherState(key);
  }

  #encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const ciphertext = this.#cipher === null ? plaintext : this.#cipher.seal(plaintext, this.#hash);
    this.#mixHash(ciphertext);
    return ciphertext;
  }

  #decryptAndHash(ciphertext: Uint8Array): Uint8Array {
    const plaintext = this.#cipher === null ? ciphertext : this.#cipher.open(ciphertext, this.#hash);
    if (plaintext === null) throw new ProtocolError("bad_handshake", "a handshake message does not decrypt");
    this.#mixHash(ciphertext);
    return plaintext;
  }

  /** HKDF of section 4.3. */
  #derive(secret: Uint8Array, outputs: 2 | 3): Uint8Array[] {
    const temporary = hmacSha256(this.#chainingKey, secret);
    const out: Uint8Array[] = [];
    for (let i = 1; i <= outputs; i++) {
      out.push(hmacSha256(temporary, out[i - 2] ?? new Uint8Array(0), Uint8Array.of(i)));
    }
    return out;
  }
}

function known(key: Uint8Array | undefined): Uint8Array {
  assert(key !== undefined && key.length === KEY_BYTES, "a key that the pattern uses is given");
  return key;
}
