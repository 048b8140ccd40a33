import { assert, assertEquals } from "@std/assert";
import { fromBase32 } from "../../lib/base/base32.ts";
import { toHex } from "../../lib/base/bytes.ts";
import type { PeerEvent } from "../../lib/base/event.ts";
import {
  MAX_RELAY_OPENS_BURST,
  MAX_RELAY_PAIR_OPENS_BURST,
  MAX_VALUE_BYTES,
  RELAY_AFTER_MS,
  RELAY_WINDOW_BYTES,
  RELAYED_CIRCUIT_LIFE_MS,
  RENEW_CIRCUIT_BEFORE_MS,
  SILENT_AFTER_MS,
} from "../../lib/base/limits.ts";
import { encodeMessage, type Message } from "../../lib/wire/message.ts";
import { RELAY_REASONS, type RelayData } from "../../lib/wire/relay_messages.ts";
import { Lab } from "./lab.ts";
import type { SimPeer } from "./sim_peer.ts";

/** Long enough for whoever can be linked to be so, by a relay as well. */
const A_WHILE_MS = 70_000;

/** A space in which the first two can't reach each other, and can reach all others, who relay. */
class RelayLab extends Lab {
  readonly a: SimPeer;
  readonly b: SimPeer;
  readonly m: SimPeer;
  readonly told: PeerEvent[][] = [];

  constructor(count = 3, options: { readonly servesRelay: boolean } = { servesRelay: true }, seed?: number) {
    super(seed);
    for (let i = 0; i < count; i++) {
      const told: PeerEvent[] = [];
      this.told.push(told);
      const peer = this.add({ ...options, heard: (event) => void told.push(event) });
      if (i === 0) this.ask(peer, { type: "create_space" });
      else this.join(peer, this.invite(this.peers[0] as SimPeer), this.peers[0] as SimPeer);
    }
    this.untilHealed();
    [this.a, this.b, this.m] = this.peers as [SimPeer, SimPeer, SimPeer];
    this.forbid();
  }

  /** From now on the two can't reach each other. */
  forbid(): void {
    this.network.cut(this.a, this.b);
    this.breakBetween(this.a, this.b);
  }

  breakBetween(x: SimPeer, y: SimPeer): void {
    for (const end of this.network.connections()) {
      if ([x, y].includes(end.host as SimPeer) && [x, y].includes(end.other.host as SimPeer)) this.network.lose(end);
    }
  }

  /** How a peer reaches another: by its own way, or by whom; null where it does not. */
  pathOf(peer: SimPeer, other: SimPeer): string | null {
    const view = peer.machine?.peers().find((linked) => linked.peer === other.id);
    if (view === undefined) return null;
    return view.path === "relayed" ? `relayed by ${this.peers.findIndex(({ id }) => id === view.relay)}` : view.path;
  }

  untilPath(path: string | null): void {
    this.until(() => this.pathOf(this.a, this.b) === path && this.pathOf(this.b, this.a) === path, `the path ${path}`);
  }

  /** Has one peer say something to another, whatever it is, by the link that is not relayed. */
  say(from: SimPeer, to: SimPeer, ...messages: Message[]): void {
    const connection = [...from.machine!.connections].find(({ peer, relay }) => peer === to.id && relay === null);
    assert(connection !== undefined);
    for (const message of messages) {
      const { kind, body } = encodeMessage(message);
      connection.link.send(kind, body, "bulk");
    }
    for (const end of this.network.connections()) for (const side of [end, end.other]) this.network.pump(side);
    this.wait(500);
  }

