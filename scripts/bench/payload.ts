import { sha256 } from "../../lib/crypto/hash.ts";
import { createHash } from "node:crypto";

/** Bytes of one bulk frame, or of one write where there are no frames. */
export const BLOCK_BYTES = 256 * 1024;
/** Bytes of a SHA-256. */
export const DIGEST_BYTES = 32;
/** Bytes of a message whose round trip is measured. */
export const MESSAGE_BYTES = 64;

/** Different blocks that are sent in turn, a prime number of them, so that a lost or swapped one shows in the hash. */
const BLOCKS = 7;

/** The blocks to send, the same in every process. */
export function blocks(): Uint8Array[] {
  return Array.from({ length: BLOCKS }, (_, number) => {
    const block = new Uint8Array(BLOCK_BYTES);
    for (let at = 0; at < BLOCK_BYTES; at += DIGEST_BYTES) {
      const place = new Uint8Array(8);
      new DataView(place.buffer).setUint32(0, number);
      new DataView(place.buffer).setUint32(4, at);
      block.set(sha256(place), at);
    }
    return block;
  });
}

/** Hash of a round of so many blocks, as the receiver ought to find it. */
export function expectedDigest(count: number): string {
  const source = blocks();
  const hash = createHash("sha256");
  for (let i = 0; i < count; i++) hash.update(source[i % BLOCKS] as Uint8Array);
  return hash.digest("hex");
}

/** Takes in a round of so many bytes after the other, hashes each, and tells its digest. */
export class Receiver {
  readonly #roundBytes: number;
  readonly #hashed: boolean;
  #hash = createHash("sha256");
  #left: number;

  /** @param hashed false: only counts, and the digest is 32 zero bytes. */
  constructor(blockCount: number, hashed: boolean) {
    this.#roundBytes = blockCount * BLOCK_BYTES;
    this.#left = this.#roundBytes;
    this.#hashed = hashed;
  }

  /** Takes bytes in. @returns the digest when they end a round. @throws {Error} when they go beyond one. */
  take(bytes: Uint8Array): Uint8Array | null {
    this.#left -= bytes.length;
    if (this.#left < 0) throw new Error("more bytes than one round came in");
    if (this.#hashed) this.#hash.update(bytes);
    if (this.#left > 0) return null;
    this.#left = this.#roundBytes;
    const digest = this.#hashed ? new Uint8Array(this.#hash.digest()) : new Uint8Array(DIGEST_BYTES);
    this.#hash = createHash("sha256");
    return digest;
  }
}

/** Measures round trips: told of each message that came back, it tells when to send the next one. */
export class RoundTrips {
  readonly #warmUp: number;
  readonly #microseconds: Float64Array;
  #done = 0;
  #sentMs = 0;

  constructor(count: number, warmUp: number) {
    this.#microseconds = new Float64Array(count);
    this.#warmUp = warmUp;
  }

  /** A message is about to be sent. */
  sending(): void {
    this.#sentMs = performance.now();
  }

  /** It is back. @returns whether another one is to be sent. */
  returned(): boolean {
    const index = this.#done++ - this.#warmUp;
    if (index >= 0) this.#microseconds[index] = (performance.now() - this.#sentMs) * 1000;
    return this.#done < this.#warmUp + this.#microseconds.length;
  }

  /** The times in µs, sorted. */
  sorted(): Float64Array {
    return this.#microseconds.toSorted();
  }
}
