import type { Now } from "../base/clock.ts";
import type { Connection, Links } from "./links.ts";
import { isBreak, isDirect, isPunched, isSilent, silentAtMs } from "./path.ts";

/** How often a silent link is looked at again. */
const LOOK_AGAIN_MS = 1000;

/**
 * The links that go through holes in routers, which may close at any time, and mostly without a word, or through relays,
 * which may go. Who was reached so is not reached otherwise: relays are to be asked for it at once, also while a silent
 * link through a hole is still there.
 */
export class Holes {
  readonly #links: Links;
  #silent: ReadonlySet<string> = new Set();
  #lost = new Set<string>();
  #lookAtMs = Infinity;

  constructor(links: Links) {
    this.#links = links;
  }

  /** A member is linked. */
  linked(connection: Connection): void {
    if (isPunched(connection)) this.#lookAtMs = Math.min(this.#lookAtMs, silentAtMs(connection));
  }

  /** A link is closed. */
  closed(connection: Connection, reason: string): void {
    if (!isDirect(connection) && isBreak(reason)) this.#lost.add(connection.peer);
  }

  /** Whether a link is one of them of which nothing is heard. */
  isSilent(connection: Connection): boolean {
    return isPunched(connection) && this.#silent.has(connection.peer);
  }

  /** Those for whom relays are to be asked at once, by base32 id: their link is silent, or broke since the last call. */
  takeUrgent(): ReadonlySet<string> {
    const urgent = new Set([...this.#silent, ...this.#lost]);
    this.#lost = new Set();
    return urgent;
  }

  /** Looks which of them are silent. @returns whether that changed. */
  tick(now: Now): boolean {
    if (now.monotonicMs < this.#lookAtMs) return false;
    const before = this.#silent;
    const punched = [...this.#links.members()].filter(isPunched);
    this.#silent = new Set(punched.filter((link) => isSilent(link, now)).map(({ peer }) => peer));
    this.#lookAtMs = punched.reduce((dueMs, link) => {
      return Math.min(dueMs, isSilent(link, now) ? now.monotonicMs + LOOK_AGAIN_MS : silentAtMs(link));
    }, Infinity);
    return this.#silent.size !== before.size || [...this.#silent].some((peer) => !before.has(peer));
  }

  /** The monotonic time in ms at which `tick` is due; Infinity for never. */
  deadline(): number {
    return this.#lookAtMs;
  }
}
