import { assert, assertEquals } from "@std/assert";
import { Adversary } from "./adversary.ts";
import { Lab } from "./lab.ts";
import type { SimPeer } from "./sim_peer.ts";

const HOUR_MS = 3_600_000;

/** A space whose history is kept for an hour, and in which each of `keys` keys was set `times` times. */
function used(count: number, keys = 10, times = 10): { lab: Lab; peers: SimPeer[] } {
  const lab = new Lab();
  const peers = lab.space(count, { historyMs: HOUR_MS });
  rewrite(lab, peers[0] as SimPeer, keys, times);
  lab.untilHealed();
  return { lab, peers };
}

function rewrite(lab: Lab, peer: SimPeer, keys: number, times: number): void {
  for (let time = 0; time < times; time++) {
    for (let key = 0; key < keys; key++) lab.set(peer, `k/${key}`, `${time}`);
  }
}

function compacted(peer: SimPeer): number {
  return peer.events.get("compacted") ?? 0;
}

Deno.test("what was replaced goes once history is old enough and every member has confirmed, and nothing else changes", () => {
  const { lab, peers } = used(3);
  const [a] = peers as [SimPeer];
  const digest = a.machine?.status().digest;
  const operations = () => peers.map(({ store }) => store.heldOperations);
  const before = operations();
  lab.wait(HOUR_MS / 2);
  assertEquals(peers.map(compacted), [0, 0, 0]);
  lab.wait(HOUR_MS);
  lab.untilHealed();
  assertEquals(peers.map(compacted), [1, 1, 1]);
  for (const [i, count] of operations().entries()) assert(count < (before[i] as number) - 80, `${count} of ${before}`);
  assertEquals(a.machine?.list({ limit: 100 }).map(({ key, value }) => `${key} ${new TextDecoder().decode(value)}`), [
    ...Array.from({ length: 10 }, (_, i) => `k/${i} 9`),
  ]);
  assert(a.machine?.status().digest !== digest, "the checkpoint and its confirms are acts in force");
  rewrite(lab, peers[1] as SimPeer, 10, 10);
  lab.wait(2 * HOUR_MS);
  lab.untilHealed();
  assertEquals(peers.map(compacted), [2, 2, 2]);
});

Deno.test("a peer that joins after compaction is sent what is left, and is as good a source as any", () => {
  const { lab, peers } = used(2);
  const [a] = peers as [SimPeer];
  lab.wait(2 * HOUR_MS);
  const joiner = lab.add({ historyMs: HOUR_MS });
  lab.join(joiner, lab.invite(a), a);
  lab.untilHealed();
  lab.wait(HOUR_MS);
  assertEquals(compacted(joiner), 1);
  const keys = lab.invite(a);
  lab.untilHealed();
  a.crash(false);
  const last = lab.add({ historyMs: HOUR_MS });
  lab.join(last, keys, joiner);
  lab.until(() => last.machine?.synced() === true, "the last one to be in sync");
  assertEquals(last.machine?.list({ limit: 100 }).length, 10);
});

Deno.test("a member that is away holds a checkpoint back, until it has been away for long", () => {
  const { lab, peers } = used(3);
  const [a, b, c] = peers as [SimPeer, SimPeer, SimPeer];
  c.crash(false);
  lab.wait(4 * HOUR_MS);
  assertEquals([a, b].map(compacted), [0, 0]);
  const { waitsFor, pendingSinceMs } = a.machine?.status().compaction ?? {};
  assertEquals([waitsFor, pendingSinceMs !== null], [[c.id], true]);
  lab.wait(26 * HOUR_MS);
  assertEquals([a, b].map(compacted), [1, 1]);
});

Deno.test("a delete is compacted while a peer is away that then returns with the old version, and an edit of its own", () => {
  const { lab, peers } = used(3);
  const [a, b, c] = peers as [SimPeer, SimPeer, SimPeer];
  lab.set(a, "gone", "old");
  lab.set(a, "kept", "old");
  lab.untilHealed();
  c.crash(false);
  c.boot();
  for (const other of [a, b]) lab.network.cut(c, other);
  lab.del(a, "gone");
  lab.set(a, "kept", "new");
  lab.set(a, "kept", "newer");
  rewrite(lab, b, 10, 10);
  lab.set(c, "k/3", "an edit of a version that goes");
  lab.wait(30 * HOUR_MS);
  assertEquals([a, b].map(compacted), [1, 1]);
  assertEquals(c.machine?.get("gone")?.key, "gone");
  lab.network.mendAll();
  lab.untilHealed();
  lab.wait(HOUR_MS);
  lab.untilHealed();
  for (const peer of peers) {
    assertEquals(peer.machine?.get("gone"), null);
    assertEquals(new TextDecoder().decode(peer.machine?.get("kept")?.value), "newer");
    assertEquals(peer.machine?.conflicts().map(({ key, kind }) => `${key} ${kind}`), ["k/3 concurrent"]);
  }
  assertEquals([c.events.get("past_settled"), compacted(c)], [1, 1]);
});