  /** Messages go both ways between the two until something is so, and a little longer: each comes, once and in order. */
  streamUntil(condition: () => boolean): void {
    const [atA, atB] = [this.a.machine!.subscribe(""), this.b.machine!.subscribe("")];
    let sent = 0;
    for (let goesOn = 50; goesOn > 0; goesOn -= condition() ? 1 : 0) {
      assert(sent < 20_000, "it comes about in time");
      for (const [from, to] of [[this.a, this.b], [this.b, this.a]] as const) {
        const payload = new TextEncoder().encode(String(sent));
        from.request({ type: "post", posts: [{ topic: "t", payload }], to: to.id }, (reply) => assert(reply.ok));
      }
      sent++;
      this.wait(3);
    }
    this.wait(20_000);
    for (const [reader, sender] of [[atA, this.b], [atB, this.a]] as const) {
      const { posts, missed } = reader.take();
      const texts = posts.filter(({ peer }) => peer === sender.id).map(({ payload }) =>
        new TextDecoder().decode(payload)
      );
      assertEquals(texts, Array.from({ length: sent }, (_, i) => String(i)));
      assertEquals(missed, []);
      reader.close();
    }
  }

  /** The events of one name that a peer told, each with its reason. */
  eventsOf(peer: SimPeer, name: string): string[] {
    return (this.told[peer.index] ?? []).filter((event) => event.name === name).map(({ reason = "" }) => reason);
  }

  /** One that reaches all others, and so asks for no circuit but what it is made to; a relay; its first number there. */
  asker(index = 3): { readonly c: SimPeer; readonly m: SimPeer; readonly first: number } {
    const [c, m] = [this.peers[index] as SimPeer, this.m];
    // It knows nothing of what it is made to ask, and is to take no answer for wrong.
    c.machine!.messageHeard = (message) => {
      if (message.type === "relay_close") Object.assign(message, { type: "topics" });
    };
    const link = [...c.machine!.connections].find(({ peer }) => peer === m.id);
    return { c, m, first: link?.direction === "out" ? 1001 : 1002 };
  }

  openRequest(circuit: number, target: SimPeer): Message {
    return { type: "relay_open", circuit, target: fromBase32(target.id) };
  }
}

/** What crosses a relay, as it sees it. */
function crossing(relay: SimPeer): RelayData[] {
  const crossed: RelayData[] = [];
  relay.machine!.messageHeard = (message) => {
    if (message.type === "relay_data") crossed.push({ ...message, bytes: message.bytes.slice() });
  };
  return crossed;
}

Deno.test("two that can't reach each other link through a third, which sees nothing of what they say", () => {
  const lab = new RelayLab();
  const crossed = crossing(lab.m);
  lab.untilPath("relayed by 2");
  const text = "nobody else is to read this";
  const reader = lab.b.machine!.subscribe("");
  lab.ask(lab.a, { type: "post", posts: [{ topic: "t", payload: new TextEncoder().encode(text) }], to: lab.b.id });
  lab.set(lab.a, "k", text);
  lab.untilHealed();
  lab.until(() => reader.take().posts.some(({ payload }) => new TextDecoder().decode(payload) === text), "the message");
  const { roundTripMs = 0, pinged } = lab.ask(lab.a, { type: "ping", peer: lab.b.id });
  assertEquals(pinged, lab.b.id);
  const direct = lab.ask(lab.a, { type: "ping", peer: lab.m.id }).roundTripMs as number;
  assert(roundTripMs > direct / 2 && roundTripMs < 1000, `${roundTripMs} ms, and ${direct} ms to the relay`);
  const bytes = crossed.flatMap(({ bytes }) => [...bytes]);
  assert(bytes.length > 500);
  const seen = new TextDecoder("latin1").decode(Uint8Array.from(bytes));
  assert(!seen.includes(text) && !seen.includes("peer0"), "the text is not in what crosses");
  assertEquals(lab.m.machine?.status().relay.circuits, 1);
  assertEquals([lab.pathOf(lab.a, lab.m), lab.pathOf(lab.b, lab.m)], ["direct", "direct"]);
});

