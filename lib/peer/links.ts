import { toBase32 } from "../base/base32.ts";
import type { Now } from "../base/clock.ts";
import { type CloseReason, ProtocolError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import {
  FULL_MESH_LINKS,
  MAX_PENDING_LINKS,
  MAX_STREAM_QUEUE_BYTES,
  REFUSE_STRANGER_AFTER_MS,
} from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import { RateMeter } from "../base/rate_meter.ts";
import type { Identity } from "../crypto/identity.ts";
import { Link } from "../link/link.ts";
import type { LinkEvent } from "../link/link_types.ts";
import { decodeMessage, encodeMessage, type Message } from "../wire/message.ts";
import { isRelayKind, type RelayMessage } from "../wire/relay_messages.ts";
import { UnsupportedError } from "../wire/unsupported.ts";
import { type Conduct, UNKNOWN_MEMBERS } from "./conduct.ts";
import { Copies } from "./copies.ts";
import type { Effect, Input } from "./machine.ts";
import type { LinksListener } from "./links_listener.ts";
import type { LinkCounts } from "./reads.ts";
import { PendingLinks } from "./pending_links.ts";
import { sourceOf } from "./source_address.ts";
import { carries, type Stage } from "./stage.ts";

/** One connection with its link. */
export interface Connection {
  readonly number: number;
  readonly link: Link;
  readonly direction: "in" | "out";
  readonly address: string;
  /** What `sourceOf` says of it, which takes some time. */
  readonly source: string;
  /** Base32 id of the member that relays it; null where it has a socket of its own. */
  readonly relay: string | null;
  /** This machine's own end, `host:port`; null where it is not known. */
  readonly localAddress: string | null;
  /** The other end, where `address` has a name; null where it is not known. */
  readonly remoteAddress: string | null;
  readonly openedWallMs: number;
  stage: Stage;
  /** Whether the other side is authenticated as a member that is known here. */
  isKnownMember: boolean;
  /** When it became a member's link, by the monotonic clock. */
  memberSinceMs: number;
  /** Base32 id of the other side, once authenticated. */
  peer: string;
  /** Why it is closed, and when by the monotonic clock, where it came in and showed nothing that is good here. */
  refusal: { readonly error: ProtocolError; readonly dueMs: number } | null;
  /** Bytes a second, by the wall clock. */
  readonly sent: RateMeter;
  readonly received: RateMeter;
}

/** What the table of links works upon. */
export interface LinksParts {
  readonly identity: Identity;
  readonly random: Random;
  readonly listener: LinksListener;
  readonly emit: (event: PeerEvent) => void;
  readonly conduct: Conduct;
  /** Links to members at a time. */
  readonly maxLinks: number;
  /** This peer dialled itself at an address. */
  readonly cameBack: (address: string, now: Now) => void;
}

/** Under whom it is counted how the other side behaves: who holds a space's secret can make up any number of peers. */
export function conductOf({ isKnownMember, stage, peer }: Connection): string {
  return isKnownMember || stage === "relay" ? peer : UNKNOWN_MEMBERS;
}

/** All connections with their links: bytes on one side, messages on the other. */
export class Links {
  readonly #connections = new Map<number, Connection>();
  readonly #identity: Identity;
  readonly #random: Random;
  readonly #listener: LinksListener;
  readonly #emit: (event: PeerEvent) => void;
  /** Other processes that have this peer's identity. */
  readonly copies: Copies;
  readonly #conduct: Conduct;
  readonly #maxLinks: number;
  readonly #pending = new PendingLinks();
  #dirty = new Set<number>();
  /** Whether to close at once, by connection. */
  #closing = new Map<number, boolean>();

  constructor({ identity, random, listener, emit, conduct, maxLinks, cameBack }: LinksParts) {
    this.#identity = identity;
    this.#random = random;
    this.#listener = listener;
    this.#emit = emit;
    this.#conduct = conduct;
    this.#maxLinks = maxLinks;
    this.copies = new Copies(emit, cameBack);
  }

  /** The connections that are not closed. */
  *all(): Generator<Connection> {
    for (const connection of this.#connections.values()) if (connection.stage !== "closed") yield connection;
  }

  /** The links to members. */
  *members(): Generator<Connection> {
    for (const connection of this.all()) if (connection.stage === "member") yield connection;
  }

  /** How many links there are, and how many there may be. */
  get counts(): LinkCounts {
    let members = 0;
    let inbound = 0;
    for (const { direction } of this.members()) {
      members++;
      if (direction === "in") inbound++;
    }
    const maxInbound = this.#maxLinks - Math.min(FULL_MESH_LINKS, this.#maxLinks >> 2);
    const bounds = { maxMembers: this.#maxLinks, maxInbound, maxPending: MAX_PENDING_LINKS };
    return { members, inbound, pending: this.#pending.size, ...bounds };
  }

  /**
   * The other side of a connection is a member.
   *
   * @param replaced the link to the same peer that it takes the place of, if any.
   * @param maxFrameBytes of what it may send. Default: as between members.
   * @throws {ProtocolError} `too_many_links` where there is no room for another one, `misbehaved` where it is cut.
   */
  becameMember(connection: Connection, replaced: Connection | null, now: Now, maxFrameBytes?: number): void {
    this.checkCut(conductOf(connection), now);
    if (replaced === null) {
      const { members, maxMembers, inbound, maxInbound } = this.counts;
      if (members >= maxMembers) throw new ProtocolError("too_many_links", `${members} of ${maxMembers}`);
      if (connection.direction === "in" && inbound >= maxInbound) {
        throw new ProtocolError("too_many_links", `${inbound} of ${maxInbound} inbound ones`);
      }
    }
    this.#pending.remove(connection);
    connection.stage = "member";
    connection.memberSinceMs = now.monotonicMs;
    connection.link.authorize(maxFrameBytes);
  }

  /** @param who as `conductOf` says. @throws {ProtocolError} `misbehaved` where it is cut. */
  checkCut(who: string, now: Now): void {
    const cutMs = this.#conduct.cutMs(who, now);
    if (cutMs > 0) throw new ProtocolError("misbehaved", `no link for ${Math.ceil(cutMs / 1000)} s`);
  }

  /** A connection by its number. */
  get(number: number): Connection | null {
    return this.#connections.get(number) ?? null;
  }

  /** A socket is open, or a relayed connection. @returns false where limits do not allow it: it is closed at once, and that is told. */
  connected(
    input: Omit<Extract<Input, { type: "connected" }>, "type">,
    now: Now,
    relay: string | null = null,
  ): boolean {
    const { connection: number, direction, address, localAddress = null, remoteAddress = null } = input;
    const source = sourceOf(address);
    const place = { address, source };
    const displaced = direction === "in" ? this.#pending.displacedBy(place) : this.#hasRoomToDial() ? null : "full";
    if (displaced === "full") {
      this.#emit({ name: "link_refused", level: "warning", reason: "too_many_links", fields: { address } });
      this.#closing.set(number, true);
      return false;
    }
    if (displaced !== null) this.#displace(displaced, now);
    const connection: Connection = {
      number,
      link: new Link({ direction, identity: this.#identity, random: this.#random, now, address }),
      ...{ direction, address, source, localAddress, remoteAddress, relay },
      openedWallMs: now.wallMs,
      stage: "opening",
      isKnownMember: false,
      memberSinceMs: 0,
      peer: "",
      refusal: null,
      sent: new RateMeter(),
      received: new RateMeter(),
    };
    this.#connections.set(number, connection);
    if (direction === "in") this.#pending.add(connection);
    this.#dirty.add(number);
    return true;
  }

  #hasRoomToDial(): boolean {
    let dialled = 0;
    for (const { direction } of this.all()) if (direction === "out") dialled++;
    return dialled < this.#maxLinks;
  }

  /** Who has not shown anything so far gives way to somebody else, and is told nothing. */
  #displace(connection: Connection, now: Now): void {
    connection.link.close("too_many_links");
    this.#ended(connection, "too_many_links", "somebody else came", false, now);
    this.#closing.set(connection.number, true);
  }

  /** Bytes came in. */
  received(number: number, bytes: Uint8Array, now: Now): void {
    const connection = this.#connections.get(number);
    if (connection === undefined || connection.stage === "closed") return;
    connection.received.add(bytes.length, now.wallMs);
    if (connection.refusal !== null) return;
    this.#take(connection, connection.link.receive(bytes, now), now);
    if (connection.link.wantsToSend) this.#dirty.add(number);
  }

  /** The socket is gone. */
  disconnected(number: number, now: Now): void {
    const connection = this.#connections.get(number);
    if (connection === undefined) return;
    this.#refuse(connection, now);
    if (connection.stage !== "closed") this.#take(connection, connection.link.disconnected(now), now);
    this.#pending.remove(connection);
    this.#connections.delete(number);
    this.#dirty.delete(number);
    this.#closing.delete(number);
  }

  /** Queues a message. @returns false where a bulk message found no room. */
  send(number: number, message: Message, priority: "control" | "live" | "bulk"): boolean {
    const connection = this.#connections.get(number);
    if (connection === undefined || connection.stage === "closed") return false;
    const { kind, body } = encodeMessage(message);
    const taken = connection.link.send(kind, body, priority);
    this.#dirty.add(number);
    return taken;
  }

  /** Asks the other side for a sign of life. */
  ping(connection: Connection, now: Now): void {
    connection.link.ping(now);
    this.#dirty.add(connection.number);
  }

  /** There may be something to be pulled for a connection. */
  wake(number: number): void {
    if (this.#connections.has(number)) this.#dirty.add(number);
  }

  /** Bytes of bulk priority that wait to be sent. */
  bulkQueuedBytes(number: number): number {
    return this.#connections.get(number)?.link.bulkQueuedBytes ?? Infinity;
  }

  /**
   * Closes a link with a reason that the other side is told, encrypted.
   *
   * @param last messages that go before it. @param carried those of circuits, behind what of these waits; null: nothing.
   */
  close(
    connection: Connection,
    reason: CloseReason,
    now: Now,
    detail = "",
    last: readonly Message[] = [],
    carried: readonly RelayMessage[] | null = null,
  ): void {
    if (connection.stage === "closed") return;
    const frames = carried?.map(encodeMessage);
    connection.link.close(reason, detail, last.map(encodeMessage), frames && { keeps: isRelayKind, frames });
    this.#ended(connection, reason, detail, false, now);
  }

  /** The next bytes for a socket. */
  pull(number: number, maxBytes: number, now: Now): Uint8Array | null {
    const connection = this.#connections.get(number);
    if (connection === undefined) return null;
    if (carries(connection.stage)) this.#listener.linkPulled(connection, now);
    if (connection.stage === "member" && connection.link.bulkQueuedBytes < MAX_STREAM_QUEUE_BYTES / 2) {
      this.#listener.linkDrained(connection);
    }
    const bytes = connection.link.pull(maxBytes, now);
    if (bytes !== null) connection.sent.add(bytes.length, now.wallMs);
    return bytes;
  }

  /** Does what is due. */
  tick(now: Now): void {
    this.copies.tick(now);
    this.#conduct.tick(now);
    for (const connection of [...this.all()]) {
      if (connection.refusal !== null && connection.refusal.dueMs <= now.monotonicMs) this.#refuse(connection, now);
      if (connection.stage === "closed" || connection.link.deadline > now.monotonicMs) continue;
      this.#take(connection, connection.link.tick(now), now);
      if (connection.link.wantsToSend) this.#dirty.add(connection.number);
    }
  }

  /** The monotonic time in ms at which `tick` is due. */
  deadline(): number {
    let deadline = Math.min(this.copies.deadline(), this.#conduct.deadline());
    for (const { link, refusal } of this.all()) {
      deadline = Math.min(deadline, link.deadline, refusal?.dueMs ?? Infinity);
    }
    return deadline;
  }

  /** The effects of what happened since the last call. */
  takeEffects(): Effect[] {
    const effects: Effect[] = [];
    for (const connection of this.#dirty) effects.push({ type: "output", connection });
    for (const [connection, atOnce] of this.#closing) {
      effects.push(atOnce ? { type: "close", connection, atOnce } : { type: "close", connection });
    }
    this.#dirty = new Set();
    this.#closing = new Map();
    return effects;
  }

  #take(connection: Connection, events: Iterable<LinkEvent>, now: Now): void {
    for (const event of events) {
      if (connection.stage === "closed" || connection.refusal !== null) return;
      try {
        this.#takeOne(connection, event, now);
      } catch (error) {
        // The one place where what a peer sent wrong is caught.
        if (error instanceof ProtocolError) this.#breached(connection, error, now);
        else if (error instanceof UnsupportedError) this.close(connection, "version_too_new", now, error.message);
        else throw error;
      }
    }
  }

  #breached(connection: Connection, error: ProtocolError, now: Now): void {
    const { stage, direction } = connection;
    const { code, detail } = error;
    const who = conductOf(connection);
    if (stage === "proving" && direction === "in") {
      // The more there is to compare with, the longer that took: told at once, it would show what there is.
      connection.refusal = { error, dueMs: now.monotonicMs + REFUSE_STRANGER_AFTER_MS };
      return;
    }
    this.close(connection, code, now, detail);
    if (carries(stage)) this.#conduct.breach(who, code, detail, now);
  }

  #refuse(connection: Connection, now: Now): void {
    const { refusal } = connection;
    if (refusal !== null) this.close(connection, refusal.error.code, now, refusal.error.detail);
  }

  #takeOne(connection: Connection, event: LinkEvent, now: Now): void {
    const isCounted = carries(connection.stage);
    const who = conductOf(connection);
    switch (event.type) {
      case "open":
        connection.stage = "proving";
        connection.peer = toBase32(event.peer);
        this.#listener.linkOpened(connection, now);
        return;
      case "frame": {
        // Before it is read: what it says takes many times its size.
        if (isCounted) this.#conduct.message(who, event.kind, event.body.length, now);
        // The bytes are the link's for this turn only; one copy here saves many later.
        const message = decodeMessage(event.kind, event.body.slice());
        if (message !== null) return this.#listener.linkMessage(connection, message, now);
        this.#emit({ name: "message_unknown", level: "debug", fields: { kind: event.kind, peer: connection.peer } });
        return;
      }
      case "ping":
        if (isCounted) this.#conduct.frame(who, "pings", now);
        return;
      case "pong":
        return this.#listener.linkAnswered(connection, event.roundTripMs);
      case "closed":
        this.#ended(connection, event.reason, event.detail, event.byRemote, now);
        if (isCounted && event.isItsDoing === true) this.#conduct.breach(who, event.reason, event.detail, now);
        return;
    }
  }

  #ended(connection: Connection, reason: CloseReason, detail: string, byRemote: boolean, now: Now): void {
    const before = connection.stage;
    const { handshakeHash } = connection.link;
    if (reason === "self" && !byRemote && handshakeHash !== null) {
      this.copies.met(connection.direction, handshakeHash, connection.address, now);
    }
    connection.stage = "closed";
    this.#pending.remove(connection);
    this.#dirty.add(connection.number);
    this.#closing.set(connection.number, false);
    this.#emit({
      name: carries(before) ? "link_closed" : "link_refused",
      level: ["goodbye", "duplicate_link", "self"].includes(reason) ? "info" : "warning",
      reason,
      fields: { peer: connection.peer, address: connection.address, detail, byRemote },
    });
    this.#listener.linkClosed(connection, before, { reason, detail, byRemote }, now);
  }
}