Deno.test("a peer that keeps history for ever lets nothing go, and is settled all the same", () => {
  const lab = new Lab();
  const [a, b] = lab.space(2, { historyMs: HOUR_MS }) as [SimPeer, SimPeer];
  const c = lab.add({ historyMs: Infinity });
  lab.join(c, lab.invite(a), a);
  rewrite(lab, a, 4, 5);
  lab.set(a, "gone", "old");
  lab.untilHealed();
  for (const other of [a, b]) lab.network.cut(c, other);
  lab.del(a, "gone");
  rewrite(lab, a, 4, 10);
  lab.wait(30 * HOUR_MS);
  assertEquals([a, b].map(compacted), [1, 1]);
  const before = c.store.heldOperations;
  lab.network.mendAll();
  lab.wait(HOUR_MS);
  lab.untilHealed();
  assertEquals(c.machine?.get("gone"), null);
  assertEquals(["past_settled", "checkpoint_settled", "compacted"].map((name) => c.events.get(name) ?? 0), [1, 1, 0]);
  assert(c.store.heldOperations > before, "what it had it has still, but for what the checkpoint showed as dead");
  assertEquals(c.store.partials.open(9), []);
});

Deno.test("an absent peer's edit of a version that was compacted", () => {
  const { lab, peers } = used(3, 4, 5);
  const [a, b, c] = peers as [SimPeer, SimPeer, SimPeer];
  for (const other of [a, b]) lab.network.cut(c, other);
  const edit = lab.set(c, "k/1", "edited by the absent one");
  rewrite(lab, a, 4, 10);
  lab.wait(30 * HOUR_MS);
  assertEquals([a, b].map(compacted), [1, 1]);
  lab.network.mendAll();
  lab.wait(HOUR_MS);
  lab.untilHealed();
  assertEquals(new Set(peers.map(({ machine }) => machine?.status().digest)).size, 1);
  for (const { machine } of peers) {
    const [conflict, ...others] = machine?.conflicts() ?? [];
    assert(conflict?.kind === "concurrent" && others.length === 0, "the edit stands beside what came meanwhile");
    assertEquals(conflict.versions.length, 2);
    assert(conflict.versions.some(({ version }) => version === edit));
  }
});

Deno.test("a reader that claims to have seen all and holds nothing", () => {
  const lab = new Lab();
  const [a, b] = lab.space(2, { historyMs: HOUR_MS }) as [SimPeer, SimPeer];
  const reader = lab.add({ historyMs: HOUR_MS });
  lab.join(reader, lab.invite(a, 1, "reader"), a);
  lab.untilHealed();
  reader.crash(false);
  rewrite(lab, a, 10, 10);
  // The other member is cut off before it has all, so that nobody but the proposer does.
  lab.network.cut(a, b);
  rewrite(lab, a, 10, 1);
  lab.wait(2 * HOUR_MS);
  const adversary = new Adversary(3, reader, lab.prng, lab.network, ["confirm"], lab.checks);
  const waitsFor = () => a.machine?.status().compaction.waitsFor;
  assertEquals(new Set(waitsFor()), new Set([b.id, reader.id]));
  adversary.attack(a);
  lab.until(() => {
    adversary.attack(a);
    return waitsFor()?.length === 1;
  }, "the claim to be counted");
  assertEquals(waitsFor(), [b.id]);
  lab.wait(HOUR_MS);
  assertEquals([a, b].map(compacted), [0, 0]);
  adversary.stop();
  lab.network.mendAll();
  reader.boot();
  lab.wait(HOUR_MS);
  lab.untilHealed();
  lab.wait(HOUR_MS);
  lab.untilHealed();
  assertEquals(new Set(lab.peers.map(({ machine }) => machine?.status().digest)).size, 1);
  assertEquals(lab.peers.map((peer) => compacted(peer) > 0), [true, true, true]);
  for (const { machine } of lab.peers) assertEquals(new TextDecoder().decode(machine?.get("k/3")?.value), "0");
});

Deno.test("a checkpoint concurrent with a removal by an admin who had not seen it", () => {
  const lab = new Lab();
  const [a] = lab.space(1, { historyMs: HOUR_MS }) as [SimPeer];
  const admin = lab.add({ historyMs: HOUR_MS });
  lab.join(admin, lab.invite(a, 1, "admin"), a);
  lab.untilHealed();
  const invite = lab.invite(admin);
  lab.untilHealed();
  // A ticket for one is used at two doors that do not know of each other; its granter will remove whom it sees later.
  const [removed, other] = [lab.add({ historyMs: HOUR_MS }), lab.add({ historyMs: HOUR_MS })];
  const here = [a, removed];
  for (const peer of here) for (const there of [admin, other]) lab.network.cut(peer, there);
  lab.join(removed, invite, a);
  lab.join(other, invite, admin);
  lab.until(() => removed.machine?.synced() === true, "the first to have the space");
  rewrite(lab, removed, 10, 10);
  lab.until(() => a.machine?.list({ limit: 99 }).length === 10, "its writes to come");
  lab.network.cut(a, removed);
  lab.wait(1.5 * HOUR_MS);
  assert(a.machine?.status().compaction.pendingSinceMs !== null, "a checkpoint that covers the writes");
  lab.network.mend(removed, admin);
  lab.until(() => admin.events.get("member_revoked") === 1, "the granter to remove one");
  lab.network.mendAll();
  const members = [a, admin, other];
  lab.until(() => members.every(({ machine }) => machine?.members().length === 3), "all to know who is left");
  lab.wait(4 * HOUR_MS);
  lab.until(() => members.every(({ machine }) => machine?.synced() === true), "those that are left to be in sync");
  assertEquals(new Set(members.map(({ machine }) => machine?.status().digest)).size, 1);
  assertEquals(members.map((peer) => compacted(peer) > 0), [true, true, true]);
  assertEquals(other.machine?.list({ limit: 99 }).length, 10);
});
