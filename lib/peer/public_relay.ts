import { fromBase32, toBase32 } from "../base/base32.ts";
import { equal, toHex } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import { ProtocolError } from "../base/errors.ts";
import {
  FULL_MESH_LINKS,
  MAX_RELAY_CLIENTS,
  MAX_RELAY_CLIENTS_OF_SOURCE,
  MAX_RELAY_FRAME_BYTES,
} from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import { constantTimeEqual } from "../crypto/hash.ts";
import type { Identity } from "../crypto/identity.ts";
import type { CircuitSide } from "../mesh/circuit_side.ts";
import { relayAccessProof } from "../mesh/relay_keys.ts";
import { RelayServer } from "../mesh/relay_server.ts";
import type { Message } from "../wire/message.ts";
import type { RelayTags } from "../wire/public_relay_messages.ts";
import type { KnownRelayReason, RelayIncoming, RelayOpen } from "../wire/relay_messages.ts";
import { hashOf } from "./admission.ts";
import { type Carrier, Carriers } from "./carriers.ts";
import { Conduct } from "./conduct.ts";
import { type Connection, Links } from "./links.ts";
import type { Stage } from "./stage.ts";
import type { LinkEnd, LinksListener } from "./links_listener.ts";
import type { Effect, Input, Machine } from "./machine.ts";
import { Outbox } from "./outbox.ts";
import { sourceOf } from "./source_address.ts";

/** What a public relay is made of. */
export interface PublicRelayOptions {
  readonly identity: Identity;
  /** Who knows it may use the relay. */
  readonly accessKey: Uint8Array;
  readonly random: Random;
}

/** What a public relay carries. */
export interface PublicRelayCounts {
  /** Peers that are linked. */
  readonly clients: number;
  readonly circuits: number;
  /** Bytes that were carried by all circuits that there were. */
  readonly carriedBytes: number;
  /** Peers and circuits that were refused, by reason. */
  readonly refused: Readonly<Record<string, number>>;
}

/**
 * A relay that belongs to no space: it links those that know its access key, wherever they come from, and knows nothing
 * of them but their peer ids, and the tags under which holders of a ticket ask for them. What goes through it is
 * encrypted from end to end.
 */
export class PublicRelay implements Machine, LinksListener {
  readonly #options: PublicRelayOptions;
  readonly #outbox = new Outbox();
  readonly #links: Links;
  readonly #server: RelayServer;
  readonly #carriers: Carriers;
  /** By base32 id. */
  readonly #clients = new Map<string, Connection>();
  /** By tag in hexadecimal; who was asked for least lately is first. */
  readonly #tags = new Map<string, Set<Connection>>();
  readonly #refused = new Map<string, number>();
  /** The UDP port at which clients can ask where they are seen; 0: at none. */
  #quicPort = 0;

