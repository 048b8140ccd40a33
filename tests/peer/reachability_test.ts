import { assert, assertEquals, assertThrows } from "@std/assert";
import { toBase32 } from "../../lib/base/base32.ts";
import { ProtocolError } from "../../lib/base/errors.ts";
import {
  DIAL_BACK_EVERY_MS,
  MAX_ASKED_WITNESSES,
  MAX_DIAL_BACKS,
  MAX_REACH_WITNESSES,
  MAX_WITNESSED_ADDRESSES,
  PROVE_AGAIN_MS,
  PROVEN_KEPT_MS,
  TELL_PROVEN_EVERY_MS,
} from "../../lib/base/limits.ts";
import type { Identity } from "../../lib/crypto/identity.ts";
import type { AddressBook } from "../../lib/mesh/address_book.ts";
import type { Connection, Links } from "../../lib/peer/links.ts";
import { Reachability } from "../../lib/peer/reachability.ts";
import type { Message } from "../../lib/wire/message.ts";
import type { ReachMessage } from "../../lib/wire/reach_messages.ts";
import { seeded } from "../link/pair.ts";

const HOME = "203.0.113.9";
const LOCAL = "192.168.1.5:50000";

function at(monotonicMs: number) {
  return { monotonicMs, wallMs: 1_000_000 + monotonicMs };
}

function peerOf(number: number): string {
  return toBase32(new Uint8Array(32).fill(number));
}

function link(number: number, direction: "in" | "out", address: string, more: Partial<Connection> = {}): Connection {
  return {
    number,
    direction,
    address,
    peer: peerOf(number),
    relay: null,
    localAddress: LOCAL,
    isKnownMember: true,
    ...more,
  } as Connection;
}

/** One peer's knowledge of itself, with the members that it deals with made up by the test. */
function setUp({ addresses = ["192.168.1.5:5484"], others = 5, claimed = ["10.0.0.7:5484", "10.0.0.7:80"] } = {}) {
  const sent: (readonly [number, Message])[] = [];
  const dialled: string[] = [];
  const events: string[] = [];
  const records: string[][] = [];
  const reach = new Reachability({
    identity: { peerId: new Uint8Array(32) } as unknown as Identity,
    random: seeded("reachability"),
    quicAsk: () => {},
    links: { send: (number: number, message: Message) => sent.push([number, message]) } as unknown as Links,
    book: { get: () => ({ record: { addresses: claimed } }) } as unknown as AddressBook,
    emit: ({ name, reason = "", fields }) => events.push(`${name} ${reason || JSON.stringify(fields)}`),
    dial: (address) => dialled.push(address),
    dialQuic: () => {},
    self: { addresses },
    others: () => others,
    publicRelay: () => null,
    provenChanged: () => records.push([...reach.proven]),
  });
  /** Somebody whom this peer dialled tells where it sees it, and reaches it there once asked, or says that it does. */
  const witness = (number: number, seen: string, does: "comes" | "fails" | "lies", nowMs: number) => {
    const connection = link(number, "out", `198.51.100.${number}:5484`);
    reach.received(connection, { type: "seen", address: seen }, at(nowMs));
    if (sent.at(-1)?.[0] === number) answer(number, does, nowMs);
    return connection;
  };
  const answer = (number: number, does: "comes" | "fails" | "lies", nowMs: number) => {
    if (does === "comes") reach.opened(link(900 + number, "in", "198.51.100.1:9", { peer: peerOf(number) }), at(nowMs));
    const connection = link(number, "out", `198.51.100.${number}:5484`);
    reach.received(connection, { type: "dialled_back", port: 5484, reached: does !== "fails" }, at(nowMs));
  };
  return { reach, sent, dialled, events, records, witness, answer };
}

Deno.test("each end is told at what address the other has it, but of one on this machine, or by name", () => {
  const { reach, sent } = setUp();
  reach.linked(link(1, "out", `${HOME}:5484`), at(0));
  reach.linked(link(2, "in", "127.0.0.1:40000"), at(0));
  reach.linked(link(3, "out", "otter.example:5484"), at(0));
  reach.linked(link(4, "in", "[2001:db8::7]:40000"), at(0));
  assertEquals(sent, [
    [1, { type: "seen", address: `${HOME}:5484` }],
    [4, { type: "seen", address: "[2001:db8::7]:40000" }],
  ]);
});

