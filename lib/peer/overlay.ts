import { fromBase32, toBase32 } from "../base/base32.ts";
import { equal, fromHex, toHex } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import type { CloseReason } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import { FULL_MESH_LINKS, FULL_MESH_SLACK, NEW_NEIGHBOUR_MS, RELAY_AFTER_MS } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import type { Identity } from "../crypto/identity.ts";
import type { AddressBook } from "../mesh/address_book.ts";
import type { Dialler } from "../mesh/dialler.ts";
import { HyParView } from "../mesh/hyparview.ts";
import type { ViewMessage } from "../mesh/view_message.ts";
import type { Membership } from "../space/membership.ts";
import type { OverlayMessage } from "../wire/overlay_messages.ts";
import type { Connection, Links } from "./links.ts";
import type { LiveTree } from "./live_tree.ts";
import { isDirect } from "./path.ts";

/** The messages of which neighbours are made. */
export type NeighbourhoodMessage = Exclude<OverlayMessage, { type: "push" | "announce" | "graft" | "prune" }>;

/** Ends of links after which their peer is not looked for as one that failed. */
const PARTINGS: ReadonlySet<CloseReason> = new Set(["goodbye", "duplicate_link", "member_left", "self"]);

/** How long relays have to lead to somebody whom no dial does: both ends' patience, and one question. */
const RELAYED_NEIGHBOUR_AFTER_MS = 2 * RELAY_AFTER_MS + 1000;

/** How long a neighbour whose link gives way to another one has to say hello on that. */
const CHANGE_MS = 5000;

/** What the overlay works upon. */
export interface OverlayParts {
  readonly identity: Identity;
  readonly membership: Membership;
  readonly book: AddressBook;
  readonly dialler: Dialler;
  readonly links: Links;
  readonly random: Random;
  readonly tree: LiveTree;
  readonly emit: (event: PeerEvent) => void;
  /** Whether circuits are carried here: for a peer by its base32 id, or for anybody (null). */
  readonly carriesFor: (peer: string | null) => boolean;
  /** A link to a member is closed to make room for others; it is there all the same. */
  readonly letGo: (connection: Connection, now: Now) => void;
}

/**
 * Whom to be linked with in a space that is too large for links between all: HyParView's wishes, brought about by the
 * dialler. It begins where there are more than `FULL_MESH_LINKS` + `FULL_MESH_SLACK` others, and ends where there are
 * `FULL_MESH_LINKS` again.
 */
export class Overlay {
  readonly #parts: OverlayParts;
  /** Links to members that said hello, by peer. */
  readonly #linked = new Map<string, Connection>();
  /** Neighbours whose link gave way to another one that is to follow, with since when. */
  readonly #changing = new Map<string, number>();
  /** Peers that are to be linked, with since when. */
  readonly #dialling = new Map<string, number>();
  /** Null in a small space. */
  #views: HyParView | null = null;
  /** When something asked of it in the turn under way is asked. */
  #now: Now;

  constructor(parts: OverlayParts, now: Now) {
    this.#parts = parts;
    this.#now = now;
  }

  /** Whether it chooses whom to dial; else all members are linked. */
  get isOn(): boolean {
    return this.#views !== null;
  }

