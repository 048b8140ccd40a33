import type { Now } from "../base/clock.ts";
import { type KnownRelayReason, relayCodeOf, type RelayMessage, type RelayReason } from "../wire/relay_messages.ts";

/**
 * A circuit as one link sees it: at a relay each circuit has two of them, at its ends one. Messages go in the order of
 * `next`, and nothing is sent but when the link's socket takes it.
 */
export interface CircuitSide {
  /** Its name on the link. */
  readonly circuit: number;
  /** Bytes came in. They may be kept. */
  data(bytes: Uint8Array, now: Now): void;
  /** The other side of the link takes more. */
  credit(sizeBytes: number, now: Now): void;
  /** The other side of the link closed it, or the link is over. */
  closed(reason: RelayReason, now: Now): void;
  /** The next message; null where there is none now. */
  next(now: Now): RelayMessage | null;
  /** Whether nothing follows any more. */
  readonly isOver: boolean;
  /** Does what is due. */
  tick(now: Now): void;
  /** The monotonic time in ms at which `tick` is due. */
  deadline(): number;
}

/** A circuit that does not come about: all that it has to say is why. */
export class RefusedCircuit implements CircuitSide {
  readonly circuit: number;
  readonly #reason: KnownRelayReason;
  isOver = false;

  constructor(circuit: number, reason: KnownRelayReason) {
    this.circuit = circuit;
    this.#reason = reason;
  }

  /** Part of `CircuitSide`: it was sent before the refusal came. */
  data(): void {}

  /** Part of `CircuitSide`. */
  credit(): void {}

  /** Part of `CircuitSide`. */
  closed(): void {
    this.isOver = true;
  }

  /** Part of `CircuitSide`. */
  next(): RelayMessage | null {
    if (this.isOver) return null;
    this.isOver = true;
    return { type: "relay_close", circuit: this.circuit, code: relayCodeOf(this.#reason) };
  }

  /** Part of `CircuitSide`. */
  tick(): void {}

  /** Part of `CircuitSide`. */
  deadline(): number {
    return Infinity;
  }
}
