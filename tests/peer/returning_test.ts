import { assert, assertEquals } from "@std/assert";
import { SigningKey } from "../../lib/crypto/sign.ts";
import type { TicketKeys } from "../../lib/peer/machine.ts";
import { SpaceState } from "../../lib/peer/space_state.ts";
import { knockTag } from "../../lib/space/grant.ts";
import type { TransactionBytes } from "../../lib/wire/bundle.ts";
import { Lab } from "../sim/lab.ts";
import type { SimPeer } from "../sim/sim_peer.ts";
import { type Session, Stranger } from "./stranger.ts";

interface CutOff {
  readonly admin: SimPeer;
  readonly door: SimPeer;
  readonly joiner: SimPeer;
  readonly ticket: TicketKeys;
}

/**
 * A joiner whose door is removed by an admin that has heard neither of the joiner nor of what the door wrote before it
 * let it in; the two sides are parted still.
 */
function cutOff(lab: Lab, uses = 1): CutOff {
  const [admin, door] = lab.space(2) as [SimPeer, SimPeer];
  const ticket = lab.invite(admin, uses);
  lab.untilHealed();
  const joiner = lab.add();
  for (const peer of [door, joiner]) lab.network.cut(admin, peer);
  for (const end of lab.network.connections()) lab.network.lose(end);
  lab.until(() => !lab.isLinked(admin, door), "the door to be parted from the admin");
  lab.ask(door, {
    type: "write",
    writes: [{ kind: "put", key: "by/door", media: "text/plain", value: new TextEncoder().encode("v") }],
  });
  lab.join(joiner, ticket, door);
  lab.until(() => joiner.machine?.get("by/door") != null, "the joiner to have all");
  lab.ask(admin, { type: "revoke", peer: door.id });
  return { admin, door, joiner, ticket };
}

function epochsOf(peer: SimPeer): readonly unknown[] {
  const { epochs } = new SpaceState(peer.store);
  return epochs;
}

Deno.test("who was let in by a member that is removed before an admin hears of it comes back by itself", () => {
  const lab = new Lab();
  const { admin, door, joiner } = cutOff(lab);
  lab.set(joiner, "by/joiner", "in good faith");
  lab.network.mendAll();
  lab.untilHealed([admin, joiner]);
  for (const peer of [admin, joiner]) {
    assertEquals(peer.machine?.list({ limit: 10 }).map(({ key }) => key), ["by/joiner"]);
    assertEquals(peer.machine?.members().map(({ peer }) => peer).sort(), [admin.id, joiner.id].sort());
  }
  assertEquals(epochsOf(joiner).length, 2, "it was given the present epoch");
  assert(!lab.isLinked(joiner, door));
  lab.set(joiner, "by/joiner/2", "v");
  lab.untilHealed([admin, joiner]);
});

Deno.test("who came back so is known again after a restart, and knocks no more", () => {
  const lab = new Lab();
  const { admin, joiner } = cutOff(lab);
  lab.network.mendAll();
  lab.untilHealed([admin, joiner]);
  const count = admin.transactions().size;
  joiner.crash(false);
  joiner.boot();
  lab.untilHealed([admin, joiner]);
  assertEquals(admin.transactions().size, count);
});

Deno.test("the ticket it came in by lets it in again where its addresses lead nowhere", () => {
  const lab = new Lab();
  const { admin, joiner, ticket } = cutOff(lab);
  const late = lab.add();
  lab.network.mend(joiner, admin);
  lab.until(() => joiner.warnings.has("link_refused: not_a_member"), "the admin to take it for a stranger");
  lab.join(joiner, ticket, admin);
  assert(lab.isLinked(admin, joiner), "it has knocked, and is in");
  lab.untilHealed([admin, joiner]);
  const reply = lab.answer(late, { type: "join", keys: ticket, addresses: [admin.listensAt as string] });
  assert(!reply.ok && reply.code === "refused_ticket", "for one machine it still is");
});

Deno.test("another ticket of the space lets in whom members take for a stranger, where the one it came in by is closed", () => {
  const lab = new Lab();
  const { admin, joiner } = cutOff(lab, 2);
  const [invite] = admin.machine?.invites(admin.now.wallMs) ?? [];
  lab.ask(admin, { type: "revoke_invite", invite: invite?.invite as string });
  lab.network.mendAll();
  lab.until(() => joiner.warnings.has("not_let_back: refused_ticket"), "it to knock in vain");
  const founder = lab.add();
  lab.ask(founder, { type: "create_space" });
  const ofOther = lab.invite(founder);
  const other = lab.answer(joiner, { type: "join", keys: ofOther, addresses: [founder.listensAt as string] });
  assert(!other.ok && other.code === "refused_ticket", "one of another space does not");
  lab.join(joiner, lab.invite(admin), admin);
  lab.untilHealed([admin, joiner]);
});

