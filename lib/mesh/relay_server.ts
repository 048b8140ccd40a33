import type { Now } from "../base/clock.ts";
import type { PeerEvent } from "../base/event.ts";
import { Fifo } from "../base/fifo.ts";
import {
  CLOSE_TIMEOUT_MS,
  LEAST_RELAYED_MESSAGE_BYTES,
  MAX_ALL_RELAYED_BYTES_PER_S,
  MAX_RELAY_INCOMING_BURST,
  MAX_RELAY_INCOMING_PER_MIN,
  MAX_RELAY_OPENS_BURST,
  MAX_RELAY_OPENS_PER_MIN,
  MAX_RELAY_PAIR_OPENS_BURST,
  MAX_RELAY_PAIR_OPENS_PER_MIN,
  MAX_RELAYED_BYTES_PER_S,
  MAX_RELAYED_CIRCUITS,
  MAX_RELAYED_CIRCUITS_OF_MEMBER,
  MAX_RELAYED_CIRCUITS_OF_SOURCE,
  RELAY_ANSWER_TIMEOUT_MS,
  RELAY_DATA_COST_BYTES,
  RELAY_WINDOW_BYTES,
  RELAYED_CIRCUIT_LIFE_MS,
} from "../base/limits.ts";
import { Pacer } from "../base/pacer.ts";
import { TokenBucket } from "../base/token_bucket.ts";
import { type KnownRelayReason, relayCodeOf, type RelayMessage, type RelayReason } from "../wire/relay_messages.ts";
import type { CircuitSide } from "./circuit_side.ts";

/** How much of its rate a circuit, or all of them, may send at once: two messages of the largest at 8 MiB/s. */
const BURST_MS = 16;

/** One end of a circuit, as its relay knows it. */
export interface ServedEnd {
  /** Number of the link to it. */
  readonly link: number;
  /** Name of the circuit on that link. */
  readonly circuit: number;
  /** Base32 id. */
  readonly peer: string;
  /** Where it asks from, at a relay that anybody may ask under many ids. */
  readonly source?: string;
}

/** What a relay asks of whoever carries its links. */
export interface RelayServerPorts {
  /** There is something to be sent on a link. */
  wake(link: number): void;
  emit(event: PeerEvent): void;
}

/** What of the circuits that this peer serves is shown. */
export interface RelayCounts {
  readonly isServing: boolean;
  /** Circuits now, and bytes that were carried by all that there were. */
  readonly circuits: number;
  readonly carriedBytes: number;
}

/**
 * The circuits that a peer carries for others. It holds what one end has sent and the other has not taken, which is
 * never more than that other said that it takes; each way goes at a bounded rate, and each circuit has an end.
 */
export class RelayServer {
  readonly #ports: RelayServerPorts;
  readonly #isServing: boolean;
  readonly #circuits = new Set<Served>();
  /** What each may still ask for, by its id, each pair of an asker and a target, and what each is still asked for. */
  readonly #opens = new Map<string, TokenBucket>();
  readonly #pairs = new Map<string, TokenBucket>();
  readonly #incoming = new Map<string, TokenBucket>();
  readonly #allPacer = new Pacer(MAX_ALL_RELAYED_BYTES_PER_S, BURST_MS);
  #carriedBytes = 0;

  constructor(isServing: boolean, ports: RelayServerPorts) {
    this.#isServing = isServing;
    this.#ports = ports;
  }

