import { assert, assertEquals } from "@std/assert";
import type { PeerEvent } from "../../lib/base/event.ts";
import { MAX_OTHER_CONNECTIONS, MAX_PENDING_LINKS } from "../../lib/base/limits.ts";
import { Driver } from "../../lib/host/driver.ts";
import type { Network } from "../../lib/host/network.ts";
import type { QuicApi } from "../../lib/host/quic_endpoint.ts";
import { QuicService, type QuicServiceParts } from "../../lib/host/quic_service.ts";
import type { Input } from "../../lib/peer/machine.ts";
import { EchoMachine } from "./echo_machine.ts";
import { until } from "./until.ts";

function service(options: Partial<QuicServiceParts> = {}) {
  const inputs: Input[] = [];
  const events: PeerEvent[] = [];
  const made = new QuicService({
    isOn: true,
    listening: [{ hostname: "127.0.0.1", port: 0 }],
    network: () => ({
      ...{ isFull: false, refusesUnproven: () => false, refuses: () => false },
    }),
    accepted: (socket) => socket.close(),
    push: (input) => inputs.push(input),
    event: (event) => events.push(event),
    ...options,
  });
  return { service: made, inputs, events, warnings: () => events.filter(({ level }) => level === "warning") };
}

function portOf(input: Input | undefined): number {
  assert(input?.type === "quic" && input.port !== null, JSON.stringify(input));
  return input.port;
}

