import { assert, assertEquals } from "@std/assert";
import type { PeerEvent } from "../../lib/base/event.ts";
import { HOLE_SILENT_AFTER_MS, PUNCH_EVERY_MS, RELAY_AFTER_MS } from "../../lib/base/limits.ts";
import { Lab } from "./lab.ts";
import type { End, Nat } from "./network.ts";
import { PostStream } from "./post_stream.ts";
import type { SimPeer } from "./sim_peer.ts";
import type { SimPeerOptions } from "./sim_peer_options.ts";
import type { UdpNat } from "./sim_udp.ts";

const QUIC_PORT = 5485;

interface PunchOptions {
  readonly seed?: number;
  /** What the routers of both do with UDP. */
  readonly routers?: readonly [UdpNat, UdpNat];
  /** Whether the members on the public net take QUIC from the start. */
  readonly publicTakesQuic?: boolean;
}

/** A space of two on the public net, who relay, and two behind a router each, who take QUIC once they are told to. */
class PunchLab extends Lab {
  readonly a: SimPeer;
  readonly b: SimPeer;
  readonly publicOnes: SimPeer[] = [];
  readonly told = new Map<SimPeer, PeerEvent[]>();

  constructor({ seed = 7, routers = ["same", "same"], publicTakesQuic = true }: PunchOptions = {}) {
    super(seed);
    const taking = publicTakesQuic ? { quicPort: QUIC_PORT } : {};
    for (const i of [1, 2]) this.publicOnes.push(this.member({ address: `198.51.100.${i}:5484`, ...taking }));
    const behind = (i: number, udp: UdpNat) => {
      const nat: Nat = { host: `203.0.113.${i}`, keepsPorts: false, forwards: new Map(), udp };
      return this.member({ address: `192.168.${i}.5:5484`, nat });
    };
    [this.a, this.b] = [behind(1, routers[0]), behind(2, routers[1])];
    this.untilHealed();
    this.untilPath("relayed");
  }

  member(options: Partial<SimPeerOptions>): SimPeer {
    const told: PeerEvent[] = [];
    const peer = this.add({ servesRelay: true, heard: (event) => void told.push(event), ...options });
    this.told.set(peer, told);
    const [founder] = this.publicOnes;
    if (founder === undefined) this.ask(peer, { type: "create_space" });
    else this.join(peer, this.invite(founder), founder);
    return peer;
  }

  /** Both behind routers take QUIC from now on. */
  takeQuic(): void {
    for (const peer of [this.a, this.b]) peer.takeQuic(QUIC_PORT);
  }

  pathOf(peer: SimPeer, other: SimPeer): string | null {
    return peer.machine?.peers().find((linked) => linked.peer === other.id)?.path ?? null;
  }

  isPath(path: string | null): boolean {
    return this.pathOf(this.a, this.b) === path && this.pathOf(this.b, this.a) === path;
  }

  untilPath(path: string | null): number {
    return this.until(() => this.isPath(path), `the path ${path}`);
  }

  /** Until both ends have tried, and nothing came through. */
  untilFailed(): void {
    const { a, b } = this;
    this.until(() => [this.failure(a, b), this.failure(b, a)].every((why) => why === "no_way_through"), "both to fail");
  }

  /** The second comes to the network of the first as well. */
  meet(): void {
    this.b.alsoBehind(this.a.nat as Nat);
  }

  /** The connections between the two. */
  ends(): End[] {
    const both = [this.a, this.b];
    return this.network.connections().filter(({ host, other }) =>
      both.includes(host as SimPeer) && both.includes(other.host as SimPeer)
    );
  }

  reasons(peer: SimPeer, name: string): string[] {
    return (this.told.get(peer) ?? []).filter((event) => event.name === name).map(({ reason = "" }) => reason);
  }

  failure(peer: SimPeer, other: SimPeer): string | null | undefined {
    return peer.machine?.peers().find((linked) => linked.peer === other.id)?.punchFailure;
  }
}