  constructor(options: PublicRelayOptions) {
    const { identity, random } = options;
    this.#options = options;
    const emit = this.#outbox.emit.bind(this.#outbox);
    this.#links = new Links({
      ...{ identity, random, emit, listener: this, conduct: new Conduct(emit), cameBack: () => {} },
      // All of its links come in, and such are kept out of a share of them.
      maxLinks: MAX_RELAY_CLIENTS + FULL_MESH_LINKS,
    });
    this.#server = new RelayServer(true, { wake: (link) => this.#links.wake(link), emit });
    this.#carriers = new Carriers({
      ...{ links: this.#links, emit },
      begun: (carrier, message, now) => this.#begun(carrier, message, now),
    });
  }

  /** What it carries. */
  get counts(): PublicRelayCounts {
    const { circuits, carriedBytes } = this.#server.counts;
    return { clients: this.#clients.size, circuits, carriedBytes, refused: Object.fromEntries(this.#refused) };
  }

  /** Part of `Machine`. */
  handle(input: Input, now: Now): void {
    switch (input.type) {
      case "tick":
        this.#links.tick(now);
        return this.#carriers.tick(now);
      case "connected":
        if (!this.#links.connected(input, now)) this.#count("too_many_links");
        return;
      case "received":
        return this.#links.received(input.connection, input.bytes, now);
      case "disconnected":
        return this.#links.disconnected(input.connection, now);
      case "quic":
        this.#quicPort = input.port ?? 0;
        for (const { number } of this.#clients.values()) this.#tellPort(number);
        return;
      case "stopping":
        for (const connection of [...this.#links.all()]) this.#links.close(connection, "goodbye", now);
        return;
      default:
        // It dials nobody, and nobody asks it for anything but by a link.
        return;
    }
  }

  /** Part of `Machine`. */
  endTurn(): Effect[] {
    return [...this.#outbox.take(), ...this.#links.takeEffects()];
  }

  /** Part of `Machine`. */
  pull(connection: number, maxBytes: number, now: Now): Uint8Array | null {
    return this.#links.pull(connection, maxBytes, now);
  }

  /** Part of `Machine`. */
  deadline(): number {
    return Math.min(this.#links.deadline(), this.#carriers.deadline());
  }

  /** Part of `Machine`: whoever has shown the key may come back as often as a member, and ask where it is seen. */
  isKnown(address: string): boolean {
    const source = sourceOf(address);
    for (const client of this.#clients.values()) if (client.source === source) return true;
    return false;
  }

  /** Part of `LinksListener`: nothing is said before the other side has shown the key. */
  linkOpened(): void {}

  /** Part of `LinksListener`. */
  linkMessage(connection: Connection, message: Message, now: Now): void {
    if (connection.stage !== "member") {
      if (message.type !== "relay_access") throw new ProtocolError("not_a_member", "no proof of the access key");
      return this.#showed(connection, message.mac, now);
    }
    switch (message.type) {
      case "relay_open":
      case "relay_credit":
      case "relay_data":
      case "relay_close":
        return this.#carriers.received(connection, message, now);
      case "relay_tags":
        return this.#register(connection, message);
      default:
        throw new ProtocolError("bad_state", `${message.type} at a relay`);
    }
  }

  /** Part of `LinksListener`. */
  linkClosed(connection: Connection, stageBefore: Stage, { reason, byRemote }: LinkEnd, now: Now): void {
    this.#carriers.closed(connection, now);
    this.#unregister(connection);
    if (this.#clients.get(connection.peer) === connection) {
      this.#clients.delete(connection.peer);
      this.#outbox.emit({ name: "client_left", level: "info", reason, fields: { peer: connection.peer } });
    } else if (stageBefore !== "member" && !byRemote) this.#count(reason);
  }

  /** Part of `LinksListener`. */
  linkAnswered(): void {}

  /** Part of `LinksListener`. */
  linkDrained(): void {}

  /** Part of `LinksListener`. */
  linkPulled(connection: Connection, now: Now): void {
    this.#carriers.fill(connection, now);
  }

  /** The other side shows that it knows the access key. */
  #showed(connection: Connection, mac: Uint8Array, now: Now): void {
    const { identity, accessKey } = this.#options;
    const { peer, address, source, number } = connection;
    const hash = hashOf(connection);
    if (!constantTimeEqual(relayAccessProof(accessKey, hash, "out", fromBase32(peer)), mac)) {
      throw new ProtocolError("not_a_member", "no proof of the access key");
    }
    const before = this.#clients.get(peer) ?? null;
    if (before === null) this.#checkRoom(source);
    connection.isKnownMember = true;
    this.#links.becameMember(connection, before, now, MAX_RELAY_FRAME_BYTES);
    this.#clients.set(peer, connection);
    // Whoever comes a second time has lost the first one.
    if (before !== null) this.#links.close(before, "duplicate_link", now);
    this.#outbox.emit({ name: "client_linked", level: "info", fields: { peer, address } });
    const proof = relayAccessProof(accessKey, hash, "in", identity.peerId);
    this.#links.send(number, { type: "relay_access", mac: proof }, "control");
    if (this.#quicPort !== 0) this.#tellPort(number);
  }

  #tellPort(number: number): void {
    this.#links.send(number, { type: "quic_port", port: this.#quicPort }, "control");
  }

  #checkRoom(source: string): void {
    const ofSource = [...this.#clients.values()].filter((client) => client.source === source).length;
    if (this.#clients.size >= MAX_RELAY_CLIENTS || ofSource >= MAX_RELAY_CLIENTS_OF_SOURCE) {
      throw new ProtocolError("too_many_links", `${this.#clients.size} peers, ${ofSource} of them from there`);
    }
  }

  #register(connection: Connection, { tags }: RelayTags): void {
    this.#unregister(connection);
    for (const tag of tags.map(toHex)) {
      const holders = this.#tags.get(tag) ?? new Set();
      this.#tags.set(tag, holders.add(connection));
    }
  }

  #unregister(connection: Connection): void {
    for (const [tag, holders] of this.#tags) {
      if (holders.delete(connection) && holders.size === 0) this.#tags.delete(tag);
    }
  }

  #begun(carrier: Carrier, message: RelayOpen | RelayIncoming, now: Now): CircuitSide | KnownRelayReason {
    const { connection } = carrier;
    if (message.type === "relay_incoming") throw new ProtocolError("bad_state", "relay_incoming at a relay");
    const begun = this.#asked(connection, message, now);
    if (typeof begun === "string") this.#count(begun);
    return begun;
  }

  /** A client asks for a circuit to another one. */
  #asked(connection: Connection, { circuit, target }: RelayOpen, now: Now): CircuitSide | KnownRelayReason {
    const { peer, source } = connection;
    const refused = this.#server.refuses(peer, now, source);
    if (refused !== null) return refused;
    if (equal(target, this.#options.identity.peerId) || toBase32(target) === peer) return "self";
    const to = this.#clients.get(toBase32(target)) ?? this.#holderOf(target, connection);
    if (to === null) return "not_linked";
    const isTooOften = this.#server.refusesTo(to.peer, peer, now);
    if (isTooOften !== null) return isTooOften;
    const other = this.#carriers.of(to);
    const sides = this.#server.begin(
      { link: connection.number, circuit, peer, source },
      { link: to.number, circuit: other.ids.next(), peer: to.peer },
      fromBase32(peer),
      now,
    );
    other.sides.set(sides.target.circuit, sides.target);
    return sides.asker;
  }

  /** Who registered a tag, another one each time. */
  #holderOf(tag: Uint8Array, asker: Connection): Connection | null {
    const holders = this.#tags.get(toHex(tag));
    for (const holder of holders ?? []) {
      if (holder === asker) continue;
      holders?.delete(holder);
      holders?.add(holder);
      return holder;
    }
    return null;
  }

  #count(reason: string): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
  }
}
