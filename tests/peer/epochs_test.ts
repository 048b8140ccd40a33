import { assertEquals } from "@std/assert";
import { equal } from "../../lib/base/bytes.ts";
import { Identity } from "../../lib/crypto/identity.ts";
import { SpaceState } from "../../lib/peer/space_state.ts";
import { spaceProof } from "../../lib/space/grant.ts";
import { DOMAINS } from "../../lib/wire/domains.ts";
import { recordMessage } from "../../lib/wire/peer_record.ts";
import { Lab } from "../sim/lab.ts";
import type { SimPeer } from "../sim/sim_peer.ts";
import { Stranger } from "./stranger.ts";

/** The secret of the first epoch, which everybody knows who ever was a member. */
function firstSecret(peer: SimPeer): Uint8Array {
  return new SpaceState(peer.store).epochs[0]?.secret as Uint8Array;
}

/** Has a peer dial somebody, and tells by which proofs of the first epoch it does so: one after the other. */
function dialled(lab: Lab, peer: SimPeer, identity: Identity, times: number): boolean[] {
  const byFirst: boolean[] = [];
  const stranger = new Stranger(lab, {
    message: (link, message) => {
      if (message.type !== "prove") return;
      const mac = spaceProof(firstSecret(peer), link.handshakeHash, "out", peer.identity.peerId);
      byFirst.push(equal(mac, message.mac));
      link.send({ type: "prove", mac: new Uint8Array(32) });
    },
  }, identity);
  for (let i = 0; i < times; i++) {
    lab.ask(peer, { type: "connect", address: stranger.listensAt });
    lab.until(() => stranger.closed.length > i, "the link to be closed");
  }
  return byFirst;
}

/** Somebody who proves by the first epoch's secret, and how that ends. */
function provesByFirst(lab: Lab, peer: SimPeer, identity: Identity): string {
  const secret = firstSecret(peer);
  const stranger = new Stranger(lab, {
    opened: (link) => link.send({ type: "prove", mac: spaceProof(secret, link.handshakeHash, "out", identity.peerId) }),
    message: (link, message) => {
      if (message.type === "hello") link.send({ type: "welcome", epochs: [{ number: 0, secret }] });
    },
  }, identity);
  return stranger.closedBy(peer);
}

Deno.test("after a removal nobody proves by an epoch that the removed one knows, and only members are taken by it", () => {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [SimPeer, SimPeer, SimPeer];
  const newcomer = Identity.generate(lab.prng);
  assertEquals(dialled(lab, a, newcomer, 1), [true]);
  assertEquals(provesByFirst(lab, a, newcomer), "bad_state", "as a member whom this peer has not heard of");
  lab.ask(a, { type: "revoke", peer: c.id });
  lab.untilHealed([a, b]);
  lab.until(() => b.machine?.members().length === 2, "the removal at another member");
  for (const member of [a, b]) {
    assertEquals(dialled(lab, member, newcomer, 2), [false, false]);
    assertEquals(provesByFirst(lab, member, newcomer), "not_a_member");
    assertEquals(provesByFirst(lab, member, c.identity), "member_left");
  }
});

/** A link by the newest secret of a peer, of somebody made up, who takes what members are sent. */
function linkedAsUnknown(lab: Lab, peer: SimPeer): Stranger {
  const identity = Identity.generate(lab.prng);
  const unsigned = { peer: identity.peerId, dateMs: 1, name: "", addresses: [] };
  const record = { ...unsigned, signature: identity.sign(DOMAINS.record, recordMessage(unsigned)) };
  const secret = new SpaceState(peer.store).epochs.at(-1)?.secret as Uint8Array;
  const stranger: Stranger = new Stranger(lab, {
    opened: (link) => link.send({ type: "prove", mac: spaceProof(secret, link.handshakeHash, "out", identity.peerId) }),
    message: (link, { type }) => {
      if (type === "prove") link.send({ type: "hello", version: "sim", record });
      if (type !== "hello") return;
      link.send({ type: "frontier", entries: [] });
      link.send({ type: "pull" });
    },
  }, identity);
  stranger.dial(peer);
  lab.until(() => stranger.messages.some(({ type }) => type === "transactions"), "what members are sent");
  return stranger;
}

