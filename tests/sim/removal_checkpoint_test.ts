import { assert, assertEquals } from "@std/assert";
import { toBase32 } from "../../lib/base/base32.ts";
import type { Checkpoint } from "../../lib/wire/operation.ts";
import { CALM_NETWORK } from "./habits.ts";
import { Lab } from "./lab.ts";
import type { SimPeer } from "./sim_peer.ts";

const HISTORY_MS = 240_000;
/** After that a member counts as long absent. */
const DAY_MS = 86_400_000;

function put(lab: Lab, peer: SimPeer, key: string, text = "v"): void {
  const value = new TextEncoder().encode(text);
  lab.ask(peer, { type: "write", writes: [{ kind: "put", key, media: "text/plain", value }] });
}

/** A space in which another one than the founder is an admin as well. */
function twoAdmins(count: number, options = {}): { lab: Lab; peers: SimPeer[] } {
  const lab = new Lab();
  const peers = lab.space(count, options);
  const [founder, admin] = peers as [SimPeer, SimPeer];
  lab.ask(founder, { type: "grant", peer: admin.id, role: "admin", prefix: "", expiresMs: 0 });
  lab.untilHealed();
  return { lab, peers };
}

/** All machines sleep for a while: only the clocks on the wall go on. */
function sleep(lab: Lab, forMs: number): void {
  for (const peer of lab.peers) peer.freeze(true);
  lab.wait(forMs);
  for (const peer of lab.peers) peer.wake();
}

function isFinal(peer: SimPeer): boolean {
  return (peer.events.get("checkpoint_settled") ?? 0) > 0;
}

function proposals(peers: readonly SimPeer[]): number {
  return peers.reduce((sum, { events }) => sum + (events.get("checkpoint_proposed") ?? 0), 0);
}

function undoneAt(peer: SimPeer): string[] {
  return peer.machine?.conflicts().flatMap((view) => view.kind === "undone" ? [view.key] : []) ?? [];
}

function textOf(peer: SimPeer, key: string): string {
  return new TextDecoder().decode(peer.machine?.get(key)?.value);
}

Deno.test("a removal is final soon, and what was replaced and undone is kept for as long as history is", () => {
  const { lab, peers } = twoAdmins(4, { historyMs: HISTORY_MS });
  const [a, , c, d] = peers as [SimPeer, SimPeer, SimPeer, SimPeer];
  // So that there is something older than the history before it begins.
  lab.wait(1.25 * HISTORY_MS);
  const first = lab.set(a, "k", "first");
  lab.untilHealed();
  const position = a.machine?.position() as string;
  lab.set(a, "k", "second");
  lab.untilHealed();
  lab.part(peers.slice(0, 2), [c, d]);
  put(lab, d, "undone");
  put(lab, d, "other");
  lab.until(() => c.machine?.get("other") !== null, "its writes to come to one");
  lab.ask(a, { type: "revoke", peer: d.id });
  lab.network.mendAll();
  const members = peers.slice(0, 3);
  lab.untilHealed(members);
  assertEquals(proposals(members), 0);
  lab.until(() => members.every(isFinal), "the removal to be final");
  assertEquals(proposals(members), 1);
  lab.wait(HISTORY_MS / 2);
  const joiner = lab.add({ historyMs: HISTORY_MS });
  lab.join(joiner, lab.invite(a), a);
  lab.untilHealed([...members, joiner]);
  for (const peer of [...members, joiner]) {
    assertEquals([isFinal(peer), peer.events.get("compacted") ?? 0], [true, 0]);
    assertEquals(undoneAt(peer), ["other", "undone"]);
    assertEquals(peer.machine?.history({ key: "k", limit: 9 }).length, 2);
    assertEquals(new TextDecoder().decode(peer.machine?.version("k", first).value as Uint8Array), "first");
  }
  const since = a.machine?.changesSince(position);
  assertEquals(new Set([...since?.next() ?? [], ...since?.next() ?? []]), new Set(["k", "other", "undone"]));
  lab.ask(c, { type: "readopt", keys: ["undone"] });
  lab.untilHealed([...members, joiner]);
  for (const peer of [...members, joiner]) {
    assertEquals([peer.machine?.get("undone")?.peer, undoneAt(peer)], [c.id, ["other"]]);
  }
  lab.wait(0.75 * HISTORY_MS);
  for (const peer of members) {
    assertEquals([peer.events.get("compacted"), undoneAt(peer)], [1, []]);
    assertEquals(peer.machine?.history({ key: "k", limit: 9 }).length, 1);
  }
  assertEquals([joiner.events.get("compacted") ?? 0, undoneAt(joiner)], [0, ["other"]]);
  lab.wait(HISTORY_MS);
  assertEquals([joiner.events.get("compacted"), undoneAt(joiner)], [1, []]);
  assertEquals(proposals([...members, joiner]), 1);
});