Deno.test("once they reach each other the direct link takes the place of the relayed one, and back; nothing is lost", () => {
  const lab = new RelayLab();
  for (let round = 0; round < 2; round++) {
    lab.untilPath("relayed by 2");
    for (let i = 0; i < 10; i++) lab.set(i % 2 === 0 ? lab.a : lab.b, `${round}/relayed/${i}`, `${i}`);
    lab.network.mend(lab.a, lab.b);
    for (let i = 0; lab.pathOf(lab.a, lab.b) !== "direct" || lab.pathOf(lab.b, lab.a) !== "direct"; i++) {
      assert(i < 1000);
      lab.set(i % 2 === 0 ? lab.a : lab.b, `${round}/changing/${i}`, `${i}`);
      lab.wait(20);
    }
    lab.untilHealed();
    lab.wait(5000);
    assertEquals(lab.m.machine?.status().relay.circuits, 0);
    lab.forbid();
  }
  lab.untilPath("relayed by 2");
  const paths = (lab.told[0] as PeerEvent[]).filter(({ name }) => name === "path_changed")
    .map(({ fields }) => fields?.path);
  assertEquals(paths, ["relayed", "direct", "relayed", "direct", "relayed"]);
});

Deno.test("who was heard of as a member while its link began is relayed for as any other", () => {
  const lab = new RelayLab(3, { servesRelay: true }, 4);
  lab.network.habits = { ...lab.network.habits, latencyMs: [1, 800] };
  lab.untilPath("relayed by 2");
});

Deno.test("of a stream of messages to one peer none is lost, or comes twice, while the link becomes a direct one", () => {
  for (const latencyMs of [[1, 5], [40, 60]] as const) {
    const lab = new RelayLab();
    lab.network.habits = { ...lab.network.habits, latencyMs };
    lab.untilPath("relayed by 2");
    lab.network.mend(lab.a, lab.b);
    lab.a.push({ type: "network_changed" });
    lab.streamUntil(() => lab.pathOf(lab.a, lab.b) === "direct" && lab.pathOf(lab.b, lab.a) === "direct");
  }
});

Deno.test("nor where one end hears of the end of the relayed link long before it hears of the direct one", () => {
  for (const [seed, latencyMs] of [[2, [1, 1000]], [4, [1, 1500]]] as const) {
    const lab = new RelayLab(3, { servesRelay: true }, seed);
    lab.network.habits = { ...lab.network.habits, latencyMs };
    lab.untilPath("relayed by 2");
    lab.network.mend(lab.a, lab.b);
    lab.a.push({ type: "network_changed" });
    lab.streamUntil(() => lab.pathOf(lab.a, lab.b) === "direct" && lab.pathOf(lab.b, lab.a) === "direct");
  }
});

Deno.test("who sends to a peer between two links is not refused, and what it sends goes by the next one", () => {
  const lab = new RelayLab();
  lab.network.habits = { ...lab.network.habits, latencyMs: [40, 60] };
  lab.untilPath("relayed by 2");
  const reader = lab.b.machine!.subscribe("");
  lab.network.mend(lab.a, lab.b);
  lab.a.push({ type: "network_changed" });
  lab.until(() => lab.pathOf(lab.b, lab.a) === "direct", "the one that is dialled has the direct link");
  // Word of that is held up, while word that the relayed one is over comes by the relay.
  lab.network.cut(lab.a, lab.b);
  lab.until(() => lab.pathOf(lab.a, lab.b) === null, "the other one has no link");
  const posts = ["one", "two"].map((text) => ({ topic: "t", payload: new TextEncoder().encode(text) }));
  const replies: boolean[] = [];
  lab.a.request({ type: "post", posts, to: lab.b.id }, ({ ok }) => void replies.push(ok));
  lab.wait(1000);
  assertEquals(replies, [], "it is not known yet whether they come");
  lab.network.mend(lab.a, lab.b);
  lab.untilPath("direct");
  lab.wait(1000);
  assertEquals(replies, [true]);
  assertEquals(reader.take().posts.map(({ payload }) => new TextDecoder().decode(payload)), ["one", "two"]);
  reader.close();
});

