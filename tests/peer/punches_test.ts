import { assert, assertEquals, assertThrows } from "@std/assert";
import { toBase32 } from "../../lib/base/base32.ts";
import { ProtocolError } from "../../lib/base/errors.ts";
import {
  MAX_PUNCH_ADDRESSES,
  MAX_PUNCH_WITNESSES,
  MAX_PUNCHES,
  PUNCH_ANSWER_TIMEOUT_MS,
  PUNCH_EVERY_MS,
  PUNCH_LINK_TIMEOUT_MS,
} from "../../lib/base/limits.ts";
import type { Identity } from "../../lib/crypto/identity.ts";
import type { Connection, Links } from "../../lib/peer/links.ts";
import { Punches } from "../../lib/peer/punches.ts";
import type { Message } from "../../lib/wire/message.ts";
import { seeded } from "../link/pair.ts";

const HOME = "203.0.113.9:40000";
const THEIRS = "198.51.100.77:5485";
const SELF = 100;
/** Whose id is above that of this peer, and below. */
const ABOVE = 200;
const BELOW = 50;

function at(monotonicMs: number) {
  return { monotonicMs, wallMs: 1_000_000 + monotonicMs };
}

function idOf(number: number): Uint8Array {
  return new Uint8Array(32).fill(number);
}

/** One peer that takes QUIC at 5485, with two that relay, and the members behind them made up by the test. */
function setUp(
  { port = 5485 as number | null, relayAddress = "198.51.100.1:5484", publicRelay = null as Connection | null } = {},
) {
  const members: Connection[] = [];
  const sent: (readonly [number, Message])[] = [];
  const asked: (readonly string[])[] = [];
  const dialled: string[] = [];
  const events: string[] = [];
  const pinged: number[] = [];
  const punches = new Punches({
    identity: { peerId: idOf(SELF) } as unknown as Identity,
    random: seeded("punches"),
    links: {
      members: () => members.values(),
      send: (number: number, message: Message) => sent.push([number, message]),
      ping: ({ number }: Connection) => pinged.push(number),
    } as unknown as Links,
    quicAsk: (addresses) => asked.push(addresses),
    isSeenFromBeyond: (number) => number < 10,
    publicRelay: () => publicRelay,
    dialQuic: (address) => dialled.push(address),
    nameOf: () => "otter",
    emit: ({ name, reason = "" }) => events.push(`${name} ${reason}`),
  });
  const link = (number: number, by: number, address: string, relay: number | null, ms = 0): Connection => {
    const connection = {
      ...{ number, address, peer: toBase32(idOf(by)), relay: relay === null ? null : toBase32(idOf(relay)) },
      ...{ localAddress: "192.168.1.5:50000", remoteAddress: null, isKnownMember: true, link: { roundTripMs: 80 } },
    } as unknown as Connection;
    members.push(connection);
    punches.linked(connection, at(ms));
    return connection;
  };
  if (port !== null) punches.take({ type: "quic", port, problem: null }, at(0));
  const relays = [link(1, 1, relayAddress, null), link(2, 2, "198.51.100.2:7000", null)];
  for (const relay of relays) punches.received(relay, { type: "quic_port", port: 5485 }, at(0));
  /** A member behind a relay, that takes QUIC as well. */
  const relayed = (by: number, number = by, ms = 0) => {
    const connection = link(number, by, `relay:${toBase32(idOf(1))}`, 1, ms);
    punches.received(connection, { type: "quic_port", port: 5485 }, at(ms));
    sent.splice(0);
    return connection;
  };
  /** Those that were asked last answer. */
  const seen = (ms: number, ...addresses: (string | null)[]) => {
    const seen = (asked.at(-1) ?? []).map((to, i) => ({ asked: to, address: addresses[i] ?? null }));
    punches.take({ type: "quic_seen", seen }, at(ms));
  };
  const answer = (connection: Connection, round: number, addresses: readonly string[], ms: number) => {
    punches.received(connection, { type: "punch", round, answers: true, addresses }, at(ms));
  };
  const offer = (connection: Connection, round: number, addresses: readonly string[], ms: number) => {
    punches.received(connection, { type: "punch", round, answers: false, addresses }, at(ms));
  };
  return { punches, members, sent, asked, dialled, events, pinged, link, relays, relayed, seen, answer, offer };
}

