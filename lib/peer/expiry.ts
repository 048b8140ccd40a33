import { equal } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import type { Identity } from "../crypto/identity.ts";
import type { Membership, Standing } from "../space/membership.ts";
import { Renewal } from "./renewal.ts";

/** How often, at the longest, the wall clock is looked at while somebody's time will be over: it may be set. */
const LOOK_MS = 60 * 60 * 1000;

/** What expiry works upon. */
export interface ExpiryParts {
  readonly identity: Identity;
  readonly membership: Membership;
  /** Ends a member whose time is over, or once more one that has left, which begins a new epoch. */
  readonly end: (peer: Uint8Array, reason: "expired" | "left", now: Now) => void;
  /** Closes the links of whoever may not be linked any more. */
  readonly closeLinks: (now: Now) => void;
}

/**
 * Members whose time is over (DESIGN 6, "Expiry"): nobody links with them, by the clock of each, and the peer of the admin
 * who granted it says so to all, by a revoke.
 */
export class Expiry {
  readonly #parts: ExpiryParts;
  readonly #renewal: Renewal;
  #nextLookMs: number;

  constructor(parts: ExpiryParts, now: Now) {
    const { identity, membership, end } = parts;
    this.#parts = parts;
    this.#renewal = new Renewal({ identity, membership, renew: (leaver, at) => end(leaver, "left", at) }, now);
    this.#nextLookMs = now.monotonicMs;
  }

  /** Members came, went, or have other roles. */
  membershipChanged(now: Now): void {
    this.#renewal.membershipChanged(now);
    this.#nextLookMs = now.monotonicMs + this.#waitMs(now);
  }

  /** The monotonic time in ms at which `tick` is due; Infinity while nobody's time is limited, and nobody has left. */
  deadline(): number {
    return Math.min(this.#nextLookMs, this.#renewal.deadline());
  }

  /** Ends those whose time is over and whose granter this peer is, and renews the epoch where that is due. */
  tick(now: Now): void {
    this.#renewal.tick(now);
    if (now.monotonicMs < this.#nextLookMs) return;
    const { identity, membership, end, closeLinks } = this.#parts;
    const over = this.#limited().filter(({ expiresMs }) => expiresMs <= now.wallMs);
    if (over.length > 0) closeLinks(now);
    const isAdmin = membership.standingOf(identity.peerId)?.role === "admin";
    for (const { peer, grantedBy } of over) {
      if (isAdmin && equal(grantedBy, identity.peerId) && !equal(peer, identity.peerId)) end(peer, "expired", now);
    }
    this.#nextLookMs = now.monotonicMs + this.#waitMs(now);
  }

  #limited(): Standing[] {
    return this.#parts.membership.members().filter(({ expiresMs }) => expiresMs !== 0);
  }

  #waitMs(now: Now): number {
    const limited = this.#limited();
    if (limited.length === 0) return Infinity;
    const ahead = limited.map(({ expiresMs }) => expiresMs - now.wallMs).filter((ms) => ms > 0);
    return Math.min(LOOK_MS, ...ahead);
  }
}
