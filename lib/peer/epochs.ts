import { compare, equal } from "../base/bytes.ts";
import { MAX_EPOCHS } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import type { Identity } from "../crypto/identity.ts";
import { boxFor, EPOCH_SECRET_BYTES } from "../space/epochs.ts";
import type { Membership } from "../space/membership.ts";
import { DOMAINS } from "../wire/domains.ts";
import type { Epoch } from "../wire/door_messages.ts";
import type { SealedSecret } from "../wire/operation.ts";
import type { SpaceState } from "./space_state.ts";

/** What epochs are known by. */
export interface EpochsParts {
  readonly identity: Identity;
  readonly space: SpaceState;
  readonly membership: Membership;
  readonly random: Random;
}

/**
 * The secrets by which members know each other, one for each removal and one for the beginning: those that this peer
 * was given when it came in, and those that removals since then brought it, sealed.
 */
export class Epochs {
  readonly #parts: EpochsParts;
  /** What removals brought, by the row of each; null for one that brought this peer nothing. */
  readonly #opened = new Map<number, Uint8Array | null>();

  constructor(parts: EpochsParts) {
    this.#parts = parts;
  }

  /** All that are known, by number, the newest last; at most MAX_EPOCHS. */
  all(): readonly Epoch[] {
    const { space, membership } = this.#parts;
    const byNumber = new Map(space.epochs.map((epoch) => [epoch.number, epoch]));
    for (const renewal of membership.renewalsInForce()) {
      const { number } = renewal;
      const secret = this.#open(renewal.act.row, boxFor(renewal, this.#parts.identity.peerId));
      const known = byNumber.get(number);
      // Of two under one number all keep the same one.
      if (secret !== null && (known === undefined || compare(known.secret, secret) < 0)) {
        byNumber.set(number, { number, secret });
      }
    }
    return [...byNumber.values()].sort((a, b) => a.number - b.number).slice(-MAX_EPOCHS);
  }

  /** A new epoch's secret, sealed to each member but one. */
  renewed(without: Uint8Array): SealedSecret[] {
    const { membership, random } = this.#parts;
    const remaining = membership.members().map(({ peer }) => peer).filter((peer) => !equal(peer, without));
    return membership.renewals.seal(random.bytes(EPOCH_SECRET_BYTES).slice(), remaining, random);
  }

  /** Forgets what it opened, after the space was left or a turn taken back: rows may mean something else. */
  reset(): void {
    this.#opened.clear();
  }

  #open(row: number, box: Uint8Array | null): Uint8Array | null {
    const known = this.#opened.get(row);
    if (known !== undefined) return known;
    const opened = box === null ? null : this.#parts.identity.unseal(DOMAINS.epoch, box);
    const secret = opened?.length === EPOCH_SECRET_BYTES ? opened : null;
    this.#opened.set(row, secret);
    return secret;
  }
}
