import { assert, assertEquals } from "@std/assert";
import { MAX_PENDING_LINKS, REFUSE_STRANGER_AFTER_MS } from "../../lib/base/limits.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import { Identity, signWith } from "../../lib/crypto/identity.ts";
import { SigningKey } from "../../lib/crypto/sign.ts";
import { MerkleTree } from "../../lib/data/merkle_tree.ts";
import { buildTransaction, toBytes } from "../../lib/data/transaction.ts";
import type { TicketKeys } from "../../lib/peer/machine.ts";
import { SpaceState } from "../../lib/peer/space_state.ts";
import { grantMac, knockTag, spaceProof } from "../../lib/space/grant.ts";
import { redeemMessage } from "../../lib/wire/authenticated.ts";
import { DOMAINS } from "../../lib/wire/domains.ts";
import type { Offer } from "../../lib/wire/door_messages.ts";
import type { Message } from "../../lib/wire/message.ts";
import type { Grant } from "../../lib/wire/operation.ts";
import { type PeerRecord, recordMessage } from "../../lib/wire/peer_record.ts";
import { Lab } from "../sim/lab.ts";
import type { SimPeer } from "../sim/sim_peer.ts";
import { type Session, Stranger } from "./stranger.ts";

const MAC = new Uint8Array(32).fill(1);

/** A lab with a space of one, to which strangers come. */
function setUp(): { lab: Lab; peer: SimPeer } {
  const lab = new Lab();
  const peer = lab.space(1)[0] as SimPeer;
  lab.set(peer, "secret", "x");
  return { lab, peer };
}

function publicKeyOf(keys: TicketKeys): Uint8Array {
  return SigningKey.fromSeed(keys.inviteSeed).publicKey;
}

function secretOf(peer: SimPeer): Uint8Array {
  return new SpaceState(peer.store).epochs.at(-1)?.secret as Uint8Array;
}

function recordOf(identity: Identity): PeerRecord {
  const unsigned = { peer: identity.peerId, dateMs: 1, name: "", addresses: [] };
  return { ...unsigned, signature: identity.sign(DOMAINS.record, recordMessage(unsigned)) };
}

Deno.test("a stranger without proof is closed, and told nothing", () => {
  const { lab, peer } = setUp();
  const stranger = new Stranger(lab, { opened: (link) => link.send({ type: "prove", mac: MAC }) });
  assertEquals(stranger.closedBy(peer), "not_a_member");
  assertEquals(stranger.messages, []);
});

Deno.test("to a stranger a peer in no space is as one in a space", () => {
  const { lab, peer } = setUp();
  const without = lab.add();
  const attempts = [{ type: "prove", mac: MAC }, { type: "knock", tag: MAC }, { type: "pull" }, null] as const;
  const seen = (peer: SimPeer) =>
    attempts.map((message) => {
      const stranger = new Stranger(lab, message === null ? {} : { opened: (link) => link.send(message) });
      const startMs = lab.schedule.nowMs;
      const reason = stranger.closedBy(peer);
      const tookMs = lab.schedule.nowMs - startMs;
      return { reason, messages: stranger.messages, slow: tookMs > 1000 };
    });
  const expected = ["not_a_member", "refused_ticket", "bad_state", "handshake_timeout"];
  assertEquals(seen(peer).map(({ reason }) => reason), expected);
  assertEquals(seen(without), seen(peer));
});

Deno.test("when a stranger is refused tells nothing of what it was compared with", () => {
  const { lab, peer } = setUp();
  for (const message of [{ type: "prove", mac: MAC }, { type: "knock", tag: MAC }, { type: "pull" }] as const) {
    let sentMs = 0;
    const stranger = new Stranger(lab, {
      opened: (link) => {
        sentMs = lab.schedule.nowMs;
        // What comes behind it is not looked at.
        for (const _ of [1, 2]) link.send(message);
      },
    });
    stranger.closedBy(peer);
    const tookMs = lab.schedule.nowMs - sentMs;
    assert(
      tookMs >= REFUSE_STRANGER_AFTER_MS && tookMs < REFUSE_STRANGER_AFTER_MS + 50,
      `${message.type}: ${tookMs} ms`,
    );
  }
});

Deno.test("a stranger that says nothing is closed after ten seconds", () => {
  const { lab, peer } = setUp();
  const startMs = lab.schedule.nowMs;
  assertEquals(new Stranger(lab).closedBy(peer), "handshake_timeout");
  const tookMs = lab.schedule.nowMs - startMs;
  assert(tookMs >= 10_000 && tookMs < 10_100, `${tookMs} ms`);
});

Deno.test("nothing but a proof or a knock is taken from a stranger", () => {
  const { lab, peer } = setUp();
  const messages: Message[] = [
    { type: "pull" },
    { type: "frontier", entries: [] },
    { type: "transactions", list: [] },
    { type: "records", list: [] },
    { type: "want", ids: [] },
    { type: "welcome", epochs: [{ number: 0, secret: MAC }] },
    { type: "redeem", transaction: toBytes(buildRedeem(lab, peer, MAC, new Uint8Array(32)).transaction) },
  ];
  for (const message of messages) {
    const stranger = new Stranger(lab, { opened: (link) => link.send(message) });
    assertEquals(stranger.closedBy(peer), "bad_state", message.type);
    assertEquals(stranger.messages, []);
  }
});

