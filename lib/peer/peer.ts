import { fromBase32, toBase32 } from "../base/base32.ts";
import { equal, toHex } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import { type CloseReason, KithError, ProtocolError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import { FULL_MESH_LINKS, MAX_MESSAGE_RECORDS } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import { type Identity, verifySigned } from "../crypto/identity.ts";
import { HybridClock } from "../data/clock.ts";
import type { Verify } from "../data/transaction.ts";
import { AddressBook } from "../mesh/address_book.ts";
import { Dialler } from "../mesh/dialler.ts";
import { Membership } from "../space/membership.ts";
import { DamagedError } from "../store/damaged_error.ts";
import type { Store } from "../store/store.ts";
import { Sync } from "../sync/sync.ts";
import { DOMAINS } from "../wire/domains.ts";
import type { Message } from "../wire/message.ts";
import { type PeerRecord, recordMessage } from "../wire/peer_record.ts";
import { Admission } from "./admission.ts";
import { Applier } from "./applier.ts";
import { advertisedPort, dialableAddress } from "./dialable_address.ts";
import { Joiner } from "./joiner.ts";
import { type Connection, Links, type LinksListener, type Stage } from "./links.ts";
import type {
  Change,
  ConflictView,
  Effect,
  EntryView,
  Input,
  Machine,
  MemberView,
  PeerReads,
  PeerView,
} from "./machine.ts";
import type { Reply, StatusView } from "./machine.ts";
import { Pings } from "./pings.ts";
import { Requests } from "./requests.ts";
import { SpaceState } from "./space_state.ts";
import { Views } from "./views.ts";

/** Two links to one peer that came about within this time are a simultaneous dial; a later one replaces a dead one. */
const SIMULTANEOUS_MS = 5_000;

/** What a peer is made of. */
export interface PeerOptions {
  readonly identity: Identity;
  readonly store: Store;
  readonly random: Random;
  /** What people call it; others are told. */
  readonly name: string;
  /** This kith's version; others are told. */
  readonly version: string;
  /** Where it listens, `host:port`, best first; empty when it does not. */
  readonly addresses: readonly string[];
  readonly now: Now;
  /** Checks signatures. Default: Ed25519. For the simulator, which plants a broken one. */
  readonly verify?: Verify;
}

/**
 * A peer: one synchronous, deterministic state machine. Inputs go in by `handle`, `endTurn` commits and gives the
 * effects, `pull` gives the bytes for a socket; everything else here only reads.
 */
export class Peer implements Machine, PeerReads, LinksListener {
  readonly #options: PeerOptions;
  readonly #store: Store;
  readonly #space: SpaceState;
  readonly #membership: Membership;
  readonly #clock: HybridClock;
  readonly #applier: Applier;
  readonly #links: Links;
  readonly #sync: Sync;
  readonly #book: AddressBook;
  readonly #dialler: Dialler;
  readonly #admission: Admission;
  readonly #joiner: Joiner;
  readonly #requests: Requests;
  readonly #views: Views;
  readonly #pings: Pings;
  readonly #counters = new Map<string, number>();
  readonly #linkByPeer = new Map<string, Connection>();
  #record: PeerRecord;
  #effects: Effect[] = [];
  /** Why the turn under way will be taken back. */
  #storeFailure: KithError | null = null;

  constructor(options: PeerOptions) {
    this.#options = options;
    const { identity, store, random } = options;
    const verify = options.verify ?? verifySigned;
    const emit = (event: PeerEvent) => this.#emit(event);
    this.#store = store;
    this.#space = new SpaceState(store);
    this.#membership = new Membership((context) => store.context(context), verify);
    this.#clock = new HybridClock();
    this.#applier = new Applier({ store, membership: this.#membership, clock: this.#clock, verify, emit });
    this.#links = new Links(identity, random, this, emit);
    this.#sync = new Sync(store, this.#links, () => this.#applier.missingParents());
    this.#book = new AddressBook(verify);
    this.#dialler = new Dialler(random);
    const admitted = (connection: Connection, now: Now) => this.#admitted(connection, now);
    const parts = { identity, store, clock: this.#clock, verify, space: this.#space, links: this.#links, admitted };
    this.#admission = new Admission({ ...parts, membership: this.#membership, applier: this.#applier });
    this.#requests = new Requests({
      ...parts,
      random,
      membership: this.#membership,
      applier: this.#applier,
      emit,
      reply: (id, reply) => this.#reply(id, reply),
      dial: (address) => this.#effects.push({ type: "dial", address }),
      join: (id, keys, addresses, now) => this.#joiner.start(id, keys, addresses, now),
      ping: (id, peer, now) => this.#pings.start(id, peer, now),
      reset: () => this.#membership.clear(),
    });
    this.#joiner = new Joiner({
      ...parts,
      dial: (address) => this.#effects.push({ type: "dial", address }),
      done: (request, failure) => this.#requests.joined(request, failure),
    });
    this.#pings = new Pings(this.#links, (peer) => this.#views.linkedAs(peer), (id, reply) => this.#reply(id, reply));
    this.#views = new Views({
      identity,
      store,
      space: this.#space,
      membership: this.#membership,
      applier: this.#applier,
      links: this.#links,
      sync: this.#sync,
      book: this.#book,
      counters: this.#counters,
      name: () => options.name,
    });
    this.#loadMembership();
    const known = store.getMeta("book");
    if (known !== null) this.#book.load(known);
    for (const id of store.tips()) {
      const tip = store.transaction(id);
      if (tip !== null) this.#clock.observe(tip.header.clock, options.now.wallMs);
    }
    this.#record = this.#signRecord(options.now);
    this.#aim(options.now);
  }

  /** Takes one input (see `Machine`). */
  handle(input: Input, now: Now): void {
    this.#withStore(() => this.#dispatch(input, now));
  }

  #dispatch(input: Input, now: Now): void {
    switch (input.type) {
      case "tick":
        return this.#tick(now);
      case "connected":
        return this.#links.connected(input.connection, input.direction, input.address, now);
      case "received":
        return this.#links.received(input.connection, input.bytes, now);
      case "disconnected":
        return this.#links.disconnected(input.connection, now);
      case "dial_failed":
        this.#dialler.failed(input.address, now);
        this.#joiner.lost(input.address, input.detail, false, now);
        return;
      case "network_changed":
        this.#record = this.#signRecord(now);
        this.#dialler.networkChanged(now);
        return;
      case "request":
        return this.#requests.take(input.id, input.request, now);
      case "stopping":
        for (const connection of [...this.#links.all()]) this.#links.close(connection, "goodbye", now);
        return;
    }
  }

  /** Does something that reads or writes the store; where the store fails, the turn is taken back at its end. */
  #withStore(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (error instanceof DamagedError) {
        const { table, row, key } = error;
        this.#emit({ name: "record_damaged", level: "error", reason: error.message, fields: { table, row, key } });
        this.#storeFailure ??= new KithError("store_damaged", { path: this.#store.path, detail: error.message }, error);
      } else if (error instanceof KithError) {
        this.#storeFailure ??= error;
      } else {
        throw error;
      }
    }
  }

  /** Ends a turn (see `Machine`): local writes are signed, everything is committed, and only then told to others. */
  endTurn(now: Now): Effect[] {
    this.#withStore(() => {
      this.#requests.endTurn(now);
      if (this.#book.changed && this.#store.inTransaction) this.#store.setMeta("book", this.#book.encode());
      if (this.#storeFailure === null) this.#store.commit();
    });
    const { applied, changed } = this.#applier.take();
    if (this.#storeFailure !== null) {
      this.#turnFailed(this.#storeFailure);
      this.#storeFailure = null;
      return this.#takeEffects();
    }
    this.#requests.committed();
    this.#withStore(() => {
      if (applied.some(({ header }) => header.class === "membership")) this.#membershipChanged(now);
      this.#sync.turnEnded(applied, now);
    });
    if (changed.size > 0) this.#effects.push({ type: "changed", keys: [...changed] });
    for (const address of this.#dialler.due(now)) this.#effects.push({ type: "dial", address });
    return this.#takeEffects();
  }

  /** The next bytes for a socket (see `Machine`). */
  pull(connection: number, maxBytes: number, now: Now): Uint8Array | null {
    return this.#links.pull(connection, maxBytes, now);
  }

  /** When a tick is due (see `Machine`). */
  deadline(): number {
    return Math.min(
      this.#links.deadline(),
      this.#sync.deadline(),
      this.#dialler.deadline(),
      this.#joiner.deadline(),
      this.#pings.deadline(),
    );
  }

  /** The winner of a key; null where there is none. */
  get(key: string): EntryView | null {
    return this.#views.get(key);
  }

  /** Winners in key order (bytewise). */
  list(query: { readonly prefix?: string; readonly after?: string; readonly limit: number }): EntryView[] {
    return this.#views.list(query);
  }

  /** How keys stand now. */
  changes(keys: readonly string[]): Change[] {
    return this.#views.changes(keys);
  }

  /** What needs a person's eye. */
  conflicts(): ConflictView[] {
    return this.#views.conflicts();
  }

  /** The members of the space. */
  members(): MemberView[] {
    return this.#views.members();
  }

  /** The linked members. */
  peers(): PeerView[] {
    return this.#views.peers();
  }

  /** How the peer is. */
  status(): StatusView {
    return this.#views.status();
  }

  /** The secret of an invite that was made here and is still good; null where there is none. */
  openInvite(wallMs: number): { secret: Uint8Array; expiresMs: number } | null {
    return this.#requests.openInvite(wallMs);
  }

  /** Part of `LinksListener`: proves, knocks, or as the listener waits for either. */
  linkOpened(connection: Connection, now: Now): void {
    if (this.#joiner.wants(connection)) return this.#joiner.knock(connection);
    if (connection.direction === "in") {
      if (this.#space.space === null) throw new ProtocolError("not_a_member", "this peer is in no space");
      return;
    }
    if (!this.#admission.mayLink(fromBase32(connection.peer), now)) {
      throw new ProtocolError("not_a_member", "it is no member of this peer's space");
    }
    this.#admission.prove(connection);
  }

  /** Part of `LinksListener`: what a message may do depends on how far the link has come. */
  linkMessage(connection: Connection, message: Message, now: Now): void {
    const { stage, direction } = connection;
    if (stage === "member") return this.#memberMessage(connection, message, now);
    if (message.type === "prove" && stage === "proving") return this.#admission.proved(connection, message.mac, now);
    if (message.type === "knock" && stage === "proving" && direction === "in") {
      return this.#admission.knocked(connection, message.tag, now);
    }
    if (message.type === "redeem" && stage === "door") return this.#admission.redeemed(connection, message, now);
    if (message.type === "offer" && stage === "joining") return this.#joiner.offered(connection, message, now);
    if (message.type === "welcome" && stage === "joining") return this.#joiner.welcomed(connection, message, now);
    throw new ProtocolError("bad_state", `${message.type} while ${stage}`);
  }

  /** Part of `LinksListener`. */
  linkClosed(connection: Connection, stageBefore: Stage, reason: CloseReason, now: Now): void {
    this.#admission.closed(connection);
    this.#applier.dropConnection(connection.number);
    if (stageBefore !== "member") {
      this.#dialler.failed(connection.address, now);
      const refused = reason === "refused_ticket" || reason === "not_a_member" || reason === "self";
      this.#joiner.lost(connection.address, reason, refused, now);
      return;
    }
    this.#sync.closed(connection.number, now);
    if (this.#linkByPeer.get(connection.peer) !== connection) return;
    this.#linkByPeer.delete(connection.peer);
    this.#book.seen(toHex(fromBase32(connection.peer)), null, now.wallMs);
    this.#dialler.unlinked(connection.peer, now);
  }

  /** Part of `LinksListener`. */
  linkDrained(connection: Connection): void {
    this.#withStore(() => this.#sync.drained(connection.number));
  }

  /** Part of `LinksListener`. */
  linkAnswered(connection: Connection, roundTripMs: number): void {
    this.#pings.answered(connection.number, roundTripMs);
  }

  #tick(now: Now): void {
    this.#links.tick(now);
    this.#joiner.tick(now);
    this.#pings.tick(now);
    this.#sync.tick(now);
  }

  #memberMessage(connection: Connection, message: Message, now: Now): void {
    switch (message.type) {
      case "hello":
        return this.#greeted(connection, message.record, now);
      case "records":
        for (const record of message.list) if (this.#isMember(record.peer)) this.#book.add(record);
        return this.#aim(now);
      case "transactions":
        return this.#transactions(connection, message.list, now);
      case "prove":
      case "knock":
      case "offer":
      case "redeem":
      case "welcome":
        throw new ProtocolError("bad_state", `${message.type} between members`);
      default:
        return this.#sync.received(connection.number, message, now);
    }
  }

  #transactions(connection: Connection, list: Extract<Message, { type: "transactions" }>["list"], now: Now): void {
    const space = this.#space.space;
    if (space === null) throw new ProtocolError("bad_state", "transactions without a space");
    for (const bytes of list) {
      const taken = this.#applier.receive(bytes, space, connection.number, now.wallMs);
      if (taken === null) continue;
      this.#sync.transactionReceived(connection.number, taken.id, taken.header, taken.waits, now);
    }
  }

  /** The other side of a link has shown that it is a member. */
  #admitted(connection: Connection, now: Now): void {
    const other = this.#linkByPeer.get(connection.peer);
    connection.stage = "member";
    connection.memberSinceMs = now.monotonicMs;
    connection.link.authorize();
    if (other !== undefined && this.#prefers(other, connection, now)) {
      this.#links.close(connection, "duplicate_link", now);
      return;
    }
    this.#linkByPeer.set(connection.peer, connection);
    if (other !== undefined) this.#links.close(other, "duplicate_link", now);
    this.#dialler.linked(connection.peer, now);
    this.#emit({
      name: "link_opened",
      level: "info",
      fields: { peer: connection.peer, address: connection.address, direction: connection.direction },
    });
    const { number } = connection;
    this.#links.send(number, { type: "hello", version: this.#options.version, record: this.#record }, "control");
    const records = this.#book.records().filter(({ peer }) => this.#isMember(peer));
    for (let i = 0; i < records.length; i += MAX_MESSAGE_RECORDS) {
      this.#links.send(number, { type: "records", list: records.slice(i, i + MAX_MESSAGE_RECORDS) }, "control");
    }
    this.#sync.opened(number);
  }

  /**
   * Which of two links to one peer stays. Both ends must choose alike: of a simultaneous dial the one that the lower
   * id dialled; else the newer one, since who dialled it no longer has the older.
   */
  #prefers(older: Connection, newer: Connection, now: Now): boolean {
    if (now.monotonicMs - older.memberSinceMs > SIMULTANEOUS_MS || older.direction === newer.direction) return false;
    const ownIsLower = toBase32(this.#options.identity.peerId) < older.peer;
    return (older.direction === "out") === ownIsLower;
  }

  #greeted(connection: Connection, record: PeerRecord, now: Now): void {
    if (toBase32(record.peer) !== connection.peer) throw new ProtocolError("bad_state", "a record of another peer");
    const known = this.#book.add(record);
    const peer = toHex(record.peer);
    const address = connection.direction === "out"
      ? connection.address
      : dialableAddress(connection.address, advertisedPort(record.addresses));
    this.#book.seen(peer, address, now.wallMs);
    this.#saveBook();
    this.#aim(now);
    this.#dialler.linked(connection.peer, now);
    if (!known) return;
    for (const other of this.#links.members()) {
      if (other !== connection) this.#links.send(other.number, { type: "records", list: [record] }, "control");
    }
  }

  /** Aims the dialler at every member that should be linked: all in a small space, the first of them in a large one. */
  #aim(now: Now): void {
    let aimed = 0;
    for (const { peer } of this.#membership.members()) {
      if (equal(peer, this.#options.identity.peerId)) continue;
      if (aimed++ < FULL_MESH_LINKS) this.#dialler.aim(toBase32(peer), this.#book.addressesOf(toHex(peer)), now);
    }
    // Before the space has arrived its members are unknown: whoever is in the book let this peer in.
    if (this.#membership.size > 0 || this.#space.space === null) return;
    for (const { peer } of this.#book.records()) {
      this.#dialler.aim(toBase32(peer), this.#book.addressesOf(toHex(peer)), now);
    }
  }

  /** Members came or went: links to those that went are closed, and the dialler aims anew. */
  #membershipChanged(now: Now): void {
    for (const connection of [...this.#links.members()]) {
      if (this.#admission.mayLink(fromBase32(connection.peer), now)) continue;
      this.#dialler.forget(connection.peer);
      this.#links.close(connection, "member_left", now);
    }
    this.#aim(now);
  }

  #isMember(peer: Uint8Array): boolean {
    return this.#membership.size === 0 || this.#membership.standingOf(peer) !== null;
  }

  #loadMembership(): void {
    this.#membership.clear();
    for (const { transaction, operations } of this.#store.membershipRows()) {
      this.#membership.add(transaction, operations, transaction.row, transaction.context);
    }
  }

  #saveBook(): void {
    this.#store.begin();
    this.#store.setMeta("book", this.#book.encode());
  }

  #signRecord(now: Now): PeerRecord {
    const { identity, name, addresses } = this.#options;
    const unsigned = { peer: identity.peerId, dateMs: Math.max(0, Math.floor(now.wallMs)), name, addresses };
    return { ...unsigned, signature: identity.sign(DOMAINS.record, recordMessage(unsigned)) };
  }

  /** Nothing of the turn happened: what came from other peers is lacked still, and pulled again. */
  #turnFailed(error: KithError): void {
    this.#store.rollback();
    this.#loadMembership();
    this.#emit({ name: "turn_failed", level: "error", reason: error.code });
    this.#requests.failed(error);
  }

  #reply(id: number, reply: Reply): void {
    this.#effects.push({ type: "reply", id, reply });
  }

  #emit(event: PeerEvent): void {
    this.#counters.set(event.name, (this.#counters.get(event.name) ?? 0) + 1);
    this.#effects.push({ type: "event", event });
  }

  #takeEffects(): Effect[] {
    const effects = [...this.#effects, ...this.#links.takeEffects()];
    this.#effects = [];
    return effects;
  }
}
