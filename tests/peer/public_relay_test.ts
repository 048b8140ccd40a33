import { assert, assertEquals, assertMatch } from "@std/assert";
import { toBase32 } from "../../lib/base/base32.ts";
import type { CloseReason } from "../../lib/base/errors.ts";
import {
  FULL_MESH_LINKS,
  FULL_MESH_SLACK,
  HANDSHAKE_TIMEOUT_MS,
  MAX_RELAY_CLIENTS_OF_SOURCE,
  MAX_RELAY_OPENS_BURST,
  MAX_RELAY_PAIR_OPENS_BURST,
  MAX_RELAYED_CIRCUITS_OF_SOURCE,
  MAX_WORK_BURST,
  RELAYED_CIRCUIT_LIFE_MS,
} from "../../lib/base/limits.ts";
import { Identity } from "../../lib/crypto/identity.ts";
import { lanDay } from "../../lib/mesh/lan_names.ts";
import { relayAccessProof, relayTicketTag } from "../../lib/mesh/relay_keys.ts";
import { JOIN_TIMEOUT_MS } from "../../lib/peer/join.ts";
import { lanKeysOf } from "../../lib/peer/lan_discovery.ts";
import type { TicketKeys } from "../../lib/peer/machine.ts";
import type { Message } from "../../lib/wire/message.ts";
import { Lab } from "../sim/lab.ts";
import { SimRelay } from "../sim/sim_relay.ts";
import { ApartLab } from "./apart_lab.ts";
import { RelayUser } from "./relay_user.ts";
import { Stranger } from "./stranger.ts";

const RECORD = { dateMs: 1, name: "", addresses: [], signature: new Uint8Array(64) };

Deno.test("two that reach nobody but a relay which is no member: one joins the other through it, and both sync", () => {
  const lab = new ApartLab();
  lab.joinApart();
  lab.set(lab.a, "k", "written behind a router");
  lab.untilHealed();
  const [linked] = lab.b.machine!.peers();
  assertEquals([linked?.path, linked?.relay], ["relayed", toBase32(lab.relay.identity.peerId)]);
  assertEquals(linked?.relayName, lab.relay.address.addresses[0]);
  assertEquals([lab.viewOf(lab.a)?.isLinked, lab.viewOf(lab.b)?.problem], [true, null]);
  const { clients, circuits, carriedBytes } = lab.relay.machine.counts;
  assertEquals([clients, circuits], [2, 1]);
  assert(carriedBytes > 500, `${carriedBytes} bytes`);
});

Deno.test("members that are linked through it find each other again after it, or one of them, was away", () => {
  const lab = new ApartLab();
  lab.joinApart();
  lab.relay.crash();
  lab.until(() => !lab.isLinked(lab.a, lab.b) && !lab.isLinked(lab.b, lab.a), "both to be without a link");
  assertMatch(lab.viewOf(lab.a)?.problem ?? "", /truncated|unreachable/);
  lab.set(lab.a, "k", "while it was away");
  lab.relay.boot();
  lab.untilHealed();
  lab.b.crash(false);
  lab.set(lab.a, "k", "again");
  lab.b.boot();
  lab.untilHealed();
  assertEquals(lab.b.machine?.peers()[0]?.path, "relayed");
});

Deno.test("the circuit to a door, by which one joined, is renewed before its time of life is over", () => {
  const lab = new ApartLab();
  lab.joinApart();
  lab.told.splice(0);
  lab.wait(RELAYED_CIRCUIT_LIFE_MS);
  const closed = lab.relay.events.filter(({ name }) => name === "relay_closed");
  assertEquals(closed.map(({ reason }) => reason), ["done"]);
  assertEquals(lab.told.filter(({ name }) => name === "link_closed").map(({ reason }) => reason), ["duplicate_link"]);
  assertEquals(lab.b.machine?.peers()[0]?.path, "relayed");
});

Deno.test("a member is asked first where one relays, and a direct link takes the place of one through the relay", () => {
  const lab = new ApartLab();
  lab.joinApart();
  lab.network.mend(lab.a, lab.b);
  lab.until(() => lab.a.machine?.peers()[0]?.path === "direct", "a direct link");
  lab.until(() => lab.relay.machine.counts.circuits === 0, "the circuit to end");
  const m = lab.add({ servesRelay: true });
  lab.join(m, lab.invite(lab.a), lab.a);
  lab.untilHealed();
  lab.network.cut(lab.a, lab.b);
  for (const end of lab.network.connections()) {
    const hosts = [end.host, end.other.host];
    if (hosts.includes(lab.a) && hosts.includes(lab.b)) lab.network.lose(end);
  }
  lab.until(() => lab.a.machine?.peers().some(({ path }) => path === "relayed") === true, "a relayed link");
  const relayed = lab.a.machine?.peers().find(({ path }) => path === "relayed");
  assertEquals(relayed?.relay, m.id);
});