Deno.test("a proof that is echoed is none", () => {
  const { lab, peer } = setUp();
  const stranger = new Stranger(lab, {
    message: (link, message) => {
      if (message.type === "prove") link.send(message);
    },
  });
  lab.ask(peer, { type: "connect", address: stranger.listensAt });
  lab.until(() => stranger.closed.length > 0, "the echo to be refused");
  assertEquals(stranger.closed, ["not_a_member"]);
});

Deno.test("a knock without a good ticket is refused: unknown, expired, used up", () => {
  const { lab, peer } = setUp();
  const knocker = (key: Uint8Array) =>
    new Stranger(lab, { opened: (link) => link.send({ type: "knock", tag: knockTag(key, link.handshakeHash) }) });
  assertEquals(knocker(MAC).closedBy(peer), "refused_ticket");
  const keys = { inviteSeed: lab.prng.bytes(32), macKey: MAC, tagKey: MAC };
  const { wallMs } = peer.now;
  lab.ask(peer, { type: "invite", keys, secret: MAC, role: "writer", uses: 1, expiresMs: wallMs + 5000 });
  const early = knocker(publicKeyOf(keys));
  early.dial(peer);
  lab.until(() => early.messages.length > 0, "the offer");
  assertEquals(early.messages[0]?.type, "offer");
  lab.wait(5000);
  const late = knocker(publicKeyOf(keys));
  assertEquals([late.closedBy(peer), late.messages], ["refused_ticket", []]);
  const used = lab.invite(peer);
  lab.join(lab.add(), used, peer);
  assertEquals(knocker(publicKeyOf(used)).closedBy(peer), "refused_ticket");
});

Deno.test("a redeem is refused at the door that is another grant's, another peer's, or not signed by the ticket", () => {
  const { lab, peer } = setUp();
  const keys = lab.invite(peer);
  const other = lab.invite(peer);
  const wrong: ((offer: Offer, stranger: Stranger) => Parameters<typeof buildRedeem>)[] = [
    (
      offer,
      { identity },
    ) => [lab, peer, keys.inviteSeed, sha256(offer.grantHeader), Identity.generate(lab.prng), identity],
    (offer, { identity }) => [lab, peer, other.inviteSeed, sha256(offer.grantHeader), identity, identity],
    (_offer, { identity }) => [lab, peer, keys.inviteSeed, lab.prng.bytes(32), identity, identity],
  ];
  for (const [i, argumentsOf] of wrong.entries()) {
    const stranger: Stranger = new Stranger(lab, {
      opened: (link) => link.send({ type: "knock", tag: knockTag(publicKeyOf(keys), link.handshakeHash) }),
      message: (link, message) => {
        if (message.type !== "offer") return;
        const { transaction } = buildRedeem(...argumentsOf(message, stranger));
        link.send({ type: "redeem", transaction: toBytes(transaction) });
      },
    });
    assert(["refused_ticket", "bad_transaction"].includes(stranger.closedBy(peer)), `case ${i}`);
    assertEquals(stranger.messages.map(({ type }) => type), ["offer"]);
  }
  assertEquals(peer.machine?.members().length, 1);
  // The ticket is still good.
  lab.join(lab.add(), keys, peer);
  lab.untilHealed();
});

Deno.test("a joiner is lured into no space but that of its ticket, and gives nothing away", () => {
  const { lab, peer } = setUp();
  const keys = lab.invite(peer);
  const good = offerOf(lab, keys);
  const flipped = (bytes: Uint8Array) => bytes.map((byte, i) => i === bytes.length - 1 ? byte ^ 1 : byte);
  const offers: Offer[] = [
    offerOf(lab, { ...keys, inviteSeed: lab.prng.bytes(32) }),
    offerOf(lab, { ...keys, macKey: lab.prng.bytes(32) }),
    { ...good, space: lab.prng.bytes(32) },
    { ...good, grantSignature: flipped(good.grantSignature) },
    { ...good, grantHeader: flipped(good.grantHeader) },
    { ...good, grantIndex: 1 },
    { ...good, grantPath: [MAC] },
  ];
  for (const [i, offer] of [...offers, good].entries()) {
    const door = new Stranger(lab, {
      message: (link, message) => {
        if (message.type === "knock") link.send(offer);
      },
    });
    const joiner = lab.add();
    const isGood = offer === good;
    joiner.request({ type: "join", keys, addresses: [door.listensAt] }, (reply) => {
      assert(!isGood && !reply.ok && reply.code === "refused_ticket", `offer ${i}: ${JSON.stringify(reply)}`);
    });
    lab.wait(3000);
    assertEquals(door.messages.map(({ type }) => type), isGood ? ["knock", "redeem"] : ["knock"], `offer ${i}`);
    joiner.crash(true);
  }
});