Deno.test("where two members that dialled reached this peer is told to others, and of one alone it is not", () => {
  const { reach, records, sent } = setUp();
  const seen = { type: "seen", address: `${HOME}:7000` } as const;
  reach.received(link(1, "in", "198.51.100.1:40000"), seen, at(5));
  assertEquals([reach.view().reachable, reach.proven, records], [true, [], []]);
  reach.received(link(2, "in", "198.51.100.2:40000"), seen, at(6));
  assertEquals([reach.proven, records], [[`${HOME}:7000`], [[`${HOME}:7000`]]]);
  assertEquals(reach.view().addresses, [
    { address: `${HOME}:7000`, reachedBy: 2, failedFor: 0, timeMs: 1_000_006, isTold: true },
  ]);
  assertEquals(sent, []);
});

Deno.test("two members that spell an address each in its own way say the same", () => {
  const { reach, witness } = setUp({ addresses: ["[fd00::5]:5484"] });
  witness(1, "[2001:db8::9]:40000", "comes", 0);
  assertEquals(reach.proven, []);
  witness(2, "[2001:DB8:0:0::9]:40000", "comes", 1);
  assertEquals(reach.proven, ["[2001:db8::9]:5484"]);
});

Deno.test("in a space of two the other one's word is enough, since only that one is told", () => {
  const { reach, records } = setUp({ others: 1 });
  reach.received(link(1, "in", "198.51.100.1:40000"), { type: "seen", address: `${HOME}:7000` }, at(5));
  assertEquals(records, [[`${HOME}:7000`]]);
});

Deno.test("on its own network nobody is asked for anything", () => {
  const { reach, sent } = setUp();
  reach.received(link(1, "out", "192.168.1.6:5484"), { type: "seen", address: LOCAL }, at(0));
  reach.received(link(2, "in", "192.168.1.7:40000"), { type: "seen", address: "192.168.1.5:5484" }, at(0));
  assertEquals([sent, reach.deadline()], [[], Infinity]);
  assertEquals(reach.view(), {
    reachable: null,
    nat: { ipv4: null, ipv6: null },
    addresses: [],
    seen: [{ address: LOCAL, by: peerOf(1) }, { address: "192.168.1.5:5484", by: peerOf(2) }],
  });
});

Deno.test("who is dialled is asked to dial back at the port that is listened at, until enough did", () => {
  const { reach, sent, witness, records } = setUp();
  for (const number of [1, 2, 3]) witness(number, `${HOME}:4000${number}`, "comes", number);
  assertEquals(sent, [1, 2].map((number) => [number, { type: "dial_back", port: 5484 }]));
  assertEquals([reach.proven, records.length], [[`${HOME}:5484`], 1]);
});

Deno.test("what a member says counts only where it came in, in whatever order both are heard", () => {
  const { reach, witness, answer } = setUp();
  witness(1, `${HOME}:40001`, "lies", 1);
  witness(2, `${HOME}:40002`, "lies", 2);
  assertEquals([reach.view().reachable, reach.proven], [null, []]);
  reach.opened(link(8, "in", "198.51.100.1:9", { peer: peerOf(7) }), at(3));
  assertEquals(reach.view().reachable, null, "somebody else came");
  reach.opened(link(8, "in", "by another peer", { peer: peerOf(1) }), at(3));
  assertEquals(reach.view().reachable, null, "it came through somebody");
  reach.received(link(3, "out", "198.51.100.3:5484"), { type: "seen", address: `${HOME}:40003` }, at(3));
  reach.opened(link(8, "in", "198.51.100.3:9", { peer: peerOf(3) }), at(3));
  assertEquals(reach.view().reachable, null, "it came, but does not say where to");
  answer(1, "comes", 4);
  answer(2, "comes", 4);
  assertEquals([reach.view().reachable, reach.proven], [true, [`${HOME}:5484`]]);
});

