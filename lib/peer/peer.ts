import type { Now } from "../base/clock.ts";
import { KithError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import { KEEP_BOOK_AFTER_MS } from "../base/limits.ts";
import { DamagedError } from "../store/damaged_error.ts";
import type { Message } from "../wire/message.ts";
import { changesSince, positionOf } from "./changes_since.ts";
import { takeBackTurn } from "./failed_turn.ts";
import type { Connection } from "./links.ts";
import type { Stage } from "./stage.ts";
import type { LinkEnd, LinksListener } from "./links_listener.ts";
import type { Effect, Input, Machine } from "./machine.ts";
import type {
  Change,
  ChangesSince,
  ConflictView,
  DoorView,
  EntryView,
  ForkView,
  InviteView,
  MemberView,
  PastView,
  PeerReads,
  PeerView,
  RemovedView,
  StatusView,
  StoreCheck,
  VersionView,
} from "./reads.ts";
import { Outbox } from "./outbox.ts";
import { historyOf, versionOf } from "./past_views.ts";
import type { PeerOptions } from "./peer_options.ts";
import type { PostReader } from "./post_views.ts";
import { PeerParts } from "./peer_parts.ts";

/**
 * A peer: one synchronous, deterministic state machine. Inputs go in by `handle`, `endTurn` commits and gives the
 * effects, `pull` gives the bytes for a socket; everything else here only reads.
 */
export class Peer implements Machine, PeerReads, LinksListener {
  readonly #parts: PeerParts;
  readonly #outbox = new Outbox();
  /** Links by which this peer, or the other one, was let in by a ticket in the turn under way. */
  readonly #admittedNow = new Set<Connection>();
  /** When the address book is kept, unless something else is committed before. */
  #bookDueMs = Infinity;
  #isStopping = false;
  /** Why the turn under way will be taken back. */
  #storeFailure: KithError | null = null;

  constructor(options: PeerOptions) {
    this.#parts = new PeerParts(options, this.#outbox, this, (connection, now) => this.#admitted(connection, now));
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
        if (this.#parts.links.connected(input, now)) return;
        return this.#dialFailed(input.address, "this peer has as many links as it allows", now, true);
      case "received":
        return this.#parts.links.received(input.connection, input.bytes, now);
      case "disconnected":
        return this.#parts.links.disconnected(input.connection, now);
      case "dial_failed":
        return this.#dialFailed(input.address, input.detail, now, input.isUntried);
      case "network_changed":
        return this.#parts.neighbours.networkChanged(now);
      case "addresses_changed":
        return this.#parts.addressesChanged(now);
      case "lan_interfaces":
      case "lan_received":
      case "lan_others":
        return this.#parts.lan.take(input, now);
      case "dht_network":
      case "dht_found":
      case "dht_done":
        return this.#parts.rendezvous.take(input, now);
      case "quic":
      case "quic_seen":
        return this.#parts.reach.take(input, now);
      case "request":
        return this.#parts.requests.take(input.id, input.request, now);
      case "stopping": {
        this.#isStopping = true;
        const wordsOn = this.#parts.presence.stop();
        this.#parts.relays.stop(now);
        for (const connection of [...this.#parts.links.all()]) {
          const carried = this.#parts.relays.lastWords(connection, now);
          this.#parts.links.close(connection, "goodbye", now, "", wordsOn(connection), carried);
        }
        return this.#parts.lan.stop();
      }
    }
  }

  /** Does something that reads or writes the store; where the store fails, the turn is taken back at its end. */
  #withStore(act: () => void): void {
    const failure = this.#storeFailureOf(act);
    if (failure !== null) this.#storeFailure ??= failure;
  }

  /** Does something behind a commit, on which no reply rests: where the store fails, the next turn is not to blame. */
  #behindCommit(act: () => void): void {
    const failure = this.#storeFailureOf(act);
    if (failure !== null) this.#outbox.emit({ name: "store_failed", level: "error", reason: failure.code });
  }

  #storeFailureOf(act: () => void): KithError | null {
    try {
      act();
      return null;
    } catch (error) {
      if (error instanceof KithError) return error;
      if (!(error instanceof DamagedError)) throw error;
      this.#noteDamage(error);
      return new KithError("store_damaged", { path: this.#parts.store.path, detail: error.message }, error);
    }
  }

  /** Reads for somebody: a damaged record is told of and fetched anew, and what was asked for is refused. */
  #reading<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof DamagedError) this.#noteDamage(error);
      throw error;
    }
  }

  #noteDamage({ table, row, key, message }: DamagedError): void {
    this.#outbox.emit({ name: "record_damaged", level: "error", reason: message, fields: { table, row, key } });
    this.#parts.repairs.note({ table, row, key });
  }

  /** Ends a turn (see `Machine`): local writes are signed, everything is committed, and only then told to others. */
  endTurn(now: Now): Effect[] {
    this.#parts.postRequests.endTurn(now);
    this.#withStore(() => {
      this.#parts.requests.endTurn(now);
      if (this.#parts.book.changed && this.#parts.store.inTransaction) this.#parts.neighbours.save();
      if (this.#storeFailure === null) this.#parts.store.commit();
    });
    const { applied, changed } = this.#parts.applier.take();
    const failure = this.#storeFailure;
    this.#storeFailure = null;
    if (failure !== null) {
      const failureOf = (act: () => void) => this.#storeFailureOf(act);
      const emit = (event: PeerEvent) => this.#outbox.emit(event);
      takeBackTurn(this.#parts, { failureOf, admittedNow: this.#admittedNow, emit }, failure, now);
    }
    this.#admittedNow.clear();
    if (failure !== null) return this.#takeEffects(now);
    this.#parts.requests.committed();
    this.#parts.repairs.committed();
    this.#behindCommit(() => this.#keepBook(now));
    this.#behindCommit(() => {
      if (applied.some(({ header }) => header.class === "membership")) this.#parts.membershipChanged(now);
      const hasChanged = applied.length > 0 || changed.size > 0;
      this.#parts.presence.tick(hasChanged, now);
      if (hasChanged) this.#parts.reconciler.changed(now);
      this.#parts.sync.turnEnded(applied, now, hasChanged);
      this.#parts.tree.turnEnded(applied, now);
      this.#parts.reconciler.turnEnded(now);
    });
    this.#outbox.changed(changed);
    this.#parts.overlay.endTurn(now);
    this.#parts.relays.endTurn(now);
    for (const address of this.#parts.dialler.due(now)) this.#outbox.dial(address);
    return this.#takeEffects(now);
  }

  /** The next bytes for a socket (see `Machine`). */
  pull(connection: number, maxBytes: number, now: Now): Uint8Array | null {
    return this.#parts.links.pull(connection, maxBytes, now);
  }

  /** Keeps the address book once it is due, and what is damaged. No turn fails for that. */
  #keepBook(now: Now): void {
    if (!this.#parts.book.changed) this.#bookDueMs = Infinity;
    else if (this.#bookDueMs === Infinity) this.#bookDueMs = now.monotonicMs + KEEP_BOOK_AFTER_MS;
    if (this.#parts.book.changed && (now.monotonicMs >= this.#bookDueMs || this.#isStopping)) {
      this.#bookDueMs = Infinity;
      this.#parts.neighbours.save();
    }
    this.#parts.repairs.save();
    this.#parts.store.commit();
  }

  /** When a tick is due (see `Machine`). */
  deadline(): number {
    return Math.min(this.#bookDueMs, this.#parts.deadline());
  }

  /** Whether a member was seen at the host of an address (see `Machine`). */
  isKnown(address: string, now: Now): boolean {
    return this.#parts.neighbours.isKnown(address, now);
  }

  /** The winner of a key; null where there is none. */
  get(key: string): EntryView | null {
    return this.#reading(() => this.#parts.views.get(key));
  }

  /** Winners in key order (bytewise). */
  list(query: { readonly prefix?: string; readonly after?: string; readonly limit: number }): EntryView[] {
    return this.#reading(() => this.#parts.views.list(query));
  }

  /** How keys stand now. */
  changes(keys: readonly string[]): Change[] {
    return this.#reading(() => this.#parts.views.changes(keys));
  }

  /** How far this peer has come; null while it lacks parts of what it holds, or a removal is under way. */
  position(): string | null {
    return positionOf(this.#parts.store);
  }

  /** What changed since a position (null: since now). @throws {KithError} `position_invalid`, `position_lost`. */
  changesSince(position: string | null): ChangesSince {
    return changesSince(this.#parts.store, position);
  }

  /** A reader of the messages on a topic and below it. */
  subscribe(filter: string): PostReader {
    return this.#parts.topics.subscribe(filter);
  }

  /** What needs a person's eye. */
  conflicts(): ConflictView[] {
    return this.#reading(() => this.#parts.views.conflicts());
  }

  /** The puts and dels on a key, newest first. @throws {KithError} `version_…`. */
  history({ key, before, limit }: { readonly key: string; before?: string; limit: number }): PastView[] {
    return this.#reading(() => historyOf(this.#parts.store, key, before, limit));
  }

  /** One version of a key, whatever became of it. @throws {KithError} `version_…`. */
  version(key: string, version: string): VersionView {
    return this.#reading(() => versionOf(this.#parts.store, key, version));
  }

  /** Part of `PeerReads`. */
  get provenAddresses(): readonly string[] {
    return this.#parts.reach.proven;
  }

  /** Part of `PeerReads`. */
  get isMember(): boolean {
    return this.#parts.views.isMember;
  }

  /** The members of the space. */
  members(): MemberView[] {
    return this.#parts.views.members();
  }

  /** Who was a member and is none any more, the latest first. */
  removed(): RemovedView[] {
    return this.#parts.views.removed();
  }

  /** The linked members. */
  peers(wallMs?: number): PeerView[] {
    return this.#parts.views.peers(wallMs);
  }

  /** Part of `PeerReads`. */
  door(): DoorView[] {
    return this.#parts.views.door();
  }

  /** How the peer is. */
  status(): StatusView {
    return this.#parts.views.status();
  }

  /** Whether all linked peers hold the same, and at least one is linked, or none other is a member. */
  synced(): boolean {
    return this.#parts.views.synced();
  }

  /** Whether records are damaged that only a store that is made anew can put right. */
  get needsNewStore(): boolean {
    return this.#parts.repairs.needsNewStore;
  }

  /** Who used a number of their history twice. */
  forks(): ForkView[] {
    return this.#parts.views.forks();
  }

  /** A check of everything on disk. */
  check(structure: boolean): StoreCheck {
    return this.#parts.repairs.check(structure);
  }

  /** Part of `PeerReads`. */
  invites(wallMs: number): InviteView[] {
    return this.#parts.requests.invites.open(wallMs);
  }

  /** Part of `LinksListener`: proves, knocks, or as the listener waits for either. */
  linkOpened(connection: Connection, now: Now): void {
    // A store that fails must not cut short what else came in with it.
    this.#withStore(() => this.#parts.messages.opened(connection, now));
  }

  /** Part of `LinksListener`: what a message may do depends on how far the link has come. */
  linkMessage(connection: Connection, message: Message, now: Now): void {
    this.#withStore(() => this.#parts.messages.received(connection, message, now));
  }

  /** Part of `LinksListener`. */
  linkClosed(connection: Connection, stageBefore: Stage, { reason, detail, byRemote }: LinkEnd, now: Now): void {
    this.#parts.admission.closed(connection, stageBefore, reason, now);
    this.#parts.discovery.closed(connection, stageBefore, reason, now);
    this.#parts.applier.dropConnection(connection.number);
    this.#parts.farewells.closed(connection, byRemote ? reason : null);
    this.#parts.relays.closed(connection, stageBefore, reason, now);
    if (stageBefore !== "member") {
      this.#parts.neighbours.dialFailed(connection.address, now);
      this.#parts.joiner.lost(connection.address, reason, detail, now);
      return;
    }
    this.#parts.postLinks.closed(connection, reason, now);
    this.#parts.sync.closed(connection.number, now);
    this.#parts.reconciler.closed(connection.number);
    this.#parts.pastRepair.closed(connection.number, now);
    this.#parts.overlay.left(connection, reason, now);
    if (this.#parts.neighbours.left(connection, reason, now)) this.#parts.presence.unlinked(connection, reason, now);
  }

  /** Part of `LinksListener`. */
  linkDrained(connection: Connection): void {
    this.#behindCommit(() => this.#parts.sync.drained(connection.number));
  }

  /** Part of `LinksListener`. */
  linkPulled(connection: Connection, now: Now): void {
    this.#parts.postLinks.drained(connection);
    this.#parts.relays.fill(connection, now);
  }

  /** Part of `LinksListener`. */
  linkAnswered(connection: Connection, roundTripMs: number): void {
    this.#parts.pings.answered(connection.number, roundTripMs);
  }

  #dialFailed(address: string, detail: string, now: Now, isUntried = false): void {
    if (isUntried) this.#parts.reach.untried(address);
    this.#parts.discovery.relay.dialFailed(address, detail, now);
    this.#parts.neighbours.dialFailed(address, now);
    this.#parts.joiner.lost(address, "dial_failed", detail, now);
  }

  #tick(now: Now): void {
    this.#parts.links.tick(now);
    this.#parts.relays.tick(now);
    this.#parts.joiner.tick(now);
    this.#parts.discovery.tick(now);
    this.#parts.reach.tick(now);
    this.#parts.pings.tick(now);
    this.#parts.questions.tick(now);
    this.#parts.topics.tick(now);
    this.#parts.repairs.tick(now);
    this.#parts.sync.tick(now);
    this.#parts.overlay.tick(now);
    // What it signs rests upon all acts that were applied; of a state that is between two nothing is signed, or let go.
    if (this.#parts.applier.undoer.tick()) this.#parts.compactor.tick(now);
    this.#parts.expiry.tick(now);
    this.#parts.pastRepair.tick(now);
  }

  /** The other side of a link has shown that it is a member. */
  #admitted(connection: Connection, now: Now): void {
    if (connection.stage !== "proving") this.#admittedNow.add(connection);
    this.#parts.admission.linked(connection.peer);
    if (!this.#parts.neighbours.admitted(connection, now)) return;
    this.#parts.rendezvous.changed(now);
    this.#parts.postLinks.opened(connection, now);
    this.#parts.relays.linked(connection, now);
    this.#parts.arrival.linked(connection, now);
    this.#parts.repairs.linked();
    this.#parts.reconciler.opened(connection.number, now);
  }

  #takeEffects(now: Now): Effect[] {
    const ofLinks = this.#parts.relays.takeEffects(now);
    return [...this.#outbox.take(), ...ofLinks, ...this.#parts.discovery.takeEffects(now)];
  }
}
