import { assert } from "@std/assert";
import { equal } from "../../../lib/base/bytes.ts";
import { MAX_CLOCK_AHEAD_MS } from "../../../lib/base/limits.ts";
import type { SimPeer } from "../sim_peer.ts";
import type { Checker } from "./checker.ts";
import { NewRows } from "./new_rows.ts";

/** Nobody's stamps run away from their own clock, whatever stamps others send. */
export class Clocks implements Checker {
  readonly #rows = new NewRows();

  turned(peer: SimPeer): void {
    const { store, index, identity, now } = peer;
    for (const row of this.#rows.of(peer)) {
      const { header } = store.transactionByRow(row);
      if (!equal(header.peer, identity.peerId) || !equal(header.instance, store.instance)) continue;
      const aheadMs = header.clock.ms - now.wallMs;
      assert(aheadMs <= MAX_CLOCK_AHEAD_MS, `peer ${index} writes with a stamp ${aheadMs} ms ahead of its clock`);
    }
  }

  crashed(peer: SimPeer): void {
    this.#rows.shortened(peer);
  }

  lost(peer: SimPeer): void {
    this.#rows.shortened(peer);
  }
}