Deno.test("one liar among several puts nothing into the record, and hides nothing", () => {
  const { reach, witness, records } = setUp();
  // It comes indeed, but to another address than it says.
  witness(1, "192.0.2.66:40001", "comes", 1);
  const seen = { type: "seen", address: "192.0.2.66:80" } as const;
  reach.received(link(11, "in", "198.51.100.1:40000", { peer: peerOf(1) }), seen, at(1));
  for (const number of [2, 3]) witness(number, `${HOME}:4000${number}`, "comes", number);
  assertEquals(records, [[`${HOME}:5484`]]);
  // One that says it failed does not outvote those who came.
  witness(4, `${HOME}:40004`, "fails", 4);
  assertEquals(reach.proven, [`${HOME}:5484`]);
});

Deno.test("one that is unknown as a member counts for nothing, until it is known", () => {
  const { reach, records, sent } = setUp();
  const seen = { type: "seen", address: `${HOME}:7000` } as const;
  const strangers = [1, 2].map((number) => link(number, "in", "198.51.100.1:40000", { isKnownMember: false }));
  for (const stranger of strangers) reach.received(stranger, seen, at(0));
  reach.received(link(3, "out", "198.51.100.1:5484", { isKnownMember: false }), seen, at(0));
  assertEquals([reach.view(), sent], [
    { reachable: null, nat: { ipv4: null, ipv6: null }, addresses: [], seen: [] },
    [],
  ]);
  for (const stranger of strangers) stranger.isKnownMember = true;
  reach.tick(at(reach.deadline()));
  assertEquals(records, [[`${HOME}:7000`]]);
});

Deno.test("members are asked again, and an address that they no longer reach goes out of the record", () => {
  const { reach, sent, witness, answer, records } = setUp();
  for (const number of [1, 2]) witness(number, `${HOME}:4000${number}`, "comes", 0);
  for (let ms = 0; ms < PROVE_AGAIN_MS; ms = reach.deadline()) reach.tick(at(ms));
  assertEquals(sent.length, 2, "not before");
  const laterMs = PROVE_AGAIN_MS + 1;
  reach.tick(at(laterMs));
  assertEquals(sent.length, 4);
  answer(1, "comes", laterMs);
  assertEquals(reach.proven, [`${HOME}:5484`]);
  answer(2, "fails", laterMs);
  assertEquals([reach.proven, records.at(-1)], [[], []]);
  assertEquals(reach.view().reachable, true);
});

Deno.test("what one member says is told where the peer comes back to itself there, which it tries once in a while", () => {
  const { reach, dialled, witness, records, sent, answer } = setUp();
  witness(1, `${HOME}:40001`, "comes", 0);
  assertEquals(dialled, [], "a second one may come");
  reach.tick(at(30_000));
  assertEquals(dialled, [`${HOME}:5484`]);
  reach.cameBack("192.0.2.66:5484", at(30_001));
  assertEquals(reach.proven, []);
  reach.cameBack(`${HOME}:5484`, at(30_001));
  assertEquals(records, [[`${HOME}:5484`]]);
  for (let ms = 60_000; ms < PROVE_AGAIN_MS; ms = reach.deadline()) reach.tick(at(ms));
  assertEquals([dialled.length, records.length], [1, 1]);
  // As long as both find it again, nobody is told anything else.
  for (let ms = PROVE_AGAIN_MS; ms < 3 * PROVEN_KEPT_MS; ms = reach.deadline()) {
    const before = [sent.length, dialled.length] as const;
    reach.tick(at(ms));
    if (sent.length > before[0]) answer(1, "comes", ms);
    if (dialled.length > before[1]) reach.cameBack(`${HOME}:5484`, at(ms));
  }
  assertEquals(records.length, 1);
  assert(dialled.length >= 8 && dialled.length <= 9, `${dialled.length} dials`);
});

Deno.test("a peer that does not come back to itself tells nobody, and does not try again and again", () => {
  const { reach, dialled, witness, records, sent } = setUp();
  witness(1, `${HOME}:40001`, "comes", 0);
  for (let ms = 30_000; ms < PROVE_AGAIN_MS; ms = reach.deadline()) reach.tick(at(ms));
  assertEquals([dialled.length, records, sent.length], [1, [], 1]);
  reach.cameBack(`${HOME}:5484`, at(PROVE_AGAIN_MS));
  assertEquals(records, [], "too late");
});

