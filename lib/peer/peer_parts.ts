import type { Now } from "../base/clock.ts";
import type { PeerEvent } from "../base/event.ts";
import { DEFAULT_HISTORY_MS, DEFAULT_MAX_LINKS, DIGEST_SLICE_IDS } from "../base/limits.ts";
import { keepingVerifier } from "../crypto/identity.ts";
import { HybridClock } from "../data/clock.ts";
import { AddressBook } from "../mesh/address_book.ts";
import { Dialler } from "../mesh/dialler.ts";
import { Membership } from "../space/membership.ts";
import type { Store } from "../store/store.ts";
import { Reconciler } from "../sync/reconciler.ts";
import { summaryHash } from "../sync/replica.ts";
import { Sync } from "../sync/sync.ts";
import { Admission } from "./admission.ts";
import { Applier } from "./applier.ts";
import { Arrival } from "./arrival.ts";
import { Conduct } from "./conduct.ts";
import { Compactor } from "./compactor.ts";
import { Discovery } from "./discovery.ts";
import { Epochs } from "./epochs.ts";
import { Expiry } from "./expiry.ts";
import { Farewells } from "./farewells.ts";
import { HistoryMarks } from "./history_marks.ts";
import { Joiner } from "./joiner.ts";
import { LanDiscovery } from "./lan_discovery.ts";
import { type Connection, Links } from "./links.ts";
import type { LinksListener } from "./links_listener.ts";
import { LiveTree } from "./live_tree.ts";
import { Messages } from "./messages.ts";
import { Neighbours } from "./neighbours.ts";
import { OwnPast } from "./own_past.ts";
import type { Outbox } from "./outbox.ts";
import { OwnPosts } from "./own_posts.ts";
import { Overlay } from "./overlay.ts";
import { PastRepair } from "./past_repair.ts";
import { PastSource } from "./past_source.ts";
import type { PeerOptions } from "./peer_options.ts";
import { Pings } from "./pings.ts";
import { PostLinks } from "./post_links.ts";
import { PostRequests } from "./post_requests.ts";
import { Questions } from "./questions.ts";
import { Presence } from "./presence.ts";
import { RendezvousDiscovery } from "./rendezvous_discovery.ts";
import { RelayClient } from "./relay_client.ts";
import { Relays } from "./relays.ts";
import { removalPort } from "./removal_port.ts";
import { Reachability } from "./reachability.ts";
import { Repairs } from "./repairs.ts";
import { Requests } from "./requests.ts";
import { SpaceState } from "./space_state.ts";
import { Topics } from "./topics.ts";
import { Views } from "./views.ts";

/** The parts of a peer, joined to each other. */
export class PeerParts {
  readonly store: Store;
  readonly space: SpaceState;
  readonly membership: Membership;
  readonly clock: HybridClock;
  readonly applier: Applier;
  readonly conduct: Conduct;
  readonly links: Links;
  readonly tree: LiveTree;
  readonly sync: Sync;
  readonly reconciler: Reconciler;
  readonly book: AddressBook;
  readonly dialler: Dialler;
  readonly epochs: Epochs;
  readonly admission: Admission;
  readonly joiner: Joiner;
  readonly arrival: Arrival;
  readonly lan: LanDiscovery;
  readonly rendezvous: RendezvousDiscovery;
  readonly discovery: Discovery;
  readonly requests: Requests;
  readonly views: Views;
  readonly pings: Pings;
  readonly repairs: Repairs;
  readonly overlay: Overlay;
  readonly reach: Reachability;
  readonly neighbours: Neighbours;
  readonly relays: Relays;
  readonly presence: Presence;
  readonly messages: Messages;
  readonly farewells: Farewells;
  readonly expiry: Expiry;
  readonly compactor: Compactor;
  readonly pastRepair: PastRepair;
  readonly postLinks: PostLinks;
  readonly questions: Questions;
  readonly topics: Topics;
  readonly postRequests: PostRequests;

