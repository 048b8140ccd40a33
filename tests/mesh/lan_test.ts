import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { Now } from "../../lib/base/clock.ts";
import type { PeerEvent } from "../../lib/base/event.ts";
import { MAX_LAN_INSTANCES, MAX_LAN_MESSAGES_BURST } from "../../lib/base/limits.ts";
import { Lan, type LanFound, type LanKeys } from "../../lib/mesh/lan.ts";
import type { LanInterface, LanMessage } from "../../lib/mesh/lan_message.ts";
import { isLanRecordOf, lanTicketTag } from "../../lib/mesh/lan_names.ts";
import { Prng } from "../sim/prng.ts";

type Ask = Extract<LanMessage, { type: "ask" }>;
type Tell = Extract<LanMessage, { type: "tell" }>;

const DAY_MS = 24 * 3600 * 1000;
const TODAY = 20_000;
const NOON_MS = TODAY * DAY_MS + DAY_MS / 2;
const EPOCH = new Uint8Array(32).fill(1);
const TICKET = new Uint8Array(32).fill(2);
const NOBODY: LanKeys = { epoch: null, doors: [], sought: [] };

let made = 0;

/** A machine on one network, with a clock of its own. */
class Station {
  readonly lan: Lan;
  readonly events: PeerEvent[] = [];
  readonly peer: Uint8Array;
  readonly interface: LanInterface;
  nowMs = 1000;

  constructor(public keys: LanKeys, readonly offsetMs = 0, isListening = true) {
    const number = ++made;
    this.peer = new Uint8Array(32).fill(number);
    this.interface = { name: "eth0", addresses: [{ address: `10.0.0.${number}`, prefixBits: 24, isListening }] };
    this.lan = new Lan({
      peer: this.peer,
      random: new Prng(number),
      keys: () => this.keys,
      emit: (event) => this.events.push(event),
    });
    this.lan.networkChanged([this.interface], 5484, this.now);
  }

  get now(): Now {
    return { monotonicMs: this.nowMs, wallMs: NOON_MS + this.offsetMs + this.nowMs };
  }

  /** Lets time pass. @returns what it sent meanwhile, with when. */
  pass(forMs: number): { atMs: number; message: LanMessage }[] {
    const untilMs = this.nowMs + forMs;
    const sent: { atMs: number; message: LanMessage }[] = [];
    while (true) {
      for (const { message } of this.lan.takeSends()) sent.push({ atMs: this.nowMs, message });
      if (this.lan.deadline() > untilMs) break;
      this.nowMs = Math.max(this.nowMs, this.lan.deadline());
      this.lan.tick(this.now);
    }
    this.nowMs = untilMs;
    return sent;
  }

  asks(forMs: number): { atMs: number; message: Ask }[] {
    return this.pass(forMs).flatMap(({ atMs, message }) => message.type === "ask" ? { atMs, message } : []);
  }

  tells(forMs: number): { atMs: number; message: Tell }[] {
    return this.pass(forMs).flatMap(({ atMs, message }) => message.type === "tell" ? { atMs, message } : []);
  }

  hear(message: LanMessage, isOwnAddress = false): LanFound | null {
    return this.lan.received(message, "eth0", isOwnAddress, this.now);
  }

  get refusals(): (string | undefined)[] {
    return this.events.filter(({ name }) => name === "lan_refused").map(({ reason }) => reason);
  }
}

function member(offsetMs = 0): Station {
  return new Station({ ...NOBODY, epoch: EPOCH }, offsetMs);
}

/** What a station announces at first. */
function announced(station: Station): Tell {
  const [first] = station.tells(2000);
  assert(first !== undefined, "it announces itself");
  return first.message;
}

Deno.test("a member announces itself twice, a second apart, and asks at intervals that double", () => {
  const sent = member().pass(10_000);
  const tells = sent.filter(({ message }) => message.type === "tell").map(({ atMs }) => atMs);
  const asks = sent.filter(({ message }) => message.type === "ask").map(({ atMs }) => atMs);
  assertEquals([tells.length, asks.length], [2, 4]);
  for (const [first = 0] of [tells, asks]) assert(first >= 1020 && first <= 1120, `${first}`);
  assertEquals((tells[1] as number) - (tells[0] as number), 1000);
  assertEquals(asks.slice(1).map((atMs, i) => atMs - (asks[i] as number)), [1000, 2000, 4000]);
});