Deno.test("in a large space, where not all are linked, who is linked with nobody finds some through it", () => {
  const lab = new Lab();
  const relay = new SimRelay(lab);
  const founder = lab.add({ publicRelay: relay.address });
  lab.ask(founder, { type: "create_space" });
  const keys = lab.invite(founder, FULL_MESH_LINKS + FULL_MESH_SLACK + 1);
  for (let i = 0; i <= FULL_MESH_LINKS + FULL_MESH_SLACK; i++) lab.join(lab.add(), keys, founder);
  const alone = lab.add({ publicRelay: relay.address });
  lab.join(alone, lab.invite(founder), founder);
  lab.until(() => alone.machine?.status().members === lab.peers.length, "the space to arrive");
  for (const other of lab.peers) if (other !== alone) lab.network.cut(alone, other);
  for (const end of lab.network.connections()) {
    if ((end.host === alone) !== (end.other.host === alone) && ![end.host, end.other.host].includes(relay)) {
      lab.network.lose(end);
    }
  }
  lab.until(() => alone.machine?.peers().some(({ path }) => path === "relayed") === true, "a relayed link");
});

Deno.test("in whatever spelling its address is named, it is the one address at which it is dialled", () => {
  const lab = new ApartLab();
  const [address = ""] = lab.relay.address.addresses;
  const spelled = [address.replace(":", ":0"), address];
  const c = lab.add({ publicRelay: { ...lab.relay.address, addresses: spelled } });
  lab.until(() => lab.viewOf(c)?.isLinked === true, "a link");
  assertEquals(lab.viewOf(c)?.address, address);
});

Deno.test("who has another key is refused like any stranger, and hears why", () => {
  const lab = new ApartLab({ accessKey: new Uint8Array(16).fill(7) });
  lab.until(() => lab.viewOf(lab.b)?.problem !== null, "the refusal");
  assertEquals(lab.viewOf(lab.b)?.problem, "not_a_member");
  assert((lab.relay.machine.counts.refused.not_a_member ?? 0) > 0);
  assertEquals(lab.relay.machine.counts.clients, 1);
  const reply = lab.answer(lab.b, { type: "join", keys: lab.invite(lab.a), addresses: [] });
  assert(!reply.ok && reply.code === "join_failed");
  assertMatch(String(reply.values.detail), /the relay is not linked: not a member/);
});

Deno.test("another relay at its address is found out before anything is shown to it", () => {
  const lab = new ApartLab();
  const other = new Stranger(lab);
  const c = lab.add({ publicRelay: { ...lab.relay.address, addresses: [other.listensAt] } });
  lab.until(() => lab.viewOf(c)?.problem !== null, "the refusal");
  assertEquals(lab.viewOf(c)?.problem, "bad_handshake");
  lab.wait(5000);
  assertEquals(other.messages, []);
  assert(other.closed.length > 0 && other.closed.every((reason) => reason === "bad_handshake"));
});

Deno.test("a relay that does not show the key in turn is not used", () => {
  const lab = new ApartLab();
  const liar = new Stranger(lab, {
    message: (link, { type }) => {
      if (type === "relay_access") link.send({ type: "relay_access", mac: new Uint8Array(32) });
    },
  });
  const c = lab.add({
    publicRelay: { ...lab.relay.address, peer: liar.identity.peerId, addresses: [liar.listensAt] },
  });
  lab.until(() => lab.viewOf(c)?.problem !== null, "the refusal");
  assertEquals(lab.viewOf(c)?.problem, "bad_handshake");
});

Deno.test("a relay makes no more work than a member may, or is left alone for a while", () => {
  const lab = new ApartLab();
  const { accessKey } = lab.relay.address;
  const flood = Array.from({ length: MAX_WORK_BURST / 2 + 1 }, (): Message => ({ type: "quic_port", port: 1 }));
  const eager: Stranger = new Stranger(lab, {
    message: (link, { type }) => {
      if (type !== "relay_access") return;
      const mac = relayAccessProof(accessKey, link.handshakeHash, "in", eager.identity.peerId);
      for (const message of [{ type, mac }, ...flood]) link.send(message);
    },
  });
  const c = lab.add({ publicRelay: { peer: eager.identity.peerId, accessKey, addresses: [eager.listensAt] } });
  lab.until(() => eager.closed.length === 3, "it to be left alone");
  assertEquals(eager.closed, ["too_large", "too_large", "misbehaved"]);
  assertEquals([lab.viewOf(c)?.isLinked, lab.viewOf(c)?.problem], [false, "misbehaved"]);
});

