import { fromBase32 } from "../base/base32.ts";
import type { Now } from "../base/clock.ts";
import { ProtocolError } from "../base/errors.ts";
import type { Reconciler } from "../sync/reconciler.ts";
import type { Sync } from "../sync/sync.ts";
import type { Message } from "../wire/message.ts";
import type { Push } from "../wire/overlay_messages.ts";
import type { Admission } from "./admission.ts";
import type { Applier, Received } from "./applier.ts";
import type { Conduct } from "./conduct.ts";
import type { Discovery } from "./discovery.ts";
import type { Farewells } from "./farewells.ts";
import type { Joiner } from "./joiner.ts";
import { conductOf, type Connection, type Links } from "./links.ts";
import type { LiveTree } from "./live_tree.ts";
import type { Neighbours } from "./neighbours.ts";
import type { Overlay } from "./overlay.ts";
import type { Relays } from "./relays.ts";
import type { Reachability } from "./reachability.ts";
import type { Repairs } from "./repairs.ts";
import type { OwnPast } from "./own_past.ts";
import type { PastRepair } from "./past_repair.ts";
import type { Presence } from "./presence.ts";
import type { PastSource } from "./past_source.ts";
import type { PostLinks } from "./post_links.ts";
import type { SpaceState } from "./space_state.ts";
import type { Topics } from "./topics.ts";

/** How the versions of kith begin that do not know summaries, nor frontiers in brief. */
const WHOLE_FRONTIERS_ONLY = "0.1.";

/** Who answers messages. */
export interface MessageParts {
  readonly space: SpaceState;
  readonly conduct: Conduct;
  readonly links: Links;
  readonly admission: Admission;
  readonly discovery: Discovery;
  readonly joiner: Joiner;
  readonly neighbours: Neighbours;
  readonly relays: Relays;
  readonly reach: Reachability;
  readonly presence: Presence;
  readonly applier: Applier;
  readonly repairs: Repairs;
  readonly sync: Sync;
  readonly topics: Topics;
  readonly postLinks: PostLinks;
  readonly tree: LiveTree;
  readonly overlay: Overlay;
  readonly reconciler: Reconciler;
  readonly pastSource: PastSource;
  readonly pastRepair: PastRepair;
  readonly ownPast: OwnPast;
  readonly farewells: Farewells;
}

/** Brings each message to who answers it; what a message may do depends on how far its link has come. */
export class Messages {
  readonly #parts: MessageParts;

  constructor(parts: MessageParts) {
    this.#parts = parts;
  }