Deno.test("who does not read holds up who sends, and the relay no more than what may be under way", () => {
  const lab = new RelayLab();
  lab.untilPath("relayed by 2");
  const crossed = crossing(lab.m);
  lab.b.freeze();
  const value = new Uint8Array(MAX_VALUE_BYTES);
  for (let i = 0; i < 10; i++) {
    lab.ask(lab.a, {
      type: "write",
      writes: [{ kind: "put", key: `k${i}`, media: "x/y", value: value.fill(i).slice() }],
    });
  }
  lab.wait(3000);
  const sizeBytes = crossed.reduce((size, { bytes }) => size + bytes.length, 0);
  assert(sizeBytes > RELAY_WINDOW_BYTES / 2 && sizeBytes <= RELAY_WINDOW_BYTES, `${sizeBytes} bytes`);
  assertEquals(lab.m.machine?.status().relay.circuits, 1);
  lab.b.wake();
  lab.untilHealed();
  assertEquals(lab.pathOf(lab.a, lab.b), "relayed by 2");
});

Deno.test("where a relay crashes another one takes over, and where there is none they meet when it is back", () => {
  const lab = new RelayLab(4);
  lab.until(() => lab.pathOf(lab.a, lab.b)?.startsWith("relayed") === true, "a relayed link");
  const [first, second] = lab.pathOf(lab.a, lab.b) === "relayed by 2" ? [2, 3] : [3, 2];
  lab.peers[first]?.crash(true);
  lab.set(lab.a, "k", "v");
  lab.untilPath(`relayed by ${second}`);
  lab.peers[second]?.crash(false);
  lab.untilPath(null);
  lab.peers[first]?.boot();
  lab.untilPath(`relayed by ${first}`);
  lab.peers[second]?.boot();
  lab.untilHealed();
});

Deno.test("of a stream of messages none is lost, or comes twice, while another relay takes over from one that crashed", () => {
  const lab = new RelayLab(4);
  lab.network.habits = { ...lab.network.habits, latencyMs: [20, 40] };
  const paths = () => [lab.pathOf(lab.a, lab.b), lab.pathOf(lab.b, lab.a)];
  lab.until(() => paths().every((path) => path?.startsWith("relayed")), "a relayed link");
  const [first, second] = paths()[0] === "relayed by 2" ? [2, 3] : [3, 2];
  // One that breaks sooner may be the relay's doing.
  lab.wait(5000);
  const crashMs = lab.schedule.nowMs + 100;
  lab.schedule.at(crashMs, () => lab.peers[first]?.crash(false));
  let tookMs = Infinity;
  lab.streamUntil(() => {
    const isOver = paths().every((path) => path === `relayed by ${second}`);
    if (isOver) tookMs = Math.min(tookMs, lab.schedule.nowMs - crashMs);
    return isOver;
  });
  assert(tookMs < RELAY_AFTER_MS, `${tookMs} ms: it is asked at once`);
});

Deno.test("a relay that soon ends whatever it carries is asked again no sooner than for the first time", () => {
  const lab = new RelayLab();
  const askedMs: number[] = [];
  lab.m.machine!.messageHeard = ({ type }) => type === "relay_open" && askedMs.push(lab.schedule.nowMs);
  for (const peer of [lab.a, lab.b]) {
    const sinceMs = new Map<number, number>();
    peer.machine!.messageHeard = (message) => {
      if (message.type !== "relay_data") return;
      const lastedMs = lab.schedule.nowMs - (sinceMs.get(message.circuit) ?? Infinity);
      if (lastedMs === -Infinity) sinceMs.set(message.circuit, lab.schedule.nowMs);
      if (lastedMs > 500) Object.assign(message, { type: "relay_close", code: RELAY_REASONS.expired });
    };
  }
  for (let i = 0; i < 40; i++) {
    for (const peer of [lab.a, lab.b]) {
      peer.request(
        { type: "post", posts: [{ topic: "t", payload: new Uint8Array(1) }], to: null },
        ({ ok }) => assert(ok),
      );
    }
    lab.wait(250);
  }
  assert(askedMs.length > 2, "it is asked again");
  askedMs.reduce((beforeMs, nextMs) => {
    assert(nextMs - beforeMs >= RELAY_AFTER_MS, `after ${nextMs - beforeMs} ms`);
    return nextMs;
  });
});

