import { assert, assertEquals } from "@std/assert";
import { toHex } from "../../lib/base/bytes.ts";
import type { Now } from "../../lib/base/clock.ts";
import type { PeerEvent } from "../../lib/base/event.ts";
import { MAX_DHT_DOORS, MAX_DHT_HINTS, MAX_DHT_QUERIES } from "../../lib/base/limits.ts";
import type { LanKeys } from "../../lib/mesh/lan.ts";
import { type Company, Rendezvous, type RendezvousNetwork } from "../../lib/mesh/rendezvous.ts";
import { spaceInfoHash, ticketInfoHash } from "../../lib/mesh/rendezvous_keys.ts";
import { Prng } from "../sim/prng.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const TODAY = 20_000;
const EPOCH = new Uint8Array(32).fill(1);
const TICKET = [new Uint8Array(32).fill(2), new Uint8Array(32).fill(3)];
const NOBODY: LanKeys = { epoch: null, doors: [], sought: [] };
const MEMBER: LanKeys = { ...NOBODY, epoch: EPOCH };
const PUBLIC: RendezvousNetwork = { problem: null, port: 5484, isPrivate: false };
const NAMES = new Map([
  ...[-1, 0, 1].map((offset) => [toHex(spaceInfoHash(EPOCH, TODAY + offset)), `space ${offset}`] as const),
  ...[-1, 0, 1].flatMap((offset) =>
    TICKET.map((key, i) => [toHex(ticketInfoHash(key, TODAY + offset)), `ticket ${i} ${offset}`] as const)
  ),
]);

interface Asked {
  readonly atMs: number;
  readonly name: string;
  readonly key: Uint8Array;
  readonly port: number | null;
}

/** A peer beside a DHT that answers at once, or never. */
class Station {
  readonly rendezvous: Rendezvous;
  readonly events: PeerEvent[] = [];
  nowMs = 1000;
  problem: string | null = null;
  answers = true;
  outerPort: number | null = null;
  members = 3;

  constructor(public keys: LanKeys, public company: Company, readonly hour = 12, network = PUBLIC, seed = 7) {
    this.rendezvous = new Rendezvous({
      random: new Prng(seed),
      keys: () => this.keys,
      company: () => this.company,
      members: () => this.members,
      outerPort: () => this.outerPort,
      emit: (event) => this.events.push(event),
    });
    this.rendezvous.networkChanged(network, this.now);
  }

  get now(): Now {
    return { monotonicMs: this.nowMs, wallMs: TODAY * DAY_MS + this.hour * HOUR_MS + this.nowMs };
  }

  become(company: Company): void {
    this.company = company;
    this.rendezvous.changed(this.now);
  }

  /** Lets time pass. @returns what it asked meanwhile. */
  pass(forMs: number): Asked[] {
    const untilMs = this.nowMs + forMs;
    const asked: Asked[] = [];
    while (true) {
      for (const { key, port } of this.rendezvous.takeQueries()) {
        asked.push({ atMs: this.nowMs, name: NAMES.get(toHex(key)) ?? "another key", key, port });
        if (this.answers) this.rendezvous.done(key, this.problem, this.now);
      }
      if (this.rendezvous.deadline() > untilMs) break;
      const beforeMs = this.nowMs;
      this.nowMs = Math.max(this.nowMs, this.rendezvous.deadline());
      this.rendezvous.tick(this.now);
      assert(this.nowMs > beforeMs || asked.length < 1000, "it asks without end");
    }
    this.nowMs = untilMs;
    return asked;
  }

  /** The names that it asked for meanwhile, with a star where it announced itself. */
  names(forMs: number): string[] {
    return [...new Set(this.pass(forMs).map(({ name, port }) => port === null ? name : `${name} *`))].sort();
  }

  found(key: Uint8Array, addresses: readonly string[]): string[] {
    return this.rendezvous.found(key, addresses, this.now).map(({ kind, address }) => `${kind} ${address}`);
  }

  get refusals(): (string | undefined)[] {
    return this.events.filter(({ name }) => name === "dht_hint_refused").map(({ reason }) => reason);
  }
}