Deno.test("who has the lower id asks where it is seen, says so, and dials as soon as it is answered", () => {
  const { punches, sent, asked, dialled, relayed, seen, answer } = setUp();
  const other = relayed(ABOVE);
  punches.tick(at(0));
  assertEquals(asked, [["198.51.100.1:5485", "198.51.100.2:5485"]]);
  assertEquals(sent, []);
  seen(5, HOME, HOME);
  assertEquals(sent, [[ABOVE, { type: "punch", round: 1, answers: false, addresses: [HOME] }]]);
  answer(other, 7, [THEIRS], 10);
  assertEquals(dialled, [], "that answers something else");
  answer(other, 1, [THEIRS, "[2001:DB8:0::7]:5485", "[2001:db8::7]:5485", THEIRS], 11);
  assertEquals(dialled, [THEIRS, "[2001:db8::7]:5485"]);
  answer(other, 1, [THEIRS], 12);
  assertEquals(dialled.length, 2, "one answer is enough");
});

Deno.test("the other one answers, and dials half a round trip later", () => {
  const { punches, sent, asked, dialled, relayed, seen, offer } = setUp();
  const other = relayed(BELOW);
  punches.tick(at(0));
  assertEquals([asked, punches.deadline()], [[], 2000], "it does not begin");
  offer(other, 9, [THEIRS], 10);
  seen(20, HOME, null);
  assertEquals(sent, [[BELOW, { type: "punch", round: 9, answers: true, addresses: [HOME] }]]);
  assertEquals([dialled, punches.deadline()], [[], 60]);
  punches.tick(at(60));
  assertEquals(dialled, [THEIRS]);
});

Deno.test("a link that comes of it ends the attempt; without one it has failed, and the next is later each time", () => {
  const { punches, events, relayed, seen, answer, link, sent } = setUp();
  const other = relayed(ABOVE);
  const waitsMs: number[] = [];
  let ms = 0;
  for (let round = 1; round <= 9; round++) {
    punches.tick(at(ms));
    seen(ms, HOME, HOME);
    answer(other, round, [THEIRS], ms);
    punches.tick(at(ms + PUNCH_LINK_TIMEOUT_MS - 1));
    assertEquals(events.length, round - 1);
    punches.tick(at(ms + PUNCH_LINK_TIMEOUT_MS));
    assertEquals(events.at(-1), "punch_failed no_way_through");
    assertEquals(punches.failureOf(other), "no_way_through");
    const failedMs = ms + PUNCH_LINK_TIMEOUT_MS;
    ms = punches.deadline();
    waitsMs.push(ms - failedMs);
  }
  waitsMs.forEach((waitMs, i) => {
    const leastMs = Math.min(60_000 * 2 ** i, 3_600_000);
    assert(waitMs >= leastMs && waitMs < 1.5 * leastMs, `${waitMs} ms after ${i + 1}`);
  });
  const offers = sent.length;
  link(300, ABOVE, `quic:${THEIRS}`, null);
  punches.unlinked(other);
  punches.tick(at(ms + PUNCH_LINK_TIMEOUT_MS));
  assertEquals([punches.deadline(), events.length], [Infinity, 9]);
  assertEquals(sent.slice(offers).map(([, { type }]) => type), ["quic_port"]);
});