Deno.test("a stolen founder's key undoes nothing once its removal is final, though a member was away with it", () => {
  const { lab, peers } = twoAdmins(4, { historyMs: HISTORY_MS });
  const [thief, admin, member, absent] = peers as [SimPeer, SimPeer, SimPeer, SimPeer];
  lab.part([thief, absent], [admin, member]);
  lab.set(admin, "by/admin", "before");
  lab.ask(admin, { type: "revoke", peer: thief.id });
  lab.until(() => member.machine?.members().length === 3, "the other one to know");
  lab.set(member, "by/member", "after");
  lab.wait(30_000);
  assertEquals([isFinal(admin), admin.machine?.status().compaction.waitsFor], [false, [absent.id]]);
  // Who was away for a day is named, and not waited for.
  sleep(lab, DAY_MS);
  lab.until(() => isFinal(admin) && isFinal(member), "it to be final without the one who is away");
  const acts = [...admin.store.membershipRows()].flatMap(({ operations }) => operations);
  const last = acts.findLast(({ kind }) => kind === "checkpoint") as Checkpoint;
  assertEquals(last.absent.map(toBase32), [absent.id]);
  // On the other side nothing is known of all that.
  put(lab, thief, "by/thief");
  lab.ask(thief, { type: "revoke", peer: admin.id });
  lab.until(() => absent.machine?.members().length === 3, "the one who was away to have heard of it");
  lab.set(absent, "by/absent", "in good faith");
  lab.network.mendAll();
  absent.crash(false);
  absent.boot();
  const members = [admin, member, absent];
  lab.wait(60_000);
  lab.untilHealed(members);
  for (const peer of members) {
    assertEquals(peer.machine?.list({ limit: 9 }).map(({ key }) => key), ["by/absent", "by/admin", "by/member"]);
    assertEquals(undoneAt(peer), ["by/thief"]);
    assertEquals(peer.machine?.removed().map(({ peer, by }) => [peer, by]), [[thief.id, admin.id]]);
    assert(!lab.isLinked(peer, thief));
  }
});

Deno.test("removals in a row share a checkpoint, and of two admins to whom it is due at once one writes it", () => {
  const { lab, peers } = twoAdmins(6);
  const [a, b, c] = peers as [SimPeer, SimPeer, SimPeer];
  lab.ask(a, { type: "grant", peer: c.id, role: "admin", prefix: "", expiresMs: 0 });
  lab.untilHealed();
  lab.network.habits = { ...CALM_NETWORK, latencyMs: [300, 300] };
  for (const removed of peers.slice(3)) {
    lab.ask(a, { type: "revoke", peer: removed.id });
    lab.wait(2000);
  }
  a.crash(false);
  lab.wait(60_000);
  assertEquals([proposals([a]), proposals([b, c])], [0, 1]);
  a.boot();
  lab.until(() => [a, b, c].every(isFinal), "the removals to be final");
  assertEquals(proposals(peers), 1);
});

Deno.test("a checkpoint that a removal makes void is followed by another, later each time", () => {
  const { lab, peers } = twoAdmins(7);
  const [a, b, absent] = peers as [SimPeer, SimPeer, SimPeer];
  absent.crash(false);
  for (const removed of peers.slice(3)) {
    lab.ask(a, { type: "revoke", peer: removed.id });
    lab.wait(25_000);
  }
  assertEquals(proposals(peers), 3);
  lab.wait(120_000);
  assertEquals(a.machine?.status().compaction.waitsFor, [absent.id]);
  absent.boot();
  lab.until(() => [a, b, absent].every(isFinal), "the removals to be final");
  lab.wait(120_000);
  assertEquals(proposals(peers), 3);
});

Deno.test("who is alone after a removal writes no checkpoint, until there is somebody to confirm it", () => {
  const lab = new Lab();
  const [a, b] = lab.space(2) as [SimPeer, SimPeer];
  lab.ask(a, { type: "revoke", peer: b.id });
  lab.wait(60_000);
  assertEquals(proposals([a]), 0);
  const c = lab.add();
  lab.join(c, lab.invite(a), a);
  lab.until(() => [a, c].every(isFinal), "the removal to be final");
  assertEquals(proposals([a]), 1);
});

Deno.test("who was away while history went, and returns once a removal is final, is settled by those who keep all behind it", () => {
  const { lab, peers } = twoAdmins(5, { historyMs: HISTORY_MS });
  const [a, b, c, away, removed] = peers as [SimPeer, SimPeer, SimPeer, SimPeer, SimPeer];
  put(lab, a, "gone", "old");
  for (let time = 0; time < 20; time++) put(lab, a, "often", `${time}`);
  lab.untilHealed();
  lab.part(peers.filter((peer) => peer !== away), [away]);
  lab.del(a, "gone");
  put(lab, a, "often", "last");
  put(lab, away, "by/away");
  const present = [a, b, c, removed];
  lab.wait(60_000);
  sleep(lab, DAY_MS);
  lab.until(() => present.every((peer) => peer.events.get("compacted") === 1), "the old history to go");
  assertEquals([textOf(away, "gone"), a.machine?.history({ key: "gone", limit: 9 })], ["old", []]);
  lab.ask(b, { type: "revoke", peer: removed.id });
  const members = [a, b, c];
  const before = members.map(({ events }) => events.get("compacted"));
  put(lab, a, "kept", "old");
  put(lab, a, "kept", "new");
  lab.until(() => members.every((peer) => peer.events.get("checkpoint_settled") === 2), "the removal to be final");
  lab.network.mendAll();
  away.crash(false);
  away.boot();
  lab.until(() => away.events.get("past_settled") === 1 && isFinal(away), "it to be settled");
  lab.wait(60_000);
  lab.untilHealed([...members, away]);
  assertEquals(members.map(({ events }) => events.get("compacted")), before);
  for (const peer of [...members, away]) {
    assertEquals(peer.machine?.list({ limit: 9 }).map(({ key }) => key), ["by/away", "kept", "often"]);
    assertEquals(peer.machine?.history({ key: "kept", limit: 9 }).length, 2);
  }
});