Deno.test("a direct link that came about while a relayed one began stays at both ends", () => {
  const lab = new RelayLab();
  const { a, b, m } = lab;
  const asks = ({ machine }: SimPeer) =>
    [...machine!.connections].some(({ relay, direction }) => relay !== null && direction === "out");
  lab.until(() => asks(a) || asks(b), "one end to prove itself through the relay");
  m.freeze();
  lab.network.mend(a, b);
  lab.untilPath("direct");
  const opened = () => [a, b].map((peer) => lab.eventsOf(peer, "link_opened").length);
  const before = opened();
  m.wake();
  lab.until(() => ![a, b].some(asks), "the end of the relayed one");
  lab.wait(1000);
  assertEquals([lab.pathOf(a, b), lab.pathOf(b, a)], ["direct", "direct"]);
  assertEquals(opened(), before);
});

Deno.test("a relayed link takes the place of one that is silent, and is left again by whichever side can dial", () => {
  for (const dials of [0, 1]) {
    const lab = new RelayLab();
    lab.untilPath("relayed by 2");
    lab.network.mend(lab.a, lab.b);
    lab.a.push({ type: "network_changed" });
    lab.untilPath("direct");
    const both = [lab.a, lab.b];
    const end = lab.network.connections().find(({ host, other }) =>
      both.includes(host as SimPeer) && both.includes(other.host as SimPeer)
    );
    assert(end !== undefined);
    lab.network.cut(lab.a, lab.b);
    lab.network.halfOpen(end.host === lab.b ? end : end.other);
    const tookMs = lab.until(() => lab.pathOf(lab.a, lab.b) === "relayed by 2", "the silent link to be replaced");
    assert(tookMs < SILENT_AFTER_MS, `${tookMs} ms`);
    const dial = lab.network.dial.bind(lab.network);
    lab.network.dial = (host, to) => host === both[1 - dials] ? host.dialFailed(to, "it can't") : dial(host, to);
    lab.network.mend(lab.a, lab.b);
    lab.untilPath("direct");
  }
});

Deno.test("who stops says goodbye through the relay as well", () => {
  const lab = new RelayLab();
  lab.untilPath("relayed by 2");
  lab.told[0]?.splice(0);
  lab.b.push({ type: "stopping" });
  lab.untilPath(null);
  lab.wait(10_000);
  assertEquals(lab.eventsOf(lab.a, "member_left"), ["goodbye"]);
  assertEquals(lab.eventsOf(lab.a, "member_gone"), []);
});

Deno.test("who stops while its relayed link carries much says goodbye through the relay as well", () => {
  for (const pause of [0, 20, 50]) {
    const lab = new RelayLab();
    lab.network.habits = { ...lab.network.habits, capacityBytes: [4000, 9000], latencyMs: [5, 10] };
    for (const peer of [lab.a, lab.b]) lab.breakBetween(peer, lab.m);
    lab.untilPath(null);
    lab.untilPath("relayed by 2");
    lab.told[0]?.splice(0);
    const value = new Uint8Array(MAX_VALUE_BYTES).fill(7);
    for (let i = 0; i < 4; i++) {
      lab.b.request({ type: "write", writes: [{ kind: "put", key: `k${i}`, media: "x/y", value }] }, () => {});
    }
    const crossed = crossing(lab.m);
    lab.until(() => crossed.length > 3, "the data to be under way");
    lab.wait(pause);
    lab.b.push({ type: "stopping" });
    lab.untilPath(null);
    lab.wait(10_000);
    assertEquals([lab.eventsOf(lab.a, "member_left"), lab.eventsOf(lab.a, "member_gone")], [["goodbye"], []]);
  }
});

