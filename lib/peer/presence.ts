import { fromBase32, toBase32 } from "../base/base32.ts";
import { toHex } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import type { CloseReason } from "../base/errors.ts";
import type { EventValue, PeerEvent } from "../base/event.ts";
import { GONE_AFTER_MS, MAX_TOLD_INTERRUPTIONS, SILENCE_TOLD_AFTER_MS, TELL_INTERRUPTION_MS } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import { TokenBucket } from "../base/token_bucket.ts";
import type { Identity } from "../crypto/identity.ts";
import type { AddressBook } from "../mesh/address_book.ts";
import type { Verify } from "../data/transaction.ts";
import type { Membership } from "../space/membership.ts";
import type { PresenceMessage } from "../wire/presence.ts";
import type { Connection, Links } from "./links.ts";
import { pathOf } from "./path.ts";
import type { Absence } from "./presence_views.ts";
import type { SpaceState } from "./space_state.ts";
import { endKind } from "./views.ts";
import { type State, type Whereabout, Whereabouts } from "./whereabouts.ts";

/** How long a new member's name is waited for before it is told of. */
const NAME_WAIT_MS = 2000;
/** How often a member whose link is silent is looked at again. */
const LOOK_AGAIN_MS = 1000;

/** Why a link ends in a space where not all link with each other. */
const OTHER_NEIGHBOURS = "other_neighbours";

/** What presence works upon. */
export interface PresenceParts {
  readonly identity: Identity;
  readonly membership: Membership;
  readonly book: AddressBook;
  readonly links: Links;
  readonly space: SpaceState;
  readonly verify: Verify;
  readonly random: Random;
  /** Whether not all members are linked with each other. */
  readonly isOverlaid: () => boolean;
  /** The hash of what this peer holds, as in a `summary`; null while it is not known. */
  readonly holds: () => Uint8Array | null;
  readonly emit: (event: PeerEvent) => void;
}

/** What is known of a member that was linked since this peer started. */
interface Entry {
  /** Its link; null where it has none. */
  connection: Connection | null;
  /** Whether it was last told as linked. */
  isToldLinked: boolean;
  /** Why its link ended last. */
  reason: CloseReason;
  /** How it was last told to be absent; null where it was not, or is back. */
  absence: Absence | null;
  absentSinceMs: number;
  /** Whether that was told: of who was absent when this peer came it is not. */
  isAbsenceTold: boolean;
  /** Who says that it is lost, in base32; null where this peer noticed. */
  by: string | null;
  /** When the end of its link is told; Infinity where that is told, or there is nothing to tell. */
  tellAtMs: number;
  /** When it counts as gone, unless it is linked again. */
  goneAtMs: number;
  /** Ends of its link that were not told one by one. */
  untold: number;
  readonly tellings: TokenBucket;
}

/**
 * Who of the members is there, told as events: `member_joined`, `member_removed` (the space has one more, or one less),
 * `member_linked`, `member_unlinked` (its link here), `member_left` (it said goodbye), `member_gone` (it is lost: for
 * GONE_AFTER_MS without a link, or for SILENCE_TOLD_AFTER_MS silent on it) and `member_back`. Who is linked again at
 * once was not gone, and a link that flaps is told of now and then, with how often in between.
 */
export class Presence {
  readonly #parts: PresenceParts;
  readonly #entries = new Map<string, Entry>();
  /** Links on which the other side said hello, by its base32 id: also of those whose admission has not come yet. */
  readonly #greeted = new Map<string, Connection>();
  /** Base32 ids of the members; null before this peer is one. */
  #members: Set<string> | null = null;
  /** New members by base32 id, with until when their name is waited for. */
  readonly #unnamed = new Map<string, number>();
  #lookAtMs = Infinity;
  readonly #whereabouts: Whereabouts;
  #isStopping = false;

