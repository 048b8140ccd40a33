import { toBase32 } from "../base/base32.ts";
import type { Now } from "../base/clock.ts";
import { ProtocolError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import { forgetOldest } from "../base/forget_oldest.ts";
import { canonicalAddresses, ipOfEndpoint, isLoopbackIp } from "../base/ip_address.ts";
import {
  MAX_PUNCH_ADDRESSES,
  MAX_PUNCHED_MEMBERS,
  MAX_PUNCHES,
  PUNCH_ANSWER_TIMEOUT_MS,
  PUNCH_EVERY_MS,
  PUNCH_LINK_TIMEOUT_MS,
} from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import type { Identity } from "../crypto/identity.ts";
import type { Punch, PunchMessage } from "../wire/punch_messages.ts";
import type { Connection } from "./links.ts";
import type { Input } from "./machine.ts";
import { isPunched } from "./path.ts";
import { punchBackoffMs, PunchedHoles } from "./punched_holes.ts";
import { isLoopback } from "./source_address.ts";
import { isMeant, UdpWitnesses, type UdpWitnessParts, type UdpWitnessView } from "./udp_witnesses.ts";

/** How long a member that could tell where it sees this peer is waited for before those that are there are asked. */
const LOOK_AFTER_MS = 2000;
/** How often this end begins for one member, and when it may again after that one declined. */
const ROUND_EVERY_MS = PUNCH_EVERY_MS + PUNCH_LINK_TIMEOUT_MS;
const DECLINED_MS = 5000;
/** How long an attempt waits where as many are under way as there may be. */
const BUSY_MS = 5000;

/** Why no hole leads to a member. */
export type PunchFailure =
  /** Nobody that takes QUIC is linked directly, so that nobody could tell where this peer is seen. */
  | "nobody_to_ask"
  /** None of them answered by QUIC. */
  | "udp_blocked"
  /** The other end did not answer through the relay. */
  | "no_answer"
  /** It named no address at which it could be dialled: the same happened there, or it has too much to do. */
  | "declined"
  /** Both dialled, and nothing came through. */
  | "no_way_through"
  /** This peer takes no QUIC, or the other one does not. */
  | "no_quic_here"
  | "no_quic_there";

/** What punching works upon. */
export interface PunchParts extends UdpWitnessParts {
  readonly identity: Identity;
  readonly random: Random;
  readonly dialQuic: (address: string) => void;
  /** What a member is called, by its base32 id; empty where that is not known. */
  readonly nameOf: (peer: string) => string;
  readonly emit: (event: PeerEvent) => void;
}

/** What is known of UDP here, and of attempts to open routers. */
export interface PunchView extends UdpWitnessView {
  /** At which this peer takes QUIC; null where it does not. */
  readonly port: number | null;
  /** Why it does not, as a part of a sentence; null where it does, or nothing was said so far. */
  readonly problem: string | null;
  /** The last attempt for each member that is relayed, by its base32 id, where it failed. `timeMs`: since 1970. */
  readonly failed: readonly { readonly peer: string; readonly reason: PunchFailure; readonly timeMs: number }[];
}

/** An attempt at a relayed link, or the wait for one. */
interface Attempt {
  readonly connection: Connection;
  /** Whether this end begins: the one with the lower id does. */
  readonly begins: boolean;
  /** What is waited for: the time; members that are asked; the other end's answer; the time to dial; a link. */
  step: "time" | "witnesses" | "answer" | "dial" | "link";
  /** When the step is over; Infinity where it ends by itself. */
  dueMs: number;
  round: number;
  /** Attempts in a row that failed. */
  failures: number;
  /** Where the other end is to be dialled. */
  theirs: readonly string[];
  /** When it is tried again as there is somebody to ask; Infinity for not; and when it may be at the earliest. */
  againMs: number;
  mayAgainMs: number;
}

/**
 * Opens the routers between this peer and members that are linked through a relay only. Both ends ask others at what
 * address they are seen, tell each other by the relayed link, and dial each other at the same time by QUIC, whose
 * packets leave from the port at which others are taken: what one end sends opens its router for the other one. It is
 * timed as libp2p's Direct Connection Upgrade through Relay is, with one message less.
 */
export class Punches {
  readonly #parts: PunchParts;
  readonly #witnesses: UdpWitnesses;
  #port: number | null = null;
  #problem: string | null = null;
  /** By base32 id. */
  readonly #attempts = new Map<string, Attempt>();
  /** When a member last told, or was told, where to dial; the longest ago first. */
  readonly #lastMs = new Map<string, number>();
  readonly #holes: PunchedHoles;
  readonly #failed = new Map<string, { readonly reason: PunchFailure; readonly timeMs: number }>();
  #round = 0;
  /** When members are asked though nobody is to be reached: so that people are told what this network allows. */
  #lookAtMs = Infinity;
  #lookedMs = -Infinity;

  constructor(parts: PunchParts) {
    this.#parts = parts;
    this.#witnesses = new UdpWitnesses(parts);
    this.#holes = new PunchedHoles(parts.random);
  }

  /** Takes an input that is about QUIC. */
  take(input: Extract<Input, { type: "quic" | "quic_seen" }>, now: Now): void {
    if (input.type === "quic_seen") return this.#seen(input, now);
    const before = this.#port;
    this.#port = input.port;
    this.#problem = input.problem;
    if (before === input.port) return;
    for (const { number } of this.#parts.links.members()) this.#tellPort(number);
    this.#lookSoon(now);
    for (const attempt of this.#attempts.values()) this.#hurry(attempt, now);
  }

  /** A member is linked. */
  linked(connection: Connection, now: Now): void {
    const { peer, number, relay } = connection;
    if (this.#port !== null) this.#tellPort(number);
    if (relay === null) {
      this.#attempts.delete(peer);
      this.#failed.delete(peer);
      if (isPunched(connection)) this.#holes.opened(peer, now);
      else this.#holes.forget(peer);
      return;
    }
    this.#holes.relayed(peer, now);
    const begins = toBase32(this.#parts.identity.peerId) < peer;
    const attempt: Attempt = {
      ...{ connection, begins, step: "time", dueMs: Infinity },
      ...{ round: 0, failures: 0, theirs: [], againMs: Infinity, mayAgainMs: -Infinity },
    };
    this.#attempts.set(peer, attempt);
    this.#hurry(attempt, now);
  }

  /** A member's link is closed. */
  unlinked(connection: Connection): void {
    this.#witnesses.closed(connection);
    if (this.#attempts.get(connection.peer)?.connection === connection) this.#attempts.delete(connection.peer);
  }

  /** A member said something about it. @throws {ProtocolError} */
  received(connection: Connection, message: PunchMessage, now: Now): void {
    if (message.type === "punch") return this.#punched(connection, message, now);
    const isNews = this.#witnesses.tells(connection, message.port);
    const attempt = this.#attempts.get(connection.peer);
    // Who says it again has come to another network.
    if (attempt?.connection === connection) this.#hurry(attempt, now);
    if (!isNews || connection.relay !== null) return;
    this.#lookSoon(now);
    if (message.port === 0) return;
    // Who could not be reached for want of somebody to ask may be now.
    for (const attempt of this.#attempts.values()) {
      if (!this.#hadNobodyToAsk(attempt)) continue;
      attempt.againMs = Math.max(now.monotonicMs, attempt.mayAgainMs);
      this.#tryAgain(attempt, now);
    }
  }

  /** This machine's addresses changed: what did not work may do now. */
  networkChanged(now: Now): void {
    this.#witnesses.networkChanged();
    this.#holes.networkChanged();
    this.#lookSoon(now);
    for (const attempt of this.#attempts.values()) {
      attempt.failures = 0;
      // What was told, or dialled, is of the network that was.
      if (attempt.step !== "witnesses") Object.assign(attempt, { step: "time", dueMs: Infinity, theirs: [] });
      this.#hurry(attempt, now);
      // The other end begins, and has waited the longer the more often it was in vain: by this it is told.
      if (!attempt.begins && this.#port !== null) this.#tellPort(attempt.connection.number);
    }
  }

  /** Does what is due. */
  tick(now: Now): void {
    if (now.monotonicMs >= this.#lookAtMs) {
      this.#lookAtMs = Infinity;
      if (this.#port !== null && this.#witnesses.isOneMissing && this.#witnesses.ask()) {
        this.#lookedMs = now.monotonicMs;
      }
    }
    for (const attempt of this.#attempts.values()) {
      this.#tryAgain(attempt, now);
      if (now.monotonicMs < this.#dueMs(attempt)) continue;
      if (attempt.step === "time") this.#begin(attempt, now);
      else if (attempt.step === "dial") this.#dial(attempt, now);
      else this.#fail(attempt, attempt.step === "answer" ? "no_answer" : "no_way_through", now);
    }
  }

  /** The monotonic time in ms at which `tick` is due; Infinity for never. */
  deadline(): number {
    let deadline = this.#lookAtMs;
    for (const one of this.#attempts.values()) deadline = Math.min(deadline, this.#dueMs(one), one.againMs);
    return deadline;
  }

  /** What is known. */
  view(): PunchView {
    const failed = [...this.#attempts.keys()].flatMap((peer) => {
      const failure = this.#failed.get(peer);
      return failure === undefined ? [] : [{ peer, ...failure }];
    });
    return { ...this.#witnesses.view(), port: this.#port, problem: this.#problem, failed };
  }

  /** Why a member that is relayed is not reached through a hole; null while that is tried, or about to be. */
  failureOf(connection: Connection): PunchFailure | null {
    if (this.#port === null) return this.#problem === null ? null : "no_quic_here";
    if (!this.#witnesses.takesQuic(connection)) return "no_quic_there";
    return this.#failed.get(connection.peer)?.reason ?? null;
  }

  #tellPort(number: number): void {
    this.#parts.links.send(number, { type: "quic_port", port: this.#port ?? 0 }, "control");
  }

  #hadNobodyToAsk({ connection }: Attempt): boolean {
    return this.#failed.get(connection.peer)?.reason === "nobody_to_ask";
  }

  /** Where it is due, not as often as somebody says ever other ports; the other end was told that nobody can be asked. */
  #tryAgain(attempt: Attempt, now: Now): void {
    if (now.monotonicMs < attempt.againMs) return;
    attempt.againMs = Infinity;
    if (!this.#hadNobodyToAsk(attempt)) return;
    attempt.mayAgainMs = now.monotonicMs + PUNCH_EVERY_MS;
    if (attempt.begins) this.#hurry(attempt, now);
    else this.#tellPort(attempt.connection.number);
  }

  #lookSoon(now: Now): void {
    const dueMs = Math.max(now.monotonicMs + LOOK_AFTER_MS, this.#lookedMs + PUNCH_EVERY_MS);
    // Not later than it was: members that say again and again where they take QUIC would put it off for good.
    this.#lookAtMs = Math.min(this.#lookAtMs, dueMs);
  }

  /** The next attempt is made as soon as it may, where this end begins. */
  #hurry(attempt: Attempt, now: Now): void {
    if (!attempt.begins || attempt.step !== "time") return;
    const { peer } = attempt.connection;
    const lastMs = this.#lastMs.get(peer) ?? -Infinity;
    // The other end counts from when it was asked; the way there is not always as long.
    const mayMs = Math.max(lastMs + ROUND_EVERY_MS, this.#holes.notBeforeMs(peer));
    attempt.dueMs = Math.max(now.monotonicMs, mayMs);
  }

  #dueMs({ connection, step, dueMs }: Attempt): number {
    const canBegin = this.#port !== null && connection.isKnownMember && this.#witnesses.takesQuic(connection);
    return step === "time" && !canBegin ? Infinity : dueMs;
  }

  get #underWay(): number {
    let count = 0;
    for (const { step } of this.#attempts.values()) if (step !== "time") count++;
    return count;
  }

  #begin(attempt: Attempt, now: Now): void {
    if (this.#underWay >= MAX_PUNCHES) {
      attempt.dueMs = now.monotonicMs + BUSY_MS;
      return;
    }
    attempt.round = ++this.#round;
    this.#ask(attempt, now);
  }

  /** Asks where this peer is seen; the way through the relay is measured meanwhile. */
  #ask(attempt: Attempt, now: Now): void {
    attempt.step = "witnesses";
    attempt.dueMs = Infinity;
    if (!this.#witnesses.ask()) return this.#unseen(attempt, "nobody_to_ask", now);
    this.#parts.links.ping(attempt.connection, now);
  }

  #seen(input: Extract<Input, { type: "quic_seen" }>, now: Now): void {
    const isOfUse = this.#witnesses.answered(input);
    for (const attempt of this.#attempts.values()) {
      if (attempt.step !== "witnesses") continue;
      if (!isOfUse) {
        if (!this.#witnesses.ask()) this.#unseen(attempt, "nobody_to_ask", now);
        continue;
      }
      const allowed = this.#witnesses.addresses.filter((address) => this.#isUsable(attempt, address));
      const own = allowed.slice(0, MAX_PUNCH_ADDRESSES);
      if (own.length === 0) {
        this.#unseen(attempt, "udp_blocked", now);
      } else {
        this.#send(attempt, own, now);
        const { roundTripMs } = attempt.connection.link;
        attempt.step = attempt.begins ? "answer" : "dial";
        // What is sent is there when half a round trip is over, and the other end dials at once.
        attempt.dueMs = now.monotonicMs + (attempt.begins ? PUNCH_ANSWER_TIMEOUT_MS : (roundTripMs ?? 0) / 2);
      }
    }
  }

  /** Nobody tells where this peer is seen. */
  #unseen(attempt: Attempt, reason: PunchFailure, now: Now): void {
    if (!attempt.begins) this.#send(attempt, [], now);
    if (!attempt.begins && reason === "nobody_to_ask") this.#lastMs.delete(attempt.connection.peer);
    this.#fail(attempt, reason, now);
  }

  #send({ connection, begins, round }: Attempt, addresses: readonly string[], now: Now): void {
    if (begins) this.#remember(connection.peer, now);
    this.#parts.links.send(connection.number, { type: "punch", round, answers: !begins, addresses }, "control");
  }

  #remember(peer: string, now: Now): void {
    this.#lastMs.delete(peer);
    this.#lastMs.set(peer, now.monotonicMs);
    forgetOldest(this.#lastMs, MAX_PUNCHED_MEMBERS);
  }

  #punched(connection: Connection, { round, answers, addresses: named }: Punch, now: Now): void {
    if (connection.relay === null) throw new ProtocolError("bad_state", "a punch on a link that is not relayed");
    if (!named.every(isMeant)) throw new ProtocolError("malformed", "a punch to what is no address of one machine");
    const addresses = canonicalAddresses(named);
    const attempt = this.#attempts.get(connection.peer);
    // Of a link that another one took the place of nothing is to come any more.
    if (attempt?.connection !== connection) return;
    if (answers !== attempt.begins) throw new ProtocolError("bad_state", "a punch by the wrong side");
    const theirs = addresses.filter((address) => this.#isUsable(attempt, address));
    if (answers) {
      if (attempt.step !== "answer" || attempt.round !== round) return;
      attempt.theirs = theirs;
      if (theirs.length > 0) return this.#dial(attempt, now);
      // Nobody was dialled, so that nothing is to be waited for but that the other end says that it can now.
      this.#lastMs.set(connection.peer, now.monotonicMs + DECLINED_MS - ROUND_EVERY_MS);
      return this.#fail(attempt, "declined", now);
    }
    const reason = this.#refusal(attempt, theirs, now);
    if (reason !== null) {
      const fields = { peer: connection.peer, addresses: addresses.join(" ") };
      this.#parts.emit({ name: "punch_refused", level: "debug", reason, fields });
      this.#parts.links.send(connection.number, { type: "punch", round, answers: true, addresses: [] }, "control");
      return;
    }
    this.#remember(connection.peer, now);
    Object.assign(attempt, { round, theirs });
    this.#ask(attempt, now);
  }

  /** Why what the other end asks for is not done; null where it is. */
  #refusal({ connection, step }: Attempt, theirs: readonly string[], now: Now): string | null {
    if (!connection.isKnownMember) return "not_a_member";
    if (this.#port === null) return "no_quic_here";
    if (theirs.length === 0) return "no_address";
    const lastMs = this.#lastMs.get(connection.peer) ?? -Infinity;
    if (step !== "time" || now.monotonicMs < lastMs + PUNCH_EVERY_MS) return "too_often";
    return this.#underWay >= MAX_PUNCHES ? "too_many" : null;
  }

  /** An address of this machine alone means something only to who is on it, as the relay is then too. */
  #isUsable({ connection }: Attempt, address: string): boolean {
    const ip = ipOfEndpoint(address);
    if (ip === null || !isLoopbackIp(ip)) return ip !== null;
    return [...this.#parts.links.members()].some((link) =>
      link.peer === connection.relay && link.relay === null && isLoopback(link.address)
    );
  }

  #dial(attempt: Attempt, now: Now): void {
    attempt.step = "link";
    attempt.dueMs = now.monotonicMs + PUNCH_LINK_TIMEOUT_MS;
    const own = this.#witnesses.addresses;
    for (const address of attempt.theirs) {
      if (!own.includes(address)) this.#parts.dialQuic(address);
    }
  }

  #fail(attempt: Attempt, reason: PunchFailure, now: Now): void {
    const { connection: { peer, relay }, begins, failures, theirs } = attempt;
    attempt.step = "time";
    attempt.dueMs = begins ? now.monotonicMs + punchBackoffMs(this.#parts.random, failures) : Infinity;
    attempt.failures++;
    attempt.theirs = [];
    this.#failed.delete(peer);
    this.#failed.set(peer, { reason, timeMs: now.wallMs });
    forgetOldest(this.#failed, MAX_PUNCHED_MEMBERS);
    const tried = theirs.length === 0 ? {} : { addresses: theirs.join(" ") };
    const fields = { peer, name: this.#parts.nameOf(peer), by: relay, ...tried };
    this.#parts.emit({ name: "punch_failed", level: "info", reason, fields });
  }
}