Deno.test("of holes that open and soon close each has the next one wait longer; one that lasts does not", () => {
  const { punches, relayed, link } = setUp();
  let other = relayed(ABOVE);
  let number = 500;
  /** Through a hole for so long; then by a relay again. @returns how long it is until the next attempt. */
  const punched = (fromMs: number, forMs: number): number => {
    const through = link(number++, ABOVE, `quic:${THEIRS}`, null, fromMs);
    punches.unlinked(other);
    punches.unlinked(through);
    other = relayed(ABOVE, number++, fromMs + forMs);
    return punches.deadline() - fromMs - forMs;
  };
  punches.tick(at(2000));
  let ms = 100_000;
  for (let i = 0; i < 8; i++) {
    const waitMs = punched(ms, 30_000);
    const leastMs = Math.min(60_000 * 2 ** i, 3_600_000);
    assert(waitMs >= leastMs && waitMs < 1.5 * leastMs, `${waitMs} ms after ${i + 1}`);
    ms += 30_000 + waitMs;
  }
  assertEquals(punched(ms, 300_000), 0);
  ms += 300_000;
  assert(punched(ms, 1000) >= 60_000);
  punches.networkChanged(at(ms + 2000));
  assertEquals(punches.deadline(), ms + 2000, "another network, other routers");
});

Deno.test("why an attempt fails is told: nobody to ask, nobody answers, the other one does not, or declines", () => {
  const alone = setUp();
  alone.relays.forEach((relay) => alone.punches.received(relay, { type: "quic_port", port: 0 }, at(0)));
  alone.relayed(ABOVE);
  alone.punches.tick(at(0));
  assertEquals([alone.events, alone.asked, alone.sent], [["punch_failed nobody_to_ask"], [], []]);

  const blocked = setUp();
  blocked.relayed(ABOVE);
  blocked.punches.tick(at(0));
  blocked.seen(5, null, null);
  assertEquals([blocked.events, blocked.sent], [["punch_failed udp_blocked"], []]);
  assertEquals(blocked.punches.view().works, false);

  const unanswered = setUp();
  unanswered.relayed(ABOVE);
  unanswered.punches.tick(at(0));
  unanswered.seen(5, HOME);
  unanswered.punches.tick(at(5 + PUNCH_ANSWER_TIMEOUT_MS));
  assertEquals(unanswered.events, ["punch_failed no_answer"]);

  const declined = setUp();
  const other = declined.relayed(ABOVE);
  declined.punches.tick(at(0));
  declined.seen(5, HOME);
  declined.answer(other, 1, [], 6);
  assertEquals([declined.events, declined.dialled], [["punch_failed declined"], []]);
});

Deno.test("who can't tell where it is seen declines, and dials nobody", () => {
  const blocked = setUp();
  const other = blocked.relayed(BELOW);
  blocked.offer(other, 3, [THEIRS], 0);
  blocked.seen(5, null, null);
  const nothing = [[BELOW, { type: "punch", round: 3, answers: true, addresses: [] }]];
  assertEquals([blocked.sent, blocked.events], [nothing, ["punch_failed udp_blocked"]] as unknown);
  blocked.punches.tick(at(1000));
  assertEquals(blocked.dialled, []);

  const without = setUp({ port: null });
  const another = without.relayed(BELOW);
  without.offer(another, 3, [THEIRS], 0);
  assertEquals([without.sent, without.events], [nothing, ["punch_refused no_quic_here"]] as unknown);
  assertEquals(without.asked, []);
});

Deno.test("a member can have few addresses dialled, once a minute, whatever it says", () => {
  const { punches, dialled, relayed, seen, offer, events, sent, members } = setUp();
  let other = relayed(BELOW);
  const addresses = (round: number) => {
    return Array.from({ length: MAX_PUNCH_ADDRESSES }, (_, i) => `192.0.2.${round % 200}:${1 + i}`);
  };
  const lastMs = 10 * PUNCH_EVERY_MS;
  let round = 0;
  for (let ms = 0; ms < lastMs; ms += 2000) {
    offer(other, ++round, addresses(round), ms);
    seen(ms, HOME, HOME);
    punches.tick(at(ms + 1000));
    // A new link changes nothing.
    punches.unlinked(other);
    members.splice(members.indexOf(other), 1);
    other = relayed(BELOW, 1000 + round);
  }
  assertEquals(dialled.length, 10 * MAX_PUNCH_ADDRESSES);
  assertEquals(events.filter((event) => event === "punch_refused too_often").length, round - 10);
  assertEquals(sent, []);
});