Deno.test("who does not serve carries nothing, and says so", () => {
  const lab = new RelayLab(3, { servesRelay: false });
  lab.wait(A_WHILE_MS);
  assertEquals([lab.pathOf(lab.a, lab.b), lab.m.machine?.status().relay.isServing], [null, false]);
  for (const peer of [lab.a, lab.b]) assert(lab.eventsOf(peer, "relay_failed").includes("not_serving"));
  assert(lab.eventsOf(lab.m, "relay_refused").every((reason) => reason === "not_serving"));
});

Deno.test("a circuit is renewed before its time of life is over: of a stream of messages none is lost, or comes twice", () => {
  const lab = new RelayLab();
  lab.network.habits = { ...lab.network.habits, latencyMs: [40, 60] };
  lab.untilPath("relayed by 2");
  const circuits = () => lab.m.machine?.status().relay.circuits;
  lab.wait(RELAYED_CIRCUIT_LIFE_MS - RENEW_CIRCUIT_BEFORE_MS - A_WHILE_MS);
  for (const told of lab.told) told.splice(0);
  lab.until(() => circuits() === 2, "the next circuit");
  lab.streamUntil(() => circuits() === 1);
  assertEquals([lab.eventsOf(lab.m, "relay_opened"), lab.eventsOf(lab.m, "relay_closed")], [[""], ["done"]]);
  for (const peer of [lab.a, lab.b]) {
    assertEquals(lab.eventsOf(peer, "link_closed"), ["duplicate_link"]);
    for (const name of ["path_changed", "member_gone"]) assertEquals(lab.eventsOf(peer, name), []);
  }
  assertEquals([lab.pathOf(lab.a, lab.b), lab.pathOf(lab.b, lab.a)], ["relayed by 2", "relayed by 2"]);
});

Deno.test("a circuit that can't be renewed ends with its time of life, and the next one begins", () => {
  const lab = new RelayLab();
  lab.untilPath("relayed by 2");
  let asked = 0;
  lab.m.machine!.messageHeard = (message) => {
    if (message.type !== "relay_open") return;
    asked++;
    Object.assign(message, { target: fromBase32(lab.m.id) });
  };
  lab.wait(RELAYED_CIRCUIT_LIFE_MS - 1000);
  assertEquals([lab.eventsOf(lab.m, "relay_closed"), asked], [[], 5]);
  lab.wait(1000);
  assertEquals(lab.eventsOf(lab.m, "relay_closed"), ["expired"]);
  lab.m.machine!.messageHeard = () => {};
  lab.untilPath("relayed by 2");
  lab.untilHealed();
});

for (
  const [how, spoil] of [
    ["flips a bit", ({ bytes }: RelayData) => void (bytes[bytes.length >> 1]! ^= 1)],
    ["drops some", (message: RelayData) => void Object.assign(message, { bytes: message.bytes.slice(1) })],
    ["repeats some", (message: RelayData, before: Uint8Array) => void Object.assign(message, { bytes: before })],
  ] as const
) {
  Deno.test(`a relay that ${how} of what it carries breaks that link, and nothing else`, () => {
    const lab = new RelayLab();
    lab.untilPath("relayed by 2");
    let before: Uint8Array = new Uint8Array();
    let isSpoilt = false;
    lab.m.machine!.messageHeard = (message) => {
      if (message.type !== "relay_data") return;
      if (before.length > 0 && !isSpoilt) {
        spoil(message, before);
        isSpoilt = true;
      }
      before = message.bytes.slice();
    };
    lab.told.forEach((told) => told.splice(0));
    lab.set(lab.a, "k", "v");
    lab.until(
      () => [...lab.eventsOf(lab.a, "link_closed"), ...lab.eventsOf(lab.b, "link_closed")].length > 0,
      "its end",
    );
    const reasons = [...lab.eventsOf(lab.a, "link_closed"), ...lab.eventsOf(lab.b, "link_closed")];
    assert(reasons.includes("malformed") || reasons.includes("silent"), reasons.join());
    lab.untilPath("relayed by 2");
    lab.untilHealed();
    assertEquals([lab.pathOf(lab.a, lab.m), lab.pathOf(lab.b, lab.m)], ["direct", "direct"]);
    for (const peer of lab.peers) assertEquals(peer.machine?.status().cut, []);
  });
}