  /** Who is to be a neighbour and is not linked so far, by base32 id: a relay may lead there where no dial does. */
  get wanted(): string[] {
    return [...this.#dialling.keys()];
  }

  /** There may be more members or fewer, or their addresses changed. */
  aim(now: Now): void {
    this.#now = now;
    const others = this.#parts.membership.members().length - 1;
    if (this.#views === null && others > FULL_MESH_LINKS + FULL_MESH_SLACK) this.#begin(now);
    else if (this.#views !== null && others <= FULL_MESH_LINKS) this.#end(now);
    if (this.#views === null) return;
    // Down to that size there may be peers for which the space was never larger, and they link with all.
    this.#views.dropsIdle = others > FULL_MESH_LINKS + FULL_MESH_SLACK;
    for (const peer of this.#dialling.keys()) this.#aimAt(peer, now);
    for (const peer of this.#linked.keys()) this.#aimAt(peer, now);
  }

  /** Members came or went. @param mayLink whether a peer may be linked, by its base32 id. */
  membershipChanged(mayLink: (peer: string) => boolean): void {
    this.#views?.keepOnly(mayLink);
  }

  /** A member said hello on a link, which may take the place of another one. */
  linked(connection: Connection, now: Now): void {
    this.#now = now;
    const { peer } = connection;
    const former = this.#linked.get(peer);
    if (former === connection) return;
    // Whoever links anew has lost the former link, and what was agreed on it.
    if (former !== undefined) this.#views?.unlinked(peer, true, now);
    this.#linked.set(peer, connection);
    this.#dialling.delete(peer);
    if (this.#views === null) return;
    this.#aimAt(peer, now);
    // It is a neighbour as before, by another path.
    if (this.#changing.delete(peer)) this.#parts.tree.up(connection.number);
    else this.#views.linked(peer, now);
  }

  /** A link is closed. */
  left(connection: Connection, reason: CloseReason, now: Now): void {
    this.#now = now;
    this.#parts.tree.down(connection.number);
    if (this.#linked.get(connection.peer) !== connection) return;
    this.#linked.delete(connection.peer);
    if (this.#views === null) return;
    this.#aimAt(connection.peer, now);
    if (reason === "duplicate_link" && this.#views.active.has(connection.peer)) {
      this.#changing.set(connection.peer, now.monotonicMs);
    } else this.#views.unlinked(connection.peer, !PARTINGS.has(reason), now);
  }

  /** A member said something about neighbours. */
  received(connection: Connection, message: NeighbourhoodMessage, now: Now): void {
    this.#now = now;
    if (message.type === "disconnect") this.#parts.letGo(connection, now);
    if (this.#views !== null) return this.#views.received(connection.peer, this.#checked(message), now);
    // Where it knows of more members than are known here so far it needs neighbours, and is linked all the same.
    if (message.type !== "neighbour") return;
    this.#parts.links.send(connection.number, { type: "neighbour_reply", accepts: true }, "control");
  }

  /** This machine's addresses changed, or it woke. */
  networkChanged(now: Now): void {
    this.#now = now;
    this.#views?.networkChanged(now);
  }

  /** Gives up the dials that led nowhere, where no relay led there either. Called at the end of every turn. */
  endTurn(now: Now): void {
    this.#now = now;
    for (const [peer, sinceMs] of this.#dialling) {
      if (now.monotonicMs < this.#givenUpMs(sinceMs) || !this.#parts.dialler.hasFailed(peer)) continue;
      this.#views?.unreachable(peer, now);
    }
  }

  /** Who has neighbours may be linked by one of them with others, which takes a while longer. */
  #givenUpMs(sinceMs: number): number {
    return this.#linked.size === 0 ? sinceMs : sinceMs + RELAYED_NEIGHBOUR_AFTER_MS;
  }

  /** Does what is due. */
  tick(now: Now): void {
    this.#now = now;
    this.#parts.tree.tick(now);
    for (const [peer, sinceMs] of this.#changing) {
      if (now.monotonicMs < sinceMs + CHANGE_MS) continue;
      this.#changing.delete(peer);
      this.#views?.unlinked(peer, true, now);
    }
    this.#views?.tick(now);
  }

  /** The monotonic time in ms at which `tick` is due. */
  deadline(): number {
    let deadline = Math.min(this.#parts.tree.deadline(), this.#views?.deadline() ?? Infinity);
    for (const [peer, sinceMs] of this.#dialling) {
      if (this.#parts.dialler.hasFailed(peer)) deadline = Math.min(deadline, this.#givenUpMs(sinceMs));
    }
    for (const sinceMs of this.#changing.values()) deadline = Math.min(deadline, sinceMs + CHANGE_MS);
    return deadline;
  }

  #begin(now: Now): void {
    const { identity, random, dialler, links, tree, emit, letGo } = this.#parts;
    const numberOf = (peer: string) => this.#linked.get(peer)?.number;
    this.#views = new HyParView(toBase32(identity.peerId), random, {
      send: (peer, message) => {
        const number = numberOf(peer);
        if (number !== undefined) links.send(number, toWire(message), "control");
      },
      dial: (peer) => {
        this.#dialling.set(peer, this.#now.monotonicMs);
        this.#aimAt(peer, this.#now);
      },
      drop: (peer) => {
        const connection = this.#linked.get(peer);
        this.#dialling.delete(peer);
        this.#changing.delete(peer);
        this.#linked.delete(peer);
        this.#aimAt(peer, this.#now);
        if (connection === undefined) return;
        letGo(connection, this.#now);
        links.close(connection, "goodbye", this.#now, "", [{ type: "disconnect" }]);
      },
      neighbourUp: (peer) => {
        const number = numberOf(peer);
        if (number !== undefined) tree.up(number);
        emit({ name: "neighbour_up", level: "debug", fields: { peer } });
      },
      neighbourDown: (peer) => {
        const number = numberOf(peer);
        if (number !== undefined) tree.down(number);
        emit({ name: "neighbour_down", level: "debug", fields: { peer } });
      },
      isNeededBy: (peer) => this.#isNeededBy(peer),
      acquaintances: () => this.#acquaintances(),
    }, now);
    emit({ name: "overlay_on", level: "info" });
    dialler.keepOnly(() => false);
    for (const peer of this.#linked.keys()) this.#views.linked(peer, now);
    this.#views.fill(now);
  }

  #isNeededBy(peer: string): boolean {
    const { carriesFor } = this.#parts;
    const sinceMs = this.#linked.get(peer)?.memberSinceMs ?? -Infinity;
    return carriesFor(peer) || (carriesFor(null) && this.#now.monotonicMs < sinceMs + NEW_NEIGHBOUR_MS);
  }

  #end(now: Now): void {
    for (const [peer, { number }] of this.#linked) {
      this.#parts.tree.down(number);
      this.#parts.dialler.aim(peer, [], now);
    }
    this.#views = null;
    this.#dialling.clear();
    this.#changing.clear();
    this.#parts.emit({ name: "overlay_off", level: "info" });
  }

  /** Has a peer dialled, or no more: who is to be linked, and who is through a relay only, or a hole. */
  #aimAt(peer: string, now: Now): void {
    const { dialler, book } = this.#parts;
    const link = this.#linked.get(peer);
    const isDialled = link === undefined ? this.#dialling.has(peer) : !isDirect(link);
    dialler.aim(peer, isDialled ? book.addressesOf(toHex(fromBase32(peer))) : [], now);
  }

  /** The other members that can be dialled, the one linked last first. */
  #acquaintances(): string[] {
    const { membership, book, identity } = this.#parts;
    const dialled = membership.members().flatMap(({ peer }) => {
      const known = book.get(toHex(peer));
      const isDialled = known !== null && !equal(peer, identity.peerId) && book.addressesOf(toHex(peer)).length > 0;
      return isDialled ? [{ peer: toBase32(peer), lastSeenMs: known.lastSeenMs }] : [];
    });
    return dialled.sort((a, b) => b.lastSeenMs - a.lastSeenMs).map(({ peer }) => peer);
  }

  /** A message as the views take it: peers that are no members are left out. */
  #checked(message: NeighbourhoodMessage): ViewMessage {
    const isMember = (peer: Uint8Array) => this.#parts.membership.standingOf(peer) !== null;
    switch (message.type) {
      case "forward_join":
        // This peer itself stands for who is not known here, and is not dialled.
        return { ...message, peer: toBase32(isMember(message.peer) ? message.peer : this.#parts.identity.peerId) };
      case "shuffle":
      case "shuffle_reply":
        return {
          ...message,
          walk: toHex(message.walk),
          peers: message.peers.filter(isMember).map((id) => toBase32(id)),
        };
      default:
        return message;
    }
  }
}

function toWire(message: ViewMessage): NeighbourhoodMessage {
  switch (message.type) {
    case "forward_join":
      return { ...message, peer: fromBase32(message.peer) };
    case "shuffle":
    case "shuffle_reply":
      return { ...message, walk: fromHex(message.walk), peers: message.peers.map((peer) => fromBase32(peer)) };
    default:
      return message;
  }
}
