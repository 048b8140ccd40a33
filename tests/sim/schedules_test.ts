import { assert, assertEquals } from "@std/assert";
import { equal, toHex } from "../../lib/base/bytes.ts";
import { Adversary } from "./adversary.ts";
import type { Equivocation } from "./checks/forks.ts";
import { Lab } from "./lab.ts";
import type { SimPeer } from "./sim_peer.ts";

const YEAR_MS = 365 * 24 * 3600 * 1000;
const START_MS = 1_770_000_000_000;

/** Waits until all are linked and in sync, and fails where their digests differ. */
function assertSameDigest(lab: Lab): void {
  lab.untilHealed();
  const digests = lab.peers.map(({ machine }) => machine?.status().digest);
  assertEquals(new Set(digests).size, 1, digests.join(" "));
}

function textOf(peer: SimPeer, key: string): string | null {
  const value = peer.machine?.get(key)?.value;
  return value === null || value === undefined ? null : new TextDecoder().decode(value);
}

Deno.test("a machine at 1970 and one a year ahead, both writing", () => {
  const lab = new Lab();
  const founder = lab.add();
  lab.ask(founder, { type: "create_space" });
  const behind = lab.add({ wallMs: 0 });
  const ahead = lab.add({ wallMs: START_MS + YEAR_MS });
  for (const joiner of [behind, ahead]) lab.join(joiner, lab.invite(founder), founder);
  assertSameDigest(lab);

  // What one has seen it replaces, whatever the clocks say.
  for (const [i, writer] of [ahead, behind, founder, ahead, behind].entries()) {
    lab.set(writer, "turns", `${i} by p${writer.index}`);
    assertSameDigest(lab);
    for (const peer of lab.peers) assertEquals(textOf(peer, "turns"), `${i} by p${writer.index}`);
  }
  lab.del(behind, "turns");
  assertSameDigest(lab);
  for (const peer of lab.peers) assertEquals(peer.machine?.conflicts(), []);

  // What neither has seen stands beside the other, and the clock decides which is shown.
  for (const a of lab.peers) for (const b of lab.peers) if (a.index < b.index) lab.network.cut(a, b);
  for (const writer of [ahead, behind, founder]) {
    lab.set(writer, "apart", `by p${writer.index}`);
    lab.set(writer, `own/${writer.index}`, "kept");
  }
  lab.network.mendAll();
  assertSameDigest(lab);
  for (const peer of lab.peers) {
    assertEquals(textOf(peer, "apart"), `by p${ahead.index}`);
    assertEquals(peer.machine?.conflicts().map(({ key, kind }) => `${key} ${kind}`), ["apart concurrent"]);
    for (const { index } of lab.peers) assertEquals(textOf(peer, `own/${index}`), "kept");
  }
  // Nobody's clock was pulled along.
  assert((founder.events.get("clock_ahead") ?? 0) > 0 && (behind.events.get("clock_ahead") ?? 0) > 0);
  lab.set(founder, "after", "x");
  assert((founder.machine?.get("after")?.timeMs ?? Infinity) < START_MS + YEAR_MS / 2);
  lab.set(behind, "apart", "settled by the one at 1970");
  assertSameDigest(lab);
  for (const peer of lab.peers) {
    assertEquals([textOf(peer, "apart"), peer.machine?.conflicts()], ["settled by the one at 1970", []]);
  }
});

Deno.test("one writer's number used twice, told to different halves, with honest work built on both", () => {
  const lab = new Lab();
  const [a, b, c, d, liar] = lab.space(5) as [SimPeer, SimPeer, SimPeer, SimPeer, SimPeer];
  const halves = [[a, c], [b, d]] as const;
  for (const here of halves[0]) for (const there of halves[1]) lab.network.cut(here, there);
  liar.crash(false);
  const adversary = new Adversary(5, liar, lab.prng, lab.network, ["equivocate"], lab.checks);
  for (const peer of [a, b]) adversary.attack(peer);
  lab.until(() => lab.checks.equivocations.length > 0, "a number to be used twice");
  const twice = lab.checks.equivocations[0] as Equivocation;
  const holds = (peer: SimPeer, side: number) => peer.store.hasTransaction(twice.ids[side] as Uint8Array);
  lab.until(
    () => halves.every((half, side) => half.every((peer) => holds(peer, side))),
    "each half to hear its own side",
  );
  for (const [side, half] of halves.entries()) for (const peer of half) assert(!holds(peer, 1 - side));

  // Honest work on top of either side, over and beside what it wrote.
  for (const [side, half] of halves.entries()) {
    for (const peer of half) lab.set(peer, `work/${peer.index}`, "done in good faith");
    lab.set(half[0], "hot/0", `settled by p${half[0].index}`);
    lab.until(() => half[1].machine?.get("hot/0")?.peer === half[0].id, "the half to have it");
    const isTip = half[0].store.tips().some((id) => equal(id, twice.ids[side] as Uint8Array));
    assert(!isTip, "the work stands on what the half was told");
  }
  adversary.stop();
  lab.network.mendAll();
  liar.boot();
  assertSameDigest(lab);
  const texts = twice.ids.map(toHex).sort();
  for (const peer of lab.peers) {
    const { store } = peer;
    const held = store.writers.transactionsAt(twice.writer, twice.sequence).map((row) =>
      toHex(store.transactionByRow(row).id)
    );
    assertEquals(held.sort(), texts);
    const entry = store.frontier().find(({ writer }) => equal(writer.instance, twice.writer.instance));
    assertEquals(entry?.heads.length, 2, "both are told to whoever asks");
    for (const { index } of [a, b, c, d]) assertEquals(textOf(peer, `work/${index}`), "done in good faith");
  }
});

Deno.test("a backup restored, written to offline, then linked", () => {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [SimPeer, SimPeer, SimPeer];
  lab.set(b, "k/1", "1");
  lab.set(b, "k/2", "2");
  assertSameDigest(lab);
  const backup = b.backup();
  lab.set(b, "k/2", "2, changed");
  lab.del(b, "k/1");
  lab.set(b, "k/3", "3");
  assertSameDigest(lab);
  const instance = toHex(b.store.instance);
  b.crash(false);
  for (const other of [a, c]) lab.network.cut(b, other);
  b.restore(backup);
  b.boot();
  assertEquals([textOf(b, "k/1"), textOf(b, "k/2"), textOf(b, "k/3")], ["1", "2", null]);
  lab.set(b, "k/2", "2, changed otherwise");
  lab.set(b, "k/4", "4");

  lab.network.mendAll();
  assertSameDigest(lab);
  assertEquals([b.events.get("store_older"), toHex(b.store.instance) === instance], [1, false]);
  for (const peer of lab.peers) {
    // What was deleted stays so, and both changes of one key are there.
    assertEquals(["k/1", "k/3", "k/4"].map((key) => textOf(peer, key)), [null, "3", "4"]);
    const [conflict, ...others] = peer.machine?.conflicts() ?? [];
    assert(conflict?.kind === "concurrent" && others.length === 0);
    assertEquals(conflict.versions.map(({ peer }) => peer), [b.id, b.id]);
  }
  lab.set(b, "k/2", "settled");
  assertSameDigest(lab);
  for (const peer of lab.peers) {
    assertEquals([textOf(peer, "k/2"), peer.machine?.conflicts()], ["settled", []]);
    // Under the new instance no number was used twice.
    const heads = peer.store.frontier().filter(({ writer }) => equal(writer.peer, b.identity.peerId));
    assertEquals(heads.map(({ heads }) => heads.length).sort(), [1, 2]);
  }
});