Deno.test("a link through a relay that ends before it was one is sought again", () => {
  const lab = new RelayLab();
  let opens = 0;
  let isNext = false;
  // The first one that each of both asks for.
  lab.m.machine!.messageHeard = (message) => {
    if (message.type === "relay_open") isNext = ++opens <= 2;
    if (message.type !== "relay_data" || !isNext) return;
    message.bytes[0]! ^= 1;
    isNext = false;
  };
  lab.until(() => opens >= 2, "both to ask");
  lab.untilPath("relayed by 2");
  for (const peer of [lab.a, lab.b]) assert(lab.eventsOf(peer, "relay_failed").length > 0);
});

Deno.test("a relay that swallows everything is given up, in time", () => {
  const lab = new RelayLab(4);
  // Which relay was asked first for each of both: it never says anything about that.
  const deaf = new Map<string, SimPeer>();
  for (const relay of lab.peers.slice(2)) {
    const swallowed = new Set<number>();
    relay.machine!.passesOver = (message) => {
      if (message.type === "relay_open") {
        const target = toHex(message.target);
        if (deaf.has(target)) return false;
        deaf.set(target, relay);
        swallowed.add(message.circuit);
      }
      return message.type.startsWith("relay_") && "circuit" in message && swallowed.has(message.circuit);
    };
  }
  lab.until(() => deaf.size > 0, "a relay to be asked");
  lab.until(() => lab.pathOf(lab.a, lab.b)?.startsWith("relayed") === true, "another one to be asked");
  lab.untilHealed();
});

Deno.test("a relay that leads to somebody else is found out", () => {
  const lab = new RelayLab(4);
  const c = lab.peers[3] as SimPeer;
  lab.peers.forEach((peer) => peer !== lab.m && lab.network.cut(peer, lab.a));
  lab.breakBetween(lab.a, c);
  lab.m.machine!.messageHeard = (message) => {
    if (message.type === "relay_open") Object.assign(message, { target: fromBase32(c.id) });
  };
  lab.until(() => lab.eventsOf(lab.a, "link_refused").includes("bad_handshake"), "the refusal");
  lab.wait(A_WHILE_MS);
  assertEquals(lab.pathOf(lab.a, lab.b), null);
});

Deno.test("circuits to oneself, to the relay, to no member, to one that is not linked are refused with a reason", () => {
  const lab = new RelayLab(4);
  const stranger = lab.add();
  const { c, m, first } = lab.asker();
  lab.say(c, m, lab.openRequest(first, c), lab.openRequest(first + 2, m), lab.openRequest(first + 4, stranger));
  assertEquals(lab.eventsOf(m, "relay_refused"), ["self", "self", "not_linked"]);
  lab.network.cut(lab.b, m);
  lab.breakBetween(lab.b, m);
  lab.until(() => lab.pathOf(m, lab.b) === null, "the link to break");
  lab.say(c, m, lab.openRequest(first + 6, lab.b));
  assertEquals(lab.eventsOf(m, "relay_refused").slice(3), ["not_linked"]);
  // Also where it is linked by a relay itself.
  lab.until(() => lab.pathOf(m, lab.b)?.startsWith("relayed") === true, "another relay");
  lab.say(c, m, lab.openRequest(first + 8, lab.b));
  assertEquals(lab.eventsOf(m, "relay_refused").slice(4), ["not_linked"]);
  assertEquals(lab.pathOf(c, m), "direct");
});