Deno.test("questions end up an hour apart", () => {
  const asks = member().asks(10 * 3600 * 1000).map(({ atMs }) => atMs);
  assertEquals((asks.at(-1) as number) - (asks.at(-2) as number), 3600 * 1000);
});

Deno.test("members of a space find each other, and know who it is; others do not", () => {
  const [a, b] = [member(), member()];
  const stranger = new Station({ ...NOBODY, epoch: TICKET });
  const told = announced(a);
  const found = b.hear(told);
  assertEquals([found?.kind, found?.addresses], ["member", [`10.0.0.${a.peer[0]}:5484`]]);
  assert(found?.is(a.peer) === true && !found.is(b.peer));
  assertEquals(stranger.hear(told), null);
});

Deno.test("who is in no space and joins none says nothing at all", () => {
  const station = new Station(NOBODY);
  assertEquals(station.pass(10 * 3600 * 1000), []);
  station.hear({ type: "ask", everybody: true, tickets: ["aaaa"], known: [] });
  assertEquals(station.pass(10_000), []);
});

Deno.test("who listens nowhere asks, and announces nothing", () => {
  const station = new Station({ ...NOBODY, epoch: EPOCH }, 0, false);
  assertEquals(station.pass(5000).map(({ message }) => message.type), ["ask", "ask", "ask"]);
});

Deno.test("an answer comes soon, once for all who ask, and not again within a second", () => {
  const station = member();
  station.pass(60_000);
  const ask: Ask = { type: "ask", everybody: true, tickets: [], known: [] };
  for (let i = 0; i < 5; i++) station.hear(ask);
  const askedMs = station.nowMs;
  const [first, ...others] = station.tells(500);
  assert(first !== undefined && first.atMs >= askedMs + 20 && first.atMs <= askedMs + 120);
  assertEquals(others, []);
  station.hear(ask);
  const [again] = station.tells(3000);
  assertEquals((again?.atMs ?? 0) - first.atMs, 1000);
});

Deno.test("who is known to the asker does not answer", () => {
  const [a, b] = [member(), member()];
  const told = announced(a);
  b.hear(told);
  const ask = b.asks(120_000).at(-1)?.message as Ask;
  assertEquals(ask.known.at(-1), told.record.instance);
  a.pass(60_000);
  a.hear(ask);
  assertEquals(a.tells(5000), []);
  a.hear({ ...ask, known: [] });
  assertEquals(a.tells(5000).length, 1);
});

Deno.test("a goodbye is said when it stops, and it need not be known any more", () => {
  const [a, b] = [member(), member()];
  const before = announced(a);
  b.hear(before);
  a.lan.stop();
  const [goodbye] = a.lan.takeSends();
  assertEquals(goodbye?.message, { ...before, stays: false });
  assertEquals(b.hear(goodbye?.message as Tell), null);
  const asks = b.asks(300_000);
  assert(asks.every(({ message }) => !message.known.includes(before.record.instance)));
  assertEquals(a.pass(10_000), []);
});

Deno.test("a new day and a new network each bring a new name", () => {
  const station = member();
  const first = announced(station);
  const next = station.tells(DAY_MS);
  const [goodbye, second] = next.map(({ message }) => message);
  assertEquals(goodbye, { ...first, stays: false });
  assertEquals([second?.record.day, second?.stays], [TODAY + 1, true]);
  const delayMs = (next[0]?.atMs as number) - DAY_MS / 2;
  assert(delayMs >= 0 && delayMs <= 10 * 60 * 1000, `${delayMs}`);
  station.lan.networkChanged([station.interface], 5484, station.now);
  const third = announced(station);
  const names = [first, second, third].map((message) => message?.record.instance);
  assertEquals(new Set(names).size, 3);
});

