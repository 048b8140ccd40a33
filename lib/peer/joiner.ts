import { compare, equal } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import type { CloseReason, ErrorCode, ErrorValues, KithError } from "../base/errors.ts";
import { ProtocolError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import { MAX_JOIN_DOORS, MAX_PARENTS, RELAY_MEET_AGAIN_MS } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import { sha256 } from "../crypto/hash.ts";
import type { Identity } from "../crypto/identity.ts";
import type { HybridClock } from "../data/clock.ts";
import { buildTransaction, toBytes, type Verify } from "../data/transaction.ts";
import { knockTag } from "../space/grant.ts";
import type { Membership } from "../space/membership.ts";
import type { Store } from "../store/store.ts";
import type { TransactionBytes } from "../wire/bundle.ts";
import type { Offer } from "../wire/door_messages.ts";
import type { Message } from "../wire/message.ts";
import { INSTANCE_BYTES, sameVersion, type VersionId, type WriterId } from "../wire/transaction.ts";
import { hashOf } from "./admission.ts";
import type { Discovery } from "./discovery.ts";
import { type Join, JOIN_TIMEOUT_MS, joinOf, NEXT_ADDRESS_MS, PATIENT_JOIN_TIMEOUT_MS } from "./join.ts";
import type { Connection, Links } from "./links.ts";
import type { JoinRequest } from "./machine.ts";
import { isRelayDoor } from "./relay_doors.ts";
import type { SpaceState } from "./space_state.ts";
import { byRedeem, byTicket, type WayIn } from "./way_in.ts";

/** Who gets to look so much later than it meant to stood still itself, as under much load. */
const STOOD_STILL_MS = 1000;
/** When a person is told that nobody was found so far. */
const TELL_SEARCH_AFTER_MS = 5000;
/** Pause before an address that did not answer is dialled again. */
const REDIAL_MS = 500;
/** How long doors may be behind what the redeem builds upon, before it is taken for lost: whoever offered it is gone. */
const REDEEM_ANEW_MS = 5000;

/** What joining works upon. */
export interface JoinerParts {
  readonly identity: Identity;
  readonly store: Store;
  readonly clock: HybridClock;
  readonly verify: Verify;
  readonly random: Random;
  readonly space: SpaceState;
  readonly membership: Membership;
  readonly links: Links;
  readonly dial: (address: string) => void;
  readonly emit: (event: PeerEvent) => void;
  readonly discovery: Discovery;
  /** A door let this peer in. */
  readonly admitted: (connection: Connection, now: Now) => void;
  /** The join is over. @param request who asked for it; null where this peer came back by itself. */
  readonly done: (request: number | null, outcome: JoinOutcome) => void;
}

/** How a join ended: with how often its ticket may be used, or why it failed. */
export type JoinOutcome =
  | { readonly ok: true; readonly uses: number }
  | { readonly ok: false; readonly code: ErrorCode; readonly values: ErrorValues };

/** Ends of a link that another try would not change, and what a person is told of each. */
const FINAL: Readonly<Partial<Record<CloseReason, ErrorCode>>> = {
  refused_ticket: "refused_ticket",
  not_a_member: "refused_ticket",
  self: "refused_ticket",
  not_kith: "not_kith",
  version_too_new: "version_too_new",
  version_too_old: "version_too_old",
};

/** Getting into a space with a ticket, from the outside; and back into it where members have not heard of this peer (DESIGN 8). */
export class Joiner {
  readonly #parts: JoinerParts;
  #join: Join | null = null;

  constructor(parts: JoinerParts) {
    this.#parts = parts;
  }

  /** Whether a join is under way. */
  get active(): boolean {
    return this.#join !== null;
  }

  /** Starts to look for a door at the addresses. */
  start(request: number, { keys, addresses, named = [] }: JoinRequest, now: Now): void {
    if (this.#join !== null) this.#fail("join_failed", { detail: "another join took its place" }, now);
    const { discovery } = this.#parts;
    const leastMs = discovery.leastSearchMs;
    const searchMs = leastMs > 0 && addresses.length === 0 ? PATIENT_JOIN_TIMEOUT_MS : leastMs;
    this.#join = {
      ...joinOf(request, byTicket(keys), addresses, now),
      named: new Set(named),
      untilMs: now.monotonicMs + Math.max(searchMs, JOIN_TIMEOUT_MS),
      patientUntilMs: now.monotonicMs + PATIENT_JOIN_TIMEOUT_MS,
      searchUntilMs: now.monotonicMs + searchMs,
      tellMs: leastMs > 0 ? now.monotonicMs + TELL_SEARCH_AFTER_MS : Infinity,
    };
    discovery.seek(keys, now);
    this.tick(now);
  }

  /**
   * Knocks at a member that takes this peer for a stranger, by the invite through which it came in: who let it in may
   * have been removed before anybody else had heard of that.
   *
   * @returns false where there is no such invite, or another join is under way.
   */
  comeBack(connection: Connection, now: Now): boolean {
    if (this.#join !== null) return false;
    const wayIn = this.#wayBack(now);
    if (wayIn === null) return false;
    this.#join = joinOf(null, wayIn, [connection.address], now);
    this.#join.doors.set(connection.address, Infinity);
    this.knock(connection);
    return true;
  }

  /** The newest invite by which this peer came in, where it is a member. */
  #wayBack(now: Now): WayIn | null {
    const { identity, membership, space } = this.#parts;
    const id = space.space;
    const standing = membership.standingOf(identity.peerId);
    if (id === null || standing === null || (standing.expiresMs !== 0 && standing.expiresMs <= now.wallMs)) return null;
    for (const grant of membership.invites()) {
      const redeem = membership.redeemsOf(grant.version).find(({ peer }) => equal(peer, identity.peerId));
      if (redeem !== undefined && !membership.isClosed(grant.version)) return byRedeem(redeem, grant, id);
    }
    return null;
  }

  /** Doors for the ticket were found on the local network, or may be at a relay. */
  found(addresses: readonly string[], now: Now): void {
    const join = this.#join;
    if (join === null) return;
    // They are mostly one peer's: the next one is for where the one before does not lead there.
    let dueMs = now.monotonicMs;
    for (const address of addresses) {
      if (join.doors.has(address) || join.doors.size >= MAX_JOIN_DOORS) continue;
      join.doors.set(address, dueMs);
      join.nearby.add(address);
      dueMs += NEXT_ADDRESS_MS;
    }
    this.tick(now);
  }

  /** Somebody said in the DHT that a door for the ticket is at an address: it is tried once. */
  hinted(address: string, now: Now): void {
    const join = this.#join;
    if (join === null || join.doors.has(address) || join.doors.size >= MAX_JOIN_DOORS) return;
    join.doors.set(address, now.monotonicMs);
    join.hinted.add(address);
    this.tick(now);
  }

  /** Whether a connection was dialled for the join. */
  wants(connection: Connection): boolean {
    return connection.direction === "out" && this.#join?.doors.has(connection.address) === true;
  }

  /** The other side is authenticated: shows it that this peer has a ticket. */
  knock(connection: Connection): void {
    const join = this.#join;
    if (join === null) throw new ProtocolError("goodbye", "the join is over");
    connection.stage = "joining";
    const tag = knockTag(join.wayIn.invite, hashOf(connection));
    this.#parts.links.send(connection.number, { type: "knock", tag }, "control");
  }

  /**
   * A door shows the grant. It is checked before anything is given away: it must be the inviter's, for this space.
   * Then the redeem is made, kept, and sent; the same one again after a failure half-way, or by who is in already, but
   * for one that builds upon what no door knows: who redeems twice is one member all the same.
   */
  offered(connection: Connection, offer: Offer, now: Now): void {
    const { space, links, verify } = this.#parts;
    const join = this.#join;
    if (join === null) throw new ProtocolError("goodbye", "the join is over");
    const { version: grant, uses } = join.wayIn.check(offer, verify);
    join.uses = uses;
    join.hinted.delete(connection.address);
    const present = space.space;
    if (present !== null && !equal(present, offer.space)) {
      throw new ProtocolError("refused_ticket", "it is for another space than the one of this home");
    }
    const isLost = now.monotonicMs >= join.behindSinceMs + REDEEM_ANEW_MS;
    let transaction = isLost ? null : this.#redeemBefore(offer.space, grant);
    if (transaction === null) {
      transaction = toBytes(this.#buildRedeem(offer, grant, join, now));
      space.pendingRedeem = { space: offer.space, grant, transaction };
      join.behindSinceMs = Infinity;
    }
    join.redeemed.set(connection.number, { space: offer.space, redeem: sha256(transaction.header) });
    links.send(connection.number, { type: "redeem", transaction }, "control");
  }

  /**
   * A redeem of the grant that this peer made before, the one of which it is not known whether it arrived first; null for
   * none, or where it is held and what it gave has ended.
   */
  #redeemBefore(spaceId: Uint8Array, grant: VersionId): TransactionBytes | null {
    const { identity, membership, space, store } = this.#parts;
    const isMember = membership.standingOf(identity.peerId) !== null;
    const pending = space.pendingRedeem;
    const isOfGrant = pending !== null && equal(pending.space, spaceId) && sameVersion(pending.grant, grant);
    if (isOfGrant && (isMember || !store.hasTransaction(sha256(pending.transaction.header)))) {
      return pending.transaction;
    }
    if (!isMember) return null;
    const held = membership.redeemsOf(grant).find(({ peer }) => equal(peer, identity.peerId));
    return held === undefined ? null : store.load(held.row);
  }

  /** The door let this peer in: from now on it is a member, and gets the space's data by synchronisation. */
  welcomed(connection: Connection, message: Extract<Message, { type: "welcome" }>, now: Now): void {
    const join = this.#join;
    // Another door was faster.
    if (join === null) throw new ProtocolError("goodbye", "the join is over");
    const entry = join.redeemed.get(connection.number);
    if (entry === undefined) throw new ProtocolError("bad_state", "welcome without redeem");
    this.#parts.space.enter(entry.space, message.epochs, entry.redeem);
    this.#end(now);
    this.#parts.done(join.request, { ok: true, uses: join.uses });
    this.#parts.admitted(connection, now);
  }

  /** A dial failed, or a connection of the join ended before it was a member's. */
  lost(address: string, reason: CloseReason | "dial_failed", detail: string, now: Now): void {
    const join = this.#join;
    if (join === null || !join.doors.has(address)) return;
    this.#giveTime(join, now);
    const code = reason === "dial_failed" ? undefined : FINAL[reason];
    if (reason === "bad_state") join.behindSinceMs = Math.min(join.behindSinceMs, now.monotonicMs);
    const failure = `${address}: ${reason === "dial_failed" ? detail : reason.replaceAll("_", " ")}`;
    if (join.hinted.has(address)) {
      // Anybody may have named it: that somebody else is there, or nobody, says nothing of the ticket.
      join.lastFailure = failure;
      join.doors.delete(address);
      join.hinted.delete(address);
    } else if (code === undefined) {
      if (reason !== "dial_failed") join.untilMs = Math.max(join.untilMs, join.patientUntilMs);
      join.lastFailure = failure;
      join.doors.set(address, now.monotonicMs + (isRelayDoor(address) ? RELAY_MEET_AGAIN_MS : REDIAL_MS));
    } else {
      if (code !== "refused_ticket") join.finalFailure ??= { code, values: { address, detail } };
      else join.finalFailure = { code, values: { detail: "it is unknown here, used up, expired or closed" } };
      // Whoever knows the ticket's tag, and the relay itself, may answer there: the next turn leads to another one.
      if (isRelayDoor(address)) {
        const refusal = `${address}: who answers there refuses the ticket, but need not be who made it`;
        join.lastFailure = code === "refused_ticket" ? refusal : failure;
        join.doors.set(address, now.monotonicMs + RELAY_MEET_AGAIN_MS);
      } else join.doors.delete(address);
    }
    const wasLastNamed = code !== undefined && join.named.delete(address) && join.named.size === 0;
    // A door on the local network knows the ticket by which it was found: what it says of it counts, as what those say
    // that a person means. One behind a relay need not know more than the tag.
    const isNearby = join.nearby.has(address) && !isRelayDoor(address);
    const isRefused = code === "refused_ticket" && (wasLastNamed || isNearby);
    if (isRefused || this.#isOver(join, now)) this.#giveUp(now);
  }

  /** The store refused a turn of the join: whoever asked for it hears of that at once, and asks again. */
  storeFailed(error: KithError, now: Now): void {
    if (this.#join !== null) this.#fail(error.code, error.values, now);
  }

  /** Dials what is due, and gives up when the time is over. */
  tick(now: Now): void {
    const join = this.#join;
    if (join === null) return;
    this.#giveTime(join, now);
    if (this.#isOver(join, now)) return this.#giveUp(now);
    if (now.monotonicMs >= join.tellMs) {
      join.tellMs = Infinity;
      this.#parts.emit({ name: "join_searching", level: "warning", reason: this.#detail(join) });
    }
    for (const [address, dueMs] of join.doors) {
      if (dueMs > now.monotonicMs) continue;
      join.doors.set(address, Infinity);
      this.#parts.dial(address);
    }
  }

  /** The monotonic time in ms at which `tick` is due. */
  deadline(): number {
    const join = this.#join;
    if (join === null) return Infinity;
    const searchMs = join.doors.size === 0 ? join.searchUntilMs : Infinity;
    return Math.min(join.untilMs, searchMs, join.tellMs, ...join.doors.values());
  }

  /** When its time is over, a door that is connected gets more; all get it anew where this machine stood still for long. */
  #giveTime(join: Join, now: Now): void {
    if (now.monotonicMs >= join.untilMs + STOOD_STILL_MS) {
      join.untilMs = now.monotonicMs + JOIN_TIMEOUT_MS;
      join.patientUntilMs = now.monotonicMs + PATIENT_JOIN_TIMEOUT_MS;
    } else if (now.monotonicMs >= join.untilMs && [...this.#parts.links.all()].some((link) => this.wants(link))) {
      join.untilMs = Math.max(join.untilMs, join.patientUntilMs);
    }
  }

  #isOver(join: Join, now: Now): boolean {
    return now.monotonicMs >= join.untilMs || (join.doors.size === 0 && now.monotonicMs >= join.searchUntilMs);
  }

  /** What was tried, and how it went. */
  #detail({ lastFailure, nearby }: Join): string {
    const isFound = [...nearby].some((address) => !isRelayDoor(address));
    const findings = isFound ? null : this.#parts.discovery.findings();
    return [lastFailure, findings].filter((part) => part !== null).join("; ");
  }

  #giveUp(now: Now): void {
    const join = this.#join as Join;
    const failure = join.finalFailure ?? { code: "join_failed", values: { detail: this.#detail(join) } };
    this.#fail(failure.code, failure.values, now);
  }

  #end(now: Now): void {
    this.#join = null;
    this.#parts.discovery.seek(null, now);
  }

  #fail(code: ErrorCode, values: ErrorValues, now: Now): void {
    const join = this.#join as Join;
    this.#end(now);
    this.#parts.done(join.request, { ok: false, code, values });
  }

  #buildRedeem(offer: Offer, grant: VersionId, join: Join, now: Now) {
    const { identity, store, clock } = this.#parts;
    const writer = this.#redeemWriter();
    const last = store.writers.stateOf(writer);
    clock.observe(offer.clock, now.wallMs);
    return buildTransaction(identity, offer.space, {
      ...writer,
      sequence: (last?.sequence ?? 0) + 1,
      previous: last?.id ?? null,
      parents: offer.heads
        .filter((id) => last === null || !equal(id, last.id))
        .slice(0, MAX_PARENTS).sort(compare),
      standing: null,
      clock: clock.next(now.wallMs),
      firstOperation: last?.nextOperation ?? 0,
    }, [{
      operation: {
        kind: "redeem",
        grant,
        signature: join.wayIn.sign(offer.space, identity.peerId),
        sealingKey: identity.sealingPublicKey,
      },
      value: null,
    }]);
  }

  /** Under which store instance a redeem is made. */
  #redeemWriter(): WriterId {
    const { identity, membership, random, space, store } = this.#parts;
    const { peerId: peer } = identity;
    // A member writes on behind what it has, which this door may lack: what it can build upon is of another instance.
    if (membership.standingOf(peer) !== null) return { peer, instance: random.bytes(INSTANCE_BYTES).slice() };
    // Some door may have taken the other redeem in: the same number must not be used for this one.
    const pending = space.pendingRedeem;
    if (pending !== null && !store.hasTransaction(sha256(pending.transaction.header))) store.renewInstance();
    return { peer, instance: store.instance };
  }
}
