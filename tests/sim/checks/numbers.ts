import { assert } from "@std/assert";
import { equal, fromHex, toHex } from "../../../lib/base/bytes.ts";
import type { SimPeer } from "../sim_peer.ts";
import type { Checker } from "./checker.ts";
import { NewRows } from "./new_rows.ts";

/** What is known of one peer's own numbers. */
interface Own {
  /** Instance ids that this peer's store has had, in hexadecimal. */
  readonly instances: Set<string>;
  /** By instance and sequence number: the ids that it signed. */
  readonly signed: Map<string, Set<string>>;
  /** How often it had noticed that its disk went back when that happened last; null where it knows. */
  noticedBefore: number | null;
  /** What it lost of its own, and the instance that this was under. */
  lost: { readonly instance: string; readonly ids: readonly string[] } | null;
}

/**
 * No peer signs two transactions under one number. One whose disk went back does not know better until it meets
 * somebody who does: from then on it writes under a new instance id.
 */
export class Numbers implements Checker {
  readonly #own = new Map<number, Own>();
  readonly #rows = new NewRows();

  turned(peer: SimPeer): void {
    const own = this.#ownOf(peer);
    const { store, index, identity } = peer;
    if (noticedBy(peer) !== own.noticedBefore) own.noticedBefore = null;
    const instance = toHex(store.instance);
    own.instances.add(instance);
    for (const row of this.#rows.of(peer)) {
      const { header, id } = store.transactionByRow(row);
      const writtenUnder = toHex(header.instance);
      if (!equal(header.peer, identity.peerId) || !own.instances.has(writtenUnder)) continue;
      const number = `${writtenUnder} ${header.sequence}`;
      const ids = own.signed.get(number) ?? new Set();
      own.signed.set(number, ids);
      const isNew = !ids.has(toHex(id));
      ids.add(toHex(id));
      // What it lost comes back from others, beside what it signed before it knew.
      const isKnown = own.noticedBefore === null;
      assert(!isNew || ids.size === 1 || !isKnown, `peer ${index} signed number ${header.sequence} twice`);
    }
  }

  crashed(peer: SimPeer): void {
    this.#rows.shortened(peer);
  }

  lost(peer: SimPeer, lost: readonly string[]): void {
    this.#rows.shortened(peer);
    const own = this.#ownOf(peer);
    const instance = toHex(peer.store.instance);
    const ofInstance = new Set([...own.signed].flatMap(([number, ids]) => number.startsWith(instance) ? [...ids] : []));
    const lostOwn = lost.filter((id) => ofInstance.has(id));
    if (lostOwn.length === 0) return;
    own.noticedBefore = noticedBy(peer);
    own.lost = { instance, ids: lostOwn };
  }

  healed(members: readonly SimPeer[]): void {
    for (const member of members) {
      const { lost } = this.#ownOf(member);
      // Others may have lost it as well, or never had it.
      if (lost === null || !lost.ids.some((id) => member.store.hasTransaction(fromHex(id)))) continue;
      const isRenewed = toHex(member.store.instance) !== lost.instance;
      assert(isRenewed, `peer ${member.index} goes on counting under an instance that others have seen more of`);
    }
  }

  #ownOf({ index }: SimPeer): Own {
    const own = this.#own.get(index) ?? { instances: new Set(), signed: new Map(), noticedBefore: null, lost: null };
    this.#own.set(index, own);
    return own;
  }
}

function noticedBy({ events }: SimPeer): number {
  return (events.get("store_older") ?? 0) + (events.get("store_shortened") ?? 0);
}
