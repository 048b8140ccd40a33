import type { Now } from "../base/clock.ts";
import { STEADY_LINK_MS } from "../mesh/dialler.ts";
import type { Connection, Links } from "./links.ts";
import { isBreak, isDirect, isPunched, isSilent, silentAtMs } from "./path.ts";
import type { Stage } from "./stage.ts";

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

  /** A link is closed, of whatever stage. */
  closed(connection: Connection, stageBefore: Stage, reason: string, now: Now): void {
    const { peer, relay, isKnownMember, memberSinceMs } = connection;
    if (isDirect(connection) || !isBreak(reason)) return;
    // Strangers are any number, and so may be who only proves the space: its holder can make them up.
    if (stageBefore !== "member" || !isKnownMember) return;
    // A relay that soon ends whatever it carries would be asked without end; the next hole is punched after a while.
    const isSteady = relay === null || now.monotonicMs - memberSinceMs >= STEADY_LINK_MS;
    if (isSteady) this.#lost.add(peer);
  }

  /** Whether a link is one of them of which nothing is heard. */
  isSilent(connection: Connection): boolean {
    return isPunched(connection) && this.#silent.has(connection.peer);
  }

  /**
   * Those for whom relays are to be asked at once, by base32 id: their link is silent, or broke, and they are missed since.
   *
   * @param missed whom relays would be asked for now. Who is missed no more is forgotten.
   */
  urgent(missed: ReadonlySet<string>): ReadonlySet<string> {
    this.#lost = this.#lost.intersection(missed);
    return this.#lost.union(this.#silent);
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
