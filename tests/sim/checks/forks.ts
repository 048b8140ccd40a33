import { assert, assertEquals } from "@std/assert";
import { equal, toHex } from "../../../lib/base/bytes.ts";
import type { WriterId } from "../../../lib/wire/transaction.ts";
import type { SimPeer } from "../sim_peer.ts";
import type { Checker } from "./checker.ts";

/** Two transactions that a malicious member signed under one number. */
export interface Equivocation {
  readonly writer: WriterId;
  readonly sequence: number;
  /** Their ids. */
  readonly ids: readonly Uint8Array[];
}

/** Where both sides of an equivocation came to honest members, all of them hold both, as proof. */
export class Forks implements Checker {
  readonly #made: readonly Equivocation[];

  /** @param made grows as the adversary goes on. */
  constructor(made: readonly Equivocation[]) {
    this.#made = made;
  }

  healed(members: readonly SimPeer[]): void {
    for (const { writer, sequence, ids } of this.#made) {
      const came = ids.filter((id) => members.some(({ store }) => store.hasTransaction(id)));
      for (const { store, index } of members) {
        const held = store.writers.transactionsAt(writer, sequence).map((row) => toHex(store.transactionByRow(row).id));
        assertEquals(
          held.sort(),
          came.map(toHex).sort(),
          `what peer ${index} holds of number ${sequence}, signed twice`,
        );
        if (came.length < 2) continue;
        const entry = store.frontier().find((known) =>
          equal(known.writer.peer, writer.peer) && equal(known.writer.instance, writer.instance)
        );
        assert(entry !== undefined && entry.heads.length >= 2, `peer ${index} tells nobody of the fork`);
      }
    }
  }
}