Deno.test("who shows nothing is closed in time, and who says anything else at once", () => {
  const lab = new ApartLab();
  const startMs = lab.schedule.nowMs;
  assertEquals(new Stranger(lab).closedBy(lab.relay), "handshake_timeout");
  assert(lab.schedule.nowMs - startMs < HANDSHAKE_TIMEOUT_MS + 2000);
  for (
    const message of [
      { type: "relay_access", mac: new Uint8Array(32) },
      { type: "prove", mac: new Uint8Array(32) },
      { type: "relay_open", circuit: 1, target: lab.a.identity.peerId },
      { type: "relay_tags", tags: [] },
    ] satisfies Message[]
  ) {
    const stranger = new Stranger(lab, { opened: (link) => link.send(message) });
    assertEquals(stranger.closedBy(lab.relay), "not_a_member");
  }
});

Deno.test("a proof that was seen on one link is good for no other", () => {
  const lab = new ApartLab();
  const proof = relayAccessProof(lab.relay.address.accessKey, new Uint8Array(32), "out", lab.a.identity.peerId);
  const stranger = new Stranger(lab, { opened: (link) => link.send({ type: "relay_access", mac: proof }) });
  assertEquals(stranger.closedBy(lab.relay), "not_a_member");
  const { accessKey } = lab.relay.address;
  // Its own answer, sent back to it.
  const echo: Stranger = new Stranger(lab, {
    opened: (link) => {
      const mac = relayAccessProof(accessKey, link.handshakeHash, "in", lab.relay.identity.peerId);
      link.send({ type: "relay_access", mac });
    },
  });
  assertEquals(echo.closedBy(lab.relay), "not_a_member");
});

Deno.test("circuits to oneself, to the relay, to who is not there are refused with a reason, and endless ones end the link", () => {
  const lab = new ApartLab();
  const client = new RelayUser(lab, lab.relay).link();
  const open = (circuit: number, target: Uint8Array): Message => ({ type: "relay_open", circuit, target });
  client.say(open(1, client.identity.peerId), open(3, lab.relay.identity.peerId), open(5, new Uint8Array(32)));
  assertEquals(client.closes, ["self", "self", "not_linked"]);
  const flood = Array.from({ length: 2 * MAX_RELAY_OPENS_BURST }, (_, i) => open(7 + 2 * i, new Uint8Array(32)));
  client.say(...flood.slice(0, MAX_RELAY_OPENS_BURST / 2));
  client.say(...flood.slice(MAX_RELAY_OPENS_BURST / 2, MAX_RELAY_OPENS_BURST));
  assertEquals(client.closes.at(-1), "too_often");
  assert((lab.relay.machine.counts.refused.too_often ?? 0) > 0);
  client.say(...Array.from({ length: 5000 }, (_, i) => open(1001 + 2 * i, new Uint8Array(32))));
  assertEquals(client.closed, ["too_large"]);
  assertEquals(lab.relay.machine.counts.circuits, 0);
});

Deno.test("what belongs between members, or comes from a relay, ends a client's link", () => {
  const lab = new ApartLab();
  for (
    const message of [
      { type: "hello", version: "1", record: { ...RECORD, peer: new Uint8Array(32) } },
      { type: "relay_incoming", circuit: 1, from: new Uint8Array(32) },
      { type: "relay_data", circuit: 1, bytes: new Uint8Array(1) },
      { type: "relay_access", mac: new Uint8Array(32) },
    ] satisfies Message[]
  ) {
    const client = new RelayUser(lab, lab.relay).link();
    client.say(message);
    assertEquals(client.closed, ["bad_state"], message.type);
  }
});