  /** The other side is authenticated: proves, knocks, or as the listener waits for either. */
  opened(connection: Connection, now: Now): void {
    const { admission, discovery } = this.#parts;
    if (discovery.relay.isOf(connection)) return discovery.relay.opened(connection, now);
    this.#parts.relays.checkPeer(connection);
    this.#parts.reach.opened(connection, now);
    connection.isKnownMember = admission.isMember(fromBase32(connection.peer), now);
    if (this.#parts.joiner.wants(connection)) return this.#parts.joiner.knock(connection);
    // Also a peer in no space waits: a stranger does not learn which ones are in one.
    if (connection.direction === "in") return;
    const peer = fromBase32(connection.peer);
    if (!admission.mayLink(peer, now) && !this.#parts.farewells.seeks(peer)) {
      throw new ProtocolError("not_a_member", "it is no member of this peer's space");
    }
    this.#parts.neighbours.answered(connection, now);
    if (admission.isStrangerTo(connection.peer, now) && this.#parts.joiner.comeBack(connection, now)) return;
    admission.prove(connection, now);
  }

  /** Members came or went. */
  membershipChanged(now: Now): void {
    for (const connection of this.#parts.links.all()) {
      // Also who is just proving that it belongs here: nothing of that makes it known later.
      if (connection.stage === "opening" || connection.stage === "relay") continue;
      connection.isKnownMember = this.#parts.admission.isMember(fromBase32(connection.peer), now);
    }
  }

  /**
   * A message came in.
   *
   * @throws {ProtocolError} where it is wrong, or does not belong here.
   */
  received(connection: Connection, message: Message, now: Now): void {
    const { stage, direction } = connection;
    if (stage === "member") return this.#memberMessage(connection, message, now);
    const { relay } = this.#parts.discovery;
    if (relay.isOf(connection)) return relay.received(connection, message, now);
    if (message.type === "prove" && stage === "proving") {
      return this.#parts.admission.proved(connection, message.mac, now);
    }
    if (message.type === "transactions" && stage === "proving" && direction === "out") {
      return this.#parts.farewells.received(connection, message, now);
    }
    if (message.type === "knock" && stage === "proving" && direction === "in") {
      this.#parts.admission.knocked(connection, message.tag, now);
      return connection.link.progressed(now);
    }
    if (message.type === "redeem" && stage === "door") return this.#parts.admission.redeemed(connection, message, now);
    if (message.type === "offer" && stage === "joining") {
      this.#parts.joiner.offered(connection, message, now);
      return connection.link.progressed(now);
    }
    if (message.type === "welcome" && stage === "joining") return this.#parts.joiner.welcomed(connection, message, now);
    throw new ProtocolError("bad_state", `${message.type} while ${stage}`);
  }

  #memberMessage(connection: Connection, message: Message, now: Now): void {
    const { applier, repairs, sync, pastSource, pastRepair } = this.#parts;
    if (message.type !== "hello" && !sync.isOpen(connection.number)) {
      if (message.type === "transactions") return this.#parts.farewells.received(connection, message, now);
      throw new ProtocolError("bad_state", `${message.type} before hello`);
    }
    switch (message.type) {
      case "hello":
        this.#parts.neighbours.greeted(connection, message.record, now);
        this.#parts.presence.greeted(connection, now);
        return sync.opened(connection.number, !message.version.startsWith(WHOLE_FRONTIERS_ONLY), now);
      case "records":
        return this.#parts.neighbours.told(message.list, now);
      case "transactions":
        return this.#transactions(
          connection,
          message.list,
          now,
          (bytes, space, ...where) => repairs.take(bytes, space) ? undefined : applier.receive(bytes, space, ...where),
        );
      case "partials":
        this.#transactions(connection, message.list, now, (bytes, ...where) => {
          const taken = applier.receivePartial(bytes, ...where);
          if (taken?.supplemented === undefined) return taken;
          const indices = bytes.operations.map(({ index }) => index);
          this.#parts.reconciler.partialReceived(connection.number, taken.id, indices, taken.supplemented, now);
          return taken;
        });
        return pastRepair.versionsReceived(connection.number, now);
      case "push":
        return this.#pushed(connection, message, now);
      case "announce":
        return this.#parts.tree.announced(connection.number, message, now);
      case "graft":
        return this.#parts.tree.grafted(connection.number, message);
      case "prune":
        return this.#parts.tree.pruned(connection.number);
      case "neighbour":
      case "neighbour_reply":
      case "forward_join":
      case "disconnect":
      case "shuffle":
      case "shuffle_reply":
        return this.#parts.overlay.received(connection, message, now);
      case "relay_open":
      case "relay_incoming":
      case "relay_credit":
      case "relay_data":
      case "relay_close":
        return this.#parts.relays.received(connection, message, now);
      case "seen":
      case "dial_back":
      case "dialled_back":
      case "quic_port":
      case "punch":
        return this.#parts.reach.received(connection, message, now);
      case "sketch":
      case "sketch_more":
      case "nodes":
      case "live":
      case "lacking":
      case "settled":
        return this.#parts.reconciler.received(connection.number, message, now);
      case "brief":
        this.#parts.ownPast.briefed(message.entries);
        this.#parts.sync.received(connection.number, message, now);
        return this.#parts.reconciler.stateReceived(connection.number, now);
      case "state":
      case "summary":
        this.#parts.sync.received(connection.number, message, now);
        return this.#parts.reconciler.stateReceived(connection.number, now);
      case "ask_past":
        return pastSource.leaves(connection.number, message);
      case "ask_leaf":
        return pastSource.leaf(connection.number, message);
      case "ask_versions":
        return pastSource.versions(connection.number, message);
      case "past_leaves":
        return pastRepair.leaves(connection.number, message, now);
      case "past_leaf":
        return pastRepair.leaf(connection.number, message, now);
      case "presence":
        return this.#parts.presence.received(connection, message, now);
      case "topics":
        return this.#parts.postLinks.takes(connection);
      case "posts":
      case "sealed_posts":
        return this.#parts.topics.received(connection, message, now);
      case "relay_access":
      case "relay_tags":
      case "prove":
      case "knock":
      case "offer":
      case "redeem":
      case "welcome":
        throw new ProtocolError("bad_state", `${message.type} between members`);
      case "frontier":
      case "have":
        this.#parts.ownPast.announced(message.entries);
        return this.#parts.sync.received(connection.number, message, now);
      default:
        return this.#parts.sync.received(connection.number, message, now);
    }
  }

  /** Transactions came live, by the tree. What they bring, and whether anything, tells who is to send what next. */
  #pushed(connection: Connection, { list, hops }: Push, now: Now): void {
    const { applier, repairs, tree } = this.#parts;
    this.#transactions(connection, list, now, (bytes, space, ...where) => {
      if (repairs.take(bytes, space)) return undefined;
      const taken = applier.receive(bytes, space, ...where);
      if (taken !== null) tree.pushed(connection.number, taken.id, hops, !taken.waits && taken.brought === "nothing");
      return taken;
    });
  }

  #transactions<Bytes>(
    connection: Connection,
    list: readonly Bytes[],
    now: Now,
    receive: (bytes: Bytes, space: Uint8Array, connection: number, wallMs: number) => Received | null | undefined,
  ): void {
    const space = this.#parts.space.space;
    if (space === null) throw new ProtocolError("bad_state", "transactions without a space");
    for (const bytes of list) {
      const taken = receive(bytes, space, connection.number, now.wallMs);
      // It was damaged here, and is right again.
      if (taken === undefined) continue;
      const brought = taken?.brought ?? "dropped";
      if (brought !== "news") this.#parts.conduct.uselessTransaction(conductOf(connection), brought, now);
      if (taken === null) continue;
      this.#parts.sync.transactionReceived(connection.number, taken.id, taken.header, taken.waits, now);
    }
  }
}
