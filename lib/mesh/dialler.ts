import type { Now } from "../base/clock.ts";
import { MAX_DIALS_TO_PEER } from "../base/limits.ts";
import { type Random, randomBelow } from "../base/random.ts";

/** First wait before a peer is dialled again; doubles with every failure in a row. */
const FIRST_BACKOFF_MS = 250;
/** The longest wait: a peer that comes back is found again within it, and half a minute's dials cost nothing. */
const MAX_BACKOFF_MS = 15_000;
/** The same for a peer on a network of this machine, where a dial costs next to nothing, and how long that holds. */
const MAX_NEARBY_BACKOFF_MS = 2000;
const NEARBY_HURRY_MS = 10 * 60 * 1000;
/** A link must last so long to count as a success; else a peer that refuses at once would be dialled in a loop. */
export const STEADY_LINK_MS = 5_000;
/** A link that breaks sooner was a brief one. Two may be by chance; more in a row show that this way does not last. */
const LASTING_LINK_MS = 5 * 60 * 1000;
const CHANCE_BREAKS = 2;
/** The first wait, and the longest, before a peer is dialled that is linked by another way and whose links were brief. */
const FIRST_DETOUR_MS = 60_000;
const MAX_DETOUR_MS = 60 * 60 * 1000;
/** How long an address has to answer before the next one of the same peer is dialled as well (RFC 8305). */
const STAGGER_MS = 250;

interface Target {
  readonly peer: string;
  addresses: readonly string[];
  /** Whether it was found on a network of this machine. */
  isNearby: boolean;
  /** Since when it is missed. */
  missedSinceMs: number;
  /** Which address comes next in the round under way. */
  turn: number;
  /** Rounds of all addresses in a row that led to no link. */
  failures: number;
  /** When the next dial is due; Infinity while those under way are waited for. */
  dueMs: number;
  readonly dialling: Set<string>;
  linkedSinceMs: number | null;
  /** How many brief links there were in a row. */
  breaks: number;
  /** Until when it is not dialled, as it is linked by another way. */
  detourUntilMs: number;
}

