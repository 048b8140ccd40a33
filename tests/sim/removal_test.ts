import { assert, assertEquals } from "@std/assert";
import { toHex } from "../../lib/base/bytes.ts";
import type { Request, Role } from "../../lib/peer/machine.ts";
import { Lab } from "./lab.ts";
import type { SimPeer } from "./sim_peer.ts";

/** A put that may come to be undone, so that nothing is said of its being kept. */
function put(lab: Lab, peer: SimPeer, key: string, text = "v"): void {
  const value = new TextEncoder().encode(text);
  lab.ask(peer, { type: "write", writes: [{ kind: "put", key, media: "text/plain", value }] });
}

function grant(peer: SimPeer, role: Role): Request {
  return { type: "grant", peer: peer.id, role, prefix: "", expiresMs: 0 };
}

/** Parts two groups: whatever was under way between any is lost. */
function part(lab: Lab, left: readonly SimPeer[], right: readonly SimPeer[]): void {
  for (const a of left) for (const b of right) lab.network.cut(a, b);
  for (const end of lab.network.connections()) lab.network.lose(end);
}

function keysOf(peer: SimPeer): string[] {
  return peer.machine?.list({ limit: 100 }).map(({ key }) => key) ?? [];
}

function undoneAt(peer: SimPeer): string[] {
  return peer.machine?.conflicts().flatMap((view) =>
    view.kind === "undone" ? [`${view.key} ${view.peer} ${view.undoneBy}`] : []
  ) ?? [];
}

for (const first of ["the founder", "the other admin"] as const) {
  Deno.test(`mutual removal, ${first} first: the founder's prevails, and what the other did apart is undone`, () => {
    const lab = new Lab();
    const [a, b, c, d] = lab.space(4) as [SimPeer, SimPeer, SimPeer, SimPeer];
    lab.ask(a, grant(b, "admin"));
    lab.untilHealed();
    part(lab, [a, c], [b, d]);
    put(lab, b, "before/b");
    const removals = [
      () => lab.ask(a, { type: "revoke", peer: b.id }),
      () => lab.ask(b, { type: "revoke", peer: a.id }),
    ];
    for (const remove of first === "the founder" ? removals : removals.reverse()) remove();
    put(lab, b, "after/b");
    lab.set(c, "by/c", "v");
    lab.set(d, "by/d", "v");
    lab.network.mendAll();
    lab.untilHealed([a, c, d]);
    for (const peer of [a, c, d]) {
      assertEquals(keysOf(peer), ["by/c", "by/d"]);
      assertEquals(undoneAt(peer), [`after/b ${b.id} ${a.id}`, `before/b ${b.id} ${a.id}`]);
      assertEquals(peer.machine?.removed().map(({ peer, by }) => [peer, by]), [[b.id, a.id]]);
    }
    lab.wait(30_000);
    for (const peer of [a, c, d]) assert(!lab.isLinked(peer, b));
  });
}

for (const order of [[1, 2], [2, 1]] as const) {
  Deno.test(`mutual removal of two admins of one depth, ${order.join(" before ")}: the lower id prevails`, () => {
    const lab = new Lab();
    const founder = lab.space(1)[0] as SimPeer;
    for (const _ of order) lab.join(lab.add(), lab.invite(founder, 1, "admin"), founder);
    lab.untilHealed();
    const [, b, c] = lab.peers as [SimPeer, SimPeer, SimPeer];
    part(lab, [b], [c]);
    part(lab, [founder], [b, c]);
    for (const index of order) {
      const [self, other] = index === 1 ? [b, c] : [c, b];
      lab.ask(self, { type: "revoke", peer: other.id });
      put(lab, self, `by/${index}`);
    }
    lab.network.mendAll();
    const [winner, loser] = hex(b) < hex(c) ? [b, c] : [c, b];
    lab.untilHealed([founder, winner]);
    for (const peer of [founder, winner]) {
      assertEquals(keysOf(peer), [`by/${winner.index}`]);
      assertEquals(peer.machine?.removed().map(({ peer, by }) => [peer, by]), [[loser.id, winner.id]]);
    }
  });
}

function hex({ identity }: SimPeer): string {
  return toHex(identity.peerId);
}
