import type { Now } from "../base/clock.ts";
import { forgetOldest } from "../base/forget_oldest.ts";
import {
  MAX_PROVEN_ADDRESSES,
  MAX_REACH_WITNESSES,
  MAX_WITNESSED_ADDRESSES,
  PROVEN_KEPT_MS,
  TELL_PROVEN_EVERY_MS,
} from "../base/limits.ts";

/** An address of this peer, and what members found there. */
export interface ReachedAddress {
  readonly address: string;
  /** How many members reached this peer there, and how many did not. */
  readonly reachedBy: number;
  readonly failedFor: number;
  /** When that was last found, ms since 1970. */
  readonly timeMs: number;
  /** Whether others are told to dial it there, besides where it listens. */
  readonly isTold: boolean;
}

interface Finding {
  readonly reached: boolean;
  readonly monotonicMs: number;
  readonly timeMs: number;
}

/**
 * Where members found that this peer can be reached. Each has its own page, so that whoever tells much that is wrong
 * crowds out nobody else; and others are told of an address only where several found the same, so that none of them
 * alone can lead them astray.
 */
export class ProvenAddresses {
  /** By member, then by address; the longest ago first. */
  readonly #findings = new Map<string, Map<string, Finding>>();
  #told: readonly string[] = [];
  #toldMs = -Infinity;

  /** The addresses that others are told, the latest first. */
  get told(): readonly string[] {
    return this.#told;
  }

  /** A member found something. @param kept of how many addresses that is remembered what this member found. */
  found(peer: string, address: string, reached: boolean, now: Now, kept = MAX_WITNESSED_ADDRESSES): void {
    const findings = this.#findings.get(peer) ?? new Map<string, Finding>();
    this.#findings.delete(peer);
    this.#findings.set(peer, findings);
    forgetOldest(this.#findings, MAX_REACH_WITNESSES);
    findings.delete(address);
    findings.set(address, { reached, monotonicMs: now.monotonicMs, timeMs: now.wallMs });
    forgetOldest(findings, kept);
  }

  /** Nothing of it holds any more. */
  clear(): void {
    this.#findings.clear();
    this.#told = [];
  }

  /** Who found what of an address since a monotonic time. */
  since(address: string, monotonicMs: number): { readonly reached: Set<string>; readonly failed: Set<string> } {
    const found = { reached: new Set<string>(), failed: new Set<string>() };
    for (const [peer, findings] of this.#findings) {
      const finding = findings.get(address);
      if (finding === undefined || finding.monotonicMs < monotonicMs) continue;
      (finding.reached ? found.reached : found.failed).add(peer);
    }
    return found;
  }

  /**
   * Decides anew which addresses others are told.
   *
   * @param needed how many members must have reached this peer there.
   * @param own where it says itself that it listens: that is told anyway.
   * @returns whether they are others than before.
   */
  tell(needed: number, own: readonly string[], now: Now): boolean {
    this.#forget(now);
    const proven = this.view().filter(({ address, reachedBy }) => reachedBy >= needed && !own.includes(address));
    const addresses = proven.map(({ address }) => address).slice(0, MAX_PROVEN_ADDRESSES);
    const isSame = addresses.length === this.#told.length && addresses.every((one) => this.#told.includes(one));
    if (isSame || now.monotonicMs < this.#toldMs + TELL_PROVEN_EVERY_MS) return false;
    this.#told = addresses;
    this.#toldMs = now.monotonicMs;
    return true;
  }

  /** What is known of each address, the latest first. */
  view(): ReachedAddress[] {
    const views = new Map<string, { reachedBy: number; failedFor: number; timeMs: number }>();
    for (const findings of this.#findings.values()) {
      for (const [address, { reached, timeMs }] of findings) {
        const view = views.get(address) ?? { reachedBy: 0, failedFor: 0, timeMs: 0 };
        if (reached) view.reachedBy++;
        else view.failedFor++;
        view.timeMs = Math.max(view.timeMs, timeMs);
        views.set(address, view);
      }
    }
    return [...views].map(([address, view]) => ({ address, ...view, isTold: this.#told.includes(address) }))
      .sort((a, b) => b.timeMs - a.timeMs);
  }

  #forget(now: Now): void {
    for (const [peer, findings] of this.#findings) {
      for (const [address, { monotonicMs }] of findings) {
        if (now.monotonicMs >= monotonicMs + PROVEN_KEPT_MS) findings.delete(address);
      }
      if (findings.size === 0) this.#findings.delete(peer);
    }
  }
}
