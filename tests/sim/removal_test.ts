import { assert, assertEquals } from "@std/assert";
import { toHex } from "../../lib/base/bytes.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import { buildTransaction, toBytes } from "../../lib/data/transaction.ts";
import { versionFromText } from "../../lib/data/version_text.ts";
import type { Request, Role } from "../../lib/peer/machine.ts";
import { SpaceState } from "../../lib/peer/space_state.ts";
import { spaceProof } from "../../lib/space/grant.ts";
import { DOMAINS } from "../../lib/wire/domains.ts";
import { recordMessage } from "../../lib/wire/peer_record.ts";
import type { VersionId } from "../../lib/wire/transaction.ts";
import { Stranger } from "../peer/stranger.ts";
import { Lab } from "./lab.ts";
import type { SimPeer } from "./sim_peer.ts";

// A false space that is offered to a joiner, and an echoed proof: tests/peer/strangers_test.ts.

/** A put that may come to be undone, so that nothing is said of its being kept. */
function put(lab: Lab, peer: SimPeer, key: string, text = "v"): void {
  const value = new TextEncoder().encode(text);
  lab.ask(peer, { type: "write", writes: [{ kind: "put", key, media: "text/plain", value }] });
}

function grant(peer: SimPeer, role: Role): Request {
  return { type: "grant", peer: peer.id, role, prefix: "", expiresMs: 0 };
}

