import { fromBase32, toBase32 } from "../base/base32.ts";
import { equal, fromHex, toHex } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import { type CloseReason, ProtocolError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import { canonicalAddresses } from "../base/ip_address.ts";
import {
  FULL_MESH_LINKS,
  KNOWN_ADDRESSES_KEPT_MS,
  MAX_ADDRESSES,
  MAX_EARLY_RECORDS,
  MAX_MESSAGE_RECORDS,
} from "../base/limits.ts";
import type { Identity } from "../crypto/identity.ts";
import type { AddressBook } from "../mesh/address_book.ts";
import type { Dialler } from "../mesh/dialler.ts";
import type { Membership } from "../space/membership.ts";
import type { Store } from "../store/store.ts";
import { DOMAINS } from "../wire/domains.ts";
import { type PeerRecord, recordMessage } from "../wire/peer_record.ts";
import { advertisedPort, dialableAddress } from "./dialable_address.ts";
import type { Discovery } from "./discovery.ts";
import type { Farewells } from "./farewells.ts";
import type { Connection, Links } from "./links.ts";
import type { Overlay } from "./overlay.ts";
import { hasBetterPath, isBreak, isDirect, isSilent, pathOf, wasThereBefore } from "./path.ts";
import type { Reachability } from "./reachability.ts";
import { sourceOf } from "./source_address.ts";
import type { SpaceState } from "./space_state.ts";

/** Two links to one peer that came about within this time are a simultaneous dial; a later one replaces a dead one. */
const SIMULTANEOUS_MS = 5_000;

/** What neighbours work upon. */
export interface NeighbourParts {
  readonly identity: Identity;
  readonly store: Store;
  readonly space: SpaceState;
  readonly membership: Membership;
  readonly links: Links;
  readonly book: AddressBook;
  readonly dialler: Dialler;
  readonly emit: (event: PeerEvent) => void;
  readonly dial: (address: string) => void;
  readonly discovery: Discovery;
  readonly farewells: Farewells;
  readonly overlay: Overlay;
  readonly reach: Reachability;
  /** What this peer tells of itself. */
  readonly self: { readonly name: string; readonly version: string; readonly addresses: readonly string[] };
}

/** The members that are linked: one link each, who they say they are, and whom to dial to have links to all. */
export class Neighbours {
  readonly #parts: NeighbourParts;
  readonly #linkByPeer = new Map<string, Connection>();
  /** How members were reached when they were linked last: by which relay, else by which kind of path. */
  readonly #paths = new Map<string, string>();
  /** Records of linked peers whose admission has not come yet: the others are told of them when it has. */
  readonly #unannounced = new Map<Connection, PeerRecord>();
  /** Records of peers whose admission has not come yet, the oldest first. */
  #early: PeerRecord[] = [];
  #record: PeerRecord;
  #knownSources: ReadonlySet<string> = new Set();
  #knownUntilMs = 0;
  /** The newest epoch, when members came or went last. */
  #epoch: number;

  constructor(parts: NeighbourParts, now: Now) {
    this.#parts = parts;
    const known = parts.store.getMeta("book");
    if (known !== null) parts.book.load(known);
    parts.book.forgetStale((peer) => this.#isMember(fromHex(peer)), now.wallMs);
    this.#record = this.#signRecord(now);
    this.#epoch = this.#newestEpoch();
  }

  /**
   * A dialled address was answered: who else was looked for there is looked for elsewhere.
   *
   * @throws {ProtocolError} `duplicate_link` where who answered is linked: this end still has the older link, and the
   * address was tried for somebody else. Also where it answered at another address before: of two links that one end
   * dialled at the same time the ends could not choose the same one. A link by a worse path does not count, as it gives
   * way; nor does a relayed one that is much older, nor one that is silent, where a relayed one is to take its place.
   */
  answered(connection: Connection, now: Now): void {
    const { dialler, links } = this.#parts;
    dialler.answered(connection.address, connection.peer, now);
    // The circuit of a relayed link ends at some time: whoever asked for it asks for another one before.
    const isOld = ({ stage, memberSinceMs }: Connection) =>
      stage === "member" && now.monotonicMs - memberSinceMs > SIMULTANEOUS_MS;
    const givesWay = (other: Connection) => {
      if (connection.relay === null) return hasBetterPath(connection, other);
      return other.relay === null ? isSilent(other, now) : isOld(other);
    };
    const linked = this.#linkByPeer.get(connection.peer);
    if (linked !== undefined && !givesWay(linked)) throw new ProtocolError("duplicate_link", "it is linked already");
    for (const other of links.all()) {
      if (other === connection || other.direction !== "out" || other.peer !== connection.peer || givesWay(other)) {
        continue;
      }
      throw new ProtocolError("duplicate_link", "it answered at another address before");
    }
  }

  /**
   * The other side of a link has shown that it is a member.
   *
   * @returns false where another link to it stays, and this one is closed.
   * @throws {ProtocolError} `too_many_links`.
   */
  admitted(connection: Connection, now: Now): boolean {
    const { links, book, dialler, emit, self } = this.#parts;
    const { number, peer, address, direction } = connection;
    const other = this.#linkByPeer.get(peer);
    links.becameMember(connection, other ?? null, now);
    if (other !== undefined && this.#prefers(other, connection, now)) {
      links.close(connection, "duplicate_link", now);
      return false;
    }
    this.#linkByPeer.set(peer, connection);
    if (other !== undefined) links.close(other, "duplicate_link", now);
    if (direction === "out" && isDirect(connection)) {
      // Where this is the door that let this peer in, its address is all that leads back to the space.
      book.seen(toHex(fromBase32(peer)), address, now.wallMs);
    }
    // Who is linked through a relay only, or a hole, is dialled on.
    if (isDirect(connection)) dialler.linked(peer, now);
    else {
      // A relayed one takes the place of what is silent.
      if (other !== undefined && isDirect(other)) dialler.unlinked(peer, now, true);
      dialler.detoured(peer, now);
    }
    this.#parts.farewells.linked(peer);
    emit({ name: "link_opened", level: "info", fields: { peer, address, direction } });
    // Whoever holds the secret of the space can make up any number of others.
    if (connection.isKnownMember) this.#notePath(connection);
    links.send(number, { type: "hello", version: self.version, record: this.#record }, "control");
    const records = book.records().filter((record) => this.#isMember(record.peer));
    for (let i = 0; i < records.length; i += MAX_MESSAGE_RECORDS) {
      links.send(number, { type: "records", list: records.slice(i, i + MAX_MESSAGE_RECORDS) }, "control");
    }
    this.#parts.reach.linked(connection, now);
    return true;
  }

  /** A member's first message: its record, which is passed on where it is new. */
  greeted(connection: Connection, record: PeerRecord, now: Now): void {
    const { book, dialler } = this.#parts;
    if (toBase32(record.peer) !== connection.peer) throw new ProtocolError("bad_state", "a record of another peer");
    const isNew = book.add(record);
    // Where a hole leads to is of use to nobody else, and to this peer for as long as the hole is there.
    const address = !isDirect(connection)
      ? null
      : connection.direction === "out"
      ? connection.address
      : dialableAddress(connection.address, advertisedPort(record.addresses));
    book.seen(toHex(record.peer), address, now.wallMs, connection.direction === "out");
    this.aim(now);
    if (isDirect(connection)) dialler.linked(connection.peer, now);
    this.#parts.overlay.linked(connection, now);
    if (!isNew) return;
    // Who only proves the space is not spoken of: its holder can make up any number of peers.
    if (this.#isMember(record.peer)) this.#passOn(connection, record);
    else this.#unannounced.set(connection, record);
  }

  #passOn(connection: Connection, record: PeerRecord): void {
    const { links } = this.#parts;
    for (const other of links.members()) {
      if (other !== connection) links.send(other.number, { type: "records", list: [record] }, "control");
    }
  }

  /** Records of other members came in. One may be faster than its peer's admission, and nobody tells it again. */
  told(records: readonly PeerRecord[], now: Now): void {
    for (const record of records) {
      if (!this.#isMember(record.peer)) {
        this.#early.push({ ...record, peer: record.peer.slice(), signature: record.signature.slice() });
        if (this.#early.length > MAX_EARLY_RECORDS) this.#early.shift();
        continue;
      }
      if (!this.#parts.book.add(record)) continue;
      // It is signed by this peer, which did not: by an earlier run of it, or by one with a copy of its home.
      if (!equal(record.peer, this.#parts.identity.peerId)) continue;
      canonicalAddresses(record.addresses).forEach(this.#parts.dial);
    }
    this.aim(now);
  }

  /**
   * A member was found on a network of this machine.
   *
   * @param peer its id in hexadecimal; null where it is not known yet, as of one that has just joined elsewhere.
   */
  foundNearby(peer: string | null, addresses: readonly string[], now: Now): void {
    const { book, dialler, dial } = this.#parts;
    if (peer === null) return dial(addresses[0] as string);
    const id = toBase32(fromHex(peer));
    book.foundNearby(peer, addresses);
    this.aim(now);
    if (!this.#isReached(id)) dialler.hurry(id, now);
  }

  /** A member's link is closed. @returns whether it has no other one. */
  left(connection: Connection, reason: CloseReason, now: Now): boolean {
    const { book, dialler, reach } = this.#parts;
    reach.unlinked(connection);
    this.#unannounced.delete(connection);
    if (this.#linkByPeer.get(connection.peer) !== connection) return false;
    this.#linkByPeer.delete(connection.peer);
    book.seen(toHex(fromBase32(connection.peer)), null, now.wallMs);
    if (isDirect(connection)) dialler.unlinked(connection.peer, now, isBreak(reason));
    else dialler.detourEnded(connection.peer);
    return true;
  }

  /** This machine's addresses changed, or it woke: it tells the new ones, and dials everybody anew. */
  networkChanged(now: Now): void {
    const { dialler, overlay, book, reach } = this.#parts;
    reach.networkChanged(now);
    this.#parts.discovery.networkChanged(now);
    book.forgetNearby();
    this.tellAddresses(now);
    dialler.networkChanged(now);
    overlay.networkChanged(now);
  }

  /** The addresses at which this peer can be dialled are others than before: all that are linked are told. */
  tellAddresses(now: Now): void {
    const { links, self } = this.#parts;
    this.#record = this.#signRecord(now);
    for (const { number } of links.members()) {
      links.send(number, { type: "hello", version: self.version, record: this.#record }, "control");
    }
  }

  /** A dial, or the connection that came of it, led to no link. */
  dialFailed(address: string, now: Now): void {
    this.#parts.dialler.failed(address, now);
    this.#parts.reach.failed(address);
  }

  /** Members came or went: links to those that may no longer be here are closed, and the dialler aims anew. */
  membershipChanged(mayLink: (peer: Uint8Array, now: Now) => boolean, now: Now): void {
    const { links, book, dialler, farewells, membership, overlay } = this.#parts;
    const epoch = this.#newestEpoch();
    for (const connection of [...links.members()]) {
      const peer = fromBase32(connection.peer);
      if (!mayLink(peer, now)) links.close(connection, "member_left", now, "", farewells.to(connection, now));
      // It has to show that it knows the new secret: who that is kept from could be anybody who was not heard of.
      else if (epoch !== this.#epoch && !membership.wasAdmitted(peer)) links.close(connection, "not_a_member", now);
    }
    this.#epoch = epoch;
    for (const peer of this.#paths.keys()) if (!mayLink(fromBase32(peer), now)) this.#paths.delete(peer);
    dialler.keepOnly((peer) => mayLink(fromBase32(peer), now) || farewells.seeks(fromBase32(peer)));
    overlay.membershipChanged((peer) => mayLink(fromBase32(peer), now));
    book.forgetStale((peer) => this.#isMember(fromHex(peer)) || farewells.seeks(fromHex(peer)), now.wallMs);
    for (const [connection, record] of this.#unannounced) {
      if (!this.#isMember(record.peer)) continue;
      this.#unannounced.delete(connection);
      this.#passOn(connection, record);
    }
    const early = this.#early;
    this.#early = [];
    this.told(early, now);
  }

  #newestEpoch(): number {
    return Math.max(0, ...this.#parts.membership.renewalsInForce().map(({ number }) => number));
  }

  /** Aims the dialler at every member that should be linked: all in a small space, in a large one as the overlay has it. */
  aim(now: Now): void {
    const { identity, membership, space, book, dialler, farewells, overlay } = this.#parts;
    overlay.aim(now);
    for (const peer of farewells.sought()) dialler.aim(toBase32(peer), book.addressesOf(toHex(peer)), now);
    if (overlay.isOn) return;
    for (const { peer } of membership.members()) {
      if (equal(peer, identity.peerId)) continue;
      const id = toBase32(peer);
      dialler.aim(id, book.addressesOf(toHex(peer)), now, book.isNearby(toHex(peer)));
      // It may have been linked before its admission came, when there was nothing to aim at.
      if (this.#isReached(id) && !dialler.isLinked(id)) dialler.linked(id, now);
    }
    // Before the space has arrived not all members are known: whoever is in the book let this peer in.
    if (space.space === null || membership.standingOf(identity.peerId) !== null) return;
    const own = toHex(identity.peerId);
    for (const peer of book.peers().slice(0, FULL_MESH_LINKS)) {
      if (peer !== own) dialler.aim(toBase32(fromHex(peer)), book.addressesOf(peer), now);
    }
  }

  /** Keeps the address book, within the store's transaction. */
  save(): void {
    const { store, book } = this.#parts;
    // First, so that a store that refuses is not asked again before the next change.
    const bytes = book.encode();
    store.begin();
    store.setMeta("book", bytes);
  }

  /**
   * Which of two links to one peer stays. Both ends must choose alike: the one by the better path; of a simultaneous dial
   * the one that the lower id dialled; else the newer one, since who dialled it no longer has the older. A relayed link
   * takes the place of one that was there when it was asked for: that was silent then, or lost to the other end, whatever
   * it has let through since, which the ends see at different times. It does not of one that came about meanwhile.
   */
  #prefers(older: Connection, newer: Connection, now: Now): boolean {
    if ((older.relay === null) !== (newer.relay === null)) {
      return older.relay === null && !wasThereBefore(older, now);
    }
    if (hasBetterPath(older, newer) || hasBetterPath(newer, older)) return hasBetterPath(older, newer);
    if (now.monotonicMs - older.memberSinceMs > SIMULTANEOUS_MS || older.direction === newer.direction) return false;
    const ownIsLower = toBase32(this.#parts.identity.peerId) < older.peer;
    return (older.direction === "out") === ownIsLower;
  }

  /** Whether a member is linked that can be dialled at an address. */
  isLinkedAt(address: string): boolean {
    const { book } = this.#parts;
    return [...this.#linkByPeer.keys()].some((peer) => book.addressesOf(toHex(fromBase32(peer))).includes(address));
  }

  #notePath(connection: Connection): void {
    const { peer, relay } = connection;
    const path = pathOf(connection);
    const before = this.#paths.get(peer);
    this.#paths.set(peer, relay ?? path);
    if (before === undefined || before === (relay ?? path)) return;
    const name = this.#parts.book.get(toHex(fromBase32(peer)))?.record?.name ?? "";
    const by = relay === null ? {} : { by: relay };
    this.#parts.emit({ name: "path_changed", level: "info", fields: { peer, name, path, ...by } });
  }

  /** Whether a peer has a link that goes straight to it. */
  #isReached(peer: string): boolean {
    const link = this.#linkByPeer.get(peer);
    return link !== undefined && isDirect(link);
  }

  /** Whether a member was seen, or says that it listens, at the host of an address. */
  isKnown(address: string, now: Now): boolean {
    const { book } = this.#parts;
    if (now.monotonicMs >= this.#knownUntilMs) {
      this.#knownUntilMs = now.monotonicMs + KNOWN_ADDRESSES_KEPT_MS;
      const members = book.peers().filter((peer) => this.#isMember(fromHex(peer)));
      this.#knownSources = new Set(members.flatMap((peer) => book.addressesOf(peer)).map(sourceOf));
    }
    return this.#knownSources.has(sourceOf(address));
  }

  #isMember(peer: Uint8Array): boolean {
    const { membership, identity } = this.#parts;
    return membership.standingOf(identity.peerId) === null || membership.standingOf(peer) !== null;
  }

  /** Dated behind the one before, also where the clock is: others keep the newest only. */
  #signRecord(now: Now): PeerRecord {
    const { identity, self, book, reach } = this.#parts;
    const { name } = self;
    const addresses = [...self.addresses.slice(0, MAX_ADDRESSES - reach.proven.length), ...reach.proven];
    const before = book.get(toHex(identity.peerId))?.record;
    const dateMs = Math.max(Math.floor(now.wallMs), before === null || before === undefined ? 0 : before.dateMs + 1);
    const unsigned = { peer: identity.peerId, dateMs, name, addresses };
    const record = { ...unsigned, signature: identity.sign(DOMAINS.record, recordMessage(unsigned)) };
    book.add(record);
    return record;
  }
}
