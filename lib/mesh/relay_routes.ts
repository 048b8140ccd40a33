import type { Now } from "../base/clock.ts";
import { RELAY_AFTER_MS } from "../base/limits.ts";
import { type Random, randomBelow } from "../base/random.ts";

/** First wait after all relays were asked in vain; doubles with every such round in a row. */
const FIRST_BACKOFF_MS = 4000;
/** The longest wait: who comes to a relay is found there within it, and what is asked meanwhile costs nothing. */
const MAX_BACKOFF_MS = 60_000;

/** A member that can't be reached otherwise. */
interface Sought {
  /** The relays that were asked in the round under way. */
  readonly asked: Set<string>;
  /** Rounds in a row that led to no link. */
  rounds: number;
  /** When the next relay is asked; Infinity while an answer is waited for. */
  dueMs: number;
}

/**
 * Decides which relay to ask for whom, and when: one after the other for each member that is missed, the nearest one
 * first, and all of them again after a while.
 */
export class RelayRoutes {
  readonly #random: Random;
  readonly #self: string;
  readonly #sought = new Map<string, Sought>();

  /** @param self this peer's id in base32. */
  constructor(random: Random, self: string) {
    this.#random = random;
    this.#self = self;
  }

  /**
   * Sets who is missed, by base32 id.
   *
   * @param urgent those of them for whom nothing else is tried meanwhile. Default: nobody.
   */
  seek(peers: ReadonlySet<string>, now: Now, urgent: ReadonlySet<string> = new Set()): void {
    for (const peer of this.#sought.keys()) if (!peers.has(peer)) this.#sought.delete(peer);
    for (const peer of peers) {
      if (this.#sought.has(peer)) continue;
      // The other end misses this one as well: where both asked at a time, one of two links would be for nothing.
      const patienceMs = (this.#self < peer ? 1 : 2) * RELAY_AFTER_MS - (urgent.has(peer) ? RELAY_AFTER_MS : 0);
      this.#sought.set(peer, { asked: new Set(), rounds: 0, dueMs: now.monotonicMs + patienceMs });
    }
  }

  /** There is a relay more: whoever is waited for until a later round may be found there. */
  relayAdded(relay: string, now: Now): void {
    for (const sought of this.#sought.values()) {
      sought.asked.delete(relay);
      sought.rounds = 0;
      if (sought.dueMs < Infinity) sought.dueMs = Math.min(sought.dueMs, now.monotonicMs + RELAY_AFTER_MS);
    }
  }

  /** What was asked of a relay led to no link. */
  failed(peer: string, now: Now): void {
    const sought = this.#sought.get(peer);
    if (sought !== undefined) sought.dueMs = now.monotonicMs;
  }

  /** Whom to ask for now, and which relay. @param relays who may be asked, the nearest first. */
  due(relays: readonly string[], now: Now): { readonly peer: string; readonly relay: string }[] {
    const asks: { peer: string; relay: string }[] = [];
    for (const [peer, sought] of this.#sought) {
      if (sought.dueMs > now.monotonicMs) continue;
      const relay = relays.find((other) => other !== peer && !sought.asked.has(other));
      if (relay !== undefined) {
        sought.asked.add(relay);
        sought.dueMs = Infinity;
        asks.push({ peer, relay });
        continue;
      }
      sought.asked.clear();
      const longestMs = Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(sought.rounds, 20), MAX_BACKOFF_MS);
      sought.rounds++;
      sought.dueMs = now.monotonicMs + longestMs / 2 + randomBelow(this.#random, Math.ceil(longestMs / 2));
    }
    return asks;
  }

  /** The monotonic time in ms at which `due` has something; Infinity for never. */
  deadline(): number {
    let deadline = Infinity;
    for (const { dueMs } of this.#sought.values()) deadline = Math.min(deadline, dueMs);
    return deadline;
  }
}