Deno.test("a link of somebody unheard of ends with the epoch that it was proven by", () => {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [SimPeer, SimPeer, SimPeer];
  const puppets = [a, b].map((peer) => linkedAsUnknown(lab, peer));
  lab.ask(a, { type: "revoke", peer: c.id });
  lab.until(() => puppets.every(({ closed }) => closed.length > 0), "the links to end");
  assertEquals(puppets.map(({ closed }) => closed), [["not_a_member"], ["not_a_member"]]);
  lab.untilHealed([a, b]);
});

Deno.test("after a member left by itself an admin's peer begins a new epoch, the first that is here", () => {
  const lab = new Lab();
  const [a, b, c, d] = lab.space(4) as [SimPeer, SimPeer, SimPeer, SimPeer];
  lab.ask(a, { type: "grant", peer: b.id, role: "admin", prefix: "", expiresMs: 0 });
  lab.untilHealed();
  const first = a.id < b.id ? a : b;
  const second = first === a ? b : a;
  const puppet = linkedAsUnknown(lab, second);
  for (const [leaver, renewing] of [[c, first], [d, second]] as const) {
    if (renewing === second) first.crash(false);
    lab.ask(leaver, { type: "leave" });
    lab.until(() => renewing.events.get("member_revoked") === 1, "a new epoch");
    lab.until(() => puppet.closed.length > 0, "the link of who knows the former one to end");
    assertEquals(provesByFirst(lab, second, Identity.generate(lab.prng)), "not_a_member");
    const gone = second.machine?.removed().find(({ peer }) => peer === leaver.id);
    assertEquals(gone?.by, leaver.id, "it left, and nobody removed it");
  }
  first.boot();
  lab.untilHealed([a, b]);
  lab.wait(60_000);
  assertEquals([first, second].map(({ events }) => events.get("member_revoked")), [1, 1]);
});

Deno.test("transactions in place of a proof are none of the business of who dialled, but for a farewell", () => {
  const lab = new Lab();
  const [a, b] = lab.space(2) as [SimPeer, SimPeer];
  const [founding] = a.store.membershipRows();
  const transaction = a.store.load(founding?.transaction.row as number);
  b.crash(false);
  for (const identity of [b.identity, Identity.generate(lab.prng)]) {
    const stranger = new Stranger(lab, {
      message: (link) => link.send({ type: "transactions", list: [transaction] }),
    }, identity);
    lab.ask(a, { type: "connect", address: stranger.listensAt });
    lab.until(() => stranger.closed.length > 0, "the link to be closed");
    assertEquals(stranger.closed[0], "bad_state");
  }
});

Deno.test("to a member that has not heard of an epoch, those before it are shown in turn", () => {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [SimPeer, SimPeer, SimPeer];
  lab.network.cut(b, a);
  lab.network.cut(b, c);
  lab.ask(a, { type: "revoke", peer: c.id });
  lab.until(() => !lab.isLinked(a, b), "the link to end");
  assertEquals(dialled(lab, a, b.identity, 3), [false, true, false]);
  lab.network.mend(a, b);
  lab.untilHealed([a, b]);
});

Deno.test("who comes in after removals is told all epochs, and a restart forgets none", () => {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [SimPeer, SimPeer, SimPeer];
  lab.ask(a, { type: "revoke", peer: c.id });
  lab.untilHealed([a, b]);
  const d = lab.add();
  lab.join(d, lab.invite(a), b);
  lab.untilHealed([a, b, d]);
  assertEquals(dialled(lab, d, Identity.generate(lab.prng), 1), [false]);
  a.crash(false);
  a.boot();
  lab.untilHealed([a, b, d]);
  assertEquals(dialled(lab, a, Identity.generate(lab.prng), 1), [false]);
});