Deno.test("a tag leads to who registered it last, by turns where there are several, and to nobody once it is gone", () => {
  const lab = new ApartLab();
  const [one, two, asker] = [1, 2, 3].map(() => new RelayUser(lab, lab.relay).link());
  assert(one !== undefined && two !== undefined && asker !== undefined);
  const [tag, other] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  one.say({ type: "relay_tags", tags: [tag, other] });
  two.say({ type: "relay_tags", tags: [tag] });
  const incoming = (client: RelayUser) =>
    client.messages.flatMap((message) => message.type === "relay_incoming" ? [toBase32(message.from)] : []);
  let circuit = 1;
  const ask = (target: Uint8Array) => asker.say({ type: "relay_open", circuit: circuit += 2, target });
  for (let i = 0; i < 4; i++) ask(tag);
  const from = toBase32(asker.identity.peerId);
  assertEquals([incoming(one), incoming(two)], [[from, from], [from, from]]);
  one.say({ type: "relay_tags", tags: [] });
  ask(other);
  assertEquals(asker.closes.at(-1), "not_linked");
  // Nobody is led to itself.
  asker.say({ type: "relay_tags", tags: [other] });
  ask(other);
  assertEquals(asker.closes.filter((reason) => reason === "not_linked").length, 2);
  // A peer's id is no tag that another one could take.
  asker.say({ type: "relay_tags", tags: [one.identity.peerId] });
  two.say({ type: "relay_open", circuit: 1, target: one.identity.peerId });
  assertEquals(incoming(one).length, 3);
});

Deno.test("who registers the tag of a ticket that it does not hold keeps nobody from the true door", () => {
  const lab = new ApartLab();
  const keys = lab.invite(lab.a);
  const day = lanDay(lab.a.now.wallMs);
  new RelayUser(lab, lab.relay).link().say({
    type: "relay_tags",
    tags: lanKeysOf(keys).map((key) => relayTicketTag(key, day)),
  });
  lab.ask(lab.b, { type: "join", keys, addresses: [] });
  lab.untilHealed();
});

/** Somebody who knows the tags of a ticket, and no more of it, takes the turn before the true door, and refuses. */
function squatterOf(lab: ApartLab, keys: TicketKeys, reason: CloseReason = "refused_ticket"): RelayUser {
  const squatter = new RelayUser(lab, lab.relay).link();
  squatter.refusesFor = reason;
  const day = lanDay(lab.a.now.wallMs);
  lab.a.crash(false);
  squatter.say({ type: "relay_tags", tags: lanKeysOf(keys).map((key) => relayTicketTag(key, day)) });
  return squatter;
}

Deno.test("a false door behind a relay that refuses the ticket does not end the join: the true one is asked as well", () => {
  const lab = new ApartLab();
  const keys = lab.invite(lab.a);
  const squatter = squatterOf(lab, keys);
  lab.a.boot();
  lab.until(() => lab.viewOf(lab.a)?.isLinked === true, "the true door to be there");
  lab.wait(1000);
  lab.ask(lab.b, { type: "join", keys, addresses: [] });
  assert(squatter.refusals > 0);
  lab.untilHealed();
});

Deno.test("where all doors behind a relay refuse the ticket, that is told once the time of the join is over", () => {
  const lab = new ApartLab();
  const keys = lab.invite(lab.a);
  const squatter = squatterOf(lab, keys);
  const startMs = lab.schedule.nowMs;
  const reply = lab.answer(lab.b, { type: "join", keys, addresses: [] });
  assert(!reply.ok && reply.code === "refused_ticket");
  assertMatch(searching(lab), /who answers there refuses the ticket, but need not be who made it/);
  assert(lab.schedule.nowMs - startMs >= JOIN_TIMEOUT_MS);
  assert(squatter.refusals > 2, `${squatter.refusals} refusals`);
});

Deno.test("where nobody behind a relay answers for a ticket, that it is used up, or the members away, is told soon", () => {
  for (const isAway of [false, true]) {
    const lab = new ApartLab();
    const keys = lab.invite(lab.a);
    if (isAway) lab.a.crash(false);
    else lab.ask(lab.add({ publicRelay: lab.relay.address }), { type: "join", keys, addresses: [] });
    const reply = lab.answer(lab.b, { type: "join", keys, addresses: [] });
    assert(!reply.ok && reply.code === "join_failed");
    const both = /nobody there answers for this ticket: it is used up, expired or closed, or the members are away/;
    assertMatch(searching(lab), both);
    assertMatch(String(reply.values.detail), both);
  }
});

Deno.test("who answers behind a relay, and is of another version, is not said to refuse the ticket", () => {
  const lab = new ApartLab();
  const keys = lab.invite(lab.a);
  squatterOf(lab, keys, "version_too_new");
  const reply = lab.answer(lab.b, { type: "join", keys, addresses: [] });
  assert(!reply.ok && reply.code === "version_too_new");
  assertMatch(searching(lab), /: version too new;/);
});

/** What the second one was told while it looked for a door. */
function searching(lab: ApartLab): string {
  return lab.told.find(({ name }) => name === "join_searching")?.reason ?? "";
}

