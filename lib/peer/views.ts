import { fromBase32, toBase32 } from "../base/base32.ts";
import { equal, toHex } from "../base/bytes.ts";
import type { EventValue } from "../base/event.ts";
import { FULL_MESH_LINKS, MAX_LISTED_CONFLICTS } from "../base/limits.ts";
import type { Identity } from "../crypto/identity.ts";
import { versionText } from "../data/version_text.ts";
import type { AddressBook } from "../mesh/address_book.ts";
import type { Act } from "../space/acts.ts";
import type { Membership } from "../space/membership.ts";
import type { TransactionRow, VersionRow } from "../store/rows.ts";
import type { Store } from "../store/store.ts";
import type { Sync } from "../sync/sync.ts";
import type { Revoke } from "../wire/operation.ts";
import { BRIEF_BYTES } from "../wire/presence.ts";
import { compareStamps, compareVersionIds } from "../wire/transaction.ts";
import type { Applier } from "./applier.ts";
import type { Compactor } from "./compactor.ts";
import type { Conduct } from "./conduct.ts";
import type { Connection, Links } from "./links.ts";
import type {
  Change,
  ConflictView,
  DoorView,
  EntryView,
  ForkView,
  MemberView,
  PeerView,
  RemovedView,
  StatusView,
} from "./reads.ts";
import { memberCalled } from "./member_names.ts";
import { pathOf } from "./path.ts";
import type { Absence, AbsentView, ElsewhereView } from "./presence_views.ts";
import type { PublicRelayView } from "./relay_client.ts";
import type { Relays } from "./relays.ts";
import type { Reachability } from "./reachability.ts";
import type { Repairs } from "./repairs.ts";
import type { SpaceState } from "./space_state.ts";
import type { Topics } from "./topics.ts";
import type { Whereabout } from "./whereabouts.ts";

/** What the views are views of. */
export interface ViewParts {
  readonly identity: Identity;
  readonly store: Store;
  readonly space: SpaceState;
  readonly membership: Membership;
  readonly applier: Applier;
  readonly repairs: Repairs;
  readonly links: Links;
  readonly conduct: Conduct;
  readonly sync: Sync;
  readonly book: AddressBook;
  readonly compactor: () => Compactor;
  readonly topics: () => Topics;
  readonly relays: () => Relays;
  readonly publicRelay: () => PublicRelayView | null;
  /** Base32 ids of members that closed their link since this peer is removed, as they say. */
  readonly toldRemovedBy: () => readonly string[];
  /** Why a member by its base32 id is not linked, where that is known. */
  readonly absenceOf: (peer: string) => Absence | null;
  readonly reach: () => Reachability;
  /** Whether all members are to be linked with this peer. */
  readonly linksWithAll: () => boolean;
  /** What others say of a member by its base32 id, in a space in which not all are linked. */
  readonly whereaboutOf: (peer: string) => Whereabout | null;
  /** The hash of what this peer holds, as others are told of it; null while its digest is not known. */
  readonly holds: () => Uint8Array | null;
  readonly counters: ReadonlyMap<string, number>;
  readonly name: () => string;
}

/** What people and programs are shown of a peer; changes nothing. */
export class Views {
  readonly #parts: ViewParts;

  constructor(parts: ViewParts) {
    this.#parts = parts;
  }

  /** The winner of a key. */
  get(key: string): EntryView | null {
    const versions = this.#parts.store.live(key);
    const winner = versions[0];
    return winner === undefined ? null : entryView(winner, versions.length - 1);
  }

  /** Winners in key order. */
  list(query: { prefix?: string; after?: string; limit: number }): EntryView[] {
    return this.#parts.store.list(query).map(({ winner, conflicts }) => entryView(winner, conflicts));
  }