  /** How many circuits there are, and what they carried. */
  get counts(): RelayCounts {
    let circuits = 0;
    for (const { isEnded } of this.#circuits) if (!isEnded) circuits++;
    return { isServing: this.#isServing, circuits, carriedBytes: this.#carriedBytes };
  }

  /** Whether a member, by its base32 id, is at an end of a circuit; null: whether there is any. */
  carriesFor(peer: string | null): boolean {
    for (const { isEnded, asker, target } of this.#circuits) {
      if (!isEnded && (peer === null || asker.peer === peer || target.peer === peer)) return true;
    }
    return false;
  }

  /**
   * Whether a member may have a circuit now, wherever to. Counts as one that was asked for.
   *
   * @param source where it asks from, where those of one source are bounded as well.
   */
  refuses(asker: string, now: Now, source: string | null = null): KnownRelayReason | null {
    if (!this.#isServing) return "not_serving";
    if (!takes(this.#opens, asker, MAX_RELAY_OPENS_PER_MIN, MAX_RELAY_OPENS_BURST, now)) return "too_often";
    // One that has ended counts for as long as something of it waits.
    for (const served of this.#circuits) if (served.isOver) this.#circuits.delete(served);
    if (this.#circuits.size >= MAX_RELAYED_CIRCUITS) return "too_many";
    let [ofAsker, ofSource] = [0, 0];
    for (const { asker: end } of this.#circuits) {
      if (end.peer === asker) ofAsker++;
      if (source !== null && end.source === source) ofSource++;
    }
    const hasRoom = ofAsker < MAX_RELAYED_CIRCUITS_OF_MEMBER && ofSource < MAX_RELAYED_CIRCUITS_OF_SOURCE;
    return hasRoom ? null : "too_many";
  }

  /** Whether a member may be asked for another one. Counts as one that was. @returns why not; null where it may. */
  refusesTo(target: string, asker: string, now: Now): KnownRelayReason | null {
    const mayAsk =
      takes(this.#pairs, `${asker} ${target}`, MAX_RELAY_PAIR_OPENS_PER_MIN, MAX_RELAY_PAIR_OPENS_BURST, now) &&
      takes(this.#incoming, target, MAX_RELAY_INCOMING_PER_MIN, MAX_RELAY_INCOMING_BURST, now);
    return mayAsk ? null : "too_often";
  }

  /** Begins a circuit. @param from the asker's id, 32 bytes. @returns what the links of both ends see of it. */
  begin(asker: ServedEnd, target: ServedEnd, from: Uint8Array, now: Now): { asker: CircuitSide; target: CircuitSide } {
    const served = new Served(asker, target, from, now, {
      ...{ wake: (link: number) => this.#ports.wake(link), allPacer: this.#allPacer },
      carried: (sizeBytes) => void (this.#carriedBytes += sizeBytes),
      ended: (reason, at) => this.#ended(served, reason, at),
    });
    this.#circuits.add(served);
    const fields = { from: asker.peer, to: target.peer };
    this.#ports.emit({ name: "relay_opened", level: "info", fields });
    return { asker: served.sides[0], target: served.sides[1] };
  }

  #ended(served: Served, reason: RelayReason, now: Now): void {
    const { asker, target, carriedBytes, beganMs } = served;
    this.#ports.emit({
      name: "relay_closed",
      level: reason === "overrun" ? "warning" : "info",
      reason,
      fields: {
        ...{ from: asker.peer, to: target.peer, bytes: carriedBytes },
        seconds: Math.round((now.monotonicMs - beganMs) / 1000),
      },
    });
  }
}

/** Takes one from a bucket by its name, which is made where there is none. @returns whether there was one. */
function takes(buckets: Map<string, TokenBucket>, name: string, perMin: number, burst: number, now: Now): boolean {
  let bucket = buckets.get(name);
  if (bucket === undefined) {
    // Members are bounded in number, and what is full need not be known.
    for (const [other, known] of buckets) if (known.isFull(now.monotonicMs)) buckets.delete(other);
    bucket = new TokenBucket(perMin / 60, burst, now.monotonicMs);
    buckets.set(name, bucket);
  }
  return bucket.take(1, now.monotonicMs);
}

/** What a circuit needs of the server. */
interface ServedPorts {
  wake(link: number): void;
  carried(sizeBytes: number): void;
  ended(reason: RelayReason, now: Now): void;
  readonly allPacer: Pacer;
}

/** A circuit at its relay. */
class Served {
  readonly asker: ServedEnd;
  readonly target: ServedEnd;
  readonly ports: ServedPorts;
  readonly beganMs: number;
  readonly sides: readonly [ServedSide, ServedSide];
  carriedBytes = 0;
  isAnswered = false;
  isEnded = false;

  constructor(asker: ServedEnd, target: ServedEnd, from: Uint8Array, now: Now, ports: ServedPorts) {
    this.asker = asker;
    this.target = target;
    this.ports = ports;
    this.beganMs = now.monotonicMs;
    const toAsker = new ServedSide(this, asker, null);
    const toTarget = new ServedSide(this, target, { type: "relay_incoming", circuit: target.circuit, from });
    this.sides = [toAsker, toTarget];
    toAsker.other = toTarget;
    toTarget.other = toAsker;
    ports.wake(target.link);
  }

  /** Whether nothing of it is left. */
  get isOver(): boolean {
    return this.isEnded && this.sides.every(({ isOver }) => isOver);
  }

  /** When it ends by itself: nobody answered, or it is old. */
  get endsAtMs(): number {
    return this.beganMs + (this.isAnswered ? RELAYED_CIRCUIT_LIFE_MS : RELAY_ANSWER_TIMEOUT_MS);
  }

  /** Ends it for both sides. @param except the side that knows already. */
  end(reason: RelayReason, except: ServedSide | null, now: Now): void {
    if (this.isEnded) return;
    this.isEnded = true;
    for (const side of this.sides) side.end(side === except ? null : reason, now);
    this.ports.ended(reason, now);
  }
}

/** One of its two sides: what the link to one end sees of it. */
class ServedSide implements CircuitSide {
  readonly circuit: number;
  readonly #served: Served;
  readonly #link: number;
  other!: ServedSide;
  readonly #pacer = new Pacer(MAX_RELAYED_BYTES_PER_S, BURST_MS);
  readonly #queue = new Fifo<Uint8Array>();
  /** What waits, and what more this side's end takes, each message with its cost. */
  #queuedBytes = 0;
  #takesBytes = 0;
  #creditDueBytes = 0;
  #first: RelayMessage | null;
  #ending: KnownRelayReason | null = null;
  #isEnded = false;
  /** Until when what was sent before the end may arrive. */
  #forgetAtMs = Infinity;
  /** When what waits may go on, while only that holds it up. */
  #readyAtMs = Infinity;

  constructor(served: Served, end: ServedEnd, first: RelayMessage | null) {
    this.#served = served;
    this.circuit = end.circuit;
    this.#link = end.link;
    this.#first = first;
  }

  /** Part of `CircuitSide`. */
  get isOver(): boolean {
    return this.#isEnded && this.#ending === null;
  }

  /** Nothing comes any more. @param reason what its end is told; null where it knows, or its link is gone. */
  end(reason: RelayReason | null, now: Now): void {
    const wasTold = this.#first === null;
    this.#isEnded = true;
    this.#forgetAtMs = now.monotonicMs + CLOSE_TIMEOUT_MS;
    this.#creditDueBytes = 0;
    // What was sent before a proper end is to arrive.
    if (reason !== "done" || !wasTold) this.#forget();
    if (reason === null || !wasTold) return;
    // What a newer kith says is passed on as what all of them understand.
    this.#ending = reason === "other" ? "declined" : reason;
    this.#served.ports.wake(this.#link);
  }

  /** Part of `CircuitSide`. */
  data(bytes: Uint8Array, now: Now): void {
    if (this.#served.isEnded) return;
    if (!this.other.#take(bytes)) return this.#served.end("overrun", null, now);
  }

  /** Part of `CircuitSide`. */
  credit(sizeBytes: number, now: Now): void {
    if (this.#served.isEnded) return;
    this.#takesBytes += sizeBytes;
    if (this.#takesBytes + this.#queuedBytes > RELAY_WINDOW_BYTES) return this.#served.end("overrun", null, now);
    if (this === this.#served.sides[1]) this.#served.isAnswered = true;
    this.other.#creditDueBytes += sizeBytes;
    this.#served.ports.wake(this.other.#link);
  }

  /** Part of `CircuitSide`. */
  closed(reason: RelayReason, now: Now): void {
    this.#forget();
    this.#ending = null;
    this.#served.end(reason, this, now);
  }

  /** Part of `CircuitSide`. */
  next(now: Now): RelayMessage | null {
    const { circuit } = this;
    if (this.#first !== null) {
      const first = this.#first;
      this.#first = null;
      return first;
    }
    // Ends say so for half a window at a time; who does it for each byte is not to make as many messages of the relay's.
    if (this.#creditDueBytes >= RELAY_WINDOW_BYTES / 4) {
      const sizeBytes = this.#creditDueBytes;
      this.#creditDueBytes = 0;
      return { type: "relay_credit", circuit, sizeBytes };
    }
    const bytes = this.#queue.first;
    if (bytes !== undefined) {
      const { ports } = this.#served;
      const readyAtMs = Math.max(this.#pacer.readyAtMs, ports.allPacer.readyAtMs);
      if (readyAtMs > now.monotonicMs) {
        this.#readyAtMs = readyAtMs;
        return null;
      }
      this.#queue.shift();
      const costBytes = bytes.length + RELAY_DATA_COST_BYTES;
      this.#queuedBytes -= costBytes;
      // Each is a message for its receiver, who takes so many of this relay.
      const pacedBytes = Math.max(costBytes, LEAST_RELAYED_MESSAGE_BYTES);
      for (const pacer of [this.#pacer, ports.allPacer]) pacer.take(pacedBytes, now.monotonicMs);
      this.#served.carriedBytes += bytes.length;
      ports.carried(bytes.length);
      return { type: "relay_data", circuit, bytes };
    }
    const reason = this.#ending;
    if (reason === null) return null;
    this.#ending = null;
    this.#forgetAtMs = Infinity;
    return { type: "relay_close", circuit, code: relayCodeOf(reason) };
  }

  /** Part of `CircuitSide`. */
  tick(now: Now): void {
    if (now.monotonicMs >= this.#served.endsAtMs) {
      this.#served.end(this.#served.isAnswered ? "expired" : "no_answer", null, now);
    }
    if (now.monotonicMs >= this.#forgetAtMs) this.#forget();
    else if (now.monotonicMs < this.#readyAtMs) return;
    this.#readyAtMs = Infinity;
    this.#served.ports.wake(this.#link);
  }

  /** Part of `CircuitSide`. */
  deadline(): number {
    return Math.min(this.#readyAtMs, this.#forgetAtMs, this.#served.isEnded ? Infinity : this.#served.endsAtMs);
  }

  /** Bytes for this side's end. @returns false where it does not take so many. */
  #take(bytes: Uint8Array): boolean {
    const costBytes = bytes.length + RELAY_DATA_COST_BYTES;
    if (costBytes > this.#takesBytes) return false;
    this.#takesBytes -= costBytes;
    this.#queuedBytes += costBytes;
    this.#queue.push(bytes);
    this.#served.ports.wake(this.#link);
    return true;
  }

  #forget(): void {
    this.#first = null;
    this.#queue.takeAll();
    this.#queuedBytes = 0;
    this.#readyAtMs = Infinity;
    this.#forgetAtMs = Infinity;
  }
}