Deno.test("who is in a space alone, or in none, and has no ticket open neither asks nor announces anything", () => {
  assertEquals(new Station(NOBODY, "nobody").pass(3 * DAY_MS), []);
  assertEquals(new Station(MEMBER, "nobody").pass(3 * DAY_MS), []);
});

Deno.test("where it is off, nothing is asked", () => {
  const off = { ...PUBLIC, problem: "it is switched off" };
  assertEquals(new Station({ epoch: EPOCH, doors: TICKET, sought: TICKET }, "none", 12, off).pass(DAY_MS), []);
});

Deno.test("who is linked with all looks seldom, and announces nothing", () => {
  const asked = new Station(MEMBER, "all").pass(10 * HOUR_MS);
  assertEquals(new Set(asked.map(({ port }) => port)), new Set([null]));
  assert(asked.length >= 3 && asked.length <= 8, `${asked.length} questions`);
});

Deno.test("who is linked with nobody announces itself and looks within seconds, and who misses some a little later", () => {
  const alone = new Station(MEMBER, "none");
  const first = alone.pass(HOUR_MS);
  assertEquals([first[0]?.name, first[0]?.port], ["space 0", 5484]);
  assert((first[0]?.atMs ?? 0) <= 6000);
  // Within an hour it looks every five minutes or so, and announces itself at each third question.
  assert(first.length > 8 && first.length < 20, `${first.length} questions`);
  assert(first.filter(({ port }) => port !== null).length <= 6);

  const missing = new Station(MEMBER, "some");
  assertEquals(missing.pass(10_000), []);
  const later = missing.pass(HOUR_MS);
  assertEquals(later[0]?.port, 5484);
  assert(later.length >= 4 && later.length < 12, `${later.length} questions`);
});

Deno.test("a link that breaks for a moment leads to nothing", () => {
  const peer = new Station(MEMBER, "all");
  peer.pass(MINUTE_MS);
  peer.become("some");
  assertEquals(peer.pass(10_000), []);
  peer.become("all");
  assertEquals(peer.pass(MINUTE_MS), []);
});

Deno.test("a door announces itself at once and again before nodes forget it, under one key for each ticket", () => {
  const door = new Station({ ...MEMBER, doors: [TICKET[1] as Uint8Array] }, "nobody");
  const asked = door.pass(HOUR_MS);
  assertEquals([asked[0]?.atMs, asked[0]?.name, asked[0]?.port], [1000, "ticket 1 0", 5484]);
  assert(asked.length >= 3);
  for (const [i, { atMs, port }] of asked.entries()) {
    assertEquals(port, 5484);
    if (i > 0) assert(atMs - (asked[i - 1]?.atMs ?? 0) <= 25 * MINUTE_MS);
  }
  door.keys = MEMBER;
  assertEquals(door.pass(HOUR_MS), [], "the ticket is used up");
});

Deno.test("of many open tickets the newest are announced", () => {
  const doors = Array.from({ length: 20 }, (_, i) => new Uint8Array(32).fill(50 + i));
  const asked = new Station({ ...MEMBER, doors }, "nobody").pass(HOUR_MS);
  const newest = doors.slice(0, MAX_DHT_DOORS).map((key) => toHex(ticketInfoHash(key, TODAY)));
  assertEquals(new Set(asked.map(({ key }) => toHex(key))), new Set(newest));
});

Deno.test("who joins asks under both keys of its ticket every few seconds, and announces nothing", () => {
  const joiner = new Station({ ...NOBODY, sought: TICKET }, "nobody");
  const asked = joiner.pass(MINUTE_MS);
  assertEquals(asked.slice(0, 2).map(({ atMs, name }) => `${atMs} ${name}`), ["1000 ticket 0 0", "1000 ticket 1 0"]);
  assert(asked.every(({ port }) => port === null));
  assert(asked.length >= 10 && asked.length < 24, `${asked.length} questions`);
  joiner.keys = NOBODY;
  joiner.rendezvous.changed(joiner.now);
  assertEquals(joiner.pass(DAY_MS), []);
});

