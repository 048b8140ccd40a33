import { assert } from "@std/assert";
import { fromHex, toHex } from "../../../lib/base/bytes.ts";
import { SpaceState } from "../../../lib/peer/space_state.ts";
import type { SimPeer } from "../sim_peer.ts";
import type { Checker } from "./checker.ts";

interface Seen {
  /** Id of its space in hexadecimal: who enters another one starts from nothing. */
  readonly space: string;
  readonly total: number;
  /** Heads, in hexadecimal. */
  readonly heads: readonly string[];
}

/** What a peer has told it holds, it holds for as long as its disk keeps what was committed. */
export class Frontiers implements Checker {
  readonly #seen = new Map<number, Seen>();

  turned(peer: SimPeer): void {
    const { store, index } = peer;
    const before = this.#seen.get(index);
    const total = store.transactionsTotal;
    if (before?.total === total) return;
    const space = toHex(new SpaceState(store).space ?? new Uint8Array());
    if (before?.space === space) this.#assertGrown(peer);
    const heads = store.frontier().flatMap((entry) => entry.heads.map(({ id }) => toHex(id)));
    this.#seen.set(index, { space, total, heads });
  }

  crashed(peer: SimPeer): void {
    this.#assertGrown(peer);
  }

  lost(peer: SimPeer): void {
    this.#seen.delete(peer.index);
  }

  healed(members: readonly SimPeer[]): void {
    for (const member of members) this.#assertGrown(member);
  }

  #assertGrown({ store, index }: SimPeer): void {
    const before = this.#seen.get(index);
    if (before === undefined) return;
    const total = store.transactionsTotal;
    assert(total >= before.total, `peer ${index} went back from ${before.total} to ${total} transactions`);
    for (const head of before.heads) {
      assert(store.hasTransaction(fromHex(head)), `peer ${index} went back behind the head ${head}`);
    }
  }
}