  constructor(parts: PresenceParts, now: Now) {
    this.#parts = parts;
    this.#whereabouts = new Whereabouts({
      ...parts,
      isOn: parts.isOverlaid,
      heard: (peer, state, before, by, now) => this.#heard(peer, state, before, by, now),
    }, now);
    this.#members = this.#readMembers();
  }

  /** How a member is absent; null where it is linked, or nothing is known. @param peer its id in base32. */
  absenceOf(peer: string): Absence | null {
    return this.#entries.get(peer)?.absence ?? null;
  }

  /** What others say of a member, in a space in which not all are linked. @param peer its id in base32. */
  whereaboutOf(peer: string): Whereabout | null {
    return this.#whereabouts.of(peer);
  }

  /** A member said hello on a link. */
  greeted(connection: Connection, now: Now): void {
    this.#greeted.set(connection.peer, connection);
    if (this.#members?.has(connection.peer)) this.#linked(connection, now);
    this.#whereabouts.greeted(connection);
  }

  /** A neighbour says who is here and who is not. */
  received(connection: Connection, message: PresenceMessage, now: Now): void {
    this.#whereabouts.received(connection, message, now);
  }

  /** The link to a member is closed, and no other one to it is open. */
  unlinked({ peer }: Connection, reason: CloseReason, now: Now): void {
    this.#greeted.delete(peer);
    const entry = this.#entries.get(peer);
    if (entry === undefined || entry.connection === null || this.#isStopping) return;
    entry.connection = null;
    entry.reason = reason;
    entry.goneAtMs = now.monotonicMs + GONE_AFTER_MS;
    entry.by = null;
    if (reason !== "goodbye") this.#whereabouts.lost(peer, now);
    if (entry.tellings.take(1, now.monotonicMs)) this.#tellUnlinked(peer, entry, now);
    else entry.tellAtMs = Math.min(entry.tellAtMs, now.monotonicMs + TELL_INTERRUPTION_MS);
    this.#lookAtMs = Math.min(this.#lookAtMs, entry.tellAtMs, entry.goneAtMs);
  }

  /** A link is about to be closed since its ends get other neighbours: neither of them has left, or is lost. */
  letGo({ peer, link }: Connection, now: Now): void {
    const entry = this.#entries.get(peer);
    if (entry === undefined) return;
    if (entry.isToldLinked) this.#tell("member_unlinked", "debug", peer, {}, OTHER_NEIGHBOURS);
    if (entry.absence !== null && now.monotonicMs >= link.lastReceivedMs + SILENCE_TOLD_AFTER_MS) {
      // It was told as gone, and is silent still: others may hear it.
      Object.assign(entry, { connection: null, isToldLinked: false, tellAtMs: Infinity });
      return;
    }
    this.#back(peer, entry, now);
    this.#entries.delete(peer);
  }

  /** Members came or went. */
  membershipChanged(now: Now): void {
    const before = this.#members;
    const members = this.#members = this.#readMembers();
    this.#whereabouts.membershipChanged();
    if (members === null) return this.#entries.clear();
    for (const [peer, connection] of this.#greeted) if (members.has(peer)) this.#linked(connection, now);
    // Who comes in is not told of all that were there before.
    if (before === null) return;
    for (const peer of members) if (!before.has(peer)) this.#unnamed.set(peer, now.monotonicMs + NAME_WAIT_MS);
    for (const peer of before) if (!members.has(peer)) this.#removed(peer);
  }

  /** This peer stops: the links that it closes tell nothing of others. @returns its last words on a link. */
  stop(): (connection: Connection) => PresenceMessage[] {
    this.#isStopping = true;
    const words = this.#whereabouts.stop();
    return (connection) => this.#greeted.get(connection.peer) === connection ? words : [];
  }

  /** Does what is due, and tells of new members whose name has come. @param hasChanged whether this peer now holds more. */
  tick(hasChanged: boolean, now: Now): void {
    if (!this.#isStopping) this.#whereabouts.endTurn(hasChanged, now);
    for (const [peer, untilMs] of this.#unnamed) {
      if (this.#parts.book.get(toHex(fromBase32(peer)))?.record || now.monotonicMs >= untilMs) this.#joined(peer);
    }
    if (now.monotonicMs < this.#lookAtMs) return;
    // Who stood still itself has yet to read what came in meanwhile.
    const isLate = now.monotonicMs > this.#lookAtMs + LOOK_AGAIN_MS;
    this.#lookAtMs = isLate ? now.monotonicMs + LOOK_AGAIN_MS : Infinity;
    if (isLate) return;
    for (const [peer, entry] of this.#entries) this.#look(peer, entry, now);
  }

  /** The monotonic time in ms at which `tick` is due. */
  deadline(): number {
    let deadline = Math.min(this.#lookAtMs, this.#whereabouts.deadline());
    for (const untilMs of this.#unnamed.values()) deadline = Math.min(deadline, untilMs);
    return deadline;
  }

  #linked(connection: Connection, now: Now): void {
    const { peer, address, direction, relay } = connection;
    const path = pathOf(connection, this.#parts.book.isNearby(toHex(fromBase32(peer))));
    const entry = this.#entries.get(peer) ?? newEntry(now);
    this.#entries.set(peer, entry);
    const isReplaced = entry.connection !== null;
    entry.connection = connection;
    entry.goneAtMs = Infinity;
    this.#lookAtMs = Math.min(this.#lookAtMs, now.monotonicMs + SILENCE_TOLD_AFTER_MS);
    if (isReplaced) return;
    if (entry.isToldLinked) {
      entry.tellAtMs = Infinity;
      entry.untold++;
      return;
    }
    entry.isToldLinked = true;
    this.#tell("member_linked", "debug", peer, { address, path, direction, ...(relay === null ? {} : { by: relay }) });
    this.#back(peer, entry, now);
  }

  /** Others say something else of a member than before; who is linked is known by its link. */
  #heard(peer: string, state: State, before: State | null, by: string | null, now: Now): void {
    if (this.#members?.has(peer) !== true || this.#isStopping) return;
    const entry = this.#entries.get(peer) ?? newEntry(now);
    if (entry.connection !== null) return;
    if (state === "here") {
      entry.goneAtMs = Infinity;
      return this.#back(peer, entry, now);
    }
    this.#entries.set(peer, entry);
    entry.by = by;
    const mayTell = before !== null && entry.tellings.take(1, now.monotonicMs);
    if (state === "left") return this.#absent(peer, entry, "left", "goodbye", now, mayTell);
    if (before === null) return this.#absent(peer, entry, "gone", entry.reason, now, false);
    // Where it is not so, it says so by then.
    if (entry.absence === null) entry.goneAtMs = Math.min(entry.goneAtMs, now.monotonicMs + GONE_AFTER_MS);
    this.#lookAtMs = Math.min(this.#lookAtMs, entry.goneAtMs);
  }

  #look(peer: string, entry: Entry, now: Now): void {
    const { connection } = entry;
    if (connection === null) {
      if (now.monotonicMs >= entry.tellAtMs) this.#tellUnlinked(peer, entry, now);
      // One end of a link that flaps is told at a time: it is gone once that is told.
      if (now.monotonicMs >= entry.goneAtMs && entry.tellAtMs === Infinity) this.#gone(peer, entry, entry.reason, now);
      this.#lookAtMs = Math.min(this.#lookAtMs, entry.tellAtMs < Infinity ? entry.tellAtMs : entry.goneAtMs);
      return;
    }
    const silentAtMs = connection.link.lastReceivedMs + SILENCE_TOLD_AFTER_MS;
    const isSilent = now.monotonicMs >= silentAtMs;
    if (!isSilent) this.#back(peer, entry, now);
    else if (entry.absence === null && entry.tellings.take(1, now.monotonicMs)) {
      entry.by = null;
      this.#gone(peer, entry, "silent", now);
      this.#whereabouts.lost(peer, now);
    }
    this.#lookAtMs = Math.min(this.#lookAtMs, isSilent ? now.monotonicMs + LOOK_AGAIN_MS : silentAtMs);
  }

  #tellUnlinked(peer: string, entry: Entry, now: Now): void {
    const { reason, untold } = entry;
    entry.isToldLinked = false;
    entry.tellAtMs = Infinity;
    entry.untold = 0;
    this.#tell("member_unlinked", "debug", peer, untold === 0 ? {} : { interruptions: untold }, reason);
    if (reason !== "goodbye") return;
    entry.goneAtMs = Infinity;
    this.#absent(peer, entry, "left", reason, now);
  }

  #gone(peer: string, entry: Entry, reason: CloseReason, now: Now): void {
    entry.goneAtMs = Infinity;
    this.#absent(peer, entry, "gone", reason, now);
  }

  #absent(peer: string, entry: Entry, absence: Absence, reason: CloseReason, now: Now, tells = true): void {
    if (entry.absence === absence) return;
    if (entry.absence === null) entry.absentSinceMs = now.monotonicMs;
    entry.absence = absence;
    entry.isAbsenceTold = tells;
    if (tells) this.#tell(`member_${absence}`, "info", peer, entry.by === null ? {} : { by: entry.by }, reason);
  }

  #back(peer: string, entry: Entry, now: Now): void {
    if (entry.absence === null) return;
    entry.absence = null;
    if (!entry.isAbsenceTold) return;
    this.#tell("member_back", "info", peer, { away_ms: Math.round(now.monotonicMs - entry.absentSinceMs) });
  }

  #joined(peer: string): void {
    this.#unnamed.delete(peer);
    const standing = this.#parts.membership.standingOf(fromBase32(peer));
    if (standing === null) return;
    this.#tell("member_joined", "info", peer, { role: standing.role, by: toBase32(standing.grantedBy) });
  }

  #removed(peer: string): void {
    this.#unnamed.delete(peer);
    this.#entries.delete(peer);
    const id = fromBase32(peer);
    const revoke = this.#parts.membership.endOf(id);
    const reason = revoke === null ? "undone" : endKind(id, revoke);
    this.#tell("member_removed", "info", peer, revoke === null ? {} : { by: toBase32(revoke.peer) }, reason);
  }

  #tell(
    name: string,
    level: PeerEvent["level"],
    peer: string,
    more: Readonly<Record<string, EventValue>>,
    reason?: string,
  ): void {
    const called = this.#parts.book.get(toHex(fromBase32(peer)))?.record?.name ?? "";
    const fields = { peer, name: called, ...more };
    this.#parts.emit({ name, level, ...(reason === undefined ? {} : { reason }), fields });
  }

  /** The other members. */
  #readMembers(): Set<string> | null {
    const { membership, identity } = this.#parts;
    if (membership.standingOf(identity.peerId) === null) return null;
    const own = toBase32(identity.peerId);
    return new Set(membership.members().map(({ peer }) => toBase32(peer)).filter((peer) => peer !== own));
  }
}

function newEntry(now: Now): Entry {
  return {
    ...{ connection: null, isToldLinked: false, reason: "silent", absence: null, absentSinceMs: 0 },
    ...{ isAbsenceTold: true, by: null },
    ...{ tellAtMs: Infinity, goneAtMs: Infinity, untold: 0 },
    tellings: new TokenBucket(1000 / TELL_INTERRUPTION_MS, MAX_TOLD_INTERRUPTIONS, now.monotonicMs),
  };
}
