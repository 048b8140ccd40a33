import type { Now } from "../base/clock.ts";
import { type Random, randomBelow } from "../base/random.ts";

/** First wait before a peer is dialled again; doubles with every failure in a row. */
const FIRST_BACKOFF_MS = 250;
/** The longest wait: a peer that comes back is found again within it, and half a minute's dials cost nothing. */
const MAX_BACKOFF_MS = 15_000;
/** The same for a peer on a network of this machine, where a dial costs next to nothing, and how long that holds. */
const MAX_NEARBY_BACKOFF_MS = 2000;
const NEARBY_HURRY_MS = 10 * 60 * 1000;
/** A link must last so long to count as a success; else a peer that refuses at once would be dialled in a loop. */
const STEADY_LINK_MS = 5_000;

interface Target {
  readonly peer: string;
  addresses: readonly string[];
  /** Whether it was found on a network of this machine. */
  isNearby: boolean;
  /** Since when it is missed. */
  missedSinceMs: number;
  /** Which address comes next. */
  turn: number;
  failures: number;
  dueMs: number;
  dialling: string | null;
  linkedSinceMs: number | null;
}

/**
 * Decides when to dial whom: peers that should be linked and are not, one dial a peer at a time, their addresses in
 * turn, with exponential back-off and full jitter between half and the whole of the wait.
 */
export class Dialler {
  readonly #random: Random;
  readonly #targets = new Map<string, Target>();

  constructor(random: Random) {
    this.#random = random;
  }

  /**
   * Sets where a peer may be reached, the most promising address first; an empty list forgets the peer.
   *
   * @param isNearby whether it was found on a network of this machine: it is then dialled more often.
   */
  aim(peer: string, addresses: readonly string[], now: Now, isNearby = false): void {
    const target = this.#targets.get(peer);
    if (target !== undefined) target.isNearby = isNearby;
    if (addresses.length === 0) {
      this.#targets.delete(peer);
    } else if (target === undefined) {
      this.#targets.set(peer, {
        ...{ peer, addresses, isNearby, missedSinceMs: now.monotonicMs },
        turn: 0,
        failures: 0,
        dueMs: now.monotonicMs,
        dialling: null,
        linkedSinceMs: null,
      });
    } else if (target.addresses.join() !== addresses.join()) {
      target.addresses = addresses;
      target.turn = 0;
      target.dueMs = Math.min(target.dueMs, now.monotonicMs);
    }
  }

  /** Forgets the peers that are not wanted any more. */
  keepOnly(isWanted: (peer: string) => boolean): void {
    for (const peer of this.#targets.keys()) if (!isWanted(peer)) this.#targets.delete(peer);
  }

  /** A link to the peer is open, whoever dialled. */
  linked(peer: string, now: Now): void {
    const target = this.#targets.get(peer);
    if (target === undefined) return;
    target.linkedSinceMs = now.monotonicMs;
    target.dialling = null;
    target.dueMs = Infinity;
  }

  /** Whether a link to the peer is known here; false also where it is not aimed at. */
  isLinked(peer: string): boolean {
    const target = this.#targets.get(peer);
    return target !== undefined && target.linkedSinceMs !== null;
  }

  /** A dialled address was answered by a peer: whoever else was looked for there is somewhere else. */
  answered(address: string, peer: string, now: Now): void {
    for (const target of this.#targets.values()) {
      if (target.dialling === address && target.peer !== peer) this.#missed(target, now);
    }
  }

  /** The last link to the peer is gone. */
  unlinked(peer: string, now: Now): void {
    const target = this.#targets.get(peer);
    if (target === undefined) return;
    const steady = target.linkedSinceMs !== null && now.monotonicMs - target.linkedSinceMs >= STEADY_LINK_MS;
    target.linkedSinceMs = null;
    target.missedSinceMs = now.monotonicMs;
    target.failures = steady ? 0 : target.failures + 1;
    this.#wait(target, now);
  }

  /** A dial, or the connection that came of it, led to no link. */
  failed(address: string, now: Now): void {
    for (const target of this.#targets.values()) if (target.dialling === address) this.#missed(target, now);
  }

  /** The peer was just heard of: it is dialled at once, at its most promising address. */
  hurry(peer: string, now: Now): void {
    const target = this.#targets.get(peer);
    if (target === undefined || target.linkedSinceMs !== null) return;
    target.failures = 0;
    target.turn = 0;
    // One that was tried before takes its time to fail.
    if (target.dialling === target.addresses[0]) return;
    target.dialling = null;
    target.dueMs = now.monotonicMs;
  }

  /** The network changed or the machine woke: everybody is dialled anew at once. */
  networkChanged(now: Now): void {
    for (const target of this.#targets.values()) {
      target.failures = 0;
      target.missedSinceMs = now.monotonicMs;
      if (target.linkedSinceMs === null && target.dialling === null) target.dueMs = now.monotonicMs;
    }
  }

  /** The addresses to dial now. */
  due(now: Now): string[] {
    const addresses: string[] = [];
    for (const target of this.#targets.values()) {
      if (target.dialling !== null || target.dueMs > now.monotonicMs) continue;
      const address = target.addresses[target.turn % target.addresses.length] as string;
      target.dueMs = Infinity;
      // Two peers behind one address (it was reused): one dial tells who is there.
      if (addresses.includes(address)) {
        this.#wait(target, now);
        continue;
      }
      target.dialling = address;
      addresses.push(address);
    }
    return addresses;
  }

  /** The monotonic time in ms at which `due` has something; Infinity for never. */
  deadline(): number {
    let deadline = Infinity;
    for (const target of this.#targets.values()) {
      if (target.dialling === null) deadline = Math.min(deadline, target.dueMs);
    }
    return deadline;
  }

  #missed(target: Target, now: Now): void {
    target.dialling = null;
    target.turn++;
    // A whole round of addresses counts as one failure.
    if (target.turn % target.addresses.length === 0) target.failures++;
    if (target.linkedSinceMs === null) this.#wait(target, now);
  }

  #wait(target: Target, now: Now): void {
    const hurries = target.isNearby && now.monotonicMs < target.missedSinceMs + NEARBY_HURRY_MS;
    const limitMs = hurries ? MAX_NEARBY_BACKOFF_MS : MAX_BACKOFF_MS;
    const longestMs = Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(target.failures, 20), limitMs);
    target.dueMs = now.monotonicMs + longestMs / 2 + randomBelow(this.#random, Math.ceil(longestMs / 2));
  }
}