Deno.test("a removal changes the name, and who was removed can follow nobody", () => {
  const [station, removed] = [member(), member()];
  announced(station);
  station.keys = { ...NOBODY, epoch: new Uint8Array(32).fill(8) };
  station.lan.keysChanged(station.now);
  const [goodbye, after] = station.tells(2000).map(({ message }) => message);
  assertEquals([goodbye?.stays, after?.stays], [false, true]);
  assertEquals(removed.hear(after as Tell), null);
  assertEquals(station.hear(announced(removed)), null);
});

Deno.test("what is not made by a member leads nowhere", () => {
  const [a, b] = [member(), member()];
  const told = announced(a);
  const forged: Partial<Tell["record"]>[] = [{ addresses: ["10.0.0.77"] }, { port: 5485 }, { day: TODAY + 1 }];
  for (const change of forged) assertEquals(b.hear({ ...told, record: { ...told.record, ...change } }), null);
  assertNotEquals(b.hear({ ...told, record: { ...told.record, peerTag: "aaaaaaaaaaaaaaaa" } })?.is(a.peer), true);
});

Deno.test("what a member said days ago leads nowhere, said again by somebody else", () => {
  const told = announced(member());
  const later = member(2 * DAY_MS);
  assertEquals([later.hear(told), later.refusals], [null, ["it is of a day that is over"]]);
  assertEquals(member(DAY_MS).hear(told)?.kind, "member");
});

Deno.test("of two members one of whose clocks is wrong, that one finds the other", () => {
  const right = member();
  const behind = new Station({ ...NOBODY, epoch: EPOCH }, -TODAY * DAY_MS - DAY_MS / 2);
  assertEquals(behind.hear(announced(right))?.kind, "member");
  assertEquals(announced(behind).record.day, 0);
});

Deno.test("what is said again within half a second is heard once", () => {
  const [a, b] = [member(), member()];
  const told = announced(a);
  assertEquals(b.hear(told)?.kind, "member");
  assertEquals([b.hear(told), b.hear({ ...told, stays: false }), b.hear(told)], [null, null, null]);
  b.pass(1000);
  assertEquals(b.hear(told)?.kind, "member");
});

Deno.test("its own words are known as such, and it does not find itself", () => {
  const station = member();
  const [first] = station.pass(200);
  assertEquals(station.lan.heard.self, false);
  assertEquals(station.hear(first?.message as LanMessage, true), null);
  assertEquals(station.lan.heard, { self: true, others: false, peers: false });
});

Deno.test("a joiner asks for the doors of its ticket, and a door answers it alone", () => {
  const door = new Station({ ...NOBODY, epoch: EPOCH, doors: [TICKET] });
  door.pass(60_000);
  const joiner = new Station({ ...NOBODY, sought: [TICKET] });
  const [asked] = joiner.asks(200);
  assert(asked !== undefined && asked.message.tickets.length === 3);
  door.hear(asked.message);
  const told = door.tells(500).map(({ message }) => message);
  assertEquals(told.map(({ ticket }) => ticket).toSorted(), [null, ...asked.message.tickets].toSorted());
  assertEquals(door.events.map(({ name }) => name), ["joiner_asks"]);
  const forTicket = told.filter(({ ticket }) => ticket !== null);
  const found = forTicket.map((message) => joiner.hear(message));
  assert(found.every((one) => one?.kind === "door" && one.addresses[0] === `10.0.0.${door.peer[0]}:5484`));
  for (const { record, ticket } of told) assertEquals(isLanRecordOf(TICKET, record), ticket !== null);
});

Deno.test("of a joiner that goes on asking it is told once", () => {
  const door = new Station({ ...NOBODY, epoch: EPOCH, doors: [TICKET] });
  const joiner = new Station({ ...NOBODY, sought: [TICKET] });
  for (const { message } of joiner.asks(60_000)) {
    door.pass(8000);
    door.hear(message);
  }
  assertEquals(door.events.map(({ name }) => name), ["joiner_asks"]);
  door.pass(30_000);
  door.hear(joiner.asks(8000)[0]?.message as LanMessage);
  assertEquals(door.events.map(({ name }) => name), ["joiner_asks", "joiner_asks"]);
});