Deno.test("attempts are bounded in number, whoever asks for them", () => {
  const { punches, relayed, offer, seen, events, dialled, sent } = setUp();
  const others = Array.from({ length: MAX_PUNCHES + 3 }, (_, i) => relayed(BELOW - i, 400 + i));
  for (const other of others) offer(other, 1, [THEIRS], 0);
  assertEquals(events, Array(3).fill("punch_refused too_many"));
  seen(5, HOME);
  punches.tick(at(45));
  assertEquals(dialled.length, MAX_PUNCHES);
  assertEquals(sent.length, MAX_PUNCHES + 3, "each is answered");
  // One's own wait.
  const own = setUp();
  for (let i = 0; i < MAX_PUNCHES + 3; i++) own.relayed(ABOVE - i, 400 + i);
  own.punches.tick(at(0));
  own.seen(5, HOME);
  assertEquals(own.sent.length, MAX_PUNCHES);
  assert(own.punches.deadline() > 0);
});

Deno.test("addresses that no single machine can have are wrong; those of this machine count where the relay is there", () => {
  for (
    const address of [
      ...["otter.example:5485", "0.0.0.0:5485", "224.0.0.1:5485", "255.255.255.255:5485", "169.254.1.1:5485"],
      ...[
        "1.2.3.4:0",
        "1.2.3.4",
        "[ff02::1]:5485",
        "[fe80::1]:5485",
        "[::]:5485",
        "[::ffff:1.2.3.4]:5485",
        "quic:1.2.3.4:5",
      ],
    ]
  ) {
    const { relayed, offer, dialled } = setUp();
    const other = relayed(BELOW);
    assertThrows(() => offer(other, 1, [THEIRS, address], 0), ProtocolError, "no address of one machine", address);
    assertEquals(dialled, []);
  }
  for (
    const [relayAddress, target] of [
      ["198.51.100.1:5484", "127.0.0.1:5486"],
      ["198.51.100.1:5484", "[::1]:5486"],
      ["198.51.100.1:5484", "[0:0:0:0:0:0:0:1]:5486"],
      ["198.51.100.1:5484", "[0::0.0.0.1]:5486"],
      ["127.0.0.1:5484", "127.0.0.1:5486"],
    ] as const
  ) {
    const { punches, relayed, offer, seen, dialled, sent, events } = setUp({ relayAddress });
    const other = relayed(BELOW);
    offer(other, 1, [target], 0);
    seen(5, "127.0.0.1:5485");
    punches.tick(at(45));
    const isLocal = relayAddress.startsWith("127.");
    assertEquals(dialled, isLocal ? [target] : [], target);
    assertEquals(events, isLocal ? [] : ["punch_refused no_address"]);
    assertEquals(sent.map(([, message]) => message.type === "punch" && message.addresses), [
      isLocal ? ["127.0.0.1:5485"] : [],
    ]);
  }
});

Deno.test("this peer's own address is not dialled, and a lie of those that are asked does no harm", () => {
  const { punches, relayed, seen, answer, dialled, sent } = setUp();
  const other = relayed(ABOVE);
  punches.tick(at(0));
  seen(5, "224.0.0.1:1", HOME);
  assertEquals(sent.map(([, message]) => message.type === "punch" && message.addresses), [[HOME]]);
  answer(other, 1, [HOME, THEIRS], 9);
  assertEquals(dialled, [THEIRS]);
});

