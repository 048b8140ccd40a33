import { assert, assertEquals } from "@std/assert";
import { versionFromText } from "../../lib/data/version_text.ts";
import type { VersionId } from "../../lib/wire/transaction.ts";
import { Lab } from "./lab.ts";
import type { SimPeer } from "./sim_peer.ts";

/** Puts a key. @returns the transaction's id. */
function put(lab: Lab, peer: SimPeer, key: string): Uint8Array {
  const write = { kind: "put", key, media: "text/plain", value: new TextEncoder().encode("v") } as const;
  const { versions } = lab.ask(peer, { type: "write", writes: [write] });
  return (versionFromText(versions?.[0] as string) as VersionId).transaction;
}

/** A space whose members are all linked; the first two are its admins. */
function twoAdmins(lab: Lab, count: number): SimPeer[] {
  const peers = lab.space(count);
  lab.ask(peers[0] as SimPeer, {
    type: "grant",
    peer: peers[1]?.id as string,
    role: "admin",
    prefix: "",
    expiresMs: 0,
  });
  lab.untilHealed();
  return peers;
}

function keysOf(peer: SimPeer): string[] {
  return peer.machine?.list({ limit: 100 }).map(({ key }) => key) ?? [];
}

/** Who a peer holds for removed, and by whom. */
function removedAt(peer: SimPeer): (string | null)[][] {
  return peer.machine?.removed().map(({ peer, by }) => [peer, by]) ?? [];
}

for (const first of [0, 1] as const) {
  Deno.test(`two admins alone that removed each other, the ${first === 0 ? "founder" : "other"} first, both come to know who prevails`, () => {
    const lab = new Lab();
    const [a, b] = twoAdmins(lab, 2) as [SimPeer, SimPeer];
    lab.part([a], [b]);
    put(lab, b, "by/b/before");
    for (const index of [first, 1 - first]) {
      lab.ask(lab.peers[index] as SimPeer, { type: "revoke", peer: lab.peers[1 - index]?.id as string });
    }
    const after = put(lab, a, "by/a/after");
    put(lab, b, "by/b/after");
    lab.network.mendAll();
    lab.until(() => b.machine?.status().removedBy !== null, "the other admin to know");
    assertEquals(b.machine?.status().removedBy, a.id);
    for (const peer of [a, b]) assertEquals(removedAt(peer), [[b.id, a.id]]);
    assertEquals(keysOf(a), ["by/a/after"]);
    assertEquals(keysOf(b), [], "it is given no data, and what it wrote is undone");
    assert(
      !b.store.hasTransaction(after),
      "what came behind the removal is kept from it",
    );
    const reply = lab.answer(b, { type: "write", writes: [{ kind: "del", key: "k" }] });
    assert(!reply.ok && reply.code === "removed_from_space");
    lab.wait(30_000);
    assert(!lab.isLinked(a, b));
    assertEquals(a.machine?.status().synced, true);
  });
}

Deno.test("halves whose admins removed each other: each third member and both admins come to the same judgement", () => {
  const lab = new Lab();
  const [a, b, c, d] = twoAdmins(lab, 4) as [SimPeer, SimPeer, SimPeer, SimPeer];
  lab.part([a, c], [b, d]);
  put(lab, b, "by/b");
  lab.ask(b, { type: "revoke", peer: a.id });
  lab.ask(a, { type: "revoke", peer: b.id });
  put(lab, a, "by/a");
  lab.set(c, "by/c", "v");
  lab.set(d, "by/d", "v");
  lab.network.mendAll();
  lab.untilHealed([a, c, d]);
  lab.until(() => b.machine?.status().removedBy === a.id, "the other admin to know");
  for (const peer of lab.peers) assertEquals(removedAt(peer), [[b.id, a.id]]);
});

Deno.test("an admin alone, and two who removed it: they come to know that it prevails, and hold the same", () => {
  const lab = new Lab();
  const [a, b, d] = twoAdmins(lab, 3) as [SimPeer, SimPeer, SimPeer];
  lab.part([a], [b, d]);
  lab.ask(b, { type: "revoke", peer: a.id });
  lab.ask(a, { type: "revoke", peer: b.id });
  lab.set(a, "by/a", "v");
  lab.until(() => removedAt(d).length === 1, "its companion to know");
  lab.set(d, "by/d", "v");
  lab.network.mendAll();
  lab.untilHealed([a, d]);
  for (const peer of [a, d]) assertEquals(keysOf(peer), ["by/a", "by/d"]);
  lab.until(() => b.machine?.status().removedBy === a.id, "the other admin to know");
});

Deno.test("a farewell that tells of a removal which does not prevail is not taken in", () => {
  const lab = new Lab();
  const [a, b, d] = twoAdmins(lab, 3) as [SimPeer, SimPeer, SimPeer];
  lab.part([a], [b, d]);
  lab.ask(b, { type: "revoke", peer: a.id });
  lab.ask(a, { type: "revoke", peer: b.id });
  lab.until(() => removedAt(d).length === 1, "its companion to know");
  b.crash(false);
  const before = a.transactions();
  lab.network.mendAll();
  lab.until(() => a.machine?.status().toldRemovedBy.length === 1, "the companion to refuse the founder");
  assertEquals(a.transactions(), before);
  assertEquals(a.machine?.status().toldRemovedBy, [d.id]);
  lab.set(a, "k", "a word alone takes nothing from it");
});

Deno.test("who was removed while it was away is told by the first member that it dials", () => {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [SimPeer, SimPeer, SimPeer];
  lab.part([a, b], [c]);
  put(lab, c, "by/c");
  lab.ask(a, { type: "revoke", peer: c.id });
  lab.until(() => removedAt(b).length === 1, "the other one to know");
  put(lab, b, "by/b");
  lab.network.mend(b, c);
  lab.until(() => c.machine?.status().removedBy === a.id, "who was removed to know");
  assertEquals(keysOf(c), []);
  assertEquals(c.machine?.conflicts().map(({ kind, key }) => `${kind} ${key}`), ["undone by/c"]);
});

Deno.test("who lacks data that its removal builds upon is told so, and given none of it", () => {
  const lab = new Lab();
  const [a, b] = twoAdmins(lab, 2) as [SimPeer, SimPeer];
  lab.part([a], [b]);
  const before = put(lab, a, "by/a");
  for (const [peer, other] of [[a, b], [b, a]] as const) lab.ask(peer, { type: "revoke", peer: other.id });
  lab.network.mendAll();
  lab.until(() => b.machine?.status().toldRemovedBy.length === 1, "it to be told");
  assertEquals([b.machine?.status().toldRemovedBy, b.store.hasTransaction(before)], [[a.id], false]);
});