Deno.test("about midnight the day beside today is asked for as well, and the new day is announced", () => {
  assertEquals(new Station(MEMBER, "none", 12).names(HOUR_MS), ["space 0", "space 0 *"]);
  assertEquals(new Station(MEMBER, "none", 23).names(HOUR_MS / 2), ["space 0", "space 0 *", "space 1"]);
  assertEquals(new Station(MEMBER, "none", 1).names(HOUR_MS / 2), ["space -1", "space 0", "space 0 *"]);
  const peer = new Station(MEMBER, "none", 23.9);
  peer.pass(HOUR_MS);
  assertEquals(peer.names(HOUR_MS), ["space 0", "space 1", "space 1 *"]);
});

Deno.test("where nobody answers, it is tried less and less, and told once as a warning", () => {
  const peer = new Station(MEMBER, "none");
  peer.problem = "no node of the DHT answers";
  const asked = peer.pass(6 * HOUR_MS);
  assert(asked.length > 20 && asked.length < 40, `${asked.length} questions`);
  const failures = peer.events.filter(({ name }) => name === "dht_failed");
  assertEquals(failures.map(({ level }) => level).filter((level) => level === "warning").length, 1);
  assertEquals(failures[0]?.reason, "no node of the DHT answers");
  peer.problem = null;
  assertEquals(peer.names(HOUR_MS), ["space 0", "space 0 *"]);
});

Deno.test("few questions are under way at a time, and those of doors come first", () => {
  const doors = Array.from({ length: 4 }, (_, i) => new Uint8Array(32).fill(50 + i));
  const peer = new Station({ ...MEMBER, doors }, "none", 1);
  peer.answers = false;
  const asked = peer.pass(HOUR_MS / 2);
  assertEquals(asked.length, MAX_DHT_QUERIES);
  assert(asked.every(({ name }) => name === "another key"));
  peer.rendezvous.done(asked[0]?.key as Uint8Array, null, peer.now);
  assertEquals(peer.pass(MINUTE_MS).length, 1);
});

Deno.test("what is found leads to dials, while it is asked for", () => {
  const peer = new Station(MEMBER, "none");
  peer.answers = false;
  const [asked] = peer.pass(10_000) as [Asked];
  assertEquals(peer.found(asked.key, ["8.8.8.8:5484"]), ["member 8.8.8.8:5484"]);
  assertEquals(peer.found(asked.key, ["8.8.8.8:5484"]), []);
  assertEquals(peer.found(ticketInfoHash(EPOCH, TODAY), ["8.8.4.4:5484"]), [], "nobody asked for it");
  peer.rendezvous.done(asked.key, null, peer.now);
  assertEquals(peer.found(asked.key, ["8.8.4.4:5484"]), [], "it comes too late");
  const joiner = new Station({ ...NOBODY, sought: TICKET }, "nobody");
  joiner.answers = false;
  const [sought] = joiner.pass(10_000) as [Asked];
  assertEquals(joiner.found(sought.key, ["8.8.4.4:5484"]), ["door 8.8.4.4:5484"]);
});

Deno.test("who only announces is sent nowhere by what comes back", () => {
  const door = new Station({ ...MEMBER, doors: TICKET }, "nobody");
  door.answers = false;
  const [asked] = door.pass(10_000) as [Asked];
  assertEquals(door.found(asked.key, ["8.8.8.8:5484"]), []);
});

Deno.test("a flood of forged answers leads to few dials, and every refusal is told", () => {
  const joiner = new Station({ ...NOBODY, sought: TICKET }, "nobody");
  joiner.answers = false;
  const [{ key }] = joiner.pass(10_000) as [Asked];
  const victim = Array.from({ length: 1000 }, (_, i) => `8.8.8.8:${2000 + i}`);
  assertEquals(joiner.found(key, victim).length, 8);
  assertEquals(joiner.refusals.at(-1), "more addresses than one question leads to");
  assertEquals(joiner.refusals.length, MAX_DHT_HINTS - 8 + 1);
  assertEquals(joiner.found(key, ["9.9.9.9:5484"]), []);
  joiner.rendezvous.done(key, null, joiner.now);
  joiner.answers = true;
  let dialled = 0;
  for (let i = 0; i < 100; i++) {
    joiner.answers = false;
    const asked = joiner.pass(10_000);
    const many = Array.from({ length: 1000 }, (_, j) => `9.9.${i}.${j % 250}:${3000 + j}`);
    for (const { key } of asked) {
      dialled += joiner.found(key, many).length;
      joiner.rendezvous.done(key, null, joiner.now);
    }
  }
  // A thousand seconds, of thirty dials a minute.
  assert(dialled > 100 && dialled <= 520, `${dialled} dials`);
});