Deno.test("a relayed link carries no circuit itself, whoever asks for one by it", () => {
  const lab = new RelayLab();
  lab.untilPath("relayed by 2");
  const relayed = [...lab.a.machine!.connections].find(({ relay }) => relay !== null);
  assert(relayed !== undefined);
  for (
    const message of [
      lab.openRequest(relayed.direction === "out" ? 1 : 2, lab.m),
      { type: "relay_incoming", circuit: relayed.direction === "out" ? 3 : 4, from: fromBase32(lab.m.id) },
    ] satisfies Message[]
  ) {
    const { kind, body } = encodeMessage(message);
    relayed.link.send(kind, body, "bulk");
  }
  // It leaves with the next sign of life.
  lab.wait(15_000);
  assertEquals(lab.eventsOf(lab.b, "relay_refused"), ["one_hop"]);
  assertEquals(lab.eventsOf(lab.b, "relay_declined"), ["one_hop"]);
  assertEquals(lab.pathOf(lab.a, lab.b), "relayed by 2");
});

Deno.test("endless requests for circuits are refused, then nothing is heard of who asks so", () => {
  const lab = new RelayLab(4);
  const stranger = lab.add();
  const { c, m, first } = lab.asker();
  let circuit = first;
  const ask = () => lab.openRequest(circuit += 2, stranger);
  for (let i = 0; i < 3; i++) lab.say(c, m, ...Array.from({ length: MAX_RELAY_OPENS_BURST / 2 }, ask));
  assert(lab.eventsOf(m, "relay_refused").includes("too_often"));
  assertEquals(lab.eventsOf(m, "link_closed").filter((reason) => reason === "too_large"), []);
  lab.say(c, m, ...Array.from({ length: 5000 }, ask));
  assertEquals(lab.eventsOf(m, "link_closed").at(-1), "too_large");
});

Deno.test("a relay is not blamed by a target for what its askers do", () => {
  const lab = new RelayLab(7);
  const target = lab.peers[6] as SimPeer;
  // It takes none of them.
  target.machine!.messageHeard = (message) => {
    if (message.type === "relay_incoming") Object.assign(message, { from: fromBase32(target.id) });
  };
  target.freeze();
  for (const index of [3, 4, 5]) {
    const { c, m, first } = lab.asker(index);
    lab.say(c, m, ...Array.from({ length: 32 }, (_, i) => lab.openRequest(first + 2 * i, target)));
  }
  target.wake();
  lab.wait(2000);
  assertEquals([lab.eventsOf(target, "link_closed"), lab.pathOf(lab.m, target)], [[], "direct"]);
  assertEquals(lab.eventsOf(target, "relay_declined").length, 3 * MAX_RELAY_PAIR_OPENS_BURST);
  assert(lab.eventsOf(lab.m, "relay_refused").every((reason) => reason === "too_often"));
});

Deno.test("what comes for a circuit that never began is wrong, for one that is over it is not", () => {
  const lab = new RelayLab(4);
  const { c, m, first } = lab.asker();
  lab.say(c, m, lab.openRequest(first, c));
  lab.say(c, m, { type: "relay_data", circuit: first, bytes: new Uint8Array(9) });
  for (
    const wrong of [
      (circuit: number): Message => ({ type: "relay_data", circuit, bytes: new Uint8Array(9) }),
      (circuit: number): Message => ({ type: "relay_credit", circuit, sizeBytes: RELAY_WINDOW_BYTES }),
      (circuit: number): Message => ({ type: "relay_close", circuit, code: 0 }),
      // It is the other side's to give.
      (circuit: number) => lab.openRequest(circuit + 1, lab.b),
    ]
  ) {
    assertEquals(lab.eventsOf(m, "link_closed").filter((reason) => reason === "bad_state"), []);
    // The numbers of a new link begin anew.
    const { first } = lab.asker();
    const message = wrong(first + 2);
    lab.say(c, m, message);
    assertEquals(lab.eventsOf(m, "link_closed").filter((reason) => reason === "bad_state").length, 1, message.type);
    lab.told[m.index]?.splice(0);
    lab.until(() => lab.pathOf(c, m) === "direct" && lab.pathOf(m, c) === "direct", "the link");
  }
});