Deno.test("a join that finds no door gives up with what was in the way", () => {
  const { lab, peer } = setUp();
  const keys = lab.invite(peer);
  const joiner = lab.add();
  const startMs = lab.schedule.nowMs;
  const nowhere = lab.answer(joiner, { type: "join", keys, addresses: ["10.9.9.9:9"] });
  assert(!nowhere.ok && nowhere.code === "join_failed");
  assert(lab.schedule.nowMs - startMs >= 15_000 && lab.schedule.nowMs - startMs < 15_100);
  const none = lab.answer(joiner, { type: "join", keys, addresses: [] });
  assert(!none.ok && none.code === "join_failed");
  const itself = lab.answer(joiner, { type: "join", keys, addresses: [joiner.listensAt as string] });
  assert(!itself.ok && itself.code === "refused_ticket", JSON.stringify(itself));
  // One good address among bad ones is enough.
  lab.ask(joiner, { type: "join", keys, addresses: ["10.9.9.9:9", peer.listensAt as string] });
  lab.untilHealed();
});

Deno.test("strangers that wait are bounded, and give way", () => {
  const { lab, peer } = setUp();
  const strangers = Array.from({ length: MAX_PENDING_LINKS + 5 }, () => new Stranger(lab));
  for (const stranger of strangers) stranger.dial(peer);
  lab.wait(1000);
  assertEquals(peer.events.get("link_refused"), 5);
  assertEquals(lab.network.connections().length, MAX_PENDING_LINKS);
  lab.wait(10_000);
  assertEquals(lab.network.connections().length, 0);
  lab.join(lab.add(), lab.invite(peer), peer);
  lab.untilHealed();
});

Deno.test("a member is who its key says: another's record closes the link, and so does what strangers say", () => {
  const { lab, peer } = setUp();
  const prove = (identity: Identity) => (link: Session) => {
    link.send({ type: "prove", mac: spaceProof(secretOf(peer), link.handshakeHash, "out", identity.peerId) });
  };
  const other = Identity.generate(lab.prng);
  const messages: Message[] = [
    { type: "hello", version: "x", record: recordOf(other) },
    { type: "knock", tag: MAC },
    { type: "prove", mac: MAC },
    { type: "pull" },
  ];
  for (const message of messages) {
    const identity = Identity.generate(lab.prng);
    const member = new Stranger(lab, {
      opened: prove(identity),
      message: (link, { type }) => {
        if (type === "prove") link.send(message);
      },
    }, identity);
    assertEquals(member.closedBy(peer), "bad_state", message.type);
  }
});

/** A grant in a space of a stranger's own, for the ticket of somebody else. */
function offerOf(lab: Lab, keys: TicketKeys): Offer {
  const identity = Identity.generate(lab.prng);
  const space = lab.prng.bytes(32);
  const place = { previous: null, parents: [space] };
  const grant: Grant = {
    kind: "grant",
    subjectKind: "invite",
    subject: publicKeyOf(keys),
    role: "writer",
    prefix: "",
    expiresMs: 0,
    standingExpiresMs: 0,
    uses: 1,
    derivation: 1,
    mac: new Uint8Array(32),
  };
  const { header, headerBytes, signature, operations } = buildTransaction(identity, space, {
    peer: identity.peerId,
    instance: new Uint8Array(16),
    sequence: 1,
    ...place,
    standing: { transaction: space, index: 0 },
    clock: { ms: 1, count: 0 },
    firstOperation: 0,
  }, [{ operation: { ...grant, mac: grantMac(keys.macKey, space, grant, place) }, value: null }]);
  const leaves = operations.map(({ leaf }) => leaf);
  return {
    type: "offer",
    space,
    grantHeader: headerBytes,
    grantSignature: signature,
    grantLeaf: leaves[0] as Uint8Array,
    grantIndex: 0,
    grantPath: MerkleTree.over(leaves).path(0),
    heads: [space],
    clock: header.clock,
  };
}

/** A redeem of a grant by a ticket, for `joiner`, written by `writer`. */
function buildRedeem(
  lab: Lab,
  peer: SimPeer,
  inviteSeed: Uint8Array,
  grant: Uint8Array,
  joiner = Identity.generate(lab.prng),
  writer = joiner,
) {
  const space = new SpaceState(peer.store).space as Uint8Array;
  const key = SigningKey.fromSeed(inviteSeed);
  const transaction = buildTransaction(writer, space, {
    peer: writer.peerId,
    instance: new Uint8Array(16),
    sequence: 1,
    previous: null,
    parents: peer.store.tips(),
    standing: null,
    clock: { ms: 1, count: 0 },
    firstOperation: 0,
  }, [{
    operation: {
      kind: "redeem",
      grant: { transaction: grant, index: 0 },
      signature: signWith(key, DOMAINS.redeem, redeemMessage(space, joiner.peerId)),
      sealingKey: joiner.sealingPublicKey,
    },
    value: null,
  }]);
  return { transaction };
}
