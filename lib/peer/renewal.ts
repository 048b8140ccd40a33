import { compare, equal } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import { RENEW_EPOCH_AFTER_MS } from "../base/limits.ts";
import type { Identity } from "../crypto/identity.ts";
import type { Membership } from "../space/membership.ts";

/** What renewing the epoch works upon. */
export interface RenewalParts {
  readonly identity: Identity;
  readonly membership: Membership;
  /** Ends somebody who has left once more, by a revoke that begins a new epoch. */
  readonly renew: (leaver: Uint8Array, now: Now) => void;
}

/**
 * A new epoch after a member left by itself. It knows the secret, under which it could come as somebody whom others have yet
 * to hear of, and can't make one that it does not know: an admin's peer does, the first of those that are here.
 */
export class Renewal {
  readonly #parts: RenewalParts;
  #dueMs = Infinity;

  constructor(parts: RenewalParts, now: Now) {
    this.#parts = parts;
    this.membershipChanged(now);
  }

  /** Members came, went, or have other roles. */
  membershipChanged(now: Now): void {
    const { membership, identity } = this.#parts;
    const isDue = membership.knowingLeaver !== null && membership.standingOf(identity.peerId)?.role === "admin";
    const admins = membership.members().filter(({ role }) => role === "admin").map(({ peer }) => peer).sort(compare);
    const place = admins.findIndex((peer) => equal(peer, identity.peerId));
    this.#dueMs = isDue ? Math.min(this.#dueMs, now.monotonicMs + place * RENEW_EPOCH_AFTER_MS) : Infinity;
  }

  /** The monotonic time in ms at which `tick` is due; Infinity while nobody has left. */
  deadline(): number {
    return this.#dueMs;
  }

  /** Renews the epoch once that is due. */
  tick(now: Now): void {
    if (now.monotonicMs < this.#dueMs) return;
    // Where this turn comes to nothing it is tried again.
    this.#dueMs = now.monotonicMs + RENEW_EPOCH_AFTER_MS;
    const leaver = this.#parts.membership.knowingLeaver;
    if (leaver !== null) this.#parts.renew(leaver, now);
  }
}
