import { assert, assertEquals } from "@std/assert";
import { equal, toHex } from "../../lib/base/bytes.ts";
import { ACTIVE_VIEW_PEERS, FULL_MESH_LINKS, FULL_MESH_SLACK } from "../../lib/base/limits.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import type { Message } from "../../lib/wire/message.ts";
import { Lab } from "./lab.ts";
import type { SimPeer } from "./sim_peer.ts";

/** Members beyond which not all of them are linked with each other. */
const MESH_MEMBERS = FULL_MESH_LINKS + FULL_MESH_SLACK + 1;
/** To look at so many peers is dear. */
const LOOK_EVERY_MS = 250;
const PATIENCE_MS = 120_000;
/** A link is there for some round trips before its ends agree to be neighbours, or not to be. */
const ASKED_FOR_MS = 500;

function linksOf(peer: SimPeer): number {
  return [...peer.machine?.connections ?? []].filter(({ stage }) => stage === "member").length;
}

/** Links that are more than under way: who asks somebody to be its neighbour is linked with it until that refuses. */
function steadyLinksOf(peer: SimPeer): number {
  const links = [...peer.machine?.connections ?? []].filter(({ stage }) => stage === "member");
  return links.filter(({ memberSinceMs }) => peer.now.monotonicMs - memberSinceMs >= ASKED_FOR_MS).length;
}

function isOne(peers: readonly SimPeer[]): boolean {
  const first = toHex((peers[0] as SimPeer).fingerprint);
  return peers.every((peer) => toHex(peer.fingerprint) === first) && peers.every(({ machine }) => machine?.synced());
}

/** Waits until something is so. @returns how long it took. */
function until(lab: Lab, condition: () => boolean, what: string): number {
  const startMs = lab.schedule.nowMs;
  while (!condition()) {
    assert(
      lab.schedule.nowMs - startMs < PATIENCE_MS,
      `waited in vain for ${what}: ${lab.peers.map(linksOf).join()} links`,
    );
    lab.wait(LOOK_EVERY_MS);
  }
  return lab.schedule.nowMs - startMs;
}

/** Two neighbours. */
function neighboursIn(lab: Lab): [SimPeer, SimPeer] {
  const one = lab.peers[1] as SimPeer;
  const other = lab.peers.find(({ id }) => lab.isLinked(one, { id } as SimPeer)) as SimPeer;
  return [one, other];
}

/** Gives one peer a message as if it came from the other. */
function say(from: SimPeer, to: SimPeer, message: Message): void {
  const link = [...to.machine?.connections ?? []].find(({ peer }) => peer === from.id);
  assert(link !== undefined);
  to.machine?.linkMessage(link, message, to.now);
  to.push({ type: "tick" });
}