for (const seed of [1, 2, 3, 4]) {
  Deno.test(`under messages and writes a relayed link becomes punched, and relayed again; all comes once (seed ${seed})`, () => {
    const lab = new PunchLab({ seed });
    if (seed % 2 === 0) lab.network.habits = { ...lab.network.habits, latencyMs: [40, 60] };
    const stream = new PostStream(lab);
    stream.goOn(20);
    lab.takeQuic();
    stream.until(() => lab.isPath("punched"));
    stream.goOn(20);
    // The routers forget the hole, and nobody is told.
    lab.ends().forEach((end) => lab.network.swallow(end));
    stream.until(() => lab.isPath("relayed"));
    stream.goOn(20);
    stream.assertWhole();
    const paths = lab.told.get(lab.a)?.filter(({ name }) => name === "path_changed").map(({ fields }) => fields?.path);
    assertEquals(paths?.slice(-2), ["punched", "relayed"]);
    for (const peer of [lab.a, lab.b]) assertEquals(lab.reasons(peer, "member_gone"), [], "it was there all the time");
  });
}

for (const seed of [1, 2, 3, 4]) {
  Deno.test(`under messages a punched link becomes direct where the two meet on one network; all comes once (seed ${seed})`, () => {
    const lab = new PunchLab({ seed });
    // One end may hear of the end of the punched link long before it hears of the direct one.
    if (seed % 2 === 0) lab.network.habits = { ...lab.network.habits, latencyMs: [1, seed * 250] };
    const stream = new PostStream(lab);
    lab.takeQuic();
    stream.until(() => lab.isPath("punched"));
    stream.goOn(20);
    for (const told of lab.told.values()) told.splice(0);
    lab.meet();
    stream.until(() => lab.isPath("direct"));
    stream.goOn(20);
    stream.assertWhole();
    lab.wait(120_000);
    assert(lab.isPath("direct") && lab.ends().length === 1, "both have chosen the same one, which stays");
    for (const peer of [lab.a, lab.b]) {
      assertEquals([...new Set(lab.reasons(peer, "link_closed"))], ["duplicate_link"]);
      for (const name of ["member_gone", "relay_failed", "punch_failed"]) assertEquals(lab.reasons(peer, name), []);
      assertEquals(lab.reasons(peer, "path_changed"), [""]);
    }
  });
}

Deno.test("what a punched link carries for a third one goes on once that became direct: of a stream of messages all comes once", () => {
  for (const seed of [1, 2]) {
    const lab = new PunchLab({ seed });
    const { a, b, publicOnes } = lab;
    const third = lab.member({ address: "192.168.1.7:5484", nat: a.nat as Nat });
    lab.untilHealed();
    lab.takeQuic();
    lab.untilPath("punched");
    for (const other of [b, ...publicOnes]) lab.network.cut(third, other);
    for (const end of lab.network.connections()) {
      if ([end.host, end.other.host].includes(third) && ![end.host, end.other.host].includes(a)) lab.network.lose(end);
    }
    const relayOf = () => third.machine?.peers().find(({ peer }) => peer === b.id)?.relay;
    lab.until(() => relayOf() === a.id, "it to be linked through the punched link");
    const stream = new PostStream(lab, third, b);
    stream.goOn(20);
    lab.meet();
    stream.until(() => lab.isPath("direct"));
    stream.goOn(20);
    stream.assertWhole();
    for (const peer of [a, b]) assertEquals(lab.reasons(peer, "member_gone"), []);
  }
});

Deno.test("whichever side can dial, a punched link becomes direct; until one can they dial on, and no more often", () => {
  for (const [dialler, listener] of [["a", "b"], ["b", "a"]] as const) {
    const lab = new PunchLab();
    for (const peer of lab.publicOnes) lab.told.get(peer)?.splice(0);
    lab.takeQuic();
    lab.untilPath("punched");
    let dials = 0;
    const dial = lab.network.dial.bind(lab.network);
    lab.network.dial = (host, address) => {
      if (host === lab[dialler] && address === lab[listener].listensAt) dials++;
      if (host === lab[listener]) host.dialFailed(address, "it can't");
      else dial(host, address);
    };
    lab.wait(300_000);
    assert(lab.isPath("punched"));
    assert(dials > 10 && dials < 50, `${dials} dials in five minutes`);
    lab.network.habits = { ...lab.network.habits, latencyMs: [1, 500] };
    const nat = lab[listener].nat as Nat;
    nat.forwards.set(lab[listener].listensAt as string, lab[listener].listensAt as string);
    const tookMs = lab.untilPath("direct");
    assert(tookMs < 20_000, `${tookMs} ms`);
    for (const peer of lab.publicOnes) assertEquals(lab.reasons(peer, "relay_opened"), [], "no circuit is needed");
  }
});

