import type { Now } from "../base/clock.ts";
import { forgetOldest } from "../base/forget_oldest.ts";
import { MAX_PUNCHED_MEMBERS } from "../base/limits.ts";
import { type Random, randomBelow } from "../base/random.ts";

/** The first wait after an attempt in vain, and the longest: networks change, and an attempt costs some packets. */
const FIRST_BACKOFF_MS = 60_000;
const MAX_BACKOFF_MS = 60 * 60 * 1000;
/** How long a hole has to last, so that the next one is punched as soon as it may. */
const LASTING_HOLE_MS = 5 * 60 * 1000;

/** The hole that leads, or led, to a member. */
interface Hole {
  /** Since when it does; null where it does no more. */
  sinceMs: number | null;
  /** How many closed soon, one after the other. */
  closed: number;
  /** When the next one may be punched. */
  notBeforeMs: number;
}

/** How long to wait after an attempt in vain, in ms. @param before how often it was in vain before, in a row. */
export function punchBackoffMs(random: Random, before: number): number {
  const longestMs = Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(before, 20), MAX_BACKOFF_MS);
  return longestMs + randomBelow(random, longestMs / 2);
}

/** The holes that were punched: each one that closes soon has the next one to the same member wait longer. */
export class PunchedHoles {
  readonly #random: Random;
  /** By base32 id of the member; which changed longest ago first. */
  readonly #holes = new Map<string, Hole>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** A hole leads to a member. */
  opened(peer: string, now: Now): void {
    this.#set(peer, { ...this.#of(peer), sinceMs: now.monotonicMs });
  }

  /** A member is reached through a relay: if a hole led to it before, that is over. */
  relayed(peer: string, now: Now): void {
    const { sinceMs, closed } = this.#of(peer);
    if (sinceMs === null) return;
    if (now.monotonicMs - sinceMs >= LASTING_HOLE_MS) return this.forget(peer);
    const notBeforeMs = now.monotonicMs + punchBackoffMs(this.#random, closed);
    this.#set(peer, { sinceMs: null, closed: closed + 1, notBeforeMs });
  }

  /** A member is reached without a hole. */
  forget(peer: string): void {
    this.#holes.delete(peer);
  }

  /** What closed them may be elsewhere. */
  networkChanged(): void {
    for (const hole of this.#holes.values()) Object.assign(hole, { closed: 0, notBeforeMs: -Infinity });
  }

  /** The monotonic time in ms from which another hole to a member may be punched. */
  notBeforeMs(peer: string): number {
    return this.#of(peer).notBeforeMs;
  }

  #of(peer: string): Hole {
    return this.#holes.get(peer) ?? { sinceMs: null, closed: 0, notBeforeMs: -Infinity };
  }

  #set(peer: string, hole: Hole): void {
    this.#holes.delete(peer);
    this.#holes.set(peer, hole);
    forgetOldest(this.#holes, MAX_PUNCHED_MEMBERS);
  }
}
