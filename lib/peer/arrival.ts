import type { Now } from "../base/clock.ts";
import { ProtocolError } from "../base/errors.ts";
import type { Identity } from "../crypto/identity.ts";
import type { Membership } from "../space/membership.ts";
import type { Applier } from "./applier.ts";
import type { Connection } from "./links.ts";
import type { SpaceState } from "./space_state.ts";

/** What an arrival works upon. */
export interface ArrivalParts {
  readonly identity: Identity;
  readonly space: SpaceState;
  readonly membership: Membership;
  readonly applier: Applier;
}

/** The way from a welcome to this peer's own admission in its store: its door may be gone for good before it sent that. */
export class Arrival {
  readonly #parts: ArrivalParts;

  constructor(parts: ArrivalParts) {
    this.#parts = parts;
  }

  /** A member is linked: while this peer's own redeem has not come, it waits here for what it builds upon. */
  linked(connection: Connection, now: Now): void {
    const { identity, space, membership, applier } = this.#parts;
    const id = space.space;
    const redeem = id === null || !space.isArriving ? null : space.pendingRedeem;
    if (id === null || redeem === null) return;
    const standing = membership.standingOf(identity.peerId);
    // The door knew it by another redeem, of an earlier try, and so did not take this one.
    if (standing !== null) return space.arrived(standing.version.transaction);
    try {
      applier.receive(redeem.transaction, id, connection.number, now.wallMs);
    } catch (error) {
      // Who links now has nothing to do with that; the refusal is told.
      if (!(error instanceof ProtocolError)) throw error;
    }
  }
}
