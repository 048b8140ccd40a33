import { assert } from "@std/assert";
import { toHex } from "../../../lib/base/bytes.ts";
import type { SimPeer } from "../sim_peer.ts";
import type { Checker } from "./checker.ts";
import { NewRows } from "./new_rows.ts";

/** No transaction is held without its parents, and none comes before them. */
export class Causality implements Checker {
  readonly #rows = new NewRows();

  turned(peer: SimPeer): void {
    const { store, index } = peer;
    for (const row of this.#rows.of(peer)) {
      const { header, id } = store.transactionByRow(row);
      for (const parent of [...header.parents, ...(header.previous === null ? [] : [header.previous])]) {
        const held = store.transaction(parent);
        const isBehind = held !== null && held.row < row;
        assert(isBehind, `peer ${index} applied ${toHex(id)} before its parent ${toHex(parent)}`);
      }
    }
  }

  crashed(peer: SimPeer): void {
    this.#rows.shortened(peer);
  }

  lost(peer: SimPeer): void {
    this.#rows.shortened(peer);
  }
}