Deno.test("where it is off, or can't be used, the peer is told why, once, and all else goes on", async () => {
  const broken = { QuicEndpoint: () => {} } as unknown as QuicApi;
  const cases: [Partial<QuicServiceParts>, RegExp, number][] = [
    [{ isOn: false }, /^it is switched off \(--no-punch\)$/, 0],
    [{ listening: [] }, /^this peer listens nowhere$/, 1],
    [{ api: {} }, /^this runtime has no QUIC \(--unstable-net\)$/, 1],
    [{ api: broken }, /^UDP can't be used \(.+\)$/, 1],
    [{ listening: [{ hostname: "192.0.2.1", port: 5484 }] }, /^UDP can't be used \(.+\)$/, 1],
  ];
  for (const [options, problem, warnings] of cases) {
    const { service: made, inputs, warnings: told } = service(options);
    made.start();
    await until("it is told", () => inputs.length === 1);
    const [input] = inputs;
    assert(inputs.length === 1 && input?.type === "quic" && input.port === null, JSON.stringify(inputs));
    assert(problem.test(input.problem ?? ""), input.problem ?? "");
    assertEquals(
      told().map(({ name, reason }) => [name, reason]),
      warnings === 1 ? [["quic_failed", input.problem ?? ""]] : [],
    );
    made.ask(["127.0.0.1:1"]);
    await made.dial({ hostname: "127.0.0.1", port: 1 }, new AbortController().signal).then(assert, () => {});
    await made.stop();
    assertEquals(inputs.at(-1) as unknown, { type: "quic_seen", seen: [{ asked: "127.0.0.1:1", address: null }] });
  }
});

Deno.test("it takes the port of TCP, and another one where that is taken", async () => {
  using tcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const listening = [{ hostname: "127.0.0.1", port: tcp.addr.port }];
  const [first, second] = [service({ listening }), service({ listening })];
  for (const { service: one, inputs } of [first, second]) {
    one.start();
    await until("it is open", () => inputs.length === 1);
  }
  assertEquals(portOf(first.inputs[0]), tcp.addr.port);
  assert(portOf(second.inputs[0]) !== tcp.addr.port);
  assertEquals(second.events, []);
  await Promise.all([first.service.stop(), second.service.stop()]);
});

Deno.test("all that are asked at what address they see this peer are answered for, whatever they say", async () => {
  const [one, other] = [service(), service()];
  for (const { service: made } of [one, other]) made.start();
  await until("both are open", () => one.inputs.length + other.inputs.length === 2);
  const there = `127.0.0.1:${portOf(other.inputs[0])}`;
  one.service.ask([there, "no address", "example.org:5484"]);
  await until("they answered", () => one.inputs.length === 2);
  assertEquals(one.inputs[1] as unknown, {
    type: "quic_seen",
    seen: [
      { asked: there, address: `127.0.0.1:${portOf(one.inputs[0])}` },
      { asked: "no address", address: null },
      { asked: "example.org:5484", address: null },
    ],
  });
  await Promise.all([one.service.stop(), other.service.stop()]);
});

Deno.test("a port that the system takes away is told of, and another one is opened", async () => {
  const taken = Promise.withResolvers<never>();
  taken.promise.catch(() => {});
  let opened = 0;
  class Endpoint {
    addr = { hostname: "127.0.0.1", port: 9 + opened++ };
    listen = () => ({ incoming: () => opened === 1 ? taken.promise : new Promise(() => {}) });
    close() {}
  }
  const { service: made, inputs, warnings } = service({ api: { QuicEndpoint: Endpoint } as unknown as QuicApi });
  made.start();
  await until("it is open", () => inputs.length === 1);
  taken.reject(new Error("gone"));
  await until("it is told", () => inputs.length === 2);
  made.networkChanged();
  assertEquals(inputs as unknown, [
    { type: "quic", port: 9, problem: null },
    { type: "quic", port: null, problem: "the system took its UDP port away" },
    { type: "quic", port: 10, problem: null },
  ]);
  assertEquals(warnings().length, 1);
  made.networkChanged();
  assertEquals(opened, 2, "one that is open stays");
});

const MAX_LINKS = 1;
const MAX_CONNECTIONS = MAX_LINKS + MAX_PENDING_LINKS + MAX_OTHER_CONNECTIONS;

/** A machine with sockets of QUIC alone. */
async function start() {
  const machine = new EchoMachine();
  const events: PeerEvent[] = [];
  const driver: Driver = new Driver(machine, {
    now: () => ({ monotonicMs: performance.now(), wallMs: Date.now() }),
    event: (event) => events.push(event),
    ownEvent: (event) => events.push(event),
    changed: () => {},
    turned: () => {},
    stopped: () => {},
  }, { maxLinks: MAX_LINKS });
  const inputs: Input[] = [];
  const made = new QuicService({
    ...{ isOn: true, listening: [{ hostname: "127.0.0.1", port: 0 }], network: (): Network => driver.network },
    ...{ push: (input) => inputs.push(input), event: (event) => events.push(event) },
    accepted: (socket, address) => driver.network.acceptedByQuic(socket, address),
  });
  driver.network.useQuic((to, signal) => made.dial(to, signal));
  made.start();
  await until("it is open", () => inputs.length === 1);
  return {
    ...{ machine, driver, events, target: `127.0.0.1:${portOf(inputs[0])}` },
    address: `quic:127.0.0.1:${portOf(inputs[0])}`,
    stop: async () => {
      await driver.stop();
      await made.stop();
    },
  };
}

Deno.test("a machine that dials by QUIC reaches one that listens, and both learn of the end", async () => {
  const [a, b] = await Promise.all([start(), start()]);
  const connected: Input[] = [];
  a.machine.onInput = (input) => {
    if (input.type !== "connected") return;
    connected.push(input);
    a.machine.send(input.connection, new TextEncoder().encode("hello"));
  };
  let echoes = 0;
  b.machine.onInput = (input) => {
    if (input.type === "connected") connected.push(input);
    if (input.type === "received" && ++echoes === 3) {
      b.machine.effect({ type: "close", connection: input.connection });
    }
  };
  a.machine.effect({ type: "dial_quic", address: b.target });
  a.driver.push({ type: "network_changed" });
  await until("both are disconnected", () => {
    return a.machine.inputs.includes("disconnected") && b.machine.inputs.includes("disconnected");
  });
  assertEquals(connected as unknown, [
    { type: "connected", connection: 1, direction: "out", address: b.address },
    { type: "connected", connection: 1, direction: "in", address: a.address },
  ]);
  assertEquals(a.machine.inputs.filter((type) => type === "received").length, 3, "what was queued arrives");
  assertEquals([a.machine.details, b.machine.details], [[""], [""]]);
  await Promise.all([a.stop(), b.stop()]);
});

Deno.test("a dial by QUIC that leads nowhere becomes an input, and connections that are open at the end are closed", async () => {
  const [a, b] = await Promise.all([start(), start()]);
  for (const address of ["no address", "example.org:5484", "[fe80::1%lo]:1", b.target]) {
    a.machine.effect({ type: "dial_quic", address });
  }
  a.machine.onInput = (input) => {
    if (input.type === "connected") a.machine.send(input.connection, Uint8Array.of(1));
  };
  a.driver.push({ type: "network_changed" });
  await until("three dials failed, and one came about", () => {
    return a.machine.details.length === 3 && b.machine.connections.length === 1;
  });
  // An address that this machine has no more is no reason to give it up: it moves by itself.
  a.driver.network.closeGone([]);
  assertEquals(a.driver.network.connections, 1);
  assertEquals(a.machine.details.includes("not an address"), true, a.machine.details.join());
  await a.stop();
  await until("the other side knows", () => b.machine.details.length === 1);
  await b.stop();
});

Deno.test("an address that a member tells is not dialled by QUIC, whatever it looks like", async () => {
  const [a, b] = await Promise.all([start(), start()]);
  a.machine.effect({ type: "dial", address: b.address });
  a.driver.push({ type: "network_changed" });
  await until("it failed, or came about", () => a.machine.details.length + a.machine.connections.length === 1);
  assertEquals([a.machine.details, a.machine.connections], [["not an address"], []]);
  await Promise.all([a.stop(), b.stop()]);
});

Deno.test("connections by QUIC beyond the bound of all are closed, and told of", async () => {
  const [a, b] = await Promise.all([start(), start()]);
  const full = b.driver.network;
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  full.listen([listener]);
  const tcp = await Promise.all(
    Array.from({ length: MAX_CONNECTIONS }, () => Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port })),
  );
  await until("it has as many as it takes", () => full.connections === MAX_CONNECTIONS);
  a.machine.effect({ type: "dial_quic", address: b.target });
  a.driver.push({ type: "network_changed" });
  await until("it is refused, and told", () => {
    return a.machine.details.length === 1 && b.events.some(({ name }) => name === "connection_refused");
  });
  assertEquals(b.events.map(({ reason, fields }) => [reason, fields]), [
    ["too_many_links", { address: a.address.slice("quic:".length) }],
  ]);
  for (const conn of tcp) conn.close();
  await Promise.all([a.stop(), b.stop()]);
});

Deno.test("connections by QUIC that begin too often are not answered, and told of without an address", async () => {
  const a = await start();
  while (!a.driver.network.refusesUnproven());
  assertEquals(a.events.map(({ reason, fields }) => [reason, fields]), [["too_many_handshakes", { address: null }]]);
  assertEquals(a.driver.network.refuses("192.0.2.1:1"), false, "nobody's address is charged");
  await a.stop();
});
