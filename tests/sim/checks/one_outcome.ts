import { assertEquals } from "@std/assert";
import { versionText } from "../../../lib/data/version_text.ts";
import type { SimPeer } from "../sim_peer.ts";
import type { Checker } from "./checker.ts";
import type { History } from "./history.ts";
import { damageIn } from "../../store/verified.ts";

/** All members show the same members, conflicts and entries, and these are what the rules make of the history. */
export class OneOutcome implements Checker {
  readonly #history: History;

  constructor(history: History) {
    this.#history = history;
  }

  healed(members: readonly SimPeer[]): void {
    const first = members[0] as SimPeer;
    const limit = first.store.entries + 1;
    const entries = first.machine?.list({ limit });
    const conflicts = first.machine?.conflicts();
    const people = peopleOf(first);
    for (const member of members) {
      const which = `of peer ${member.index} and ${first.index}`;
      assertEquals(member.machine?.list({ limit }), entries, `entries ${which}`);
      assertEquals(member.machine?.conflicts(), conflicts, `conflicts ${which}`);
      assertEquals(peopleOf(member), people, `members ${which}`);
      assertEquals(
        damageIn(member.store, { space: member.store.getMeta("space"), verify: () => true }),
        [],
        `damage at peer ${member.index}`,
      );
    }
    this.#assertModel(first);
  }

  #assertModel(peer: SimPeer): void {
    const live = this.#history.modelOf(peer).live();
    const listed = peer.machine?.list({ limit: live.size + 1 }) ?? [];
    const expected = [...live].map(([key, versions]) => ({
      key,
      version: versionText((versions[0] as typeof versions[0]).id),
      conflicts: versions.length - 1,
      value: versions[0]?.value,
    }));
    const shown = listed.map(({ key, version, conflicts, value }) => ({ key, version, conflicts, value }));
    assertEquals(shown, expected, `entries of peer ${peer.index}, worked out anew`);
  }
}

function peopleOf({ machine }: SimPeer): string[] | undefined {
  return machine?.members().map(({ peer, role }) => `${peer} ${role}`).sort();
}