Deno.test("a joiner whose door is gone before anything came from it brings its own admission to others", () => {
  const lab = new Lab();
  const [admin, door] = lab.space(2) as [SimPeer, SimPeer];
  const ticket = lab.invite(admin);
  lab.untilHealed();
  const joiner = lab.add();
  for (const peer of [door, joiner]) lab.network.cut(admin, peer);
  joiner.request({ type: "join", keys: ticket, addresses: [door.listensAt as string] }, () => {});
  lab.until(() => new SpaceState(joiner.store).space !== null, "the joiner to be let in");
  door.crash(false);
  assert(new SpaceState(joiner.store).isArriving, "nothing has come yet");
  assertEquals(admin.machine?.members().length, 2);
  lab.network.mendAll();
  lab.ask(joiner, { type: "connect", address: admin.listensAt as string });
  lab.until(() => admin.machine?.members().length === 3, "its admission to come to the admin");
  lab.set(joiner, "k", "v");
  lab.until(() => admin.machine?.get("k") !== null, "what it writes to come to the admin");
});

Deno.test("who sends a welcome without having taken the redeem is refused", () => {
  const lab = new Lab();
  const [admin] = lab.space(1) as [SimPeer];
  const ticket = lab.invite(admin);
  const joiner = lab.add();
  joiner.request({ type: "join", keys: ticket, addresses: [admin.listensAt as string] }, () => {});
  lab.until(() => new SpaceState(joiner.store).pendingRedeem !== null, "the redeem to be made");
  admin.crash(true);
  const liar = new Stranger(lab, {
    message: (link, message) => {
      if (message.type === "knock") link.send({ type: "welcome", epochs: [{ number: 0, secret: new Uint8Array(32) }] });
    },
  });
  joiner.request({ type: "join", keys: ticket, addresses: [liar.listensAt] }, () => {});
  lab.until(() => liar.closed.length > 0, "the link to be closed");
  assertEquals([liar.closed[0], new SpaceState(joiner.store).space], ["bad_state", null]);
});

Deno.test("whose time is over does not come back by the ticket it came in by", () => {
  const lab = new Lab();
  const [admin, other] = lab.space(2) as [SimPeer, SimPeer];
  const keys = { inviteSeed: lab.prng.bytes(32), macKey: lab.prng.bytes(32), tagKey: lab.prng.bytes(32) };
  const memberExpiresMs = Math.floor(admin.now.wallMs) + 8_000;
  const secret = lab.prng.bytes(8);
  lab.ask(admin, { type: "invite", keys, secret, role: "writer", uses: 5, expiresMs: 0, memberExpiresMs });
  const guest = lab.add();
  lab.join(guest, keys, admin);
  lab.untilHealed();
  admin.crash(false);
  lab.until(() => !lab.isLinked(other, guest) && !lab.isLinked(guest, other), "its time to be over");
  const late = lab.add();
  for (const peer of [guest, late]) {
    const reply = lab.answer(peer, { type: "join", keys, addresses: [other.listensAt as string] });
    assert(!reply.ok && reply.code === "refused_ticket");
  }
});

Deno.test("who lost its store after it had redeemed a ticket gets in by it again, under the redeem that the door has", () => {
  const lab = new Lab();
  const [admin] = lab.space(1) as [SimPeer];
  const ticket = lab.invite(admin);
  const joiner = lab.add();
  const blank = joiner.backup();
  lab.join(joiner, ticket, admin);
  lab.until(() => admin.machine?.members().length === 2, "the joiner to be in");
  joiner.crash(false);
  joiner.restore(blank);
  joiner.boot();
  lab.join(joiner, ticket, admin);
  lab.untilHealed();
  for (const peer of [joiner, admin]) {
    lab.set(peer, `by/${peer.index}`, "v");
    lab.untilHealed();
    joiner.crash(false);
    joiner.boot();
    lab.untilHealed();
  }
  assertEquals([admin.transactions().size, new SpaceState(joiner.store).isArriving], [5, false]);
  lab.ask(admin, { type: "revoke", peer: joiner.id });
  lab.until(() => joiner.machine?.status().removedBy === admin.id, "it to know that it was removed");
});

Deno.test("who left comes back by the ticket it came in by, where that is good for more, but not by what it redeemed", () => {
  const lab = new Lab();
  const [admin, other] = lab.space(2) as [SimPeer, SimPeer];
  const ticket = lab.invite(admin, 3);
  const guest = lab.add();
  lab.join(guest, ticket, admin);
  lab.untilHealed();
  const redeemed = new SpaceState(guest.store).pendingRedeem?.transaction as TransactionBytes;
  lab.ask(guest, { type: "leave" });
  lab.until(() => [admin, other].every((peer) => peer.machine?.members().length === 2), "it to be gone");
  const knock = (link: Session, seed: Uint8Array) => {
    const tag = knockTag(SigningKey.fromSeed(seed).publicKey, link.handshakeHash);
    link.send({ type: "knock", tag });
  };
  const replayed = new Stranger(lab, {
    opened: (link) => knock(link, ticket.inviteSeed),
    message: (link, { type }) => type === "offer" && link.send({ type: "redeem", transaction: redeemed }),
  }, guest.identity);
  assertEquals(replayed.closedBy(admin), "refused_ticket");
  assertEquals(replayed.messages.map(({ type }) => type), ["offer"]);
  lab.join(guest, ticket, other);
  lab.untilHealed();
  lab.set(guest, "k", "v");
  lab.untilHealed();
});