Deno.test("a direct way that soon breaks takes the place of a punched link ever more seldom, until the network changes", () => {
  const lab = new PunchLab();
  lab.takeQuic();
  lab.untilPath("punched");
  lab.meet();
  const breaksIn = (forMs: number) => {
    let breaks = 0;
    for (const untilMs = lab.schedule.nowMs + forMs; lab.schedule.nowMs < untilMs; lab.wait(3000)) {
      if (!lab.isPath("direct")) continue;
      lab.ends().forEach((end) => lab.network.lose(end));
      breaks++;
    }
    return breaks;
  };
  const breaks = breaksIn(600_000);
  assert(breaks > 4 && breaks < 12, `it broke ${breaks} times in ten minutes`);
  assert(breaksIn(300_000) <= 2);
  lab.until(() => lab.isPath("punched"), "the hole to be punched again");
  lab.b.push({ type: "network_changed" });
  const tookMs = lab.untilPath("direct");
  assert(tookMs < 5000, `${tookMs} ms`);
});

Deno.test("a hole that opens while the two meet on one network takes the place of no direct link", () => {
  for (let seed = 1; seed <= 4; seed++) {
    const lab = new PunchLab({ seed });
    lab.network.habits = { ...lab.network.habits, latencyMs: [1, 400] };
    lab.takeQuic();
    lab.until(() => lab.network.udp.dialled.length > 0, "the hole to be punched");
    lab.meet();
    lab.untilPath("direct");
    lab.wait(60_000);
    assert(lab.isPath("direct") && lab.ends().length === 1, "both have chosen the same one, which stays");
  }
});

Deno.test("where a punched link breaks a relay is asked at once, and the next hole is punched after a while", () => {
  const lab = new PunchLab();
  lab.takeQuic();
  lab.untilPath("punched");
  const stream = new PostStream(lab);
  stream.goOn(5);
  stream.send();
  lab.wait(1);
  lab.ends().forEach((end) => lab.network.lose(end));
  lab.until(() => lab.isPath(null), "its end");
  const tookMs = lab.untilPath("relayed");
  assert(tookMs < RELAY_AFTER_MS, `${tookMs} ms`);
  // Also what was under way when it broke.
  stream.assertWhole();
  lab.wait(500);
  assertEquals(lab.failure(lab.a, lab.b), null);
  const againMs = lab.untilPath("punched");
  assert(againMs > PUNCH_EVERY_MS / 2, `${againMs} ms`);
});

Deno.test("a hole that closes without a word is noticed before anybody is told to be gone", () => {
  const lab = new PunchLab();
  lab.takeQuic();
  lab.untilPath("punched");
  lab.wait(20_000);
  assert(lab.isPath("punched"), "signs of life keep it open");
  lab.ends().forEach((end) => lab.network.swallow(end));
  const tookMs = lab.untilPath("relayed");
  assert(tookMs < HOLE_SILENT_AFTER_MS + 1000, `${tookMs} ms`);
  lab.wait(20_000);
  for (const peer of [lab.a, lab.b]) assertEquals(lab.reasons(peer, "member_gone"), []);
});

Deno.test("where a hole breaks while there is no relay, one is asked as soon as it is there", () => {
  const lab = new PunchLab();
  lab.takeQuic();
  lab.untilPath("punched");
  // Whose id is lower asks first.
  const first = lab.a.id < lab.b.id ? lab.a : lab.b;
  for (const end of lab.network.connections()) {
    if (end.host === first || end.other.host === first) lab.network.lose(end);
  }
  lab.until(() => first.machine?.peers().length === 0, "it to be alone");
  lab.until(() => (first.machine?.peers().length ?? 0) > 0, "a relay");
  const tookMs = lab.untilPath("relayed");
  assert(tookMs < RELAY_AFTER_MS / 2, `${tookMs} ms`);
});