Deno.test("a punch on a link that is not relayed, or by the wrong side, is wrong; of who is no member it is refused", () => {
  const { relays, relayed, offer, answer, events, dialled } = setUp();
  assertThrows(() => offer(relays[0] as Connection, 1, [THEIRS], 0), ProtocolError, "not relayed");
  const [above, below] = [relayed(ABOVE), relayed(BELOW)];
  assertThrows(() => offer(above, 1, [THEIRS], 0), ProtocolError, "by the wrong side");
  assertThrows(() => answer(below, 1, [THEIRS], 0), ProtocolError, "by the wrong side");
  below.isKnownMember = false;
  offer(below, 1, [THEIRS], 0);
  assertEquals([events, dialled], [["punch_refused not_a_member"], []]);
  // Of a link that was replaced nothing is of use, and nothing is wrong.
  offer({ ...below, number: 99 } as Connection, 1, [THEIRS], 0);
  assertEquals(events.length, 1);
});

Deno.test("nothing is tried where one of both takes no QUIC, and it is said who", () => {
  const { punches, relayed, asked } = setUp();
  const other = relayed(ABOVE);
  punches.received(other, { type: "quic_port", port: 0 }, at(0));
  punches.tick(at(0));
  assertEquals([asked, punches.failureOf(other)], [[], "no_quic_there"]);
  punches.received(other, { type: "quic_port", port: 1 }, at(1));
  assertEquals([punches.failureOf(other), punches.deadline()], [null, 1]);
  punches.take({ type: "quic", port: null, problem: "it is switched off" }, at(2));
  punches.tick(at(3));
  assertEquals([asked, punches.failureOf(other)], [[], "no_quic_here"]);
  assertEquals(punches.view().problem, "it is switched off");
});

Deno.test("each member is told the port, once it is known and when it changes", () => {
  const { punches, sent, relays } = setUp({ port: null });
  const tells = () => sent.splice(0).map(([number, message]) => [number, message.type === "quic_port" && message.port]);
  assertEquals(tells(), []);
  punches.take({ type: "quic", port: 7, problem: null }, at(0));
  punches.take({ type: "quic", port: 7, problem: null }, at(0));
  assertEquals(tells(), relays.map(({ number }) => [number, 7]));
  punches.take({ type: "quic", port: null, problem: "gone" }, at(0));
  assertEquals(tells(), relays.map(({ number }) => [number, 0]));
});

Deno.test("without anybody to be reached two members from beyond this network are asked once, for people to know", () => {
  const { punches, asked, seen, relays } = setUp();
  assertEquals(punches.view().works, null);
  punches.tick(at(punches.deadline()));
  assertEquals(asked.length, 1);
  seen(2000, HOME, HOME);
  const by = relays.map(({ peer }) => ({ by: peer, address: HOME }));
  assertEquals(punches.view(), { port: 5485, problem: null, works: true, mapping: "same", seen: by, failed: [] });
  punches.received(relays[0] as Connection, { type: "quic_port", port: 5485 }, at(3000));
  punches.tick(at(punches.deadline()));
  assertEquals([asked.length, punches.deadline()], [1, Infinity], "all is known");
  const later = setUp();
  for (const relay of later.relays) later.punches.received(relay, { type: "quic_port", port: 0 }, at(0));
  later.punches.tick(at(2000));
  assertEquals([later.asked, later.punches.deadline()], [[], Infinity], "nobody takes QUIC");
  later.punches.received(later.relays[0] as Connection, { type: "quic_port", port: 5485 }, at(3000));
  assertEquals(later.punches.deadline(), 5000);
  later.punches.tick(at(5000));
  assertEquals(later.asked.length, 1);
  punches.networkChanged(at(200_000));
  assertEquals(punches.view().works, null);
  punches.tick(at(punches.deadline()));
  assertEquals(asked.length, 2);
});

