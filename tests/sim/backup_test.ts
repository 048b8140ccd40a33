import { assertEquals } from "@std/assert";
import { toHex } from "../../lib/base/bytes.ts";
import { Lab } from "./lab.ts";
import type { SimPeer } from "./sim_peer.ts";

/** A space of three; the second one is put back to what it was before its last two writes. */
function restored(): { lab: Lab; a: SimPeer; b: SimPeer; c: SimPeer; instance: string } {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [SimPeer, SimPeer, SimPeer];
  lab.set(b, "k/1", "1");
  lab.untilHealed();
  b.crash(false);
  const backup = b.backup();
  b.boot();
  lab.untilHealed();
  lab.set(b, "k/2", "2");
  lab.set(b, "k/3", "3");
  lab.untilHealed();
  const instance = toHex(b.store.instance);
  b.crash(false);
  b.restore(backup);
  return { lab, a, b, c, instance };
}

function keysOf(peer: SimPeer): string[] | undefined {
  return peer.machine?.list({ limit: 100 }).map(({ key }) => key);
}

Deno.test("a peer put back to an old copy of its store takes back its later writes, and uses no number twice", () => {
  const { lab, a, b, instance } = restored();
  b.boot();
  assertEquals(keysOf(b), ["k/1"]);
  lab.untilHealed();
  assertEquals(keysOf(b), ["k/1", "k/2", "k/3"]);
  lab.set(b, "k/4", "4");
  lab.untilHealed();
  assertEquals(keysOf(a), ["k/1", "k/2", "k/3", "k/4"]);
  assertEquals([b.events.get("store_older"), toHex(b.store.instance) === instance], [1, false]);
  for (const { heads } of a.store.frontier()) assertEquals(heads.length, 1);
});

Deno.test("a number used twice is shown by every member, told once, and by who joins later too", () => {
  const { lab, a, b, c } = restored();
  for (const other of [a, c]) lab.network.cut(b, other);
  b.boot();
  lab.set(b, "fork/1", "x");
  lab.set(b, "fork/2", "y");
  // Honest work on either side of it.
  lab.set(a, "a", "1");
  lab.network.mendAll();
  lab.untilHealed();
  lab.set(b, "later", "z");
  lab.set(c, "c", "2");
  lab.untilHealed();
  const joined = lab.add();
  lab.join(joined, lab.invite(a), a);
  lab.untilHealed();
  for (const peer of [a, b, c, joined]) {
    const forks = peer.machine?.forks() ?? [];
    assertEquals(forks.map(({ peer, heads, self }) => [peer, heads, self]), [[b.id, 2, peer === b]]);
    assertEquals(forks[0]?.sequence, a.machine?.forks()[0]?.sequence);
    assertEquals(peer.events.get("fork_found"), 1);
    const twice = peer.store.writers.transactionsAt(peer.store.writers.forks()[0]!.writer, forks[0]!.sequence);
    assertEquals(twice.length, 2);
  }
});
