import type { Now } from "../base/clock.ts";
import { type CloseReason, KithError } from "../base/errors.ts";
import { countedNames, type PeerEvent } from "../base/event.ts";
import { DEFAULT_HISTORY_MS } from "../base/limits.ts";
import { keepingVerifier } from "../crypto/identity.ts";
import { HybridClock } from "../data/clock.ts";
import { AddressBook } from "../mesh/address_book.ts";
import { Dialler } from "../mesh/dialler.ts";
import { Membership } from "../space/membership.ts";
import { DamagedError } from "../store/damaged_error.ts";
import type { Store } from "../store/store.ts";
import { Reconciler } from "../sync/reconciler.ts";
import { Sync } from "../sync/sync.ts";
import type { Message } from "../wire/message.ts";
import { Admission } from "./admission.ts";
import { Applier } from "./applier.ts";
import { changesSince, positionText } from "./changes_since.ts";
import { Compactor } from "./compactor.ts";
import { HistoryMarks } from "./history_marks.ts";
import { Joiner } from "./joiner.ts";
import { type Connection, Links, type LinksListener, type Stage } from "./links.ts";
import type {
  Change,
  ChangesSince,
  ConflictView,
  Effect,
  EntryView,
  ForkView,
  Input,
  Machine,
  MemberView,
  PastView,
  PeerReads,
  PeerView,
  VersionView,
} from "./machine.ts";
import type { Reply, StatusView, StoreCheck } from "./machine.ts";
import { Messages } from "./messages.ts";
import { Neighbours } from "./neighbours.ts";
import { OwnPast } from "./own_past.ts";
import { historyOf, versionOf } from "./past_views.ts";
import type { PeerOptions } from "./peer_options.ts";
import { PastRepair } from "./past_repair.ts";
import { PastSource } from "./past_source.ts";
import { Pings } from "./pings.ts";
import { Repairs } from "./repairs.ts";
import { Requests } from "./requests.ts";
import { SpaceState } from "./space_state.ts";
import { Views } from "./views.ts";

/**
 * A peer: one synchronous, deterministic state machine. Inputs go in by `handle`, `endTurn` commits and gives the
 * effects, `pull` gives the bytes for a socket; everything else here only reads.
 */
export class Peer implements Machine, PeerReads, LinksListener {
  readonly #store: Store;
  readonly #space: SpaceState;
  readonly #membership: Membership;
  readonly #clock: HybridClock;
  readonly #applier: Applier;
  readonly #links: Links;
  readonly #sync: Sync;
  readonly #reconciler: Reconciler;
  readonly #book: AddressBook;
  readonly #dialler: Dialler;
  readonly #admission: Admission;
  readonly #joiner: Joiner;
  readonly #requests: Requests;
  readonly #views: Views;
  readonly #pings: Pings;
  readonly #repairs: Repairs;
  readonly #neighbours: Neighbours;
  readonly #messages: Messages;
  readonly #compactor: Compactor;
  readonly #pastRepair: PastRepair;
  readonly #counters = new Map<string, number>();
  #effects: Effect[] = [];
  /** Links by which this peer, or the other one, was let in by a ticket in the turn under way. */
  readonly #admittedNow = new Set<Connection>();
  /** Why the turn under way will be taken back. */
  #storeFailure: KithError | null = null;