Deno.test("members that say again and again where they take QUIC put nothing off, and have nothing tried more often", () => {
  const { punches, relays, asked } = setUp();
  const [first, second] = relays as [Connection, Connection];
  for (let ms = 0; ms < 4000; ms += 500) {
    punches.received(first, { type: "quic_port", port: 5485 + ms }, at(ms));
    punches.tick(at(ms));
  }
  assertEquals(asked.length, 1);

  const alone = setUp();
  for (const relay of alone.relays) alone.punches.received(relay, { type: "quic_port", port: 0 }, at(0));
  alone.relayed(ABOVE);
  alone.punches.tick(at(0));
  const before = alone.punches.deadline();
  alone.punches.received(second, { type: "quic_port", port: 0 }, at(1));
  assertEquals([alone.punches.deadline(), alone.events.length], [before, 1]);
});

Deno.test("who says ever other ports has those that had nobody to ask told again once a minute, and pinged not at all", () => {
  const { punches, relays, relayed, offer, sent, pinged, events } = setUp();
  const [first] = relays as [Connection];
  for (const relay of relays) punches.received(relay, { type: "quic_port", port: 0 }, at(0));
  const others = [BELOW, BELOW + 1].map((by) => relayed(by));
  relayed(ABOVE);
  others.forEach((other) => offer(other, 1, [THEIRS], 0));
  sent.splice(0);
  const flip = (ms: number) => {
    for (const port of [5485, 0]) punches.received(first, { type: "quic_port", port }, at(ms));
    punches.tick(at(ms));
  };
  const failed = () => events.filter((told) => told.startsWith("punch_failed")).length;
  punches.tick(at(0));
  const before = failed();
  for (let ms = 1; ms < 1000; ms++) flip(ms);
  assertEquals(failed() - before, 1, "where this end begins it is tried again as seldom");
  const told = others.map(({ number }) => [number, { type: "quic_port", port: 5485 }]);
  assertEquals(sent.splice(0), told as unknown);
  assertEquals(pinged, []);
  punches.received(first, { type: "quic_port", port: 5485 }, at(1000));
  punches.tick(at(PUNCH_EVERY_MS));
  assertEquals(sent, []);
  assertEquals(punches.deadline(), 1 + PUNCH_EVERY_MS);
  punches.tick(at(1 + PUNCH_EVERY_MS));
  assertEquals(sent, told as unknown, "what was put off is made up for");
});

Deno.test("what is answered about the network that was is asked again, and what was begun on it is over", () => {
  const { punches, relayed, asked, seen, sent, answer, dialled } = setUp();
  const other = relayed(ABOVE);
  punches.tick(at(0));
  punches.networkChanged(at(10));
  seen(20, "203.0.113.200:1", "203.0.113.200:1");
  assertEquals([asked.length, sent.filter(([, { type }]) => type === "punch")], [2, []]);
  seen(30, HOME, HOME);
  assertEquals(sent, [[ABOVE, { type: "punch", round: 1, answers: false, addresses: [HOME] }]]);
  punches.networkChanged(at(40));
  answer(other, 1, [THEIRS], 50);
  assertEquals(dialled, []);
  punches.tick(at(30 + PUNCH_EVERY_MS + PUNCH_LINK_TIMEOUT_MS));
  seen(80_000, HOME, HOME);
  answer(other, 2, [THEIRS], 80_001);
  assertEquals(dialled, [THEIRS]);
});

Deno.test("what routers do is told by two that see this peer from beyond its network", () => {
  for (
    const [addresses, mapping] of [
      [[HOME, HOME], "same"],
      [[HOME, "203.0.113.9:40001"], "varies"],
      [[HOME, "203.0.113.10:40000"], "varies"],
      [[HOME, null], null],
      [["192.168.1.5:5485", "192.168.1.5:5485"], "none"],
      [["192.168.1.5:5485", null], "none"],
      [[HOME, "[2001:db8::7]:5485"], null],
    ] as const
  ) {
    const { punches, seen } = setUp();
    punches.tick(at(punches.deadline()));
    seen(1, ...addresses);
    assertEquals(punches.view().mapping, mapping, addresses.join());
  }
});

