import { toBase32 } from "../base/base32.ts";
import type { Now } from "../base/clock.ts";
import { ProtocolError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import {
  MAX_RELAY_FILL_BYTES,
  MAX_RELAY_OPENS_BURST,
  MAX_STREAM_QUEUE_BYTES,
  RELAY_DATA_COST_BYTES,
} from "../base/limits.ts";
import { CircuitEnd } from "../mesh/circuit_end.ts";
import { CircuitIds } from "../mesh/circuit_ids.ts";
import { type CircuitSide, RefusedCircuit } from "../mesh/circuit_side.ts";
import {
  type KnownRelayReason,
  type RelayIncoming,
  type RelayMessage,
  type RelayOpen,
  relayReasonOf,
} from "../wire/relay_messages.ts";
import type { Connection, Links } from "./links.ts";

/** A link that carries circuits. */
export interface Carrier {
  readonly connection: Connection;
  readonly ids: CircuitIds;
  /** By name; who was served least lately is first. */
  readonly sides: Map<number, CircuitSide>;
}

/** What the links that carry circuits ask of whoever has them. */
export interface CarrierPorts {
  readonly links: Links;
  readonly emit: (event: PeerEvent) => void;
  /** The other side of a link asks for a circuit, or brings one. @returns what that link sees of it, or why it is refused. */
  readonly begun: (
    carrier: Carrier,
    message: RelayOpen | RelayIncoming,
    now: Now,
  ) => CircuitSide | KnownRelayReason;
}

/** The links that carry circuits, each with its sides of them. */
export class Carriers {
  readonly #ports: CarrierPorts;
  /** By the number of the link. */
  readonly #byLink = new Map<number, Carrier>();

  constructor(ports: CarrierPorts) {
    this.#ports = ports;
  }

  /** A link as one that carries circuits. */
  of(connection: Connection): Carrier {
    const known = this.#byLink.get(connection.number);
    if (known !== undefined) return known;
    const carrier = { connection, ids: new CircuitIds(connection.direction), sides: new Map() };
    this.#byLink.set(connection.number, carrier);
    return carrier;
  }

  /** A link is over, and so is what it carried. */
  closed({ number }: Connection, now: Now): void {
    const carrier = this.#byLink.get(number);
    this.#byLink.delete(number);
    for (const side of carrier?.sides.values() ?? []) side.closed("lost", now);
  }

  /** A message about a circuit came. @throws {ProtocolError} */
  received(connection: Connection, message: RelayMessage, now: Now): void {
    const carrier = this.of(connection);
    const { ids, sides } = carrier;
    if (message.type === "relay_open" || message.type === "relay_incoming") {
      ids.taken(message.circuit);
      const begun = this.#ports.begun(carrier, message, now);
      const side = typeof begun === "string" ? this.#refused(carrier, message, begun) : begun;
      sides.set(side.circuit, side);
      return this.#ports.links.wake(connection.number);
    }
    const side = sides.get(message.circuit);
    if (side === undefined) {
      // What was under way when it was closed is of no use; what never began is wrong.
      if (ids.wasUsed(message.circuit)) return;
      throw new ProtocolError("bad_state", `${message.type} of circuit ${message.circuit}, which never began`);
    }
    if (message.type === "relay_data") side.data(message.bytes, now);
    else if (message.type === "relay_credit") side.credit(message.sizeBytes, now);
    else side.closed(relayReasonOf(message.code), now);
    if (side.isOver) sides.delete(side.circuit);
  }

  /** The socket of a link takes more: what its circuits have to say is queued, little enough to leave room for its own. */
  fill({ number }: Connection, now: Now): void {
    const { links } = this.#ports;
    let roomBytes = MAX_RELAY_FILL_BYTES;
    const hasRoom = () => roomBytes > 0 && links.bulkQueuedBytes(number) < MAX_STREAM_QUEUE_BYTES / 2;
    for (const message of this.#take(number, hasRoom, now)) {
      links.send(number, message, "bulk");
      roomBytes -= RELAY_DATA_COST_BYTES + (message.type === "relay_data" ? message.bytes.length : 0);
    }
  }

  /** What the circuits of a link that end here have to say before it is closed; null where there are none. */
  lastWords({ number }: Connection, now: Now): RelayMessage[] | null {
    const sides = this.#byLink.get(number)?.sides;
    if (sides === undefined) return null;
    // What is carried for others ends with the link.
    for (const [circuit, side] of sides) if (!(side instanceof CircuitEnd)) sides.delete(circuit);
    return [...this.#take(number, () => true, now)];
  }

  /** Does what is due. */
  tick(now: Now): void {
    for (const { sides } of [...this.#byLink.values()]) {
      for (const side of [...sides.values()]) {
        side.tick(now);
        if (side.isOver) sides.delete(side.circuit);
      }
    }
  }

  /** The monotonic time in ms at which `tick` is due. */
  deadline(): number {
    let deadline = Infinity;
    for (const { sides } of this.#byLink.values()) {
      for (const side of sides.values()) deadline = Math.min(deadline, side.deadline());
    }
    return deadline;
  }

  /** Takes messages of a link's circuits in turn. */
  *#take(link: number, hasRoom: () => boolean, now: Now): Generator<RelayMessage> {
    const sides = this.#byLink.get(link)?.sides;
    if (sides === undefined) return;
    // Who has had its turn goes behind the others, and so comes again.
    for (const side of sides.values()) {
      if (!hasRoom()) return;
      const message = side.next(now);
      if (message !== null || side.isOver) sides.delete(side.circuit);
      if (message === null) continue;
      if (!side.isOver) sides.set(side.circuit, side);
      yield message;
    }
  }

  #refused(
    { connection, sides }: Carrier,
    message: RelayOpen | RelayIncoming,
    reason: KnownRelayReason,
  ): CircuitSide {
    let refused = 0;
    for (const side of sides.values()) if (side instanceof RefusedCircuit) refused++;
    if (refused >= MAX_RELAY_OPENS_BURST) throw new ProtocolError("too_large", `${refused} circuits refused in a row`);
    const isLimit = reason === "too_many" || reason === "too_often";
    this.#ports.emit({
      name: message.type === "relay_open" ? "relay_refused" : "relay_declined",
      level: isLimit ? "warning" : "debug",
      reason,
      fields: { peer: connection.peer, other: toBase32(message.type === "relay_open" ? message.target : message.from) },
    });
    return new RefusedCircuit(message.circuit, reason);
  }
}