Deno.test("a hole that gives signs of life while a relayed link takes its place leaves both with that one", () => {
  const lab = new PunchLab({ seed: 3 });
  const { a, b } = lab;
  lab.network.habits = { ...lab.network.habits, latencyMs: [40, 60] };
  lab.takeQuic();
  lab.untilPath("punched");
  lab.wait(5000);
  for (const told of lab.told.values()) told.splice(0);
  lab.network.cut(a, b);
  const isAsking = ({ machine }: SimPeer) =>
    [...machine!.connections].some(({ relay, direction }) => relay !== null && direction === "out");
  lab.until(() => isAsking(a) || isAsking(b), "one end to have found it silent");
  // What was under way comes at last, and nothing behind it.
  lab.network.mend(a, b);
  lab.network.cut(a, b);
  lab.wait(2000);
  assert(lab.isPath("relayed"));
  for (const peer of [a, b]) {
    const names = lab.told.get(peer)?.map(({ name }) => name).filter((name) => name.startsWith("link_"));
    assertEquals(names?.toSorted(), ["link_closed", "link_opened"], "no link but the one in place of the other");
  }
});

Deno.test("where a hole is lost to one end alone as soon as it was punched, that asks until the other one takes a relay", () => {
  for (const which of ["a", "b"] as const) {
    const lab = new PunchLab();
    lab.takeQuic();
    lab.untilPath("punched");
    lab.wait(100);
    for (const told of lab.told.values()) told.splice(0);
    for (const end of lab.ends()) lab.network.halfOpen(end.host === lab[which] ? end : end.other);
    const tookMs = lab.untilPath("relayed");
    assert(tookMs < HOLE_SILENT_AFTER_MS, `${tookMs} ms: sooner than the other one finds it silent`);
    for (const peer of [lab.a, lab.b]) assertEquals(lab.reasons(peer, "link_opened").length, 1);
  }
});

for (const seed of [2, 3]) {
  Deno.test(`a hole that lets through one direction only is given up by both as soon as one notices (seed ${seed})`, () => {
    const lab = new PunchLab({ seed });
    lab.takeQuic();
    lab.untilPath("punched");
    for (const end of lab.ends()) (seed % 2 === 0 ? end : end.other).intoTheVoid = true;
    const tookMs = lab.untilPath("relayed");
    assert(tookMs < HOLE_SILENT_AFTER_MS + 2000, `${tookMs} ms`);
    lab.wait(20_000);
    for (const peer of [lab.a, lab.b]) assertEquals(lab.reasons(peer, "member_gone"), []);
  });
}

Deno.test("the relay carries nothing any more, and where the hole leads to is kept nowhere, and told to nobody", () => {
  const lab = new PunchLab();
  lab.takeQuic();
  lab.untilPath("punched");
  lab.wait(10_000);
  for (const peer of lab.publicOnes) assertEquals(peer.machine?.status().relay.circuits, 0);
  const dialled = lab.network.udp.dialled.splice(0);
  assert(dialled.length > 0);
  for (const peer of [lab.a, lab.b]) peer.push({ type: "network_changed" });
  lab.wait(60_000);
  assert(lab.isPath("punched"));
  assertEquals(lab.network.udp.dialled, []);
  for (const peer of lab.peers) {
    const book = new TextDecoder("latin1").decode(peer.store.getMeta("book") as Uint8Array);
    assert(book.includes("198.51.100.1:5484"));
    assert(!book.includes("quic:") && !/203\.0\.113\.\d:4000/.test(book), book);
    assertEquals(peer.machine?.provenAddresses, []);
  }
});