Deno.test("only so many come from one place, and who comes a second time takes its own place", () => {
  const lab = new ApartLab();
  const clientOf = (identity?: Identity) => {
    const client = new RelayUser(lab, lab.relay, identity);
    client.listensAt = "10.3.0.1:1";
    return client;
  };
  const clients = Array.from({ length: MAX_RELAY_CLIENTS_OF_SOURCE }, () => clientOf().link());
  assertEquals(clientOf().closedBy(lab.relay), "too_many_links");
  const [first] = clients as [RelayUser];
  clientOf(first.identity).link();
  assertEquals(first.closed, ["duplicate_link"]);
  assertEquals(lab.relay.machine.counts.clients, MAX_RELAY_CLIENTS_OF_SOURCE + 2);
  new RelayUser(lab, lab.relay).link();
});

Deno.test("whether an address is known costs as much among many clients as among few, as it is asked at each connection", () => {
  const lab = new ApartLab();
  const replace = String.prototype.replace as (this: string, ...parts: unknown[]) => string;
  const costs = (address: string) => {
    let count = 0;
    String.prototype.replace = function (...parts: unknown[]) {
      count++;
      return replace.apply(String(this), parts);
    };
    try {
      assertEquals(lab.relay.machine.isKnown(address), address === "[2001:db8:9::2]:1");
    } finally {
      String.prototype.replace = replace as typeof String.prototype.replace;
    }
    return count;
  };
  const few = costs("[2001:db8:8::2]:1");
  for (let i = 0; i < 10; i++) {
    const client = new RelayUser(lab, lab.relay);
    client.listensAt = `[2001:db8:${i}::1]:1`;
    client.link();
  }
  assertEquals([costs("[2001:db8:9::2]:1"), costs("[2001:db8:10::2]:1")], [few, few]);
});

Deno.test("one client is asked for by another one, by its id or a tag, only so often, and keeps its room for others", () => {
  const lab = new ApartLab();
  const [asker, target, third] = [1, 2, 3].map(() => new RelayUser(lab, lab.relay).link());
  assert(asker !== undefined && target !== undefined && third !== undefined);
  const tag = new Uint8Array(32).fill(1);
  target.say({ type: "relay_tags", tags: [tag] });
  const opens = Array.from({ length: MAX_RELAY_PAIR_OPENS_BURST + 2 }, (_, i): Message => {
    return { type: "relay_open", circuit: 1 + 2 * i, target: i % 2 === 0 ? tag : target.identity.peerId };
  });
  asker.say(...opens);
  assertEquals(asker.closes, ["too_often", "too_often"]);
  third.say({ type: "relay_open", circuit: 1, target: target.identity.peerId });
  assertEquals(target.messages.filter(({ type }) => type === "relay_incoming").length, MAX_RELAY_PAIR_OPENS_BURST + 1);
});

Deno.test("those of one place ask for only so many circuits together, however many ids they have", () => {
  const lab = new ApartLab();
  const targets = Array.from({ length: 3 }, () => new RelayUser(lab, lab.relay).link());
  const askers = Array.from({ length: 3 }, () => {
    const asker = new RelayUser(lab, lab.relay);
    asker.listensAt = "10.3.0.1:1";
    return asker.link();
  });
  const each = MAX_RELAYED_CIRCUITS_OF_SOURCE / 2;
  const openAll = (asker: RelayUser, count: number) =>
    asker.say(...Array.from({ length: count }, (_, i): Message => {
      return { type: "relay_open", circuit: 1 + 2 * i, target: targets[i % targets.length]!.identity.peerId };
    }));
  for (const [i, asker] of askers.entries()) openAll(asker, i < 2 ? each : 1);
  assertEquals(askers.map(({ closes }) => closes), [[], [], ["too_many"]]);
  const elsewhere = new RelayUser(lab, lab.relay).link();
  openAll(elsewhere, 1);
  assertEquals([elsewhere.closes, lab.relay.machine.counts.circuits], [[], MAX_RELAYED_CIRCUITS_OF_SOURCE + 1]);
});

Deno.test("a circuit that nobody answers ends in time, and a client that goes takes its circuits along", () => {
  const lab = new ApartLab();
  const [asker, silent] = [new RelayUser(lab, lab.relay).link(), new RelayUser(lab, lab.relay).link()];
  asker.say({ type: "relay_open", circuit: 1, target: silent.identity.peerId });
  lab.wait(6000);
  assertEquals(asker.closes, ["no_answer"]);
  asker.say({ type: "relay_open", circuit: 3, target: silent.identity.peerId });
  silent.leave();
  lab.wait(1000);
  assertEquals(asker.closes, ["no_answer", "lost"]);
  assertEquals(lab.relay.machine.counts.clients, 3);
});