Deno.test("a member that names ever other addresses has this peer dial once a minute, at the most", () => {
  const { reach, dialled } = setUp();
  for (let ms = 0; ms < 10 * DIAL_BACK_EVERY_MS; ms += 1000) {
    const connection = link(ms, "in", "198.51.100.1:40000", { peer: peerOf(1) });
    reach.received(connection, { type: "seen", address: `192.0.2.66:${5000 + ms / 1000}` }, at(ms));
    reach.unlinked(connection);
    reach.tick(at(ms));
  }
  assert(dialled.length <= 10, `${dialled.length} dials`);
});

Deno.test("a member that names ever other addresses does not keep this peer from trying what another one says", () => {
  const { reach, dialled, records } = setUp();
  reach.received(
    link(2, "in", "198.51.100.2:40000", { peer: peerOf(2) }),
    { type: "seen", address: `${HOME}:7000` },
    at(0),
  );
  for (let ms = 1000; ms < 20 * DIAL_BACK_EVERY_MS; ms += 1000) {
    const connection = link(ms, "in", "198.51.100.1:40000", { peer: peerOf(1) });
    reach.received(connection, { type: "seen", address: `192.0.2.66:${5000 + ms / 1000}` }, at(ms));
    reach.unlinked(connection);
    const before = dialled.length;
    reach.tick(at(ms));
    if (dialled.length > before && dialled.at(-1) === `${HOME}:7000`) reach.cameBack(`${HOME}:7000`, at(ms));
  }
  assertEquals(dialled.filter((address) => address === `${HOME}:7000`).length, 1);
  assertEquals([records, reach.proven], [[[`${HOME}:7000`]], [`${HOME}:7000`]]);
});

Deno.test("an address that nobody is there to try again goes out of the record", () => {
  const { reach, witness, records, events } = setUp();
  for (const number of [1, 2]) reach.unlinked(witness(number, `${HOME}:4000${number}`, "comes", 0));
  reach.tick(at(PROVEN_KEPT_MS - 1));
  assertEquals(reach.proven, [`${HOME}:5484`]);
  reach.tick(at(PROVEN_KEPT_MS + 30_000));
  assertEquals([reach.proven, records.length, reach.view().reachable, reach.deadline()], [[], 2, null, Infinity]);
  const known = (reachable: boolean | null, addresses: string, nat: string) =>
    `reachability_changed ${JSON.stringify({ reachable, nat_ipv4: nat, nat_ipv6: null, addresses })}`;
  assertEquals(events, [
    known(null, "", "port_changed"),
    known(true, "", "port_changed"),
    known(true, `${HOME}:5484`, "port_changed"),
    known(null, "", "port_changed"),
  ]);
});

Deno.test("where members failed they are not asked without end, and one that is silent is asked again soon", () => {
  const { sent, witness, reach } = setUp();
  for (let number = 1; number <= 9; number++) witness(number, `${HOME}:4000${number}`, "fails", 0);
  assertEquals([sent.length, reach.view().reachable], [MAX_ASKED_WITNESSES, false]);
  const silent = setUp();
  silent.reach.received(link(1, "out", "198.51.100.1:5484"), { type: "seen", address: `${HOME}:1` }, at(0));
  for (let ms = 0; ms <= 2 * DIAL_BACK_EVERY_MS; ms = silent.reach.deadline()) silent.reach.tick(at(ms));
  assertEquals(silent.sent.length, 2);
});

Deno.test("what changes often is told at most once in a while", () => {
  const { reach, records } = setUp();
  for (let i = 0; i < 20; i++) {
    for (const number of [1, 2]) {
      const connection = link(10 * i + number, "in", "198.51.100.1:40000", { peer: peerOf(number) });
      reach.received(connection, { type: "seen", address: `${HOME}:${7000 + i}` }, at(i));
      reach.unlinked(connection);
    }
  }
  assertEquals(records.length, 1);
  assertEquals(reach.view().addresses.length, MAX_WITNESSED_ADDRESSES);
  reach.tick(at(TELL_PROVEN_EVERY_MS + 30_000));
  assertEquals(records.map(({ length }) => length), [1, MAX_WITNESSED_ADDRESSES]);
});