Deno.test("a space grows beyond the full mesh, lives through losses and cuts, and shrinks again", async (t) => {
  const lab = new Lab();
  // Of so many peers it is enough to look at the outcome.
  const options = { turned: () => {} };
  const founder = lab.add(options);
  lab.ask(founder, { type: "create_space" });
  const ticket = lab.invite(founder, 1000);
  const grow = (members: number) => {
    while (lab.peers.length < members) {
      // Who came last may not have the history yet by which the ticket is known.
      const door = lab.peers[lab.prng.below(Math.max(1, lab.peers.length - 4))] as SimPeer;
      lab.join(lab.add(options), ticket, door);
    }
    const knowsAll = ({ machine }: SimPeer) => machine?.members().length === members;
    until(lab, () => lab.peers.every(knowsAll), "all to know all members");
  };
  const haveFewLinks = () => lab.peers.every((peer) => linksOf(peer) >= 3 && linksOf(peer) <= ACTIVE_VIEW_PEERS);

  await t.step("up to its size all are linked", () => {
    grow(MESH_MEMBERS);
    until(lab, () => lab.peers.every((peer) => linksOf(peer) === MESH_MEMBERS - 1), "links between all");
    lab.wait(10_000);
    assert(lab.peers.every((peer) => linksOf(peer) === MESH_MEMBERS - 1), "they stay");
  });

  await t.step("beyond it each has a few neighbours, and all hold the same", () => {
    grow(MESH_MEMBERS + 3);
    until(lab, haveFewLinks, "few links");
    lab.peers.forEach((peer, i) => lab.set(peer, `key/${i}`, "v"));
    const tookMs = until(lab, () => isOne(lab.peers), "one digest");
    assert(tookMs <= 3000, `${tookMs} ms`);
  });

  await t.step("who is given up as a neighbour has not left, and is neither absent nor gone", () => {
    for (const { machine, events } of lab.peers) {
      const { absent, others, peers } = machine!.status();
      assertEquals([absent, others + peers.length], [[], lab.peers.length - 1]);
      assert(!events.has("member_left") && !events.has("member_gone"), [...events.keys()].join());
    }
    assert(lab.peers.some(({ events }) => events.has("member_unlinked")), "some were given up");
  });

  await t.step("a write goes to each about once", () => {
    const write = (count: number) => {
      for (let i = 0; i < count; i++) {
        lab.set(founder, `more/${i}`, "v");
        lab.wait(1000);
      }
    };
    write(5);
    const heard = new Map<string, number>();
    for (const { machine } of lab.peers) {
      if (machine !== null) machine.messageHeard = ({ type }) => heard.set(type, (heard.get(type) ?? 0) + 1);
    }
    write(10);
    const pushes = heard.get("push") ?? 0;
    const once = 10 * (lab.peers.length - 1);
    const seen = JSON.stringify([...heard]);
    assert(pushes >= once && pushes <= once * 1.3, seen);
    assert((heard.get("announce") ?? 0) > once, seen);
    assertEquals(heard.get("have") ?? 0, 0, seen);
    assert(isOne(lab.peers), seen);
  });

  await t.step("what was announced and does not come is asked for, and sent", () => {
    const [asker, asked] = neighboursIn(lab);
    const heard = (peer: SimPeer) => {
      const messages: Message[] = [];
      if (peer.machine !== null) peer.machine.messageHeard = (message) => messages.push(message);
      return messages;
    };
    const [atAsker, atAsked] = [heard(asker), heard(asked)];
    say(asked, asker, { type: "announce", list: [{ id: new Uint8Array(32).fill(7), hops: 1 }] });
    lab.wait(1000);
    const grafts = atAsked.filter(({ type }) => type === "graft");
    assertEquals(grafts, [{ type: "graft", ids: [new Uint8Array(32).fill(7)] }]);
    const id = asked.store.tips()[0] as Uint8Array;
    say(asker, asked, { type: "graft", ids: [id] });
    lab.set(asked, "other", "v");
    lab.wait(1000);
    const pushed = atAsker.flatMap((message) => message.type === "push" ? message.list : []);
    assert(pushed.some(({ header }) => equal(sha256(header), id)));
  });

  await t.step("a message on a topic goes to each about once", () => {
    const readers = lab.peers.map((peer) => peer.machine!.subscribe("t"));
    let heard = 0;
    for (const { machine } of lab.peers) {
      if (machine !== null) machine.messageHeard = ({ type }) => heard += type === "posts" ? 1 : 0;
    }
    const payload = new TextEncoder().encode("hello");
    for (let i = 0; i < 10; i++) {
      lab.ask(founder, { type: "post", posts: [{ topic: "t", payload }], to: null });
      lab.wait(500);
    }
    for (const reader of readers) assertEquals(reader.take().posts.length, 10);
    const once = 10 * (lab.peers.length - 1);
    assert(heard >= once && heard <= once * 1.3, `${heard} batches`);
  });

  await t.step("when a third of them dies the others go on", () => {
    const [dead, left] = [0, 1].map((part) => lab.peers.filter(({ index }) => (index % 3 === 2) === (part === 0))) as [
      SimPeer[],
      SimPeer[],
    ];
    for (const peer of dead) peer.crash(peer.index % 2 === 0);
    left.forEach((peer, i) => lab.set(peer, `later/${i}`, "w"));
    until(lab, () => isOne(left), "one digest of those that are left");
    for (const peer of dead) peer.boot();
    until(lab, () => isOne(lab.peers), "one digest of all");
  });

  await t.step("cut in two for a minute they hold one digest soon after", () => {
    const side = (part: number) => lab.peers.filter(({ index }) => index % 2 === part);
    for (const a of side(0)) for (const b of side(1)) lab.network.cut(a, b);
    lab.wait(40_000);
    for (const peer of lab.peers) lab.set(peer, `cut/${peer.index}`, "v");
    lab.wait(20_000);
    assert(!isOne(lab.peers));
    lab.network.mendAll();
    const tookMs = until(lab, () => isOne(lab.peers), "one digest");
    assert(tookMs <= 20_000, `${tookMs} ms`);
    until(lab, haveFewLinks, "few links");
    lab.checks.healed(lab.peers);
  });

  await t.step("with fewer members they link with all again, but not for one less", () => {
    const stayed = [...lab.peers];
    const leave = (members: number) => {
      while (stayed.length > members) lab.ask(stayed.pop() as SimPeer, { type: "leave" });
      const knows = ({ machine }: SimPeer) => machine?.members().length === members;
      until(lab, () => stayed.every(knows), "all to know who left");
    };
    leave(MESH_MEMBERS - 1);
    for (let i = 0; i < 40; i++) {
      lab.wait(LOOK_EVERY_MS);
      assert(stayed.every((peer) => steadyLinksOf(peer) <= ACTIVE_VIEW_PEERS), stayed.map(linksOf).join());
    }
    leave(FULL_MESH_LINKS + 1);
    until(lab, () => stayed.every((peer) => linksOf(peer) === FULL_MESH_LINKS), "links between all");
    until(lab, () => isOne(stayed), "one digest");
  });
});
