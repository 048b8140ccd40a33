import { ProtocolError } from "../base/errors.ts";
import { KEEPALIVE_AFTER_MS } from "../base/limits.ts";
import { Reader } from "../base/reader.ts";
import { Writer } from "../base/writer.ts";

/** The pings of one link: one at a time, since a second one before the first is answered would tell nothing. */
export class Heartbeat {
  #nonce = 0;
  #sentMs: number | null = null;
  #isAnswered = true;
  #roundTripMs: number | null = null;

  /** The last measured round trip; null before the first. */
  get roundTripMs(): number | null {
    return this.#roundTripMs;
  }

  /** Whether a ping may be sent now. */
  get isIdle(): boolean {
    return this.#isAnswered;
  }

  /** When the next ping is due: the first one at once, to know the round trip; then after silence. */
  dueMs(lastReceivedMs: number): number {
    if (!this.#isAnswered) return Infinity;
    return this.#sentMs === null ? 0 : lastReceivedMs + KEEPALIVE_AFTER_MS;
  }

  /** Begins a ping. @returns the body of its frame. */
  begin(monotonicMs: number): Uint8Array {
    this.#nonce++;
    this.#sentMs = monotonicMs;
    this.#isAnswered = false;
    return new Writer(4).u32(this.#nonce).finish();
  }

  /** Takes a pong. @returns the round trip. @throws {ProtocolError} `bad_state` where it answers no ping. */
  answered(body: Uint8Array, monotonicMs: number): number {
    if (this.#sentMs === null || this.#isAnswered || nonceOf(body) !== this.#nonce) {
      throw new ProtocolError("bad_state", "a pong without its ping");
    }
    this.#isAnswered = true;
    return this.#roundTripMs = monotonicMs - this.#sentMs;
  }
}

/** The nonce of a ping or pong, which a pong gives back. @throws {ProtocolError} `malformed`. */
export function nonceOf(body: Uint8Array): number {
  const reader = new Reader(body);
  const nonce = reader.u32();
  reader.end();
  return nonce;
}