/** A removal that reaches who is on the same side. */
function remove(lab: Lab, admin: SimPeer, target: SimPeer, companion: SimPeer): void {
  lab.ask(admin, { type: "revoke", peer: target.id });
  const hasIt = () => companion.machine?.removed().some(({ peer }) => peer === target.id) === true;
  lab.until(hasIt, "the companion to know");
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
    lab.part([a, c], [b, d]);
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

for (const order of [[0, 1], [1, 0]] as const) {
  Deno.test(`mutual removal of two admins of one depth, ${order.join(" before ")}: the lower id prevails`, () => {
    const lab = new Lab();
    const [founder, left, right] = lab.space(3) as [SimPeer, SimPeer, SimPeer];
    for (const _ of order) lab.join(lab.add(), lab.invite(founder, 1, "admin"), founder);
    lab.untilHealed();
    const admins = lab.peers.slice(3) as [SimPeer, SimPeer];
    lab.part([admins[0], left], [admins[1], right, founder]);
    for (const index of order) {
      const admin = admins[index] as SimPeer;
      remove(lab, admin, admins[1 - index] as SimPeer, index === 0 ? left : right);
      put(lab, admin, `by/${index}`);
    }
    lab.network.mendAll();
    const winner = toHex(admins[0].identity.peerId) < toHex(admins[1].identity.peerId) ? 0 : 1;
    const members = [founder, left, right, admins[winner] as SimPeer];
    lab.untilHealed(members);
    const removed = [[(admins[1 - winner] as SimPeer).id, (admins[winner] as SimPeer).id]];
    for (const peer of members) {
      assertEquals(keysOf(peer), [`by/${winner}`]);
      assertEquals(peer.machine?.removed().map(({ peer, by }) => [peer, by]), removed);
    }
  });
}

Deno.test("a removed admin that back-dates gets nothing in: no write, no member, and no word of a removal", () => {
  const lab = new Lab();
  const [a, b, c, d] = lab.space(4) as [SimPeer, SimPeer, SimPeer, SimPeer];
  lab.ask(a, grant(b, "admin"));
  lab.untilHealed();
  lab.part([a, d], [b, c]);
  lab.ask(a, { type: "revoke", peer: b.id });
  lab.until(() => d.machine?.members().length === 3, "the other one to know");
  // All of it upon what it knew before, at a member that has not heard of its removal.
  put(lab, b, "by/b");
  const friend = lab.add();
  for (const other of [a, d]) lab.network.cut(friend, other);
  lab.join(friend, lab.invite(b, 1, "admin"), b);
  lab.until(() => friend.machine?.synced() === true, "the friend to be in");
  put(lab, friend, "by/friend");
  lab.ask(friend, { type: "revoke", peer: d.id });
  lab.set(c, "by/c", "in good faith");
  lab.until(() => c.machine?.members().length === 4, "all that to come to the stale member");
  lab.network.mendAll();
  lab.untilHealed([a, c, d]);
  for (const peer of [a, c, d]) {
    assertEquals(keysOf(peer), ["by/c"]);
    assertEquals(undoneAt(peer), [`by/b ${b.id} ${a.id}`, `by/friend ${friend.id} ${a.id}`]);
    assertEquals(peer.machine?.removed().map(({ peer }) => peer).sort(), [b.id, friend.id].sort());
  }
});

Deno.test("words that are found after their use, and redeemed at a stale peer, let nobody in once their user is removed", () => {
  const lab = new Lab();
  const [a, door] = lab.space(2) as [SimPeer, SimPeer];
  const words = lab.invite(a, 3);
  const user = lab.add();
  lab.join(user, words, a);
  lab.untilHealed();
  lab.part([a, user], [door]);
  lab.ask(a, { type: "revoke", peer: user.id });
  const finder = lab.add();
  lab.network.cut(finder, a);
  lab.join(finder, words, door);
  lab.until(() => finder.machine?.synced() === true, "who found them to be in");
  put(lab, finder, "by/finder");
  lab.until(() => door.machine?.get("by/finder") !== null, "the door to have it");
  lab.network.mendAll();
  lab.untilHealed([a, door]);
  for (const peer of [a, door]) {
    assertEquals([keysOf(peer), undoneAt(peer)], [[], [`by/finder ${finder.id} ${a.id}`]]);
    assert(!lab.isLinked(peer, finder));
  }
  const late = lab.add();
  const reply = lab.answer(late, { type: "join", keys: words, addresses: [door.listensAt as string] });
  assert(!reply.ok && reply.code === "refused_ticket");
});

Deno.test("a put of a removed member that another had deleted stays deleted, and so does what it had replaced", () => {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [SimPeer, SimPeer, SimPeer];
  lab.set(a, "k", "before");
  lab.set(a, "other", "before");
  lab.untilHealed();
  lab.part([a], [b, c]);
  put(lab, b, "k", "by b");
  put(lab, b, "other", "by b");
  lab.until(() => c.machine?.get("other")?.peer === b.id, "it to come to the other one");
  lab.del(c, "k");
  lab.ask(a, { type: "revoke", peer: b.id });
  lab.network.mendAll();
  lab.untilHealed([a, c]);
  for (const peer of [a, c]) {
    assertEquals(keysOf(peer), ["other"]);
    assertEquals(new TextDecoder().decode(peer.machine?.get("other")?.value), "before");
    assertEquals(undoneAt(peer), [`other ${b.id} ${a.id}`]);
  }
  lab.ask(c, { type: "readopt", keys: ["other"] });
  lab.untilHealed([a, c]);
  for (const peer of [a, c]) {
    assertEquals(new TextDecoder().decode(peer.machine?.get("other")?.value), "by b");
    assertEquals([peer.machine?.get("other")?.peer, peer.machine?.conflicts()], [c.id, []]);
  }
});

Deno.test("a writer limited to a prefix that names another key's version ends nothing", () => {
  const lab = new Lab();
  const [a, b, limited] = lab.space(3) as [SimPeer, SimPeer, SimPeer];
  const version = versionFromText(lab.set(a, "music/a", "kept")) as VersionId;
  lab.ask(a, { type: "grant", peer: limited.id, role: "writer", prefix: "docs/", expiresMs: 0 });
  lab.untilHealed();
  const granted = b.store.membershipRows().at(-1)!.transaction.id;
  const { space, epochs } = new SpaceState(limited.store);
  const { identity, store } = limited;
  const last = store.writers.stateOf({ peer: identity.peerId, instance: store.instance })!;
  const value = new TextEncoder().encode("mine");
  const transaction = buildTransaction(identity, space, {
    peer: identity.peerId,
    instance: store.instance,
    sequence: last.sequence + 1,
    previous: last.id,
    parents: store.tips().filter((id) => toHex(id) !== toHex(last.id)),
    standing: { transaction: granted, index: 0 },
    clock: { ms: Math.floor(limited.now.wallMs), count: 0 },
    firstOperation: last.nextOperation,
  }, [{
    operation: {
      ...{ kind: "put", key: "docs/a", names: [version], media: "text/plain", length: value.length },
      hash: sha256(value),
    },
    value,
  }]);
  limited.crash(false);
  const record = { peer: identity.peerId, dateMs: Math.floor(limited.now.wallMs), name: "", addresses: [] };
  const signature = identity.sign(DOMAINS.record, recordMessage(record));
  const liar = new Stranger(lab, {
    opened: ({ send, handshakeHash }) =>
      send({ type: "prove", mac: spaceProof(epochs.at(-1)!.secret, handshakeHash, "out", identity.peerId) }),
    message: ({ send }, { type }) => {
      if (type !== "prove") return;
      send({ type: "hello", version: "sim", record: { ...record, signature } });
      send({ type: "transactions", list: [toBytes(transaction)] });
    },
  }, identity);
  lab.until(() => !lab.isLinked(a, limited), "its own link to end");
  liar.dial(a);
  lab.until(() => b.machine?.get("docs/a") !== null, "it to come to all");
  for (const peer of [a, b]) {
    assertEquals(keysOf(peer), ["docs/a", "music/a"]);
    assertEquals(new TextDecoder().decode(peer.machine?.get("music/a")?.value), "kept");
    assertEquals(peer.machine?.conflicts(), []);
  }
});