  /** What needs a person's eye: concurrent versions, and deletes beside a concurrent put. */
  conflicts(): ConflictView[] {
    const { store } = this.#parts;
    const views: ConflictView[] = [];
    for (const key of store.conflictKeys(null, MAX_LISTED_CONFLICTS)) {
      const versions = store.live(key);
      views.push({
        kind: "concurrent",
        key,
        versions: versions.map((version, i) => ({ ...entryView(version, versions.length - 1), winner: i === 0 })),
      });
    }
    for (const ofKey of Map.groupBy(store.deletedBesidePut(MAX_LISTED_CONFLICTS), ({ put }) => put.key).values()) {
      // In an order that all peers share, whatever came first where.
      ofKey.sort((a, b) =>
        compareStamps(a.del.stamp, b.del.stamp) || compareVersionIds(a.del.versionId, b.del.versionId)
      );
      for (const { del, put } of ofKey) {
        views.push({
          kind: "delete_beside_put",
          key: put.key,
          version: versionText(put.versionId),
          peer: toBase32(put.peer),
          timeMs: put.stamp.ms,
          deletedBy: toBase32(del.peer),
          deletedAtMs: del.stamp.ms,
        });
      }
    }
    return [...views, ...this.#undone()];
  }

  /** What removals undid, in an order that all peers share. */
  #undone(): ConflictView[] {
    const { store, membership } = this.#parts;
    const undone = store.undoing.list(0, MAX_LISTED_CONFLICTS)
      .sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : compareVersionIds(a.versionId, b.versionId));
    return undone.map(({ key, versionId, put, peer, stamp }) => {
      const { header, context, row } = store.transaction(versionId.transaction) as TransactionRow;
      const by = membership.undoerOf(header, context, row);
      return {
        ...{ kind: "undone", key, version: versionText(versionId), operation: put === null ? "del" : "put" },
        ...{ peer: toBase32(peer), timeMs: stamp.ms, undoneBy: by === null ? null : toBase32(by.peer) },
      };
    });
  }

  /** Whether this peer is a member, as far as it has received its space. */
  get isMember(): boolean {
    const { membership, identity } = this.#parts;
    return membership.standingOf(identity.peerId) !== null;
  }

  /** The members of the space. */
  members(): MemberView[] {
    const { membership, identity, links } = this.#parts;
    const online = new Set([...links.members()].map(({ peer }) => peer));
    return membership.members().map((standing) => {
      const peer = toBase32(standing.peer);
      const self = toHex(standing.peer) === toHex(identity.peerId);
      const founder = toHex(standing.grantedBy) === toHex(standing.peer);
      return {
        peer,
        name: self ? this.#parts.name() : this.#nameOf(standing.peer),
        role: standing.role,
        prefix: standing.prefix,
        expiresMs: standing.expiresMs,
        sinceMs: standing.sinceMs,
        grantedBy: founder ? null : toBase32(standing.grantedBy),
        lastSeenMs: this.#parts.book.get(toHex(standing.peer))?.lastSeenMs || null,
        online: self || online.has(peer) || this.#isElsewhere(peer),
        linked: online.has(peer),
        self,
      };
    });
  }

  /** Who was a member and is none any more, the latest first. */
  removed(): RemovedView[] {
    return this.#parts.membership.removed().map(({ peer, revoke }): RemovedView => ({
      peer: toBase32(peer),
      name: this.#nameOf(peer),
      kind: endKind(peer, revoke),
      by: toBase32(revoke.peer),
      timeMs: revoke.timeMs,
    })).sort((a, b) => b.timeMs - a.timeMs);
  }

  /** The linked members. @param wallMs what time it is, for the rates. */
  peers(wallMs?: number): PeerView[] {
    const { links, sync, membership, book } = this.#parts;
    return [...links.members()].map((connection): PeerView => {
      const { number, link, peer, address, relay, openedWallMs, sent, received } = connection;
      return {
        peer,
        name: this.#nameOf(fromBase32(peer)),
        role: membership.standingOf(fromBase32(peer))?.role ?? null,
        address,
        path: pathOf(connection, book.isNearby(toHex(fromBase32(peer)))),
        relay,
        relayName: relay === null ? "" : this.#relayName(relay),
        punchFailure: relay === null ? null : this.#parts.reach().punchFailureOf(connection),
        roundTripMs: link.roundTripMs,
        sinceMs: openedWallMs,
        inSync: sync.agrees(number),
        ...sync.missing(number),
        sentPerS: wallMs === undefined ? null : sent.perSecond(wallMs),
        receivedPerS: wallMs === undefined ? null : received.perSecond(wallMs),
        sentBytes: link.sentBytes,
        receivedBytes: link.receivedBytes,
        queuedBytes: link.queuedBytes,
      };
    });
  }

  /** Who has connected, and is not known as a member. */
  door(): DoorView[] {
    return [...this.#parts.links.all()].flatMap(({ direction, stage, isKnownMember, peer, address, openedWallMs }) => {
      if (direction === "out" || isKnownMember || (stage !== "proving" && stage !== "door")) return [];
      return { peer, address, stage: stage === "door" ? "joining" : "waiting", sinceMs: openedWallMs };
    });
  }

  /**
   * The connection to a linked member by its name, its id, or the beginning of that.
   *
   * @throws {KithError} `peer_unknown`, `member_ambiguous`.
   */
  linkedAs(text: string): Connection {
    const linked = [...this.#parts.links.members()];
    const called = linked.map((connection) => {
      return { connection, peer: connection.peer, name: this.#nameOf(fromBase32(connection.peer)) };
    });
    return memberCalled(called, text, "peer_unknown").connection;
  }

  /**
   * The base32 id of a member that messages get to, called as for `linkedAs`: one that is linked or, in a space where
   * not all link with each other, any.
   *
   * @param isAwaited whether a link to a member, by its base32 id, has just ended and is replaced by another one.
   * @throws {KithError} `peer_unknown`, `member_ambiguous`.
   */
  addresseeAs(text: string, isAwaited: (peer: string) => boolean): string {
    const members = this.members().filter(({ self }) => !self);
    const isReached = ({ peer, linked }: MemberView) => linked || isAwaited(peer);
    const called = members.length <= FULL_MESH_LINKS ? members.filter(isReached) : members;
    return memberCalled(called, text, "peer_unknown").peer;
  }

  /** The members without a link; where not all link with each other those that left or are lost, as far as is known. */
  absent(): AbsentView[] {
    const { book, linksWithAll, absenceOf, whereaboutOf } = this.#parts;
    const isAbsent = ({ peer, online }: MemberView) => !online && (linksWithAll() || absenceOf(peer) !== null);
    return this.members().filter(isAbsent).map(({ peer, name }) => {
      const whereabout = whereaboutOf(peer);
      const seenMs = Math.max(book.get(toHex(fromBase32(peer)))?.lastSeenMs ?? 0, whereabout?.heardMs ?? 0);
      return { peer, name, sinceMs: seenMs || null, absence: absenceOf(peer), by: whereabout?.lostBy ?? null };
    });
  }

  /** The members that are not linked and say that they are here. */
  #elsewhere(members: readonly MemberView[]): ElsewhereView[] {
    const holds = this.#parts.holds()?.subarray(0, BRIEF_BYTES) ?? null;
    return members.filter(({ online, linked, self }) => online && !linked && !self).map(({ peer, name }) => {
      const { heardMs, teller, holds: held } = this.#parts.whereaboutOf(peer) as Whereabout;
      const inSync = holds !== null && equal(held, holds);
      return { peer, name, heardMs: heardMs as number, by: teller, inSync };
    });
  }

  /** Who is said to be lost, and has yet to contradict, is here until that is told. */
  #isElsewhere(peer: string): boolean {
    const whereabout = this.#parts.whereaboutOf(peer);
    return whereabout !== null && whereabout.heardMs !== null && whereabout.state !== "left" &&
      this.#parts.absenceOf(peer) === null;
  }

  /** Who used a number twice. */
  forks(): ForkView[] {
    const { store, identity } = this.#parts;
    return store.writers.forks().map(({ writer, sequence, heads }) => {
      const self = toHex(writer.peer) === toHex(identity.peerId);
      const name = self ? this.#parts.name() : this.#nameOf(writer.peer);
      return { peer: toBase32(writer.peer), name, self, sequence, heads };
    });
  }

  /** Whether the members that are linked hold the same; at least one must be, unless the space has one member. */
  synced(): boolean {
    const { membership, links, sync, applier } = this.#parts;
    if (!this.isMember || applier.undoer.isSettling) return false;
    const linked = [...links.members()];
    if (linked.length === 0) return membership.members().length === 1;
    return linked.every(({ number }) => sync.agrees(number));
  }

  /** How the peer is. */
  status(): StatusView {
    const { identity, store, space, membership, applier, sync, counters } = this.#parts;
    const id = space.space;
    const absent = this.absent();
    const members = this.members();
    const ended = membership.endOf(identity.peerId);
    const { waiting, unsupported } = applier.counts;
    const fields: Record<string, EventValue> = {};
    for (const [name, count] of counters) fields[name] = count;
    if (unsupported > 0) fields["newer_kith_needed"] = unsupported;
    return {
      peer: toBase32(identity.peerId),
      name: this.#parts.name(),
      space: id === null ? null : toBase32(id),
      left: id !== null && !space.isArriving && !this.isMember,
      removedBy: ended === null || equal(ended.peer, identity.peerId) ? null : toBase32(ended.peer),
      toldRemovedBy: ended === null ? this.#parts.toldRemovedBy() : [],
      digest: toHex(store.digest()),
      synced: this.synced(),
      entries: store.entries,
      conflicts: store.conflictCount,
      members: members.length,
      peers: this.peers(),
      absent,
      others: members.filter(({ self, linked }) => !self && !linked).length - absent.length,
      elsewhere: this.#elsewhere(members),
      waiting: waiting + unsupported,
      forks: this.forks(),
      links: this.#parts.links.counts,
      cut: this.#parts.conduct.cuts().map((cut) => ({
        ...cut,
        name: cut.peer === "" ? "" : this.#nameOf(fromBase32(cut.peer)),
      })),
      copies: this.#parts.links.copies.addresses,
      ...this.#parts.repairs.counts,
      syncing: sync.pulling ? { received: store.operationsTotal, total: sync.pullTotal() } : null,
      compaction: this.#parts.compactor().view(),
      reach: this.#parts.reach().view(),
      punch: this.#parts.reach().punch,
      messages: this.#parts.topics().counts,
      relay: this.#parts.relays().counts,
      publicRelay: this.#parts.publicRelay(),
      counters: fields,
    };
  }

  /** How keys stand now, as watchers are told of them. */
  changes(keys: readonly string[]): Change[] {
    const { store, identity } = this.#parts;
    const changes: Change[] = [];
    for (const key of keys) {
      const versions = store.live(key);
      const winner = versions[0];
      if (winner !== undefined) {
        changes.push(entryView(winner, versions.length - 1));
        continue;
      }
      const del = store.openDels(key).at(-1);
      changes.push({
        key,
        version: null,
        media: "",
        value: null,
        conflicts: 0,
        peer: toBase32(del?.peer ?? identity.peerId),
        timeMs: del?.stamp.ms ?? 0,
      });
    }
    return changes;
  }

  /** A relay that is no member is called by where it is. */
  #relayName(relay: string): string {
    const other = this.#parts.publicRelay();
    return other?.peer === relay ? other.address : this.#nameOf(fromBase32(relay));
  }

  #nameOf(peer: Uint8Array): string {
    return this.#parts.book.get(toHex(peer))?.record?.name ?? "";
  }
}

/** How a member came to be none any more. */
export function endKind(peer: Uint8Array, { peer: by, operation }: Act<Revoke>): RemovedView["kind"] {
  return equal(by, peer) ? "left" : operation.frontier === null ? "ended" : "removed";
}

function entryView(version: VersionRow, conflicts: number): EntryView {
  return {
    key: version.key,
    version: versionText(version.versionId),
    media: version.media,
    value: version.value,
    peer: toBase32(version.peer),
    timeMs: version.stamp.ms,
    conflicts,
  };
}
