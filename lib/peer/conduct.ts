import type { Now } from "../base/clock.ts";
import { type CloseReason, ProtocolError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import {
  MAX_WORK_BURST,
  MAX_WORK_PER_S,
  MISBEHAVIOUR_CUT_MS,
  MISBEHAVIOUR_HALVES_MS,
  MISBEHAVIOUR_LIMIT,
} from "../base/limits.ts";
import { TokenBucket } from "../base/token_bucket.ts";
import { type Message, MESSAGE_KINDS } from "../wire/message.ts";

/** What one thing that a member does wrong counts; MISBEHAVIOUR_LIMIT is a hundred. */
const BREACH_POINTS = 15;
/** What it counts to have made this peer work more than it allows: a second's worth, at least. */
const EXCESS_POINTS = 60;

/**
 * What a message costs, in units of some 20 µs: as it is, and for each KiB. What is useful is free: transactions are
 * charged for one by one, where they bring nothing.
 */
const COSTS: Readonly<Partial<Record<Message["type"], readonly [each: number, perKib: number]>>> = {
  transactions: [0, 0],
  partials: [0, 0],
  push: [0, 0],
  // Each of its heads is looked for.
  frontier: [2, 8],
  have: [2, 4],
  // Each is a transaction to be loaded.
  want: [2, 32],
  graft: [2, 32],
  announce: [2, 4],
  // Each goes on over other links, or has somebody dialled: what no peer has to do often.
  neighbour: [50, 0],
  forward_join: [100, 0],
  shuffle: [100, 0],
  shuffle_reply: [50, 0],
  // The whole history is looked through for what the other side lacks.
  pull: [100, 0],
  // New ones are signatures to be checked.
  records: [2, 16],
  hello: [10, 0],
  // The one goes on over another link, the other begins a handshake.
  relay_open: [10, 0],
  relay_incoming: [50, 0],
  // All tags that are registered are looked through.
  relay_tags: [20, 0],
  // What is carried is bounded by credit; small ones cost as much as large ones.
  relay_data: [0.25, 0],
  relay_credit: [0.25, 0],
  // Somebody is dialled.
  dial_back: [50, 0],
  punch: [50, 0],
  ask_past: [200, 0],
  ask_leaf: [50, 0],
  ask_versions: [20, 0],
  // One that is there already, as each neighbour brings it, is told by its beginning; one that is new is of use.
  posts: [0.25, 0],
  // New ones are signatures to be checked.
  presence: [0.5, 16],
  // A box for this peer is opened.
  sealed_posts: [1, 0],
};
/** Also for a message of a newer kith. */
const OTHER_COST = [2, 1] as const;
const TYPES: ReadonlyMap<number, Message["type"]> = new Map(
  (Object.keys(MESSAGE_KINDS) as Message["type"][]).map((type) => [MESSAGE_KINDS[type], type]),
);
/** A transaction that is held already, or waits for its parents. */
const USELESS_TRANSACTION_COST = 2;
/** One that is not kept: too many wait, the space is full, or only a newer kith can read it. */
const DROPPED_TRANSACTION_COST = 5;

/** Under this name all those are counted together that prove the space, and are not known as members so far. */
export const UNKNOWN_MEMBERS = "";

/** How a member behaves. */
interface Conducted {
  readonly work: TokenBucket;
  score: number;
  scoredMs: number;
  cutUntilMs: number;
  /** When that is by the wall clock. */
  cutUntilWallMs: number;
  reason: CloseReason;
  detail: string;
}

/** A member that is cut. */
export interface Cut {
  /** Base32 id, or UNKNOWN_MEMBERS. */
  readonly peer: string;
  /** What it did last, as the code that its link was closed with, and more. */
  readonly reason: CloseReason;
  readonly detail: string;
  /** Until when, ms since 1970. */
  readonly untilMs: number;
}

/**
 * How members behave, over all of their links: how much work they make, and what they do wrong. Who makes too much, or
 * does wrong too often, is cut for a while. What they wrote counts as before: others bring it.
 */
export class Conduct {
  readonly #emit: (event: PeerEvent) => void;
  readonly #members = new Map<string, Conducted>();

  constructor(emit: (event: PeerEvent) => void) {
    this.#emit = emit;
  }

  /** A message came from a member. @throws {ProtocolError} `too_large` where it makes more work than it may. */
  message(peer: string, kind: number, sizeBytes: number, now: Now): void {
    const type = TYPES.get(kind);
    const [each, perKib] = (type === undefined ? undefined : COSTS[type]) ?? OTHER_COST;
    this.#charge(peer, each + perKib * sizeBytes / 1024, type ?? `frames of kind ${kind}`, now);
  }

  /** A frame came from a member that costs little, but is not free: a ping. */
  frame(peer: string, what: string, now: Now): void {
    this.#charge(peer, 1, what, now);
  }

  /** A transaction came from a member that brought nothing. @throws {ProtocolError} `too_large` as for `message`. */
  uselessTransaction(peer: string, brought: "nothing" | "dropped", now: Now): void {
    const cost = brought === "dropped" ? DROPPED_TRANSACTION_COST : USELESS_TRANSACTION_COST;
    this.#charge(peer, cost, "transactions that bring nothing", now);
  }

  /** A member's link is closed for something that it did. */
  breach(peer: string, reason: CloseReason, detail: string, now: Now): void {
    const member = this.#of(peer, now);
    member.score += reason === "too_large" && detail.startsWith(EXCESS) ? EXCESS_POINTS : BREACH_POINTS;
    if (member.score < MISBEHAVIOUR_LIMIT) return;
    member.score = 0;
    member.cutUntilMs = now.monotonicMs + MISBEHAVIOUR_CUT_MS;
    member.cutUntilWallMs = now.wallMs + MISBEHAVIOUR_CUT_MS;
    member.reason = reason;
    member.detail = detail;
    const fields = { peer, detail, seconds: MISBEHAVIOUR_CUT_MS / 1000 };
    this.#emit({ name: "member_cut", level: "warning", reason, fields });
  }

  /** Whether a peer is cut now. @returns for how many ms; 0 where it is not. */
  cutMs(peer: string, now: Now): number {
    return Math.max(0, (this.#members.get(peer)?.cutUntilMs ?? 0) - now.monotonicMs);
  }

  /** Those that are cut. */
  cuts(): Cut[] {
    return [...this.#members].filter(([, { cutUntilMs }]) => cutUntilMs > 0).map(([peer, member]) => {
      const { reason, detail, cutUntilWallMs: untilMs } = member;
      return { peer, reason, detail, untilMs };
    });
  }

  /** Forgets what is long past. */
  tick(now: Now): void {
    for (const [peer, member] of this.#members) {
      if (member.cutUntilMs > 0 && member.cutUntilMs <= now.monotonicMs) {
        member.cutUntilMs = 0;
        this.#emit({ name: "member_cut_ended", level: "info", fields: { peer } });
      }
      this.#decay(member, now);
      if (member.cutUntilMs === 0 && member.score < 1 && member.work.isFull(now.monotonicMs)) {
        this.#members.delete(peer);
      }
    }
  }

  /** The monotonic time in ms at which `tick` is due. */
  deadline(): number {
    let due = Infinity;
    for (const { cutUntilMs } of this.#members.values()) if (cutUntilMs > 0) due = Math.min(due, cutUntilMs);
    return due;
  }

  #charge(peer: string, cost: number, what: string, now: Now): void {
    if (cost === 0 || this.#of(peer, now).work.take(cost, now.monotonicMs)) return;
    throw new ProtocolError("too_large", `${EXCESS}: ${what}`);
  }

  #of(peer: string, now: Now): Conducted {
    const known = this.#members.get(peer);
    if (known !== undefined) {
      this.#decay(known, now);
      return known;
    }
    const member: Conducted = {
      work: new TokenBucket(MAX_WORK_PER_S, MAX_WORK_BURST, now.monotonicMs),
      ...{ score: 0, scoredMs: now.monotonicMs, cutUntilMs: 0, cutUntilWallMs: 0, reason: "goodbye", detail: "" },
    };
    this.#members.set(peer, member);
    return member;
  }

  #decay(member: Conducted, now: Now): void {
    member.score *= 2 ** -((now.monotonicMs - member.scoredMs) / MISBEHAVIOUR_HALVES_MS);
    member.scoredMs = now.monotonicMs;
  }
}

/** How the detail of a close for too much work begins. */
const EXCESS = "more work than a member may make";