/**
 * Decides when to dial whom: peers that should be linked and are not. The addresses of a peer are dialled in rounds,
 * the most promising first, the next one as soon as one failed or did not answer for `STAGGER_MS`, so that an address
 * that swallows everything holds up nothing (Happy Eyeballs, RFC 8305). Between rounds there is exponential back-off
 * with full jitter between half and the whole of the wait.
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
        dialling: new Set(),
        ...{ linkedSinceMs: null, breaks: 0, detourUntilMs: -Infinity },
      });
    } else if (target.addresses.join() !== addresses.join()) {
      if (!addresses.every((address) => target.addresses.includes(address))) forgive(target);
      target.addresses = addresses;
      target.turn = 0;
      target.dueMs = Math.min(target.dueMs, now.monotonicMs);
    }
  }

  /** Forgets the peers that are not wanted any more. */
  keepOnly(isWanted: (peer: string) => boolean): void {
    for (const peer of this.#targets.keys()) if (!isWanted(peer)) this.#targets.delete(peer);
  }

  /** A link to the peer is open, whoever dialled. It lasts since the first call, up to `unlinked`. */
  linked(peer: string, now: Now): void {
    const target = this.#targets.get(peer);
    if (target === undefined) return;
    target.linkedSinceMs ??= now.monotonicMs;
    // Where this link breaks, that other way may be gone as well.
    target.detourUntilMs = -Infinity;
    target.dialling.clear();
    target.turn = 0;
  }

  /** Whether a link to the peer is known here; false also where it is not aimed at. */
  isLinked(peer: string): boolean {
    const target = this.#targets.get(peer);
    return target !== undefined && target.linkedSinceMs !== null;
  }

  /** Whether a peer could not be reached at any of its addresses since it was linked last, or has none. */
  hasFailed(peer: string): boolean {
    const target = this.#targets.get(peer);
    return target === undefined || target.failures > 0;
  }

  /**
   * A dialled address was answered by a peer. Nobody else is looked for there any more, and this peer nowhere else,
   * unless the connection leads to no link after all.
   */
  answered(address: string, peer: string, now: Now): void {
    for (const target of this.#targets.values()) {
      if (!target.dialling.has(address)) continue;
      if (target.peer !== peer) {
        this.#missed(target, address, now);
        continue;
      }
      target.dialling.clear();
      target.dialling.add(address);
      target.dueMs = Infinity;
    }
  }

  /** The last link to the peer is gone. @param isBroken whether nobody meant it to end. Default: somebody did. */
  unlinked(peer: string, now: Now, isBroken = false): void {
    const target = this.#targets.get(peer);
    if (target === undefined) return;
    const lastedMs = target.linkedSinceMs === null ? 0 : now.monotonicMs - target.linkedSinceMs;
    const steady = lastedMs >= STEADY_LINK_MS;
    target.breaks = lastedMs >= LASTING_LINK_MS ? 0 : target.breaks + Number(isBroken);
    target.linkedSinceMs = null;
    target.missedSinceMs = now.monotonicMs;
    target.failures = steady ? 0 : target.failures + 1;
    this.#wait(target, now);
  }

  /** The peer is linked by another way, which is good enough for a while where links to it break soon. */
  detoured(peer: string, now: Now): void {
    const target = this.#targets.get(peer);
    if (target === undefined || target.breaks <= CHANCE_BREAKS || now.monotonicMs < target.detourUntilMs) return;
    const longestMs = Math.min(FIRST_DETOUR_MS * 2 ** Math.min(target.breaks - CHANCE_BREAKS - 1, 20), MAX_DETOUR_MS);
    target.detourUntilMs = now.monotonicMs + longestMs / 2 + randomBelow(this.#random, Math.ceil(longestMs / 2));
  }

  /** That way is gone as well. */
  detourEnded(peer: string): void {
    const target = this.#targets.get(peer);
    if (target !== undefined) target.detourUntilMs = -Infinity;
  }

  /** A dial, or the connection that came of it, led to no link. */
  failed(address: string, now: Now): void {
    for (const target of this.#targets.values()) this.#missed(target, address, now);
  }

  /** The peer was just heard of: a new round begins at once, with its most promising address. */
  hurry(peer: string, now: Now): void {
    const target = this.#targets.get(peer);
    if (target === undefined || target.linkedSinceMs !== null) return;
    target.failures = 0;
    target.turn = 0;
    target.dueMs = now.monotonicMs;
  }

  /** The network changed or the machine woke: everybody is dialled anew at once. */
  networkChanged(now: Now): void {
    for (const target of this.#targets.values()) {
      forgive(target);
      target.failures = 0;
      target.missedSinceMs = now.monotonicMs;
      // What is under way began on the network that was.
      target.dialling.clear();
      target.turn = 0;
      target.dueMs = now.monotonicMs;
    }
  }

  /** The addresses to dial now. */
  due(now: Now): string[] {
    const addresses: string[] = [];
    for (const target of this.#targets.values()) {
      if (target.linkedSinceMs !== null || Math.max(target.dueMs, target.detourUntilMs) > now.monotonicMs) continue;
      const { dialling } = target;
      target.dueMs = Infinity;
      const address = dialling.size < MAX_DIALS_TO_PEER ? this.#next(target) : null;
      if (address === null) continue;
      // Where peers are behind one address (it was reused), one dial tells who is there.
      if (!this.#isDialled(address)) addresses.push(address);
      dialling.add(address);
      if (target.turn < target.addresses.length) target.dueMs = now.monotonicMs + STAGGER_MS;
    }
    return addresses;
  }

  /** The monotonic time in ms at which `due` has something; Infinity for never. */
  deadline(): number {
    let deadline = Infinity;
    for (const { linkedSinceMs, dueMs, detourUntilMs } of this.#targets.values()) {
      if (linkedSinceMs === null) deadline = Math.min(deadline, Math.max(dueMs, detourUntilMs));
    }
    return deadline;
  }

  /** The next address of the round that is not under way. */
  #next(target: Target): string | null {
    while (target.turn < target.addresses.length) {
      const address = target.addresses[target.turn++] as string;
      if (!target.dialling.has(address)) return address;
    }
    return null;
  }

  #isDialled(address: string): boolean {
    for (const { dialling } of this.#targets.values()) if (dialling.has(address)) return true;
    return false;
  }

  #missed(target: Target, address: string, now: Now): void {
    if (!target.dialling.delete(address) || target.linkedSinceMs !== null) return;
    if (target.turn < target.addresses.length) {
      target.dueMs = now.monotonicMs;
    } else if (target.dialling.size === 0) {
      target.turn = 0;
      target.failures++;
      this.#wait(target, now);
    }
  }

  #wait(target: Target, now: Now): void {
    const hurries = target.isNearby && now.monotonicMs < target.missedSinceMs + NEARBY_HURRY_MS;
    const limitMs = hurries ? MAX_NEARBY_BACKOFF_MS : MAX_BACKOFF_MS;
    const longestMs = Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(target.failures, 20), limitMs);
    target.dueMs = now.monotonicMs + longestMs / 2 + randomBelow(this.#random, Math.ceil(longestMs / 2));
  }
}

/** What broke did so elsewhere, or may. */
function forgive(target: Target): void {
  target.breaks = 0;
  target.detourUntilMs = -Infinity;
}
