import { forgetOldest } from "../base/forget_oldest.ts";
import {
  KNOWN_ADDRESS_FACTOR,
  MAX_HANDSHAKE_BURST_OF_ADDRESS,
  MAX_HANDSHAKES_OF_ADDRESS_PER_S,
  MAX_QUIC_HANDSHAKE_BURST,
  MAX_QUIC_HANDSHAKES_PER_S,
  MAX_REMEMBERED_ADDRESSES,
  MAX_STRANGER_HANDSHAKE_BURST,
  MAX_STRANGER_HANDSHAKES_PER_S,
} from "../base/limits.ts";
import { TokenBucket } from "../base/token_bucket.ts";
import { isLoopback, sourceOf } from "../peer/source_address.ts";

/**
 * How often connections may come in, by where they come from; asked before anything is spent on one. Who is on this
 * very machine has other ways to keep it busy, and shares its address with every other peer here: it is not counted.
 */
export class Door {
  readonly #isKnown: (address: string) => boolean;
  /** By source, in the order in which they came last. */
  readonly #sources = new Map<string, TokenBucket>();
  #strangers: TokenBucket | null = null;
  #unproven: TokenBucket | null = null;

  /** @param isKnown whether a member was seen at an address. */
  constructor(isKnown: (address: string) => boolean) {
    this.#isKnown = isKnown;
  }

  /**
   * Whether a connection may begin whose address may be forged, as it is by UDP until the handshake is done. It counts
   * for nobody's address: else whoever forges that of a member would keep it out.
   *
   * @param nowMs monotonic.
   */
  admitsUnproven(nowMs: number): boolean {
    this.#unproven ??= new TokenBucket(MAX_QUIC_HANDSHAKES_PER_S, MAX_QUIC_HANDSHAKE_BURST, nowMs);
    return this.#unproven.take(1, nowMs);
  }

  /**
   * Whether a connection from an address may come in now.
   *
   * @param address `host:port`, at which somebody has shown to be.
   * @param nowMs monotonic.
   */
  admits(address: string, nowMs: number): boolean {
    if (isLoopback(address)) return true;
    const isKnown = this.#isKnown(address);
    if (!this.#bucketOf(sourceOf(address), isKnown, nowMs).take(1, nowMs)) return false;
    if (isKnown) return true;
    this.#strangers ??= new TokenBucket(MAX_STRANGER_HANDSHAKES_PER_S, MAX_STRANGER_HANDSHAKE_BURST, nowMs);
    return this.#strangers.take(1, nowMs);
  }

  #bucketOf(source: string, isKnown: boolean, nowMs: number): TokenBucket {
    const factor = isKnown ? KNOWN_ADDRESS_FACTOR : 1;
    const key = `${source} ${factor}`;
    const bucket = this.#sources.get(key) ??
      new TokenBucket(MAX_HANDSHAKES_OF_ADDRESS_PER_S * factor, MAX_HANDSHAKE_BURST_OF_ADDRESS * factor, nowMs);
    this.#sources.delete(key);
    this.#sources.set(key, bucket);
    forgetOldest(this.#sources, MAX_REMEMBERED_ADDRESSES);
    return bucket;
  }
}