  constructor(options: PeerOptions) {
    const { identity, store, random } = options;
    const verify = options.verify ?? keepingVerifier();
    const emit = (event: PeerEvent) => this.#emit(event);
    this.#store = store;
    this.#space = new SpaceState(store);
    this.#membership = new Membership((context) => store.context(context), verify);
    this.#clock = new HybridClock();
    const ownPast = new OwnPast({ identity, store, emit });
    this.#applier = new Applier({
      ...{ store, membership: this.#membership, clock: this.#clock, verify, emit },
      received: (header) => ownPast.received(header),
    });
    this.#links = new Links(identity, random, this, emit);
    this.#repairs = new Repairs({
      store,
      space: this.#space,
      applier: this.#applier,
      links: this.#links,
      verify,
      emit,
    });
    this.#sync = new Sync(store, this.#links, () => this.#applier.missingParents());
    this.#reconciler = new Reconciler({
      links: this.#links,
      random,
      emit,
      set: () => store.liveSet(),
      standing: (connection) => this.#sync.standing(connection),
    });
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
      reset: () => {
        this.#membership.clear();
        this.#space.forget();
      },
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
      repairs: this.#repairs,
      links: this.#links,
      sync: this.#sync,
      book: this.#book,
      compactor: () => this.#compactor,
      counters: this.#counters,
      name: () => options.name,
    });
    this.#loadMembership();
    this.#pastRepair = new PastRepair({
      ...parts,
      emit,
      changed: (keys) => this.#applier.changed(keys),
      settled: (now) => this.#compactor.settled(now),
    });
    this.#compactor = new Compactor({
      ...parts,
      membership: this.#membership,
      book: this.#book,
      marks: new HistoryMarks(store),
      historyMs: options.historyMs ?? DEFAULT_HISTORY_MS,
      emit,
      sign: (operation, now) => this.#requests.sign(operation, now),
      differs: (checkpoint, state, own, now) => this.#pastRepair.start(checkpoint, state, own, now),
    }, options.now);
    for (const id of store.tips()) {
      const tip = store.transaction(id);
      if (tip !== null) this.#clock.observe(tip.header.clock, options.now.wallMs);
    }
    this.#neighbours = new Neighbours({
      ...parts,
      membership: this.#membership,
      book: this.#book,
      dialler: this.#dialler,
      emit,
      dial: (address) => this.#effects.push({ type: "dial", address }),
      self: options,
    }, options.now);
    this.#messages = new Messages({
      space: this.#space,
      admission: this.#admission,
      joiner: this.#joiner,
      neighbours: this.#neighbours,
      applier: this.#applier,
      repairs: this.#repairs,
      sync: this.#sync,
      reconciler: this.#reconciler,
      pastSource: new PastSource({ ...parts, membership: this.#membership }),
      pastRepair: this.#pastRepair,
      ownPast,
    });
    this.#neighbours.aim(options.now);
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
        if (this.#links.connected(input.connection, input.direction, input.address, now)) return;
        return this.#dialFailed(input.address, "this peer has as many links as it allows", now);
      case "received":
        return this.#links.received(input.connection, input.bytes, now);
      case "disconnected":
        return this.#links.disconnected(input.connection, now);
      case "dial_failed":
        return this.#dialFailed(input.address, input.detail, now);
      case "network_changed":
        return this.#neighbours.networkChanged(now);
      case "request":
        return this.#requests.take(input.id, input.request, now);
      case "stopping":
        for (const connection of [...this.#links.all()]) this.#links.close(connection, "goodbye", now);
        return;
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
    if (failure !== null) this.#emit({ name: "store_failed", level: "error", reason: failure.code });
  }

  #storeFailureOf(act: () => void): KithError | null {
    try {
      act();
      return null;
    } catch (error) {
      if (error instanceof KithError) return error;
      if (!(error instanceof DamagedError)) throw error;
      this.#noteDamage(error);
      return new KithError("store_damaged", { path: this.#store.path, detail: error.message }, error);
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
    this.#emit({ name: "record_damaged", level: "error", reason: message, fields: { table, row, key } });
    this.#repairs.note({ table, row, key });
  }

  /** Ends a turn (see `Machine`): local writes are signed, everything is committed, and only then told to others. */
  endTurn(now: Now): Effect[] {
    this.#withStore(() => {
      this.#requests.endTurn(now);
      if (this.#book.changed && this.#store.inTransaction) this.#neighbours.save();
      if (this.#storeFailure === null) this.#store.commit();
    });
    const { applied, changed } = this.#applier.take();
    if (this.#storeFailure !== null) {
      this.#turnFailed(this.#storeFailure, now);
      this.#storeFailure = null;
      this.#admittedNow.clear();
      return this.#takeEffects();
    }
    this.#admittedNow.clear();
    this.#requests.committed();
    this.#repairs.committed();
    this.#behindCommit(() => this.#keepBook());
    this.#behindCommit(() => {
      if (applied.some(({ header }) => header.class === "membership")) {
        this.#neighbours.membershipChanged((peer, at) => this.#admission.mayLink(peer, at), now);
        this.#compactor.membershipChanged(now);
      }
      const hasChanged = applied.length > 0 || changed.size > 0;
      if (hasChanged) this.#reconciler.changed(now);
      this.#sync.turnEnded(applied, now, hasChanged);
      this.#reconciler.turnEnded(now);
    });
    if (changed.size > 0) this.#effects.push({ type: "changed", keys: [...changed] });
    for (const address of this.#dialler.due(now)) this.#effects.push({ type: "dial", address });
    return this.#takeEffects();
  }

  /** The next bytes for a socket (see `Machine`). */
  pull(connection: number, maxBytes: number, now: Now): Uint8Array | null {
    return this.#links.pull(connection, maxBytes, now);
  }

  /** Keeps the address book where nothing else was committed, and what is damaged. No turn fails for that. */
  #keepBook(): void {
    if (this.#book.changed) this.#neighbours.save();
    this.#repairs.save();
    this.#store.commit();
  }

  /** When a tick is due (see `Machine`). */
  deadline(): number {
    return Math.min(
      this.#links.deadline(),
      this.#sync.deadline(),
      this.#reconciler.deadline(),
      this.#dialler.deadline(),
      this.#joiner.deadline(),
      this.#pings.deadline(),
      this.#compactor.deadline(),
      this.#repairs.deadline(),
      this.#pastRepair.deadline(),
    );
  }

  /** The winner of a key; null where there is none. */
  get(key: string): EntryView | null {
    return this.#reading(() => this.#views.get(key));
  }

  /** Winners in key order (bytewise). */
  list(query: { readonly prefix?: string; readonly after?: string; readonly limit: number }): EntryView[] {
    return this.#reading(() => this.#views.list(query));
  }

  /** How keys stand now. */
  changes(keys: readonly string[]): Change[] {
    return this.#reading(() => this.#views.changes(keys));
  }

  /** How far this peer has come; null while it lacks parts of what it holds. */
  position(): string | null {
    return this.#store.partials.hasOpen ? null : positionText(this.#store.frontier());
  }

  /** What changed since a position (null: since now). @throws {KithError} `position_invalid`, `position_lost`. */
  changesSince(position: string | null): ChangesSince {
    return changesSince(this.#store, position);
  }

  /** What needs a person's eye. */
  conflicts(): ConflictView[] {
    return this.#reading(() => this.#views.conflicts());
  }

  /** The puts and dels on a key, newest first. @throws {KithError} `version_…`. */
  history(
    { key, before, limit }: { readonly key: string; readonly before?: string; readonly limit: number },
  ): PastView[] {
    return this.#reading(() => historyOf(this.#store, key, before, limit));
  }

  /** One version of a key, whatever became of it. @throws {KithError} `version_…`. */
  version(key: string, version: string): VersionView {
    return this.#reading(() => versionOf(this.#store, key, version));
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

  /** Whether all linked peers hold the same, and at least one is linked, or none other is a member. */
  synced(): boolean {
    return this.#views.synced();
  }

  /** Whether records are damaged that only a store that is made anew can put right. */
  get needsNewStore(): boolean {
    return this.#repairs.needsNewStore;
  }

  /** Who used a number of their history twice. */
  forks(): ForkView[] {
    return this.#views.forks();
  }

  /** A check of everything on disk. */
  check(structure: boolean): StoreCheck {
    return this.#repairs.check(structure);
  }

  /** The secret of an invite that was made here and is still good; null where there is none. */
  openInvite(wallMs: number): { secret: Uint8Array; expiresMs: number } | null {
    return this.#requests.openInvite(wallMs);
  }

  /** Part of `LinksListener`: proves, knocks, or as the listener waits for either. */
  linkOpened(connection: Connection, now: Now): void {
    // A store that fails must not cut short what else came in with it.
    this.#withStore(() => this.#messages.opened(connection, now));
  }

  /** Part of `LinksListener`: what a message may do depends on how far the link has come. */
  linkMessage(connection: Connection, message: Message, now: Now): void {
    this.#withStore(() => this.#messages.received(connection, message, now));
  }

  /** Part of `LinksListener`. */
  linkClosed(connection: Connection, stageBefore: Stage, reason: CloseReason, detail: string, now: Now): void {
    this.#admission.closed(connection);
    this.#applier.dropConnection(connection.number);
    if (stageBefore !== "member") {
      this.#dialler.failed(connection.address, now);
      this.#joiner.lost(connection.address, reason, detail, now);
      return;
    }
    this.#sync.closed(connection.number, now);
    this.#reconciler.closed(connection.number);
    this.#pastRepair.closed(connection.number, now);
    this.#neighbours.left(connection, now);
  }

  /** Part of `LinksListener`. */
  linkDrained(connection: Connection): void {
    this.#behindCommit(() => this.#sync.drained(connection.number));
  }

  /** Part of `LinksListener`. */
  linkAnswered(connection: Connection, roundTripMs: number): void {
    this.#pings.answered(connection.number, roundTripMs);
  }

  #dialFailed(address: string, detail: string, now: Now): void {
    this.#dialler.failed(address, now);
    this.#joiner.lost(address, "dial_failed", detail, now);
  }

  #tick(now: Now): void {
    this.#links.tick(now);
    this.#joiner.tick(now);
    this.#pings.tick(now);
    this.#repairs.tick(now);
    this.#sync.tick(now);
    this.#compactor.tick(now);
    this.#pastRepair.tick(now);
  }

  /** The other side of a link has shown that it is a member. */
  #admitted(connection: Connection, now: Now): void {
    if (connection.stage !== "proving") this.#admittedNow.add(connection);
    if (!this.#neighbours.admitted(connection, now)) return;
    this.#sync.opened(connection.number);
    this.#repairs.linked();
    this.#reconciler.opened(connection.number, now);
  }

  #loadMembership(): void {
    this.#membership.clear();
    for (const { transaction, operations } of this.#store.membershipRows()) {
      this.#membership.add(transaction, operations, transaction.row, transaction.context);
    }
  }

  /**
   * Nothing of the turn happened: what came from other peers is lacked still, and pulled again. Admissions, on which
   * links rest, are taken back with those links, before anything that was queued for them leaves.
   */
  #turnFailed(error: KithError, now: Now): void {
    this.#store.rollback();
    this.#space.forget();
    this.#applier.turnFailed();
    this.#repairs.turnFailed();
    const unread = this.#storeFailureOf(() => this.#loadMembership());
    // Without knowing who is a member nothing can go on: the host stops the peer, and the next start mends the store.
    if (unread !== null) this.#store.refuse(unread);
    for (const connection of [...this.#links.all()]) {
      const rests = connection.stage === "door" || connection.stage === "joining" || this.#admittedNow.has(connection);
      if (rests) this.#links.close(connection, "goodbye", now);
    }
    this.#sync.turnFailed(now);
    this.#compactor.turnFailed(now);
    this.#pastRepair.turnFailed();
    this.#emit({ name: "turn_failed", level: "error", reason: error.code, fields: { message: error.message } });
    this.#joiner.storeFailed(error);
    this.#requests.failed(error);
  }

  #reply(id: number, reply: Reply): void {
    this.#effects.push({ type: "reply", id, reply });
  }

  #emit(event: PeerEvent): void {
    for (const name of countedNames(event)) this.#counters.set(name, (this.#counters.get(name) ?? 0) + 1);
    this.#effects.push({ type: "event", event });
  }

  #takeEffects(): Effect[] {
    const effects = [...this.#effects, ...this.#links.takeEffects()];
    this.#effects = [];
    return effects;
  }
}
