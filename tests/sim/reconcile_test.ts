import { assert, assertEquals } from "@std/assert";
import { Lab } from "./lab.ts";
import type { SimPeer } from "./sim_peer.ts";

/** A space of so many, in which each wrote some entries, changed some and deleted some. */
function written(count: number): { lab: Lab; peers: SimPeer[] } {
  const lab = new Lab();
  const peers = lab.space(count);
  for (const [i, peer] of peers.entries()) {
    for (let key = 0; key < 20; key++) lab.set(peer, `${i}/${key}`, `${key}`);
    for (let key = 0; key < 5; key++) lab.set(peer, `${i}/${key}`, "again");
    for (let key = 5; key < 8; key++) lab.del(peer, `${i}/${key}`);
  }
  lab.untilHealed();
  return { lab, peers };
}

/** Rows of the versions that are live, in the order of their keys, which is the same at all peers. */
function liveRows({ store }: SimPeer): number[] {
  return store.list({ limit: 10_000 }).flatMap(({ winner }) => store.live(winner.key).map(({ row }) => row));
}

/** Loses some operations of a peer that is down. */
function damage(peer: SimPeer, rows: readonly number[]): void {
  peer.crash(false);
  for (const row of rows) peer.store.upkeep.dropOperation(row);
  peer.store.commit();
  peer.boot();
}

Deno.test("peers with the same history that lost different operations show each other what they lack", () => {
  const { lab, peers } = written(2);
  const [a, b] = peers as [SimPeer, SimPeer];
  damage(a, liveRows(a).filter((_, i) => i % 3 === 0));
  damage(b, liveRows(b).filter((_, i) => i % 3 === 1));
  assert(a.store.entries < 34 && b.store.entries < 34);
  lab.untilHealed();
  assertEquals([a.store.entries, b.store.entries], [34, 34]);
});

Deno.test("operations of one transaction that both lost in part are proven by what each still has", () => {
  const { lab, peers } = written(3);
  const [a, b, c] = peers as [SimPeer, SimPeer, SimPeer];
  const writes = Array.from({ length: 50 }, (_, i) => ({
    kind: "put" as const,
    key: `batch/${i}`,
    media: "text/plain",
    value: new Uint8Array([i]),
  }));
  lab.ask(a, { type: "write", writes });
  lab.untilHealed();
  const entries = a.store.entries;
  c.crash(false);
  damage(a, liveRows(a).filter((_, i) => i % 7 === 1));
  damage(b, liveRows(b).filter((_, i) => i % 5 === 0 && i % 7 !== 1));
  lab.until(() => a.machine?.synced() === true && b.machine?.synced() === true, "both to be in sync");
  assertEquals([a.store.entries, b.store.entries], [entries, entries]);
  c.boot();
  lab.untilHealed();
  assertEquals(peers.map(({ store }) => store.entries), [entries, entries, entries]);
});

Deno.test("a damaged peer gets back what it lost while all write on", () => {
  const { lab, peers } = written(3);
  const [a, b, c] = peers as [SimPeer, SimPeer, SimPeer];
  damage(b, liveRows(b).filter((_, i) => i % 2 === 0));
  for (let i = 0; i < 60; i++) {
    for (const peer of [a, c]) lab.set(peer, `later/${peer.index}/${i % 20}`, `${i}`);
    lab.wait(100);
  }
  lab.untilHealed();
  assertEquals(b.store.entries, a.store.entries);
});

Deno.test("a link that breaks in between changes nothing but when", () => {
  const { lab, peers } = written(2);
  const [a, b] = peers as [SimPeer, SimPeer];
  damage(a, liveRows(a).filter((_, i) => i % 3 === 0));
  damage(b, liveRows(b).filter((_, i) => i % 3 === 1));
  for (let i = 0; i < 12; i++) {
    lab.wait(900 + 40 * i);
    lab.network.cut(a, b);
    lab.wait(50);
    lab.network.mendAll();
  }
  lab.untilHealed();
  assertEquals([a.store.entries, b.store.entries], [34, 34]);
});

Deno.test("whatever several peers lose, as long as one of them has it, all come to hold", () => {
  const { lab, peers } = written(3);
  const entries = peers[0]?.store.entries;
  for (let round = 0; round < 8; round++) {
    const share = lab.prng.pick([0.05, 0.3, 0.6]);
    const rows = peers.map(liveRows);
    const lost: number[][] = peers.map(() => []);
    for (const i of rows[0]?.keys() ?? []) {
      // One of them, drawn by chance, keeps it.
      const keeper = lab.prng.below(peers.length);
      for (const [at, own] of rows.entries()) {
        if (at !== keeper && lab.prng.chance(share)) lost[at]?.push(own[i] as number);
      }
    }
    for (const [i, peer] of peers.entries()) damage(peer, lost[i] as number[]);
    lab.untilHealed();
    assertEquals(peers.map(({ store }) => store.entries), [entries, entries, entries]);
  }
});

Deno.test("a peer that does not know these messages is asked ever more seldom, and answers once it is updated", () => {
  const lab = new Lab();
  const [a, b] = [lab.add(), lab.add({ isOlder: true })];
  lab.ask(a, { type: "create_space" });
  lab.join(b, lab.invite(a), a);
  for (let i = 0; i < 20; i++) lab.set(a, `k/${i}`, `${i}`);
  lab.untilHealed();
  damage(a, liveRows(a).filter((_, i) => i % 3 === 0));
  lab.wait(200_000);
  assert((a.events.get("reconcile_failed") ?? 0) > 0 && a.events.get("reconcile_failed")! <= 5);
  assertEquals([lab.isLinked(a, b), a.store.entries], [true, 13]);
  b.crash(false);
  b.update();
  b.boot();
  lab.untilHealed();
  assertEquals(a.store.entries, 20);
});