  /**
   * @param listener is told what happens on links.
   * @param admitted the other side of a link has shown that it is a member.
   */
  constructor(
    options: PeerOptions,
    outbox: Outbox,
    listener: LinksListener,
    admitted: (connection: Connection, now: Now) => void,
  ) {
    const { identity, store, random } = options;
    const verify = options.verify ?? keepingVerifier();
    const emit = (event: PeerEvent) => outbox.emit(event);
    const dial = (address: string) => outbox.dial(address);
    this.store = store;
    this.space = new SpaceState(store);
    this.membership = new Membership((context) => store.context(context), verify, removalPort(store));
    this.clock = new HybridClock();
    const ownPast = new OwnPast({ identity, store, emit });
    this.applier = new Applier({
      ...{ store, membership: this.membership, clock: this.clock, verify, emit },
      undoingStep: options.undoingStep,
      received: (header) => ownPast.received(header),
    });
    this.conduct = new Conduct(emit);
    const maxLinks = options.maxLinks ?? DEFAULT_MAX_LINKS;
    const cameBack = (address: string, now: Now) => this.reach.cameBack(address, now);
    this.links = new Links({ identity, random, listener, emit, conduct: this.conduct, maxLinks, cameBack });
    this.repairs = new Repairs({ store, space: this.space, applier: this.applier, links: this.links, verify, emit });
    this.tree = new LiveTree({
      store,
      links: this.links,
      takesLive: (connection, header) => this.sync.takesLive(connection, header),
      stream: (connection, ids) => this.sync.stream(connection, ids),
      isSeen: (id) => this.topics.isSeen(id),
      resend: (connection, ids) => this.topics.asked(connection, ids),
    });
    this.sync = new Sync(store, this.links, this.tree, () => this.applier.missingParents());
    this.reconciler = new Reconciler({
      links: this.links,
      random,
      emit,
      set: () => store.liveSet(),
      standing: (connection) => this.sync.standing(connection),
    });
    this.book = new AddressBook(verify, () => options.addresses);
    this.dialler = new Dialler(random);
    const parts = { identity, store, clock: this.clock, verify, space: this.space, links: this.links, admitted };
    this.epochs = new Epochs({ identity, space: this.space, membership: this.membership, random });
    this.farewells = new Farewells({ ...parts, membership: this.membership, applier: this.applier, emit });
    this.admission = new Admission({
      ...parts,
      epochs: this.epochs,
      membership: this.membership,
      applier: this.applier,
      emit,
      farewells: this.farewells,
      tree: this.tree,
    });
    this.arrival = new Arrival({ ...parts, membership: this.membership, applier: this.applier });
    this.requests = new Requests({
      ...parts,
      random,
      epochs: this.epochs,
      membership: this.membership,
      applier: this.applier,
      members: () => this.views.members(),
      emit,
      reply: (id, reply) => outbox.reply(id, reply),
      dial,
      join: (id, request, now) => this.joiner.start(id, request, now),
      isLinked: () => this.links.counts.members > 0,
      isRefused: () => this.admission.isRefused,
      ping: (id, peer, now) => this.pings.start(id, peer, now),
      post: (id, request, now) => this.postRequests.take(id, request, now),
      reset: () => {
        this.membership.clear();
        this.epochs.reset();
        this.space.forget();
      },
    });
    this.lan = new LanDiscovery({
      ...{ identity, random, space: this.space, epochs: this.epochs, membership: this.membership, emit },
      joiner: () => this.joiner,
      neighbours: () => this.neighbours,
    });
    this.rendezvous = new RendezvousDiscovery({
      ...{ identity, random, space: this.space, membership: this.membership, links: this.links, emit, dial },
      lan: this.lan,
      joiner: () => this.joiner,
      own: () => [...this.reach.proven, ...options.addresses],
      isLinkedAt: (address) => this.neighbours.isLinkedAt(address),
    });
    const client = new RelayClient({
      ...{ identity, random, links: this.links, emit, relay: options.publicRelay ?? null },
      relays: () => this.relays,
      reach: () => this.reach,
      joiner: () => this.joiner,
      doors: (wallMs) => this.lan.doors(wallMs),
    });
    this.discovery = new Discovery(this.lan, this.rendezvous, client);
    this.joiner = new Joiner({
      ...parts,
      random,
      membership: this.membership,
      dial: (address) => client.dial(address) || dial(address),
      emit,
      discovery: this.discovery,
      done: (request, outcome) => this.requests.joined(request, outcome),
    });
    this.pings = new Pings(this.links, (peer) => this.views.linkedAs(peer), (id, reply) => outbox.reply(id, reply));
    this.views = new Views({
      identity,
      store,
      space: this.space,
      membership: this.membership,
      applier: this.applier,
      repairs: this.repairs,
      links: this.links,
      conduct: this.conduct,
      sync: this.sync,
      book: this.book,
      compactor: () => this.compactor,
      topics: () => this.topics,
      relays: () => this.relays,
      toldRemovedBy: () => this.farewells.tellers(),
      absenceOf: (peer) => this.presence.absenceOf(peer),
      publicRelay: () => client.view,
      reach: () => this.reach,
      linksWithAll: () => !this.overlay.isOn,
      whereaboutOf: (peer) => this.presence.whereaboutOf(peer),
      holds: () => this.#holds(),
      counters: outbox.counters,
      name: () => options.name,
    });
    this.loadMembership();
    this.presence = new Presence({
      ...parts,
      membership: this.membership,
      book: this.book,
      random,
      emit,
      isOverlaid: () => this.overlay.isOn,
      holds: () => this.#holds(),
    }, options.now);
    this.pastRepair = new PastRepair({
      ...parts,
      emit,
      changed: (keys) => this.applier.changed(keys),
      settled: (now) => this.compactor.settled(now),
    });
    this.compactor = new Compactor({
      ...parts,
      membership: this.membership,
      book: this.book,
      marks: new HistoryMarks(store),
      historyMs: options.historyMs ?? DEFAULT_HISTORY_MS,
      emit,
      sign: (operation, now) => this.requests.sign(operation, now),
      differs: (checkpoint, state, own, now) => this.pastRepair.start(checkpoint, state, own, now),
    }, options.now);
    for (const id of store.tips()) {
      const tip = store.transaction(id);
      if (tip !== null) this.clock.observe(tip.header.clock, options.now.wallMs);
    }
    this.overlay = new Overlay({
      ...parts,
      ...{ membership: this.membership, book: this.book, dialler: this.dialler, tree: this.tree, random, emit },
      carriesFor: (peer) => this.relays.carriesFor(peer),
      letGo: (connection, now) => this.presence.letGo(connection, now),
    }, options.now);
    this.reach = new Reachability({
      ...{ identity, random, links: this.links, book: this.book, emit, dial, self: options },
      dialQuic: (address) => outbox.dialQuic(address),
      quicAsk: (addresses) => outbox.quicAsk(addresses),
      publicRelay: () => client.link,
      others: () => this.membership.members().length - 1,
      provenChanged: (now) => this.addressesChanged(now),
    });
    this.neighbours = new Neighbours({
      ...parts,
      membership: this.membership,
      book: this.book,
      dialler: this.dialler,
      emit,
      dial,
      discovery: this.discovery,
      farewells: this.farewells,
      overlay: this.overlay,
      reach: this.reach,
      self: options,
    }, options.now);
    this.relays = new Relays({
      ...parts,
      random,
      membership: this.membership,
      overlay: this.overlay,
      book: this.book,
      client,
      emit,
      servesRelay: options.servesRelay ?? true,
    });
    this.expiry = new Expiry({
      identity,
      membership: this.membership,
      end: (peer, reason, now) => this.requests.end(peer, reason, now),
      closeLinks: (now) => this.neighbours.membershipChanged((peer, at) => this.admission.mayLink(peer, at), now),
    }, options.now);
    this.postLinks = new PostLinks(this.links, emit);
    this.questions = new Questions(random, (id, reply) => outbox.reply(id, reply));
    const postParts = { ...parts, membership: this.membership, links: this.postLinks, questions: this.questions };
    const own = new OwnPosts({ ...postParts, random });
    this.topics = new Topics({ ...postParts, own, tree: this.tree, emit });
    this.postRequests = new PostRequests({
      ...postParts,
      own,
      topics: this.topics,
      find: (peer) => this.views.addresseeAs(peer, (id) => this.postLinks.awaitedUntilMs(id) !== null),
      reply: (id, reply) => outbox.reply(id, reply),
    });
    this.messages = new Messages({
      space: this.space,
      conduct: this.conduct,
      links: this.links,
      admission: this.admission,
      discovery: this.discovery,
      joiner: this.joiner,
      neighbours: this.neighbours,
      relays: this.relays,
      reach: this.reach,
      presence: this.presence,
      applier: this.applier,
      repairs: this.repairs,
      sync: this.sync,
      topics: this.topics,
      postLinks: this.postLinks,
      tree: this.tree,
      overlay: this.overlay,
      reconciler: this.reconciler,
      pastSource: new PastSource({ ...parts, membership: this.membership }),
      pastRepair: this.pastRepair,
      ownPast,
      farewells: this.farewells,
    });
    this.neighbours.aim(options.now);
  }

