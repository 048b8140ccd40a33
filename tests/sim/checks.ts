import { assert, assertEquals } from "@std/assert";
import { toHex } from "../../lib/base/bytes.ts";
import { MAX_WAITING_TRANSACTIONS } from "../../lib/base/limits.ts";
import { verifySigned } from "../../lib/crypto/identity.ts";
import { type CheckedTransaction, checkTransaction } from "../../lib/data/transaction.ts";
import { versionFromText, versionText } from "../../lib/data/version_text.ts";
import { SpaceState } from "../../lib/peer/space_state.ts";
import type { VersionId } from "../../lib/wire/transaction.ts";
import { Model } from "../store/model.ts";
import type { Acknowledged } from "./person.ts";
import type { SimPeer } from "./sim_peer.ts";

/** What must hold at every moment, and what must hold once all is healed. */
export class Checks {
  readonly #acknowledged: Acknowledged[] = [];
  readonly #genuine = new Map<string, CheckedTransaction>();
  readonly #checkedRows = new Map<number, number>();
  #turns = 0;
  /** Ids that an adversary made. */
  forged: ReadonlySet<string> = new Set();

  /** All writes that were acknowledged. */
  get acknowledged(): readonly Acknowledged[] {
    return this.#acknowledged;
  }

  /** A peer acknowledged a write: it holds it. */
  acknowledge(peer: SimPeer, written: Acknowledged): void {
    this.#acknowledged.push(written);
    this.#assertHeld(peer, written);
  }

  /** After a turn: what was applied is signed, not forged, and behind its parents; bounds are kept. */
  turned(peer: SimPeer): void {
    const { store, machine } = peer;
    const total = store.transactionsTotal;
    if (this.#checkedRows.get(peer.index) !== total) {
      for (let row = Math.min(total, this.#checkedRows.get(peer.index) ?? 0) + 1; row <= total; row++) {
        this.#applied(peer, row);
      }
      this.#checkedRows.set(peer.index, total);
    }
    // Working out the whole status is too slow for every turn.
    if (machine !== null && ++this.#turns % 32 === 0) {
      const { waiting, peers } = machine.status();
      assert(waiting <= MAX_WAITING_TRANSACTIONS * (peers.length + 1), `peer ${peer.index} keeps ${waiting} waiting`);
    }
  }

  /** After a crash: everything that was acknowledged is still there. */
  crashed(peer: SimPeer): void {
    this.#checkedRows.set(peer.index, Math.min(this.#checkedRows.get(peer.index) ?? 0, peer.store.transactionsTotal));
    for (const written of this.#acknowledged) if (written.peer === peer.index) this.#assertHeld(peer, written);
  }

  /** Whether these members are linked, one link for each pair, and say that they are in sync. */
  isHealed(members: readonly SimPeer[]): boolean {
    const first = members[0] as SimPeer;
    for (const member of members) {
      const status = member.machine?.status();
      if (status === undefined || !status.synced || status.waiting > 0 || status.members !== members.length) {
        return false;
      }
      const linked = status.peers.map(({ peer }) => peer).sort();
      const others = members.filter((other) => other !== member).map(({ id }) => id).sort();
      if (linked.join() !== others.join()) return false;
      if (toHex(member.fingerprint) !== toHex(first.fingerprint)) return false;
    }
    return true;
  }

  /** Why `isHealed` says no, for who reads a failure. */
  describe(members: readonly SimPeer[]): string {
    return members.map((member) => {
      const status = member.machine?.status();
      if (status === undefined) return `p${member.index}: down`;
      return `p${member.index} ${status.peer.slice(0, 6)}: ${toHex(member.fingerprint).slice(0, 8)} rows ` +
        `${member.store.transactionsTotal} synced ${status.synced} waiting ${status.waiting} members ${status.members} ` +
        `links ${status.peers.map(({ peer, inSync }) => `${peer.slice(0, 6)}${inSync ? "=" : "≠"}`).join(" ")} ` +
        `${JSON.stringify(status.counters)}`;
    }).join("\n");
  }

  /** Once healed: nothing acknowledged is lost, all agree, and the state is what the rules make of the history. */
  healed(members: readonly SimPeer[]): void {
    const first = members[0] as SimPeer;
    const conflicts = first.machine?.conflicts();
    for (const member of members) {
      assertEquals(member.machine?.conflicts(), conflicts, `conflicts of peer ${member.index} and ${first.index}`);
      assertEquals(
        member.machine?.members().map(({ peer, role }) => `${peer} ${role}`).sort(),
        first.machine?.members().map(({ peer, role }) => `${peer} ${role}`).sort(),
      );
      assertEquals(member.store.verifyAll(), [], `damage at peer ${member.index}`);
    }
    this.#assertModel(first);
    for (const written of this.#acknowledged) {
      if (!members.some(({ index }) => index === written.peer)) continue;
      for (const member of members) this.#assertHeld(member, written);
    }
  }

  #applied(peer: SimPeer, row: number): void {
    const { store } = peer;
    const { header, id } = store.transactionByRow(row);
    const text = toHex(id);
    assert(!this.forged.has(text), `peer ${peer.index} applied the forged transaction ${text}`);
    for (const parent of [...header.parents, ...(header.previous === null ? [] : [header.previous])]) {
      const held = store.transaction(parent);
      assert(held !== null && held.row < row, `peer ${peer.index} applied ${text} before its parent ${toHex(parent)}`);
    }
    const bytes = store.load(row);
    const space = new SpaceState(store).space as Uint8Array;
    const known = this.#genuine.get(text);
    if (known !== undefined) {
      // Its header is known; that its values are those that were signed still has to be seen.
      checkTransaction(bytes, space, () => true);
      return;
    }
    this.#genuine.set(text, checkTransaction(bytes, space, verifySigned));
  }

  #assertHeld(peer: SimPeer, written: Acknowledged): void {
    const id = versionFromText(written.version) as VersionId;
    const row = peer.store.transaction(id.transaction)?.row;
    const what = `the ${written.write.kind} of ${written.write.key} that peer ${written.peer} acknowledged`;
    assert(row !== undefined, `peer ${peer.index} lost ${what}`);
    assert(peer.store.versionState(id) !== null, `peer ${peer.index} has no state of ${what}`);
  }

  /** The state is worked out anew from the transactions alone. A put that is not live was named by another operation. */
  #assertModel(peer: SimPeer): void {
    const { store } = peer;
    const held: CheckedTransaction[] = [];
    for (let row = 1; row <= store.transactionsTotal; row++) {
      held.push(this.#genuine.get(toHex(store.transactionByRow(row).id)) as CheckedTransaction);
    }
    const model = new Model(held);
    assertEquals(toHex(store.digest()), toHex(model.digest()), "the digest, worked out anew");
    assertEquals(toHex(store.frontierHash()), toHex(model.frontierHash()), "the frontier, worked out anew");
    const live = model.live();
    const listed = peer.machine?.list({ limit: live.size + 1 }) ?? [];
    assertEquals(listed.map(({ key }) => key), [...live.keys()]);
    for (const [i, versions] of [...live.values()].entries()) {
      const entry = listed[i];
      assertEquals(entry?.version, versionText((versions[0] as { id: VersionId }).id));
      assertEquals(entry?.conflicts, versions.length - 1);
      assertEquals(entry?.value, versions[0]?.value);
    }
  }
}
