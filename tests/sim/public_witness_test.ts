import { assert, assertEquals } from "@std/assert";
import { toBase32 } from "../../lib/base/base32.ts";
import { Lab } from "./lab.ts";
import type { Nat, NetworkHost } from "./network.ts";
import { PostStream } from "./post_stream.ts";
import type { SimPeer } from "./sim_peer.ts";
import { SimRelay } from "./sim_relay.ts";
import type { UdpNat } from "./sim_udp.ts";

const QUIC_PORT = 5485;
const RELAY = "198.51.100.9";

interface WitnessOptions {
  readonly seed?: number;
  /** What the routers of both do with UDP. Default: they show one address to all. */
  readonly routers?: readonly [UdpNat, UdpNat];
  /** Whether the relay takes QUIC from the start. Default: yes. */
  readonly relayTakesQuic?: boolean;
  /** What the relay is known by, `host:port`. Default: its address. */
  readonly relayName?: string;
}

/** A space of two, each behind a router, which know nobody else but a relay that is no member. */
class WitnessLab extends Lab {
  readonly relay = new SimRelay(this, RELAY);
  readonly a: SimPeer;
  readonly b: SimPeer;

  constructor({ seed = 7, routers = ["same", "same"], relayTakesQuic = true, relayName }: WitnessOptions = {}) {
    super(seed);
    if (relayTakesQuic) this.relay.takeQuic(QUIC_PORT);
    const addresses = relayName === undefined ? this.relay.address.addresses : [relayName];
    const publicRelay = { ...this.relay.address, addresses };
    if (relayName !== undefined) this.network.names.set(relayName, this.relay.listensAt as string);
    const [a, b] = routers.map((udp, i) => {
      const nat: Nat = { host: `203.0.113.${i}`, keepsPorts: false, forwards: new Map(), udp };
      return this.add({ address: `192.168.${i}.5:5484`, nat, publicRelay });
    }) as [SimPeer, SimPeer];
    [this.a, this.b] = [a, b];
    this.ask(a, { type: "create_space" });
    this.ask(b, { type: "join", keys: this.invite(a), addresses: [] });
    this.untilHealed();
  }

  /** Both take QUIC from now on. */
  takeQuic(): void {
    for (const peer of [this.a, this.b]) peer.takeQuic(QUIC_PORT);
  }

  isPath(path: string): boolean {
    return [this.a, this.b].every((peer) => peer.machine?.peers()[0]?.path === path);
  }

  untilPath(path: string): number {
    return this.until(() => this.isPath(path), `the path ${path}`);
  }

  failures(): (string | null | undefined)[] {
    return [this.a, this.b].map((peer) => peer.machine?.peers()[0]?.punchFailure);
  }
}

for (const seed of [1, 2]) {
  Deno.test(`two that know nobody but a public relay punch a hole; all messages come once (seed ${seed})`, () => {
    const lab = new WitnessLab({ seed });
    assert(lab.isPath("relayed"));
    const stream = new PostStream(lab);
    stream.goOn(20);
    lab.takeQuic();
    stream.until(() => lab.isPath("punched"));
    stream.goOn(20);
    stream.assertWhole();
    lab.until(() => lab.relay.machine.counts.circuits === 0, "the relay to carry nothing any more");
    const by = toBase32(lab.relay.identity.peerId);
    assertEquals([lab.a, lab.b].map((peer) => peer.machine?.status().punch.seen), [
      [{ by, address: `203.0.113.0:${40_000 + lab.a.index}` }],
      [{ by, address: `203.0.113.1:${40_000 + lab.b.index}` }],
    ]);
  });
}

Deno.test("through routers that show each one another address they stay relayed by it", () => {
  const lab = new WitnessLab({ routers: ["varies", "varies"] });
  lab.takeQuic();
  lab.until(() => lab.failures().every((why) => why === "no_way_through"), "both to fail");
  assert(lab.isPath("relayed"));
  // One alone can't tell what routers do.
  assertEquals([lab.a, lab.b].map((peer) => peer.machine?.status().punch.mapping), [null, null]);
});

Deno.test("a relay that takes QUIC later is asked as soon as it says so, and one that takes it no more is not", () => {
  const lab = new WitnessLab({ relayTakesQuic: false });
  lab.takeQuic();
  lab.until(() => lab.failures().includes("nobody_to_ask"), "an attempt");
  lab.relay.takeQuic(QUIC_PORT);
  const tookMs = lab.untilPath("punched");
  assert(tookMs < 8000, `${tookMs} ms`);
  lab.relay.push({ type: "quic", port: null, problem: "it is gone" });
  lab.wait(1000);
  lab.a.push({ type: "network_changed" });
  lab.wait(10_000);
  assertEquals(lab.a.machine?.status().punch.seen, []);
});

Deno.test("after the relay was away it is asked at the port that it says then", () => {
  const lab = new WitnessLab();
  lab.relay.crash();
  lab.until(() => lab.a.machine?.peers().length === 0, "the loss");
  lab.relay.quicPort = QUIC_PORT + 1;
  lab.relay.boot();
  lab.takeQuic();
  lab.untilPath("punched");
});

Deno.test("a relay that is known by a name alone is asked where that led to", () => {
  const lab = new WitnessLab({ relayName: "relay.example:5485" });
  lab.takeQuic();
  lab.untilPath("punched");
});

Deno.test("the relay tells those where they are seen who are linked with it, and nobody else", () => {
  const lab = new WitnessLab();
  lab.takeQuic();
  lab.untilPath("punched");
  const asked = [`${RELAY}:${QUIC_PORT}`];
  const seen: (string | null)[] = [];
  const stranger: NetworkHost = {
    ...{ index: 900, listensAt: "198.51.100.66:5484", quicPort: QUIC_PORT, life: 0 },
    ...{ connected: () => {}, dialFailed: () => {}, received: () => {}, disconnected: () => {}, pull: () => null },
    quicSeen: (answers) => seen.push(...answers.map(({ address }) => address)),
  };
  lab.network.add(stranger);
  lab.network.udp.ask(stranger, asked);
  lab.until(() => seen.length === 1, "the end of the question");
  assertEquals(seen, [null]);
  lab.network.udp.ask({ ...stranger, index: lab.a.index, nat: lab.a.nat, listensAt: lab.a.listensAt }, asked);
  lab.until(() => seen.length === 2, "the answer");
  assertEquals(seen[1], `203.0.113.0:${40_000 + lab.a.index}`);
});