  /** This peer can be dialled elsewhere than before. */
  addressesChanged(now: Now): void {
    this.neighbours.tellAddresses(now);
    this.rendezvous.changed(now);
  }

  /** Members came or went. */
  membershipChanged(now: Now): void {
    this.messages.membershipChanged(now);
    this.neighbours.membershipChanged((peer, at) => this.admission.mayLink(peer, at), now);
    this.compactor.membershipChanged(now);
    this.expiry.membershipChanged(now);
    this.discovery.membershipChanged(now);
    this.presence.membershipChanged(now);
    this.relays.membershipChanged();
  }

  /** The monotonic time in ms at which one of the parts has something to do. */
  deadline(): number {
    return Math.min(
      this.applier.undoer.deadline(),
      this.links.deadline(),
      this.sync.deadline(),
      this.overlay.deadline(),
      this.relays.deadline(),
      this.reconciler.deadline(),
      this.dialler.deadline(),
      this.joiner.deadline(),
      this.discovery.deadline(),
      this.reach.deadline(),
      this.pings.deadline(),
      this.postRequests.deadline(),
      this.questions.deadline(),
      this.topics.deadline(),
      this.presence.deadline(),
      this.compactor.deadline(),
      this.expiry.deadline(),
      this.repairs.deadline(),
      this.pastRepair.deadline(),
    );
  }

  /** The hash of what this peer holds, as others are told of it; null while its digest is not known. */
  #holds(): Uint8Array | null {
    if (!this.store.prepareDigest(DIGEST_SLICE_IDS)) return null;
    return summaryHash(this.store.frontierHash(), this.store.digest());
  }

  /** Reads who is a member from the store. */
  loadMembership(): void {
    this.membership.clear();
    this.epochs.reset();
    for (const { transaction, operations } of this.store.membershipRows()) {
      this.membership.add(transaction, operations, transaction.row, transaction.context);
    }
    const { any, isUnderWay } = this.store.undoing;
    // A store with removals and no mark may come from kith 0.2.0 or earlier, which undid nothing: it is judged anew.
    if (any || isUnderWay) this.membership.removal.loaded(isUnderWay);
  }
}
