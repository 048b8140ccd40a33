import { assert } from "@std/assert";
import { toHex } from "../../../lib/base/bytes.ts";
import type { SimPeer } from "../sim_peer.ts";
import type { Checker } from "./checker.ts";
import type { History } from "./history.ts";
import { NewRows } from "./new_rows.ts";

/** Nothing is applied that its writer did not sign, or that its past does not allow. */
export class Signed implements Checker {
  readonly #history: History;
  readonly #forged: ReadonlySet<string>;
  readonly #rows = new NewRows();

  /** @param forged ids that an adversary made and that nobody may apply, in hexadecimal. */
  constructor(history: History, forged: ReadonlySet<string>) {
    this.#history = history;
    this.#forged = forged;
  }

  turned(peer: SimPeer): void {
    for (const row of this.#rows.of(peer)) {
      const id = toHex(peer.store.transactionByRow(row).id);
      assert(!this.#forged.has(id), `peer ${peer.index} applied the forged transaction ${id}`);
      this.#history.read(peer, row);
    }
  }

  crashed(peer: SimPeer): void {
    this.#rows.shortened(peer);
    this.turned(peer);
  }

  lost(peer: SimPeer): void {
    this.#rows.shortened(peer);
  }
}
