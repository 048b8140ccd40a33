import { toHex } from "../../lib/base/bytes.ts";
import { FULL_MESH_LINKS } from "../../lib/base/limits.ts";
import { Bounds } from "./checks/bounds.ts";
import { Causality } from "./checks/causality.ts";
import type { Checker } from "./checks/checker.ts";
import { Clocks } from "./checks/clocks.ts";
import { Digests } from "./checks/digests.ts";
import { type Equivocation, Forks } from "./checks/forks.ts";
import { Frontiers } from "./checks/frontiers.ts";
import { History } from "./checks/history.ts";
import { NoWriteLost } from "./checks/no_write_lost.ts";
import { Numbers } from "./checks/numbers.ts";
import { OneOutcome } from "./checks/one_outcome.ts";
import { Signed } from "./checks/signed.ts";
import type { Acknowledged } from "./person.ts";
import type { SimPeer } from "./sim_peer.ts";

/** Every checker by its name, in the order in which they look. */
export const CHECKERS = [
  "signed",
  "causality",
  "no_write_lost",
  "frontiers",
  "numbers",
  "clocks",
  "bounds",
  "digests",
  "one_outcome",
  "forks",
] as const;
export type CheckerName = typeof CHECKERS[number];

/** What must hold at every moment, and what must hold once all is healed: all the checkers. */
export class Checks {
  /** Ids that an adversary made and that nobody may apply, in hexadecimal. */
  readonly forged = new Set<string>();
  /** What an adversary signed twice under one number. */
  readonly equivocations: Equivocation[] = [];
  readonly #noWriteLost = new NoWriteLost();
  readonly #checkers: readonly Checker[];

  /** @param only the one that looks, to see that it finds a planted bug by itself; null for all. */
  constructor(only: CheckerName | null = null) {
    const history = new History();
    const checkers: Record<CheckerName, Checker> = {
      signed: new Signed(history, this.forged),
      causality: new Causality(),
      no_write_lost: this.#noWriteLost,
      frontiers: new Frontiers(),
      numbers: new Numbers(),
      clocks: new Clocks(),
      bounds: new Bounds(),
      digests: new Digests(history),
      one_outcome: new OneOutcome(history),
      forks: new Forks(this.equivocations),
    };
    this.#checkers = CHECKERS.filter((name) => only === null || name === only).map((name) => checkers[name]);
  }

  /** All writes that were acknowledged. */
  get acknowledged(): readonly Acknowledged[] {
    return this.#noWriteLost.all;
  }

  /** A peer acknowledged a write. */
  acknowledge(peer: SimPeer, written: Acknowledged): void {
    for (const checker of this.#checkers) peer.unlessDamaged(() => checker.acknowledged?.(peer, written));
  }

  /** After a turn of a peer. */
  turned(peer: SimPeer): void {
    for (const checker of this.#checkers) peer.unlessDamaged(() => checker.turned?.(peer));
  }

  /** After a crash, over the store as it was found. */
  crashed(peer: SimPeer): void {
    for (const checker of this.#checkers) peer.unlessDamaged(() => checker.crashed?.(peer));
  }

  /** After a crash in which the disk lost its newest commits. @param lost ids of the transactions, in hexadecimal. */
  lost(peer: SimPeer, lost: readonly string[], others: readonly SimPeer[]): void {
    for (const checker of this.#checkers) checker.lost?.(peer, lost, others);
  }

  /** Once healed. */
  healed(members: readonly SimPeer[]): void {
    for (const checker of this.#checkers) checker.healed?.(members);
  }

  /** Whether these members are linked, one link for each pair where they are few, and say that they are in sync. */
  isHealed(members: readonly SimPeer[]): boolean {
    const first = members[0] as SimPeer;
    const linksWithAll = members.length - 1 <= FULL_MESH_LINKS;
    if (!members.every((member) => member.machine?.synced() === true)) return false;
    for (const member of members) {
      const status = member.machine?.status();
      if (status === undefined || status.waiting > 0 || status.members !== members.length) return false;
      const linked = new Set(status.peers.map(({ peer }) => peer));
      const unlinked = members.filter((other) => other !== member && !linked.delete(other.id));
      if (linked.size > 0 || (linksWithAll && !unlinked.every((other) => isCut(member, other)))) return false;
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
}

/** Whether one has cut the other for what was done in its name; they hear of each other by the rest. */
function isCut(a: SimPeer, b: SimPeer): boolean {
  const cuts = (by: SimPeer, whom: SimPeer) => by.machine?.status().cut.some(({ peer }) => peer === whom.id) === true;
  return cuts(a, b) || cuts(b, a);
}
