import type { Now } from "../base/clock.ts";
import { forgetOldest } from "../base/forget_oldest.ts";
import { PASSIVE_VIEW_PEERS } from "../base/limits.ts";
import { type Random, randomBelow } from "../base/random.ts";

/** First pause before a neighbour that failed is asked again; doubles with every try. */
const FIRST_PAUSE_MS = 2000;
/** The longest pause. */
const MAX_PAUSE_MS = 30_000;
/** Tries after which it is given up: a quarter of an hour. */
const MAX_TRIES = 32;

interface Lost {
  tries: number;
  dueMs: number;
}

/** Neighbours that failed: where a network was cut in two, they lead back to the other part. The oldest goes first. */
export class LostPeers {
  readonly #random: Random;
  readonly #peers = new Map<string, Lost>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** Whether a peer is among them. */
  has(peer: string): boolean {
    return this.#peers.has(peer);
  }

  /** A neighbour failed. */
  add(peer: string, now: Now): void {
    this.#peers.delete(peer);
    this.#peers.set(peer, { tries: 0, dueMs: this.#next(0, now) });
    forgetOldest(this.#peers, PASSIVE_VIEW_PEERS);
  }

  /** It is back, or not wanted. */
  delete(peer: string): void {
    this.#peers.delete(peer);
  }

  /** One that is to be asked now; it is due again later, unless it is back by then. */
  due(now: Now): string | null {
    for (const [peer, lost] of this.#peers) {
      if (lost.dueMs > now.monotonicMs) continue;
      lost.tries++;
      lost.dueMs = this.#next(lost.tries, now);
      if (lost.tries >= MAX_TRIES) this.#peers.delete(peer);
      return peer;
    }
    return null;
  }

  /** Forgets those that are not wanted any more. */
  keepOnly(isWanted: (peer: string) => boolean): void {
    for (const peer of this.#peers.keys()) if (!isWanted(peer)) this.#peers.delete(peer);
  }

  /** All of them are due. */
  retry(now: Now): void {
    for (const lost of this.#peers.values()) lost.dueMs = now.monotonicMs;
  }

  /** The monotonic time in ms at which `due` has one; Infinity for never. */
  deadline(): number {
    let due = Infinity;
    for (const { dueMs } of this.#peers.values()) due = Math.min(due, dueMs);
    return due;
  }

  #next(tries: number, now: Now): number {
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(tries, 10), MAX_PAUSE_MS);
    return now.monotonicMs + pauseMs / 2 + randomBelow(this.#random, pauseMs);
  }
}
