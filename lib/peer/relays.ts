import { fromBase32, toBase32 } from "../base/base32.ts";
import { equal, fromHex } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import { ProtocolError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import {
  MAX_CIRCUITS_BY_RELAY,
  RELAYED_CIRCUIT_LIFE_MS,
  RENEW_CIRCUIT_AGAIN_MS,
  RENEW_CIRCUIT_BEFORE_MS,
} from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import type { Identity } from "../crypto/identity.ts";
import type { AddressBook } from "../mesh/address_book.ts";
import { CircuitEnd } from "../mesh/circuit_end.ts";
import type { CircuitSide } from "../mesh/circuit_side.ts";
import { RelayRoutes } from "../mesh/relay_routes.ts";
import { type RelayCounts, RelayServer } from "../mesh/relay_server.ts";
import type { Membership } from "../space/membership.ts";
import {
  type KnownRelayReason,
  type RelayIncoming,
  type RelayMessage,
  type RelayOpen,
  type RelayReason,
} from "../wire/relay_messages.ts";
import { type Carrier, Carriers } from "./carriers.ts";
import { Holes } from "./holes.ts";
import type { Connection, Links } from "./links.ts";
import type { Effect } from "./machine.ts";
import type { Overlay } from "./overlay.ts";
import { isPunched, isSilent, wasThereBefore } from "./path.ts";
import type { Meeting, RelayClient } from "./relay_client.ts";
import type { SpaceState } from "./space_state.ts";
import type { Stage } from "./stage.ts";

/** What relays work upon. */
export interface RelayParts {
  readonly identity: Identity;
  readonly random: Random;
  readonly links: Links;
  readonly space: SpaceState;
  readonly membership: Membership;
  readonly book: AddressBook;
  /** The link to the relay that is no member. */
  readonly client: RelayClient;
  readonly overlay: Overlay;
  readonly emit: (event: PeerEvent) => void;
  /** Whether this peer carries circuits for others. */
  readonly servesRelay: boolean;
}

/** A circuit that ends here, and the link inside. */
interface Ending {
  readonly number: number;
  readonly end: CircuitEnd;
  /** Base32 ids of the other end, as it was asked for or announced, and of the relay; null for a door of a ticket. */
  readonly peer: string | null;
  readonly relay: string;
  /** In place of an address. */
  readonly address: string;
  readonly isAsked: boolean;
  /** When another one is to take its place, which is for whoever asked; and how often that was tried. */
  renewAtMs: number;
  renewals: number;
  isConnected: boolean;
  /** Why it came to nothing, as the relay says. */
  reason: RelayReason | null;
}

/** Who is at the other end of a circuit, as far as that is known. */
type Other = Pick<Ending, "peer" | "address">;

/**
 * Links to members that can't be reached by themselves, through others that can. A circuit of a relay is a connection
 * like any other: its number is negative, and where others have a socket it has a link that carries it. This peer asks
 * for circuits, is asked for them, and carries those of others.
 */
export class Relays {
  readonly #parts: RelayParts;
  readonly #server: RelayServer;
  readonly #routes: RelayRoutes;
  readonly #holes: Holes;
  readonly #carriers: Carriers;
  /** By the number of the connection inside. */
  readonly #endings = new Map<number, Ending>();
  #nextNumber = -1;
  /** Whether somebody may be missed who was not, or the other way round. */
  #isStale = true;

  constructor(parts: RelayParts) {
    const { links, emit, random, identity, servesRelay } = parts;
    this.#parts = parts;
    this.#server = new RelayServer(servesRelay, { wake: (link) => links.wake(link), emit });
    this.#holes = new Holes(links);
    this.#routes = new RelayRoutes(random, toBase32(identity.peerId));
    this.#carriers = new Carriers({
      ...{ links, emit },
      begun: (carrier, message, now) => {
        return message.type === "relay_open" ? this.#asked(carrier, message, now) : this.#met(carrier, message, now);
      },
    });
  }

  /** What this peer carries for others. */
  get counts(): RelayCounts {
    return this.#server.counts;
  }

  /** Whether circuits are carried here for a member, by its base32 id; null: for anybody. */
  carriesFor(peer: string | null): boolean {
    return this.#server.carriesFor(peer);
  }

  /** A member is linked. */
  linked(connection: Connection, now: Now): void {
    this.#isStale = true;
    this.#holes.linked(connection);
    if (connection.relay === null) this.#routes.relayAdded(connection.peer, now);
  }

  /** Members came or went. */
  membershipChanged(): void {
    this.#isStale = true;
  }

  /** A link is closed, of whatever stage: what it carried is lost, and what was asked for came to nothing. */
  closed(connection: Connection, stageBefore: Stage, reason: string, now: Now): void {
    this.#isStale = true;
    this.#holes.closed(connection, stageBefore, reason, now);
    this.#carriers.closed(connection, now);
    const ending = this.#endings.get(connection.number);
    // Of a door of a ticket the joiner hears as of any other.
    if (ending?.isAsked && ending.peer !== null) this.#failed(ending, ending.reason ?? reason, now);
  }

  /**
   * The other end of a link is authenticated.
   *
   * @throws {ProtocolError} `bad_handshake` where it is not who was asked for, or announced.
   */
  checkPeer({ number, peer }: Connection): void {
    const ending = this.#endings.get(number);
    if (ending === undefined || ending.peer === null || ending.peer === peer) return;
    throw new ProtocolError("bad_handshake", "the relay led to another peer");
  }

  /** A message about a circuit came from a member, or from the relay that is none. @throws {ProtocolError} */
  received(connection: Connection, message: RelayMessage, now: Now): void {
    this.#carriers.received(connection, message, now);
  }

  /** The socket of a link takes more. */
  fill(connection: Connection, now: Now): void {
    this.#carriers.fill(connection, now);
  }

  /** This peer stops: it says goodbye on the links that others carry. */
  stop(now: Now): void {
    const { links } = this.#parts;
    for (const connection of [...links.all()]) {
      if (connection.relay !== null) links.close(connection, "goodbye", now);
    }
    for (const { end } of [...this.#endings.values()]) end.close(false, now);
  }

  /** What the circuits of a link that end here have to say before it is closed; null where there are none. */
  lastWords(connection: Connection, now: Now): RelayMessage[] | null {
    return this.#carriers.lastWords(connection, now);
  }

  /** What is to be done for sockets; connections without one are served here. */
  takeEffects(now: Now): Effect[] {
    const { links } = this.#parts;
    const effects: Effect[] = [];
    for (let taken = links.takeEffects(); taken.length > 0; taken = links.takeEffects()) {
      for (const effect of taken) {
        if (!("connection" in effect) || effect.connection > 0) effects.push(effect);
        else if (effect.type === "output") this.#endings.get(effect.connection)?.end.output();
        else this.#endings.get(effect.connection)?.end.close(effect.atOnce === true, now);
      }
    }
    return effects;
  }

  /** Asks relays for who is missed, and for doors. Called at the end of every turn. */
  endTurn(now: Now): void {
    const { client } = this.#parts;
    for (const meeting of client.takeMeetings(now)) this.#meet(meeting, client.link as Connection, now);
    if (this.#isStale || this.#seeksNeighbours) this.#seek(now);
    this.#renew(now);
    if (this.#routes.deadline() > now.monotonicMs) return;
    const carriers = this.#relays();
    for (const { peer, relay } of this.#routes.due([...carriers.keys()], now)) {
      this.#ask(peer, carriers.get(relay) as Connection, now);
    }
  }

  /** Does what is due. */
  tick(now: Now): void {
    if (this.#holes.tick(now)) this.#isStale = true;
    this.#carriers.tick(now);
  }

  /** The monotonic time in ms at which `tick` or `endTurn` is due. */
  deadline(): number {
    let deadline = Math.min(this.#routes.deadline(), this.#carriers.deadline(), this.#holes.deadline());
    for (const { renewAtMs } of this.#endings.values()) deadline = Math.min(deadline, renewAtMs);
    return deadline;
  }

  /** Who may be asked for circuits, by base32 id, the nearest one first. */
  #relays(): Map<string, Connection> {
    const { links } = this.#parts;
    const direct = [...links.members()].filter(({ relay, isKnownMember }) => relay === null && isKnownMember);
    direct.sort((a, b) => (a.link.roundTripMs ?? Infinity) - (b.link.roundTripMs ?? Infinity) || a.number - b.number);
    const { link } = this.#parts.client;
    // Who is no member is asked last.
    return new Map([...direct, ...(link === null ? [] : [link])].map((connection) => [connection.peer, connection]));
  }

  /** Beyond the full mesh those are sought that are to be neighbours, or where there is nobody any. */
  get #seeksNeighbours(): boolean {
    const { overlay, links } = this.#parts;
    return overlay.isOn && links.counts.members > 0;
  }

  /** Misses the members that are not linked. */
  #seek(now: Now): void {
    this.#isStale = false;
    const { identity, overlay, links } = this.#parts;
    const sought = () => this.#seeksNeighbours ? overlay.wanted : this.#others();
    const hasRelay = this.#relays().size > 0;
    const missed = new Set(hasRelay ? sought() : []);
    missed.delete(toBase32(identity.peerId));
    for (const link of links.members()) if (!this.#holes.isSilent(link)) missed.delete(link.peer);
    // Who was lost while there was no relay is urgent still, once there is one.
    this.#routes.seek(missed, now, hasRelay ? this.#holes.urgent(missed) : new Set());
  }

  /** Asks for circuits in place of those that are about to end: the link in a newer one takes the place of the older. */
  #renew(now: Now): void {
    const due = [...this.#endings.values()].filter(({ renewAtMs }) => renewAtMs <= now.monotonicMs);
    const relays = due.length === 0 ? [] : [...this.#relays().values()];
    for (const ending of due) {
      ending.renewAtMs = now.monotonicMs + RENEW_CIRCUIT_AGAIN_MS;
      const others = relays.filter(({ peer }) => peer !== ending.peer);
      // The nearest one may have no room for another one.
      const relay = others[ending.renewals++ % others.length];
      const peer = ending.peer ?? this.#parts.links.get(ending.number)?.peer ?? "";
      if (relay !== undefined && peer !== "") this.#ask(peer, relay, now);
    }
  }

  /** Base32 ids of the members; before the space has arrived, of those that are known to be in it. */
  #others(): string[] {
    const { membership, identity, space, book } = this.#parts;
    if (membership.standingOf(identity.peerId) !== null) return membership.members().map(({ peer }) => toBase32(peer));
    return space.isArriving ? book.peers().map((peer) => toBase32(fromHex(peer))) : [];
  }

  #ask(peer: string, connection: Connection, now: Now): void {
    this.#open({ peer, address: `relay:${connection.peer}` }, fromBase32(peer), connection, now);
  }

  /** Asks for a door of the ticket with which this peer joins. */
  #meet({ address, tag }: Meeting, connection: Connection, now: Now): void {
    this.#open({ peer: null, address }, tag, connection, now);
  }

  #open(other: Other, target: Uint8Array, connection: Connection, now: Now): void {
    const { ids, sides } = this.#carriers.of(connection);
    const ending = this.#ending(ids.next(), other, target, connection, now);
    sides.set(ending.end.circuit, ending.end);
    this.#parts.links.wake(connection.number);
  }

  /** Somebody asks this peer to carry a circuit. */
  #asked({ connection }: Carrier, { circuit, target }: RelayOpen, now: Now): CircuitSide | KnownRelayReason {
    const { identity, links } = this.#parts;
    const peer = toBase32(target);
    if (connection.relay !== null) return "one_hop";
    if (!connection.isKnownMember) return "not_a_member";
    const refused = this.#server.refuses(connection.peer, now);
    if (refused !== null) return refused;
    if (peer === connection.peer || equal(target, identity.peerId)) return "self";
    const to = [...links.members()].find((link) => link.peer === peer && link.relay === null);
    if (to === undefined) return "not_linked";
    if (!to.isKnownMember) return "not_a_member";
    const isTooOften = this.#server.refusesTo(peer, connection.peer, now);
    if (isTooOften !== null) return isTooOften;
    const carrier = this.#carriers.of(to);
    const sides = this.#server.begin(
      { link: connection.number, circuit, peer: connection.peer },
      { link: to.number, circuit: carrier.ids.next(), peer },
      fromBase32(connection.peer),
      now,
    );
    carrier.sides.set(sides.target.circuit, sides.target);
    return sides.asker;
  }

  /** A relay says that somebody asks for this peer. */
  #met({ connection, sides }: Carrier, { circuit, from }: RelayIncoming, now: Now): CircuitSide | KnownRelayReason {
    const { identity, links } = this.#parts;
    const peer = toBase32(from);
    if (connection.relay !== null) return "one_hop";
    if (equal(from, identity.peerId)) return "self";
    const direct = [...links.members()].find((link) => link.peer === peer && link.relay === null);
    // Who asks for one may have lost a link that seems to be there: of a hole one direction may close alone. One that is
    // too young for that would stay beside what is asked for.
    const isLostThere = direct !== undefined && isPunched(direct) && wasThereBefore(direct, now);
    if (direct !== undefined && !isLostThere && !isSilent(direct, now)) return "declined";
    let others = 0;
    for (const side of sides.values()) if (side instanceof CircuitEnd) others++;
    if (others >= MAX_CIRCUITS_BY_RELAY) return "too_many";
    const ending = this.#ending(circuit, { peer, address: `relay:${connection.peer}` }, null, connection, now);
    return this.#connect(ending, "in", now) ? ending.end : "too_many";
  }

  #ending(
    circuit: number,
    other: Other,
    target: Uint8Array | null,
    { number: link, peer: relay }: Connection,
    now: Now,
  ): Ending {
    const { links } = this.#parts;
    const number = this.#nextNumber--;
    const end = new CircuitEnd(circuit, target, {
      wake: () => links.wake(link),
      answered: (at) => void this.#connect(ending, "out", at),
      received: (bytes, at) => links.received(number, bytes, at),
      pull: (maxBytes, at) => links.pull(number, maxBytes, at),
      ended: (reason, at) => this.#ended(number, reason, at),
    }, now);
    const isAsked = target !== null;
    const renewAtMs = isAsked ? now.monotonicMs + RELAYED_CIRCUIT_LIFE_MS - RENEW_CIRCUIT_BEFORE_MS : Infinity;
    const ending: Ending = {
      ...{ number, end, ...other, relay, isAsked, renewAtMs },
      ...{ renewals: 0, isConnected: false, reason: null },
    };
    this.#endings.set(number, ending);
    return ending;
  }

  /** The circuit is there: from now on it is a connection like any other. */
  #connect(ending: Ending, direction: "in" | "out", now: Now): boolean {
    const { number, relay, end, address } = ending;
    ending.isConnected = this.#parts.links.connected(
      { connection: number, direction, address },
      now,
      relay,
    );
    if (!ending.isConnected) end.close(true, now);
    return ending.isConnected;
  }

  #ended(number: number, reason: RelayReason, now: Now): void {
    const ending = this.#endings.get(number) as Ending;
    ending.reason = reason;
    if (ending.isConnected) this.#parts.links.disconnected(number, now);
    else if (ending.isAsked) this.#failed(ending, reason, now);
    this.#endings.delete(number);
  }

  #failed({ peer, relay, address }: Ending, reason: string, now: Now): void {
    if (peer === null) return this.#parts.client.unmet(address, reason, now);
    this.#parts.emit({ name: "relay_failed", level: "debug", reason, fields: { peer, relay } });
    this.#routes.failed(peer, now);
  }
}