Deno.test("what members tell has a bound, and who tells much crowds out nobody else", () => {
  const { reach } = setUp();
  for (let number = 0; number < MAX_REACH_WITNESSES + 44; number++) {
    const peer = toBase32(Uint8Array.from({ length: 32 }, (_, i) => i === 0 ? number >> 8 : number & 255));
    const address = `${HOME}:${1000 + number}`;
    reach.received(link(number, "in", "198.51.100.1:9", { peer }), { type: "seen", address }, at(number));
  }
  assertEquals(reach.view().addresses.length, MAX_REACH_WITNESSES);
});

Deno.test("on another network all that was found is forgotten, and asked for anew", () => {
  const { reach, witness, sent } = setUp();
  for (const number of [1, 2]) witness(number, `${HOME}:4000${number}`, "comes", 0);
  reach.networkChanged(at(1));
  assertEquals([reach.proven, reach.view().addresses, sent.length], [[], [], 4]);
});

Deno.test("who listens nowhere asks for nothing", () => {
  const { sent, witness } = setUp({ addresses: [] });
  witness(1, `${HOME}:40000`, "comes", 0);
  assertEquals(sent, []);
});

function ask(reach: Reachability, connection: Connection, port: number, nowMs = 0): void {
  reach.received(connection, { type: "dial_back", port }, at(nowMs));
}

Deno.test("only the host that a link leads to is dialled for somebody, who must answer there", () => {
  const { reach, sent, dialled } = setUp();
  ask(reach, link(1, "in", "198.51.100.1:40000"), 5484);
  ask(reach, link(2, "in", "[2001:db8::2]:40000"), 5484);
  ask(reach, link(3, "in", "198.51.100.3:40000"), 80);
  // Where it was dialled, also at a port that it does not tell.
  ask(reach, link(4, "out", "198.51.100.4:7777"), 7777);
  assertEquals(dialled, ["198.51.100.1:5484", "[2001:db8::2]:5484", "198.51.100.3:80", "198.51.100.4:7777"]);
  reach.opened(link(7, "out", "198.51.100.1:5484", { peer: peerOf(1) }), at(1));
  reach.opened(link(8, "out", "[2001:db8::2]:5484"), at(1));
  reach.failed("198.51.100.3:80");
  reach.failed("198.51.100.3:80");
  assertEquals(sent, [
    [1, { type: "dialled_back", port: 5484, reached: true }],
    [2, { type: "dialled_back", port: 5484, reached: false }],
    [3, { type: "dialled_back", port: 80, reached: false }],
  ]);
});

Deno.test("a port is one that somebody says it listens at, in whatever spelling it says so", () => {
  const { reach, dialled } = setUp({ claimed: ["10.0.0.7:05484", "[2001:db8::7]:00080"] });
  ask(reach, link(1, "in", "198.51.100.1:40000"), 5484);
  ask(reach, link(2, "in", "198.51.100.2:40000"), 80);
  assertEquals(dialled, ["198.51.100.1:5484", "198.51.100.2:80"]);
});

Deno.test("nobody has a third one dialled, nor any port", () => {
  const { reach, dialled, events, sent } = setUp();
  ask(reach, link(1, "in", "198.51.100.1:40000"), 22);
  ask(reach, link(2, "out", "198.51.100.2:7777"), 7778);
  ask(reach, link(3, "in", "127.0.0.1:40000"), 5484);
  ask(reach, link(4, "in", "through another peer"), 5484);
  ask(reach, link(5, "in", "198.51.100.5:40000", { isKnownMember: false }), 5484);
  assertEquals([dialled, sent], [[], []]);
  assertEquals(events.map((event) => event.replace("dial_back_refused ", "")), [
    ...Array(2).fill("it does not say that it listens there"),
    ...Array(2).fill("no address of the net"),
    "not_a_member",
  ]);
});

