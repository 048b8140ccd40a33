import { assert, assertEquals } from "@std/assert";
import { Lab } from "./lab.ts";
import type { SimPeer } from "./sim_peer.ts";

const STEP = 4;
const WRITES = 40;

/** A put that comes to be undone, so that nothing is said of its being kept. */
function put(lab: Lab, peer: SimPeer, key: string): void {
  const value = new TextEncoder().encode(key);
  lab.ask(peer, { type: "write", writes: [{ kind: "put", key, media: "text/plain", value }] });
}

function undoneAt({ store }: SimPeer): number {
  return [...store.undoing.rows()].length;
}

/**
 * The second one holds much of the third one, whom the founder, who has seen nothing of that, removes.
 *
 * @param crashes whether the second one crashes half-way, behind a commit.
 */
function removed(crashes: boolean): { lab: Lab; a: SimPeer; b: SimPeer; steps: number[] } {
  const lab = new Lab();
  const [a] = lab.space(1, { undoingStep: STEP }) as [SimPeer];
  const steps: number[] = [];
  let before = 0;
  let crashesLeft = crashes ? 1 : 0;
  const b: SimPeer = lab.add({
    undoingStep: STEP,
    crashesAt: (point) => {
      if (crashesLeft === 0 || point !== "before_effects" || undoneAt(b) < WRITES / 2) return false;
      crashesLeft--;
      return true;
    },
    turned: (peer) => {
      lab.checks.turned(peer);
      const now = undoneAt(peer);
      if (now === before) return;
      steps.push(now - before);
      before = now;
      if (!peer.store.undoing.isUnderWay) return;
      const { machine, store } = peer;
      assertEquals([machine?.synced(), machine?.position(), store.prepareDigest(Infinity)], [false, null, false]);
    },
  });
  const c = lab.add({ undoingStep: STEP });
  for (const joiner of [b, c]) lab.join(joiner, lab.invite(a), a);
  lab.set(a, "of/a", "stays");
  lab.untilHealed();
  for (const other of [b, c]) lab.network.cut(a, other);
  for (let i = 0; i < WRITES; i++) put(lab, c, `of/c/${i}`);
  lab.until(() => b.machine?.list({ limit: 99 }).length === WRITES + 1, "the second one to have it");
  lab.ask(a, { type: "revoke", peer: c.id });
  lab.network.mend(a, b);
  return { lab, a, b, steps };
}

function assertUndone(lab: Lab, peers: readonly SimPeer[]): void {
  lab.untilHealed(peers);
  for (const peer of peers) {
    assertEquals([undoneAt(peer), peer.store.undoing.isUnderWay], [WRITES, false]);
    assertEquals(peer.machine?.list({ limit: 99 }).map(({ key }) => key), ["of/a"]);
    assert(peer.machine?.position() !== null);
  }
}

Deno.test("much that a removal undoes is undone a step a turn, and till then the peer is in sync with nobody", () => {
  const { lab, a, b, steps } = removed(false);
  assertUndone(lab, [a, b]);
  assertEquals(steps.length, WRITES / (STEP / 2), "a look and an operation for each of them");
  assertEquals([b.events.get("undone"), a.events.get("undone")], [1, undefined]);
});

Deno.test("who crashes half-way through a removal undoes the rest once it is back", () => {
  const { lab, a, b } = removed(true);
  lab.until(() => b.machine === null, "the crash");
  assertEquals([undoneAt(b), b.store.undoing.isUnderWay], [WRITES / 2, true]);
  b.boot();
  lab.until(() => undoneAt(b) > WRITES / 2, "it to go on");
  assertUndone(lab, [a, b]);
});