Deno.test("through routers that show each one another address they stay relayed, and both say why", () => {
  for (const routers of [["varies", "varies"], ["varies", "same"], ["same", "varies"]] as const) {
    const lab = new PunchLab({ routers });
    lab.takeQuic();
    lab.untilFailed();
    assert(lab.isPath("relayed"));
    const known = [lab.a, lab.b].map((peer) => peer.machine?.status().punch);
    assertEquals(known.map((punch) => punch?.mapping), [...routers]);
    assertEquals(known.map((punch) => punch?.works), [true, true]);
    for (const peer of [lab.a, lab.b]) assertEquals(lab.reasons(peer, "punch_failed"), ["no_way_through"]);
  }
});

Deno.test("where UDP is kept back they stay relayed, and it is said on which side", () => {
  for (const [routers, blocked] of [[["blocked", "same"], 0], [["same", "blocked"], 1]] as const) {
    const lab = new PunchLab({ routers });
    lab.takeQuic();
    lab.wait(20_000);
    const [open, shut] = blocked === 0 ? [lab.b, lab.a] : [lab.a, lab.b];
    assert(lab.isPath("relayed"));
    assertEquals(lab.failure(shut, open), "udp_blocked");
    // Who would begin, and can't, has not asked the other one.
    assertEquals(lab.failure(open, shut), open.id < shut.id ? "declined" : null);
    assertEquals([shut, open].map((peer) => peer.machine?.status().punch.works), [false, true]);
  }
});

Deno.test("who has nobody to ask tries once there is somebody", () => {
  const lab = new PunchLab({ publicTakesQuic: false });
  lab.takeQuic();
  const [first, second] = lab.a.id < lab.b.id ? [lab.a, lab.b] : [lab.b, lab.a];
  lab.until(() => lab.failure(first, second) === "nobody_to_ask", "an attempt");
  lab.publicOnes[0]?.takeQuic(QUIC_PORT);
  const tookMs = lab.untilPath("punched");
  assert(tookMs < 5000, `${tookMs} ms`);
});

Deno.test("where the other end has nobody to ask it says once it has, and is asked again", () => {
  const lab = new PunchLab({ publicTakesQuic: false });
  const [first, second] = lab.a.id < lab.b.id ? [lab.a, lab.b] : [lab.b, lab.a];
  const [one, other] = lab.publicOnes as [SimPeer, SimPeer];
  // Each of both hears of one of them only.
  first.machine!.passesOver = (message) => message.type === "quic_port" && message.port === QUIC_PORT + 1;
  second.machine!.passesOver = (message) => message.type === "quic_port" && message.port === QUIC_PORT + 2;
  one.takeQuic(QUIC_PORT + 2);
  lab.takeQuic();
  lab.until(() => lab.failure(first, second) === "declined", "an attempt");
  lab.wait(6000);
  other.takeQuic(QUIC_PORT + 1);
  const tookMs = lab.untilPath("punched");
  assert(tookMs < 5000, `${tookMs} ms`);
});

Deno.test("who takes no QUIC is left in peace, and that is said", () => {
  const lab = new PunchLab();
  lab.a.takeQuic(QUIC_PORT);
  lab.b.push({ type: "quic", port: null, problem: "it is switched off" });
  lab.wait(70_000);
  assert(lab.isPath("relayed"));
  assertEquals([lab.failure(lab.a, lab.b), lab.failure(lab.b, lab.a)], ["no_quic_there", "no_quic_here"]);
  assertEquals(lab.reasons(lab.a, "punch_failed"), []);
  assertEquals(lab.b.machine?.status().punch.problem, "it is switched off");
});

Deno.test("what failed is tried again at once when the network changed, whichever side it was", () => {
  for (const changes of [0, 1]) {
    const lab = new PunchLab({ routers: ["varies", "same"] });
    lab.takeQuic();
    lab.untilFailed();
    // Three attempts in vain: the next one is some minutes away.
    const tries = () => lab.reasons(lab.a, "punch_failed").length;
    while (tries() < 4) lab.wait(10_000);
    lab.wait(PUNCH_EVERY_MS + 20_000);
    const before = tries();
    [lab.a, lab.b][changes]?.push({ type: "network_changed" });
    const tookMs = lab.until(() => tries() > before, "the next attempt");
    assert(tookMs < 20_000, `${tookMs} ms`);
  }
});
