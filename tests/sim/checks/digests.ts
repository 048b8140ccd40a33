import { assertEquals } from "@std/assert";
import { toHex } from "../../../lib/base/bytes.ts";
import type { SimPeer } from "../sim_peer.ts";
import type { Checker } from "./checker.ts";
import type { History } from "./history.ts";

/** How many crashes are passed over between two after which the digest is worked out anew. */
const CRASHES_PER_LOOK = 4;

/** Digest and frontier are what the rules make of the transactions held, worked out from nothing. */
export class Digests implements Checker {
  readonly #history: History;
  #crashes = 0;

  constructor(history: History) {
    this.#history = history;
  }

  crashed(peer: SimPeer): void {
    if (++this.#crashes % CRASHES_PER_LOOK === 0) this.#assertModel(peer);
  }

  healed(members: readonly SimPeer[]): void {
    this.#assertModel(members[0] as SimPeer);
  }

  #assertModel(peer: SimPeer): void {
    const { store, index } = peer;
    const model = this.#history.modelOf(peer);
    assertEquals(toHex(store.digest()), toHex(model.digest()), `the digest of peer ${index}, worked out anew`);
    const frontier = toHex(store.frontierHash());
    assertEquals(frontier, toHex(model.frontierHash()), `the frontier of peer ${index}, worked out anew`);
  }
}