Deno.test("dials for others are bounded, in all and for each", () => {
  const { reach, dialled, events, sent } = setUp();
  const from = (number: number) => link(number, "in", `198.51.100.${number}:40000`);
  for (let number = 1; number <= MAX_DIAL_BACKS + 1; number++) ask(reach, from(number), 5484);
  assertEquals([dialled.length, events], [MAX_DIAL_BACKS, ["dial_back_refused too many"]]);
  reach.failed("198.51.100.1:5484");
  for (let i = 0; i < 100; i++) ask(reach, from(1), 80, DIAL_BACK_EVERY_MS - 1);
  assertEquals([dialled.length, events.length], [MAX_DIAL_BACKS, 101]);
  ask(reach, from(1), 80, DIAL_BACK_EVERY_MS);
  assertEquals(dialled.at(-1), "198.51.100.1:80");
  // Under another number it is the same member.
  reach.untried("198.51.100.1:80");
  assertEquals(events.at(-1), "dial_back_refused no room here");
  reach.failed("198.51.100.1:80");
  assertEquals(sent.length, 1, "of what was not tried nothing is told");
  ask(reach, link(99, "in", "198.51.100.1:40000", { peer: peerOf(1) }), 5484, DIAL_BACK_EVERY_MS + 1);
  assertEquals(dialled.length, MAX_DIAL_BACKS + 1);
});

Deno.test("what is wrong is refused", () => {
  const { reach } = setUp();
  const wrong = (connection: Connection, message: ReachMessage, code: string) => {
    assertEquals(assertThrows(() => reach.received(connection, message, at(0)), ProtocolError).code, code);
  };
  const none = [
    "a",
    "a:b",
    "a:1",
    ":1",
    "1.2.3.4",
    "1.2.3.4:0",
    "1.2.3.4:65536",
    "[::1:5",
    "[fe80::1%eth0]:5",
    "::1:5",
  ];
  for (const address of [...none, "127.0.0.1:1", "[::1]:1", "224.0.0.1:5", "[1.2.3.4]:5", "0.0.0.0:5", "[ff02::1]:5"]) {
    wrong(link(1, "out", "198.51.100.1:40000"), { type: "seen", address }, "malformed");
  }
  wrong(link(1, "in", "198.51.100.1:40000"), { type: "dial_back", port: 0 }, "malformed");
  reach.received(link(2, "out", "198.51.100.1:5484"), { type: "seen", address: `${HOME}:1` }, at(0));
  wrong(link(2, "out", "198.51.100.1:5484"), { type: "seen", address: `${HOME}:2` }, "bad_state");
  assert(reach.view().seen.every(({ address }) => address === `${HOME}:1`));
});

Deno.test("what nobody asked for changes nothing", () => {
  const { reach } = setUp();
  reach.received(link(1, "out", "198.51.100.1:5484"), { type: "dialled_back", port: 5484, reached: true }, at(0));
  reach.received(link(1, "out", "198.51.100.1:5484"), { type: "seen", address: `${HOME}:1` }, at(0));
  reach.received(link(1, "out", "198.51.100.1:5484"), { type: "dialled_back", port: 80, reached: true }, at(0));
  assertEquals(reach.view().addresses, []);
});

Deno.test("behind a router that passes on another port, that is where it asks to be dialled back", () => {
  const { reach, sent } = setUp({ addresses: ["192.168.1.5:5484", `${HOME}:6000`] });
  reach.received(link(1, "out", "198.51.100.1:5484"), { type: "seen", address: `${HOME}:41000` }, at(0));
  reach.received(link(2, "out", "198.51.100.2:5484"), { type: "seen", address: "203.0.113.50:41000" }, at(0));
  assertEquals(sent, [[1, { type: "dial_back", port: 6000 }], [2, { type: "dial_back", port: 5484 }]]);
});

Deno.test("what is said on a link that somebody relays shows nothing", () => {
  const { reach, records } = setUp({ others: 1 });
  const relayed = link(1, "in", `relay:${peerOf(2)}`, { relay: peerOf(2) });
  reach.received(relayed, { type: "seen", address: `${HOME}:7000` }, at(5));
  assertEquals([reach.view().addresses, reach.view().seen, records], [[], [], []]);
});
