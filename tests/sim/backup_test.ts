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
