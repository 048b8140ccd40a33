import { assert, assertEquals } from "@std/assert";
import { Lab } from "../sim/lab.ts";
import type { SimPeer } from "../sim/sim_peer.ts";

function countDials(lab: Lab, from: SimPeer, to: string): () => number {
  let dials = 0;
  const dial = lab.network.dial.bind(lab.network);
  lab.network.dial = (host, address) => {
    if (host === from && address === to) dials++;
    dial(host, address);
  };
  return () => dials;
}

Deno.test("an address that a linked peer has taken over from an absent one does not break the link to it", () => {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [SimPeer, SimPeer, SimPeer];
  const former = c.listensAt as string;
  c.crash(false);
  b.move(former);
  lab.wait(40_000);
  lab.until(() => lab.isLinked(a, b) && lab.isLinked(b, a), "the two to be linked");
  const since = () => [a, b].map(({ machine }) => machine?.peers().map((peer) => peer.sinceMs));
  const before = since();
  lab.wait(120_000);
  assertEquals(since(), before, "the link is the same one");
  const dials = countDials(lab, a, former);
  lab.wait(60_000);
  assert(dials() > 2, "whoever was looked for there is looked for still");
  assertEquals(since(), before);
});

Deno.test("a member that left while it was away is not dialled any more", () => {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [SimPeer, SimPeer, SimPeer];
  for (const peer of [b, c]) lab.network.cut(a, peer);
  for (const end of lab.network.connections()) if (end.host === a || end.other.host === a) lab.network.lose(end);
  lab.until(() => a.machine?.peers().length === 0, "the first to be alone");
  lab.ask(c, { type: "leave" });
  lab.until(() => b.machine?.members().length === 2, "the second to know");
  lab.network.mend(a, b);
  lab.until(() => a.machine?.members().length === 2, "the first to know");
  lab.wait(30_000);
  const dials = countDials(lab, a, c.listensAt as string);
  lab.wait(120_000);
  assertEquals(dials(), 0);
});
