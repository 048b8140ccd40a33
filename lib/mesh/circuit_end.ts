import type { Now } from "../base/clock.ts";
import {
  CLOSE_TIMEOUT_MS,
  MAX_RELAY_DATA_BYTES,
  RELAY_ANSWER_TIMEOUT_MS,
  RELAY_DATA_COST_BYTES,
  RELAY_LAST_WORDS_BYTES,
  RELAY_WINDOW_BYTES,
} from "../base/limits.ts";
import { MIN_PULL_BYTES } from "../link/record.ts";
import { relayCodeOf, type RelayMessage, type RelayReason } from "../wire/relay_messages.ts";
import type { CircuitSide } from "./circuit_side.ts";

/** The link inside a circuit, as the circuit sees it. */
export interface CircuitUser {
  /** There is something to be sent on the link that carries the circuit. */
  wake(): void;
  /** The other end is there: bytes go both ways from now on. */
  answered(now: Now): void;
  /** Bytes came. They may be kept. */
  received(bytes: Uint8Array, now: Now): void;
  /** The next bytes to be sent; null where there are none. */
  pull(maxBytes: number, now: Now): Uint8Array | null;
  /** Nothing comes or goes any more. Told once, as the last thing. */
  ended(reason: RelayReason, now: Now): void;
}

/** One end of a circuit: a stream of bytes with back-pressure, which another member carries. */
export class CircuitEnd implements CircuitSide {
  readonly circuit: number;
  readonly #user: CircuitUser;
  #first: RelayMessage | null;
  #isAnswered: boolean;
  readonly #answerByMs: number;
  /** What the other end takes, and what this one said that it takes, less what came and went. */
  #sendBytes = 0;
  #receiveBytes = 0;
  #creditDueBytes = RELAY_WINDOW_BYTES;
  #isClosing = false;
  #closeByMs = Infinity;
  /** What is still to be said; `null` where nothing is over, or the other side knows. */
  #ending: RelayReason | null = null;
  #isEnded = false;

  /** @param target whom to ask for, 32 bytes; null where this end was asked for itself. */
  constructor(circuit: number, target: Uint8Array | null, user: CircuitUser, now: Now) {
    this.circuit = circuit;
    this.#user = user;
    this.#first = target === null ? null : { type: "relay_open", circuit, target };
    this.#isAnswered = target === null;
    this.#answerByMs = now.monotonicMs + RELAY_ANSWER_TIMEOUT_MS;
  }

  /** Part of `CircuitSide`. */
  get isOver(): boolean {
    return this.#isEnded && this.#ending === null;
  }

  /** The link inside may have something to send. */
  output(): void {
    if (!this.#isEnded) this.#user.wake();
  }

  /** The link inside is over: the circuit ends once all that it has to say is sent, or at once. */
  close(atOnce: boolean, now: Now): void {
    if (this.#isEnded || this.#isClosing) return;
    if (atOnce) return this.#end("done", true, now);
    this.#isClosing = true;
    this.#closeByMs = now.monotonicMs + CLOSE_TIMEOUT_MS;
    this.#user.wake();
  }

  /** Part of `CircuitSide`. */
  data(bytes: Uint8Array, now: Now): void {
    if (this.#isEnded) return;
    const costBytes = bytes.length + RELAY_DATA_COST_BYTES;
    if (!this.#isAnswered || costBytes > this.#receiveBytes) return this.#end("overrun", true, now);
    this.#receiveBytes -= costBytes;
    this.#creditDueBytes += costBytes;
    if (this.#creditDueBytes >= RELAY_WINDOW_BYTES / 2) this.#user.wake();
    this.#user.received(bytes, now);
  }

  /** Part of `CircuitSide`. */
  credit(sizeBytes: number, now: Now): void {
    if (this.#isEnded) return;
    this.#sendBytes += sizeBytes;
    if (this.#sendBytes > RELAY_WINDOW_BYTES) return this.#end("overrun", true, now);
    this.#user.wake();
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    this.#user.answered(now);
  }

  /** Part of `CircuitSide`. */
  closed(reason: RelayReason, now: Now): void {
    this.#ending = null;
    if (!this.#isEnded) this.#end(reason, false, now);
  }

  /** Part of `CircuitSide`. */
  next(now: Now): RelayMessage | null {
    const { circuit } = this;
    if (this.#isEnded) return this.#takeEnding();
    if (this.#first !== null) {
      const first = this.#first;
      this.#first = null;
      return first;
    }
    if (this.#creditDueBytes >= RELAY_WINDOW_BYTES / 2) {
      const sizeBytes = this.#creditDueBytes;
      this.#creditDueBytes = 0;
      this.#receiveBytes += sizeBytes;
      return { type: "relay_credit", circuit, sizeBytes };
    }
    const keptBytes = this.#isClosing ? 0 : RELAY_LAST_WORDS_BYTES;
    const roomBytes = Math.min(MAX_RELAY_DATA_BYTES, this.#sendBytes - RELAY_DATA_COST_BYTES - keptBytes);
    if (!this.#isAnswered || roomBytes < MIN_PULL_BYTES) return null;
    const bytes = this.#user.pull(roomBytes, now);
    if (bytes !== null) {
      this.#sendBytes -= bytes.length + RELAY_DATA_COST_BYTES;
      return { type: "relay_data", circuit, bytes };
    }
    if (!this.#isClosing) return null;
    this.#end("done", true, now);
    return this.#takeEnding();
  }

  /** Part of `CircuitSide`. */
  tick(now: Now): void {
    if (now.monotonicMs < this.deadline()) return;
    this.#end(this.#isAnswered ? "done" : "no_answer", true, now);
  }

  /** Part of `CircuitSide`. */
  deadline(): number {
    if (this.#isEnded) return Infinity;
    return this.#isAnswered ? this.#closeByMs : this.#answerByMs;
  }

  #takeEnding(): RelayMessage | null {
    const reason = this.#ending;
    this.#ending = null;
    if (reason === null || reason === "other") return null;
    return { type: "relay_close", circuit: this.circuit, code: relayCodeOf(reason) };
  }

  #end(reason: RelayReason, isTold: boolean, now: Now): void {
    this.#isEnded = true;
    // Who was not asked so far has nothing to be told.
    if (isTold && this.#first === null) {
      this.#ending = reason;
      this.#user.wake();
    }
    this.#first = null;
    this.#user.ended(reason, now);
  }
}
