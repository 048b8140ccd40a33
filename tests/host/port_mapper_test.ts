import { assertEquals } from "@std/assert";
import type { PeerEvent } from "../../lib/base/event.ts";
import { type Mapping, MappingRefused } from "../../lib/host/mapping.ts";
import { type Interface, likelyRouters, PortMapper } from "../../lib/host/port_mapper.ts";
import { until } from "./until.ts";

const INNER: Interface = { address: "192.168.1.20", cidr: "192.168.1.20/24" };

/** A mapper whose routers are played by a function, and what came of it. */
class Bench {
  readonly mapped: (string | null)[] = [];
  readonly events: PeerEvent[] = [];
  readonly asked: number[] = [];
  removed = 0;
  answer: () => Partial<Mapping> | null = () => ({});
  interfaces: readonly Interface[] = [INNER];
  readonly mapper: PortMapper;

  constructor(isOn = true) {
    this.mapper = new PortMapper({
      isOn,
      portAt: () => 5484,
      interfaces: () => this.interfaces,
      mapped: (address) => this.mapped.push(address),
      event: (event) => this.events.push(event),
      map: (request) => {
        this.asked.push(request.outsidePort);
        return new Promise((resolve) => resolve(this.#mapping(this.answer())));
      },
    });
  }

  async asks(times: number): Promise<void> {
    await until("it asks", () => this.asked.length >= times);
    // What came of it is taken up in the same round.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  #mapping(told: Partial<Mapping> | null): Mapping | null {
    if (told === null) return null;
    const remove = () => {
      this.removed++;
      return Promise.resolve();
    };
    return { by: "PCP", host: "8.8.4.4", port: 6000, lifetimeS: 7200, remove, ...told };
  }
}

Deno.test("what a router maps is told once, renewed at its port, and ended with the peer", async () => {
  const bench = new Bench();
  bench.mapper.start();
  await bench.asks(1);
  assertEquals(bench.mapper.state, { address: "8.8.4.4:6000", by: "PCP", problem: null });
  bench.mapper.networkChanged();
  await bench.asks(2);
  await bench.mapper.stop();
  assertEquals([bench.mapped, bench.asked, bench.removed], [["8.8.4.4:6000"], [5484, 6000], 1]);
  assertEquals(bench.events.map(({ name, level }) => `${name} ${level}`), ["port_mapped info"]);
});

Deno.test("a mapping that is lost is told, with the reason", async () => {
  const bench = new Bench();
  bench.mapper.start();
  await bench.asks(1);
  bench.answer = () => {
    throw new MappingRefused("it has no room");
  };
  bench.mapper.networkChanged();
  await bench.asks(2);
  await bench.mapper.stop();
  assertEquals(bench.mapped, ["8.8.4.4:6000", null]);
  assertEquals(bench.events.at(-1), {
    name: "port_map_lost",
    level: "warning",
    reason: "the router refuses: it has no room",
    fields: { address: "8.8.4.4:6000", by: null },
  });
  assertEquals(bench.removed, 0);
});

Deno.test("a router that says nothing once is believed to have kept what it made, for as long as it was to", async () => {
  const bench = new Bench();
  bench.mapper.start();
  await bench.asks(1);
  bench.answer = () => null;
  bench.mapper.networkChanged();
  await bench.asks(2);
  assertEquals([bench.mapper.state.address, bench.mapped], ["8.8.4.4:6000", ["8.8.4.4:6000"]]);
  bench.interfaces = [{ address: "192.168.7.20", cidr: "192.168.7.20/24" }];
  bench.mapper.networkChanged();
  await bench.asks(3);
  assertEquals(bench.mapped, ["8.8.4.4:6000", null], "on another network that is another router");
  await bench.mapper.stop();
  assertEquals(bench.removed, 0);
});

Deno.test("a router that lies about its address, or is behind another one, is seen through", async () => {
  for (const host of ["0.0.0.0", "127.0.0.1", "239.1.1.1", "nonsense"]) {
    const bench = new Bench();
    bench.answer = () => ({ host });
    bench.mapper.start();
    await bench.asks(1);
    assertEquals(bench.mapper.state.problem, "the router tells an impossible address", host);
    assertEquals(bench.mapped, []);
    await bench.mapper.stop();
  }
  const bench = new Bench();
  bench.answer = () => ({ host: "10.0.0.2" });
  bench.mapper.start();
  await bench.asks(1);
  assertEquals(bench.mapper.state, {
    address: "10.0.0.2:6000",
    by: "PCP",
    problem: "the router is behind another one: its own address is 10.0.0.2",
  });
  await bench.mapper.stop();
});

Deno.test("nobody is asked where that is switched off, or there is no router", async () => {
  const off = new Bench(false);
  off.mapper.start();
  assertEquals(off.mapper.state.problem, "it is switched off (--no-port-map)");
  const open = new Bench();
  open.interfaces = [INNER, { address: "8.8.4.4", cidr: "8.8.4.4/24" }];
  const alone = new Bench();
  alone.interfaces = [{ address: "127.0.0.1", cidr: "127.0.0.1/8" }, {
    address: "169.254.3.3",
    cidr: "169.254.3.3/16",
  }];
  for (const bench of [open, alone]) {
    bench.mapper.start();
    await until("it says so", () => bench.events.length === 1);
  }
  assertEquals(open.mapper.state.problem, "this machine has a public address itself");
  assertEquals(alone.mapper.state.problem, "this peer listens on no network behind a router");
  for (const bench of [off, open, alone]) {
    await bench.mapper.stop();
    assertEquals(bench.asked, []);
  }
});

Deno.test({
  name: "nobody is asked where this process may not use all of the network",
  permissions: { net: ["127.0.0.1"] },
  fn: async () => {
    const bench = new Bench();
    bench.mapper.start();
    await until("it says so", () => bench.events.length === 1);
    assertEquals(bench.mapper.state.problem, "this process may not use all of the network, by --allow-net");
    await bench.mapper.stop();
    assertEquals(bench.asked, []);
  },
});

Deno.test("a router is at the first or the last address of a network", () => {
  assertEquals(likelyRouters(INNER), ["192.168.1.1", "192.168.1.254"]);
  assertEquals(likelyRouters({ address: "10.1.2.3", cidr: "10.1.2.3/8" }), ["10.0.0.1", "10.255.255.254"]);
  assertEquals(likelyRouters({ address: "192.168.1.1", cidr: "192.168.1.1/24" }), ["192.168.1.254"]);
  assertEquals(likelyRouters({ address: "10.0.0.1", cidr: "10.0.0.1/32" }), []);
});