Deno.test("private addresses are dialled where the DHT is private alone", () => {
  const isPrivate = { ...PUBLIC, isPrivate: true };
  for (const [network, expected] of [[PUBLIC, ""], [isPrivate, "member 10.0.0.1:5484"]] as const) {
    const peer = new Station(MEMBER, "none", 12, network);
    peer.answers = false;
    const [asked] = peer.pass(10_000) as [Asked];
    assertEquals(peer.found(asked.key, ["10.0.0.1:5484"]).join(), expected);
  }
});

Deno.test("who can't be dialled looks, and announces nothing", () => {
  const peer = new Station({ ...MEMBER, doors: TICKET }, "none", 12, { ...PUBLIC, port: null });
  assertEquals(peer.names(HOUR_MS), ["space 0"]);
});

Deno.test("where a router has it at another port, that one is announced", () => {
  const door = new Station({ ...MEMBER, doors: TICKET }, "nobody");
  door.outerPort = 40_000;
  assertEquals(door.pass(10_000).map(({ port }) => port), [40_000, 40_000]);
  door.rendezvous.changed(door.now);
  assertEquals(door.pass(10_000), []);
  door.outerPort = 40_001;
  door.rendezvous.changed(door.now);
  assertEquals(door.pass(10_000).map(({ port }) => port), [40_001, 40_001]);
});

Deno.test("a port that changes while the one before is announced is announced next", () => {
  const door = new Station({ ...MEMBER, doors: TICKET.slice(0, 1) }, "nobody");
  door.answers = false;
  const [asked] = door.pass(10_000) as [Asked];
  assertEquals(asked.port, 5484);
  door.outerPort = 40_000;
  door.rendezvous.changed(door.now);
  assertEquals(door.pass(10_000), [], "the one question is under way");
  door.answers = true;
  door.rendezvous.done(asked.key, null, door.now);
  assertEquals(door.pass(10_000).map(({ port }) => port), [40_000]);
  assertEquals(door.pass(10 * MINUTE_MS), []);
});

Deno.test("of a large space, in which some are missed at all times, few members announce themselves and look at a time", () => {
  const stations = Array.from({ length: 40 }, (_, i) => {
    const peer = new Station(MEMBER, "some", 12, PUBLIC, i);
    peer.members = 160;
    return peer;
  });
  stations.forEach((peer) => peer.pass(30_000));
  const asked = stations.flatMap((peer) => peer.pass(10 * HOUR_MS));
  // Sixteen of all announce themselves each quarter of an hour or so: of these a quarter as often, in ten hours.
  const announced = asked.filter(({ port }) => port !== null).length;
  assert(announced >= 90 && announced <= 190, `${announced} times`);
  assert(asked.length - announced <= 150, `${asked.length} questions`);
  const alone = new Station(MEMBER, "none");
  alone.members = 160;
  assertEquals(alone.pass(10_000)[0]?.port, 5484, "who is linked with nobody does not wait for others");
});

Deno.test("after the network changed, all is asked and announced anew", () => {
  const peer = new Station(MEMBER, "none");
  peer.answers = false;
  assertEquals(peer.pass(10_000).length, 1);
  peer.rendezvous.networkChanged(PUBLIC, peer.now);
  assertEquals(peer.pass(10_000).map(({ port }) => port), [5484]);
});

Deno.test("another epoch has another place, and the old one is left", () => {
  const peer = new Station(MEMBER, "none");
  assertEquals(peer.names(HOUR_MS), ["space 0", "space 0 *"]);
  peer.keys = { ...MEMBER, epoch: new Uint8Array(32).fill(9) };
  peer.rendezvous.changed(peer.now);
  assertEquals(peer.names(HOUR_MS), ["another key", "another key *"]);
});