Deno.test("who knows that a ticket is asked for, and not the ticket, lures nobody", () => {
  const joiner = new Station({ ...NOBODY, sought: [TICKET] });
  const [asked] = joiner.asks(200);
  const liar = announced(member());
  const ticket = asked?.message.tickets[0] as string;
  assertEquals(joiner.hear({ ...liar, ticket }), null);
  assertEquals(joiner.hear({ ...liar, ticket: "aaaaaaaaaaaaaaaaaaaaaaaa" }), null);
});

Deno.test("a joiner asks every 8 s at least, and no more once it is in", () => {
  const joiner = new Station({ ...NOBODY, sought: [TICKET] });
  const asks = joiner.asks(60_000).map(({ atMs }) => atMs);
  assertEquals(asks.slice(1).map((atMs, i) => atMs - (asks[i] as number)), [1000, 2000, 4000, ...Array(6).fill(8000)]);
  joiner.keys = NOBODY;
  joiner.lan.keysChanged(joiner.now);
  assertEquals(joiner.pass(3600_000), []);
});

Deno.test("where a clock is wrong by years, joiner and door come together by what others say", () => {
  for (const [doorMs, joinerMs] of [[0, -TODAY * DAY_MS], [-TODAY * DAY_MS, 0]] as const) {
    const door = new Station({ ...NOBODY, epoch: EPOCH, doors: [TICKET] }, doorMs);
    const joiner = new Station({ ...NOBODY, sought: [TICKET] }, joinerMs);
    const [first] = joiner.asks(200);
    const doorDay = announced(door).record.day;
    door.hear(first?.message as Ask);
    for (const { message } of door.tells(1500)) joiner.hear(message);
    const [second] = joiner.asks(1500);
    assert(second !== undefined && second.message.tickets.includes(lanTicketTag(TICKET, doorDay)));
    door.hear(second.message);
    const found = door.tells(1500).map(({ message }) => joiner.hear(message)?.kind);
    assert(found.includes("door"), `${doorMs} ${joinerMs}`);
  }
});

Deno.test("nobody makes a joiner ask for more than two other days", () => {
  const joiner = new Station({ ...NOBODY, sought: [TICKET] });
  for (let day = 1; day < 20; day++) {
    const { record } = announced(member());
    joiner.hear({ type: "tell", record: { ...record, day }, ticket: null, stays: true });
  }
  assertEquals(joiner.asks(60_000).at(-1)?.message.tickets.length, 5);
});

Deno.test("floods are refused, and counted", () => {
  const station = member();
  const ask: Ask = { type: "ask", everybody: true, tickets: [], known: [] };
  for (let i = 0; i < MAX_LAN_MESSAGES_BURST + 10; i++) station.hear(ask);
  assertEquals(station.refusals, Array(10).fill("too many messages"));
});

Deno.test("however many instances are heard of, so many are remembered", () => {
  const station = member();
  const { record } = announced(member());
  const instance = (i: number) => `${"a".repeat(28)}${String.fromCharCode(97 + i % 26, 97 + (i / 26 | 0) % 26)}aa`;
  for (let i = 0; i < MAX_LAN_INSTANCES + 50; i++) {
    station.hear({ type: "tell", record: { ...record, instance: instance(i) }, ticket: null, stays: true });
    station.pass(100);
  }
  const known = station.asks(3600_000).at(-1)?.message.known ?? [];
  assertEquals(known.length, 9, "its own, and the latest eight");
  assertEquals(known.at(-1), instance(MAX_LAN_INSTANCES + 49));
});

Deno.test("on two interfaces it has two names, and answers where it is asked", () => {
  const station = member();
  const wlan: LanInterface = { name: "wlan0", addresses: [{ address: "10.1.0.1", prefixBits: 24, isListening: true }] };
  station.lan.networkChanged([station.interface, wlan], 5484, station.now);
  const names = new Set(station.tells(3000).map(({ message }) => message.record.instance));
  assertEquals(names.size, 2);
  station.pass(60_000);
  station.lan.received({ type: "ask", everybody: true, tickets: [], known: [] }, "wlan0", false, station.now);
  assertEquals(station.tells(3000).map(({ message }) => message.record.addresses), [["10.1.0.1"]]);
  station.lan.received({ type: "ask", everybody: true, tickets: [], known: [] }, null, false, station.now);
  assertEquals(station.tells(3000).length, 2);
});
