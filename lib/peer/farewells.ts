import { fromBase32 } from "../base/base32.ts";
import type { PeerEvent } from "../base/event.ts";
import type { Identity } from "../crypto/identity.ts";
import type { Membership } from "../space/membership.ts";
import type { Store } from "../store/store.ts";
import type { Message } from "../wire/message.ts";

/** What farewells are made of. */
export interface FarewellParts {
  readonly identity: Identity;
  readonly store: Store;
  readonly membership: Membership;
  readonly emit: (event: PeerEvent) => void;
}

/** What a removed member is told before its link is closed, and what this peer is told when it is the one. */
export class Farewells {
  readonly #parts: FarewellParts;
  readonly #tellers = new Set<string>();

  constructor(parts: FarewellParts) {
    this.#parts = parts;
  }

  /** The last message to a member that is none any more: the revoke, signed. Null where it left by itself. */
  to(peer: Uint8Array): Message | null {
    const { membership, store } = this.#parts;
    const end = membership.endOf(peer);
    return end === null ? null : { type: "transactions", list: [store.load(end.row)] };
  }

  /**
   * A member says that this peer is none any more. It may lie, or know of a revoke that this peer will never receive:
   * people are told, and nothing else follows from it.
   *
   * @param teller base32 id of who closed its link for that reason.
   */
  heard(teller: string): void {
    const { membership, identity, emit } = this.#parts;
    if (membership.standingOf(identity.peerId) === null || membership.standingOf(fromBase32(teller)) === null) return;
    if (this.#tellers.has(teller)) return;
    this.#tellers.add(teller);
    emit({ name: "told_removed", level: "warning", reason: "member_left", fields: { peer: teller } });
  }

  /** A member links: whatever it said before, this peer is a member to it. */
  linked(peer: string): void {
    this.#tellers.delete(peer);
  }

  /** Base32 ids of the members that say so. */
  tellers(): readonly string[] {
    return [...this.#tellers];
  }
}