Deno.test("who was dialled by name is asked where that led to, and not where nobody knows", () => {
  const { punches, link, asked } = setUp({ relayAddress: "otter.example:5484" });
  const newt = Object.assign(link(3, 3, "newt.example:1", null), { remoteAddress: "[2001:db8::3]:1" });
  punches.received(newt, { type: "quic_port", port: 9 }, at(0));
  punches.tick(at(2000));
  assertEquals(asked, [["198.51.100.2:5485", "[2001:db8::3]:9"]]);
});

Deno.test("nobody is asked at a link-local address of IPv6 without its zone, by which nobody would answer", () => {
  const { punches, relays, link, asked, relayed } = setUp();
  for (const relay of relays) punches.received(relay, { type: "quic_port", port: 0 }, at(0));
  const dialled = Object.assign(link(3, 3, "[fe80::9%eth0]:5484", null), { remoteAddress: "[fe80::9]:5484" });
  for (const near of [dialled, link(4, 4, "[fe80::8]:50000", null)]) {
    punches.received(near, { type: "quic_port", port: 5485 }, at(0));
  }
  const other = relayed(ABOVE);
  punches.tick(at(0));
  assertEquals([asked, punches.failureOf(other), punches.view().works], [[], "nobody_to_ask", null]);
  punches.received(link(5, 5, "169.254.1.2:5484", null), { type: "quic_port", port: 5485 }, at(1));
  punches.tick(at(1));
  assertEquals(asked, [["169.254.1.2:5485"]]);
});

Deno.test("of many members few are asked, those beyond this network first, and one by the other IP version", () => {
  const { punches, link, asked, relayed } = setUp();
  for (const [number, address] of [[3, "198.51.100.3:1"], [11, "192.168.1.9:1"], [4, "[2001:db8::4]:1"]] as const) {
    punches.received(link(number, number, address, null), { type: "quic_port", port: 9 }, at(0));
  }
  const punched = link(5, 5, "quic:198.51.100.5:1", null);
  punches.received(punched, { type: "quic_port", port: 9 }, at(0));
  relayed(ABOVE);
  punches.tick(at(0));
  assertEquals(asked, [["198.51.100.1:5485", "198.51.100.2:5485", "[2001:db8::4]:9"]]);
  assertEquals(asked[0]?.length, MAX_PUNCH_WITNESSES);
});

Deno.test("a public relay is asked as well, and counts as beyond this network where it is of the public net", () => {
  for (const [address, isBeyond] of [["198.51.100.9:5485", true], ["192.168.1.9:5485", false]] as const) {
    const publicRelay = {
      ...{ number: 20, address, peer: toBase32(idOf(20)), relay: null, isKnownMember: false },
      ...{ localAddress: "192.168.1.5:50000", remoteAddress: null, link: { roundTripMs: 5 } },
    } as unknown as Connection;
    const { punches, relays, asked, seen } = setUp({ publicRelay });
    punches.tick(at(2000));
    assertEquals(asked.splice(0), [["198.51.100.1:5485", "198.51.100.2:5485"]], "it has not said so");
    seen(2001);
    punches.received(publicRelay, { type: "quic_port", port: 9 }, at(3000));
    punches.tick(at(100_000));
    const [first = "", ...others] = asked.splice(0)[0] ?? [];
    const its = address.replace(/:.*/, ":9");
    assertEquals(isBeyond ? first : others.at(-1), its);
    seen(100_001);
    for (const relay of relays) punches.received(relay, { type: "quic_port", port: 0 }, at(100_002));
    punches.tick(at(200_000));
    assertEquals(asked, isBeyond ? [[its]] : [], "for people to know");
    if (!isBeyond) continue;
    seen(200_001, HOME);
    assertEquals(punches.view().seen, [{ by: publicRelay.peer, address: HOME }]);
  }
});
