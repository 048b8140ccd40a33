import { toBase32 } from "../base/base32.ts";
import { toHex } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import { type CloseReason, ProtocolError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import { canonicalAddresses } from "../base/ip_address.ts";
import { MAX_RELAY_FRAME_BYTES, MAX_RELAY_TAGS } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import { constantTimeEqual } from "../crypto/hash.ts";
import type { Identity } from "../crypto/identity.ts";
import { Dialler } from "../mesh/dialler.ts";
import { endOfLanDayMs, lanDay } from "../mesh/lan_names.ts";
import type { RelayAddress } from "../mesh/relay_address.ts";
import { relayAccessProof, relayTicketTag } from "../mesh/relay_keys.ts";
import type { Message } from "../wire/message.ts";
import { hashOf } from "./admission.ts";
import type { Joiner } from "./joiner.ts";
import { lanKeysOf } from "./lan_discovery.ts";
import type { Connection, Links } from "./links.ts";
import type { Stage } from "./stage.ts";
import type { Effect, TicketKeys } from "./machine.ts";
import type { Reachability } from "./reachability.ts";
import { relayDoor } from "./relay_doors.ts";
import type { Relays } from "./relays.ts";

/** The days under which a door is registered: the clock of who joins may be off by that. */
const DAYS = [0, -1, 1] as const;

/** What a relay means that has nobody under the tag of a ticket: which of both it is nobody there can know. */
const NOBODY_THERE = "nobody there answers for this ticket: it is used up, expired or closed, or the members are away";

/** What the client of a public relay works upon. */
export interface RelayClientParts {
  readonly identity: Identity;
  readonly random: Random;
  readonly links: Links;
  readonly relays: () => Relays;
  readonly reach: () => Reachability;
  readonly joiner: () => Joiner;
  /** The LAN keys of the tickets of which this peer is a door, the newest first. */
  readonly doors: (wallMs: number) => readonly Uint8Array[];
  readonly emit: (event: PeerEvent) => void;
  /** Null for none. */
  readonly relay: RelayAddress | null;
}

/** How it stands with the public relay. */
export interface PublicRelayView {
  /** Base32 id. */
  readonly peer: string;
  /** Where it is dialled first, `host:port`. */
  readonly address: string;
  readonly isLinked: boolean;
  /** Why it is not; null where it is, or nothing has failed so far. */
  readonly problem: string | null;
  /** Since when it is as it is, ms since 1970; null before it was ever linked. */
  readonly sinceMs: number | null;
}

/** A door of a ticket that is asked for at the relay. */
export interface Meeting {
  /** In place of its address. */
  readonly address: string;
  readonly tag: Uint8Array;
}

/**
 * The link to a relay that is no member: kept up, told under which tags this peer lets others in, and asked for doors of
 * the ticket with which this peer joins. What it carries is up to `Relays`.
 */
export class RelayClient {
  readonly #parts: RelayClientParts;
  readonly #dialler: Dialler;
  /** Base32 id of the relay; empty for none. */
  readonly #peer: string;
  #isAimed = false;
  /** The link to it, from the handshake on. */
  #connection: Connection | null = null;
  #problem: string | null = null;
  #sinceMs: number | null = null;
  /** What it was told last, and when that is to be looked at again. */
  #toldTags = "";
  #tagsDueMs = Infinity;
  /** The LAN keys of the ticket with which this peer joins, by what stands for the address of a door. */
  readonly #sought = new Map<string, Uint8Array>();
  /** Those of them that are to be asked for. */
  readonly #waiting = new Set<string>();

  constructor(parts: RelayClientParts) {
    const { relay } = parts;
    this.#parts = relay === null
      ? parts
      : { ...parts, relay: { ...relay, addresses: canonicalAddresses(relay.addresses) } };
    this.#dialler = new Dialler(parts.random);
    this.#peer = relay === null ? "" : toBase32(relay.peer);
  }

  /** Whether there is one to be used. */
  get isOn(): boolean {
    return this.#parts.relay !== null;
  }

  /** The link to the relay, once either side has shown that it knows the key; null before. */
  get link(): Connection | null {
    return this.#connection?.stage === "relay" ? this.#connection : null;
  }

  /** How it stands; null where there is none. */
  get view(): PublicRelayView | null {
    const { relay } = this.#parts;
    if (relay === null) return null;
    const isLinked = this.link !== null;
    const address = relay.addresses[0] as string;
    return { peer: this.#peer, address, isLinked, problem: isLinked ? null : this.#problem, sinceMs: this.#sinceMs };
  }

  /** Whether a connection was dialled for the relay. */
  isOf({ direction, address, relay }: Connection): boolean {
    return direction === "out" && relay === null && this.#hasAddress(address);
  }

  /**
   * Whoever answered at the address of the relay is authenticated.
   *
   * @throws {ProtocolError} `bad_handshake` where it is another one, `duplicate_link` where the relay is linked already.
   */
  opened(connection: Connection, now: Now): void {
    const { identity, links, relay } = this.#parts;
    if (relay === null || connection.peer !== this.#peer) {
      throw new ProtocolError("bad_handshake", "it is another peer than the relay");
    }
    if (this.#connection !== null) throw new ProtocolError("duplicate_link", "the relay is linked already");
    this.#connection = connection;
    this.#dialler.answered(connection.address, this.#peer, now);
    const mac = relayAccessProof(relay.accessKey, hashOf(connection), "out", identity.peerId);
    links.send(connection.number, { type: "relay_access", mac }, "control");
  }

  /** A message of the relay. @throws {ProtocolError} where it is wrong, or does not belong here. */
  received(connection: Connection, message: Message, now: Now): void {
    if (connection.stage === "proving" && message.type === "relay_access") {
      return this.#accepted(connection, message.mac, now);
    }
    if (connection.stage === "relay") {
      switch (message.type) {
        case "relay_open":
        case "relay_incoming":
        case "relay_credit":
        case "relay_data":
        case "relay_close":
          return this.#parts.relays().received(connection, message, now);
        case "quic_port":
          return this.#parts.reach().received(connection, message, now);
      }
    }
    throw new ProtocolError("bad_state", `${message.type} from a relay`);
  }

  /** A link, or an attempt at one, is over. */
  closed(connection: Connection, stageBefore: Stage, reason: CloseReason, now: Now): void {
    if (!this.isOf(connection)) return;
    if (this.#connection !== connection) return this.#failed(connection.address, reason, now);
    this.#connection = null;
    this.#parts.reach().unlinked(connection);
    if (stageBefore !== "relay") return this.#failed(connection.address, reason, now);
    this.#problem = reason;
    this.#sinceMs = now.wallMs;
    this.#tagsDueMs = Infinity;
    this.#toldTags = "";
    this.#dialler.unlinked(this.#peer, now);
    this.#parts.emit({ name: "relay_lost", level: "warning", reason, fields: { address: connection.address } });
  }

  /** A dial led to no connection. */
  dialFailed(address: string, detail: string, now: Now): void {
    if (this.#hasAddress(address)) this.#failed(address, detail, now);
  }

  /** This machine's addresses changed, or it woke: the relay is dialled at once. */
  networkChanged(now: Now): void {
    if (this.#connection === null) this.#dialler.networkChanged(now);
  }

  /** Members or invites may have changed: the relay is told under which tags this peer can be met. */
  changed(now: Now): void {
    const connection = this.link;
    if (connection === null) return;
    const day = lanDay(now.wallMs);
    this.#tagsDueMs = now.monotonicMs + endOfLanDayMs(day) - now.wallMs;
    const keys = this.#parts.doors(now.wallMs).slice(0, Math.floor(MAX_RELAY_TAGS / DAYS.length));
    const tags = keys.flatMap((key) => DAYS.map((days) => relayTicketTag(key, Math.max(0, day + days))));
    const told = tags.map(toHex).join();
    if (told === this.#toldTags) return;
    this.#toldTags = told;
    this.#parts.links.send(connection.number, { type: "relay_tags", tags }, "control");
  }

  /** Looks for the doors of a ticket; null: not any more. */
  seek(keys: TicketKeys | null, now: Now): void {
    const { relay, joiner } = this.#parts;
    this.#sought.clear();
    this.#waiting.clear();
    if (keys === null || relay === null) return;
    const host = relay.addresses[0] as string;
    for (const [index, key] of lanKeysOf(keys).entries()) this.#sought.set(relayDoor(host, index), key);
    joiner().found([...this.#sought.keys()], now);
  }

  /** Asks for a door at the relay, at the end of the turn. @returns false where the address stands for none there. */
  dial(address: string): boolean {
    if (!this.#sought.has(address)) return false;
    this.#waiting.add(address);
    return true;
  }

  /** The doors to be asked for now. Where the relay is not linked, and has failed to be, the joiner hears why. */
  takeMeetings(now: Now): readonly Meeting[] {
    if (this.#waiting.size === 0 || (this.link === null && this.#problem === null)) return [];
    const addresses = [...this.#waiting];
    this.#waiting.clear();
    if (this.link === null) {
      for (const address of addresses) this.unmet(address, `the relay is not linked: ${this.#problem}`, now);
      return [];
    }
    const day = lanDay(now.wallMs);
    return addresses.map((address) => {
      return { address, tag: relayTicketTag(this.#sought.get(address) as Uint8Array, day) };
    });
  }

  /** The relay led to no door. */
  unmet(address: string, reason: string, now: Now): void {
    const detail = reason === "not_linked" ? NOBODY_THERE : reason.replaceAll("_", " ");
    this.#parts.joiner().lost(address, "dial_failed", detail, now);
  }

  /** What is to be dialled. */
  takeEffects(now: Now): Effect[] {
    const { relay } = this.#parts;
    if (relay !== null && !this.#isAimed) this.#dialler.aim(this.#peer, relay.addresses, now);
    this.#isAimed = true;
    return this.#dialler.due(now).map((address) => ({ type: "dial", address }));
  }

  /** Does what is due. */
  tick(now: Now): void {
    if (now.monotonicMs >= this.#tagsDueMs) this.changed(now);
  }

  /** The monotonic time in ms at which `tick` or `takeEffects` is due. */
  deadline(): number {
    if (this.isOn && !this.#isAimed) return 0;
    return Math.min(this.#dialler.deadline(), this.#tagsDueMs);
  }

  #hasAddress(address: string): boolean {
    return this.#parts.relay?.addresses.includes(address) === true;
  }

  #failed(address: string, reason: string, now: Now): void {
    // Another connection to it is as good.
    if (reason !== "duplicate_link") {
      this.#problem = reason;
      this.#parts.emit({ name: "relay_not_linked", level: "debug", reason, fields: { address } });
    }
    this.#dialler.failed(address, now);
  }

  /** The relay shows that it knows the key as well. */
  #accepted(connection: Connection, mac: Uint8Array, now: Now): void {
    const { relay, relays, links, emit } = this.#parts;
    const proof = relay === null ? null : relayAccessProof(relay.accessKey, hashOf(connection), "in", relay.peer);
    if (proof === null || this.#connection !== connection || !constantTimeEqual(proof, mac)) {
      throw new ProtocolError("bad_handshake", "no proof of the relay's key");
    }
    links.checkCut(this.#peer, now);
    connection.stage = "relay";
    connection.link.authorize(MAX_RELAY_FRAME_BYTES);
    this.#problem = null;
    this.#sinceMs = now.wallMs;
    this.#dialler.linked(this.#peer, now);
    emit({ name: "relay_linked", level: "info", fields: { address: connection.address } });
    this.changed(now);
    relays().linked(connection, now);
  }
}
