import { assert } from "@std/assert";
import { fromHex, toHex } from "../../../lib/base/bytes.ts";
import { versionFromText } from "../../../lib/data/version_text.ts";
import type { VersionId } from "../../../lib/wire/transaction.ts";
import type { Acknowledged } from "../person.ts";
import type { SimPeer } from "../sim_peer.ts";
import type { Checker } from "./checker.ts";

/**
 * No acknowledged write is lost. A disk that loses commits may take those with it that nobody else had: where some
 * other member held a write at that moment, it has to be everywhere in the end.
 */
export class NoWriteLost implements Checker {
  readonly #acknowledged: Acknowledged[] = [];
  /** By transaction: the peers whose disks lost it. */
  readonly #lostBy = new Map<string, Set<number>>();
  /** By transaction: the peers that held it when somebody's disk lost it. */
  readonly #heldBy = new Map<string, Set<number>>();

  /** All writes that were acknowledged. */
  get all(): readonly Acknowledged[] {
    return this.#acknowledged;
  }

  acknowledged(peer: SimPeer, written: Acknowledged): void {
    this.#acknowledged.push(written);
    assertHeld(peer, written);
  }

  crashed(peer: SimPeer): void {
    for (const written of this.#acknowledged) {
      if (written.peer === peer.index && !this.#lostBy.get(transactionOf(written))?.has(peer.index)) {
        assertHeld(peer, written);
      }
    }
  }

  lost(peer: SimPeer, lost: readonly string[], others: readonly SimPeer[]): void {
    for (const id of lost) {
      setOf(this.#lostBy, id).add(peer.index);
      for (const other of others) {
        if (other.unlessDamaged(() => other.store.hasTransaction(fromHex(id)))) {
          setOf(this.#heldBy, id).add(other.index);
        }
      }
    }
  }

  healed(members: readonly SimPeer[]): void {
    for (const written of this.#acknowledged) {
      if (!members.some(({ index }) => index === written.peer) || this.#mayBeGone(written, members)) continue;
      for (const member of members) assertHeld(member, written);
    }
  }

  /** Whether no member had it that has not lost it, and indeed none has it now. */
  #mayBeGone(written: Acknowledged, members: readonly SimPeer[]): boolean {
    const id = transactionOf(written);
    const lostBy = this.#lostBy.get(id);
    if (lostBy === undefined || members.some(({ store }) => store.hasTransaction(fromHex(id)))) return false;
    const heldBy = this.#heldBy.get(id) ?? new Set();
    return members.every(({ index }) => lostBy.has(index) || !heldBy.has(index));
  }
}

function transactionOf({ version }: Acknowledged): string {
  return toHex((versionFromText(version) as VersionId).transaction);
}

function assertHeld({ store, index }: SimPeer, written: Acknowledged): void {
  const id = versionFromText(written.version) as VersionId;
  const what = `the ${written.write.kind} of ${written.write.key} that peer ${written.peer} acknowledged`;
  assert(store.hasTransaction(id.transaction), `peer ${index} lost ${what}`);
  assert(store.versionState(id) !== null, `peer ${index} has no state of ${what}`);
}

function setOf(map: Map<string, Set<number>>, key: string): Set<number> {
  const set = map.get(key) ?? new Set();
  map.set(key, set);
  return set;
}
