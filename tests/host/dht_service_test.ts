import { assert, assertEquals, assertThrows } from "@std/assert";
import dgram from "node:dgram";
import type { PeerEvent } from "../../lib/base/event.ts";
import { KithError } from "../../lib/base/errors.ts";
import { parseConfig } from "../../lib/host/config.ts";
import { DhtService, type DhtServiceParts } from "../../lib/host/dht_service.ts";
import { DhtSocket } from "../../lib/host/dht_socket.ts";
import type { Input } from "../../lib/peer/machine.ts";
import { bencoded } from "./bencoded.ts";
import { until } from "./until.ts";

const KEY = new Uint8Array(20).fill(9);

function service(options: Partial<DhtServiceParts & { readonly dialable: readonly string[] }> = {}) {
  const inputs: Input[] = [];
  const events: PeerEvent[] = [];
  const { isOn = true, bootstrap = [], dialable = ["192.168.1.10:5484"], lookup } = options;
  const made = new DhtService({
    ...{ isOn, bootstrap },
    ...(lookup === undefined ? {} : { lookup }),
    addresses: { dialable, port: 5484 },
    push: (input) => inputs.push(input),
    event: (event) => events.push(event),
  });
  return { service: made, inputs, events };
}

Deno.test("at the start nothing is opened, and it is told where this peer can be dialled", async () => {
  const network = (problem: string | null, port: number | null, isPrivate: boolean) => {
    return [{ type: "dht_network", network: { problem, port, isPrivate } }];
  };
  for (
    const [options, expected] of [
      [{}, network(null, 5484, false)],
      [{ dialable: ["127.0.0.1:5484"] }, network(null, null, false)],
      [{ dialable: ["127.0.0.1:5484"], bootstrap: ["127.0.0.1:6881"] }, network(null, 5484, true)],
      [{ bootstrap: ["127.0.0.1:6881", "8.8.8.8:6881"] }, network(null, 5484, false)],
      [{ bootstrap: ["dht.example.org:6881"] }, network(null, 5484, false)],
      [{ isOn: false }, network("it is switched off (--no-dht)", 5484, false)],
    ] as const
  ) {
    const { service: made, inputs } = service(options);
    made.start();
    assertEquals(inputs as unknown, expected);
    assertEquals(made.state.nodes, 0);
    await made.stop();
  }
});

Deno.test("where the first nodes are not found, it is told why, and the next question tries again", async () => {
  // No system asks anybody for a name whose parts are that long.
  const { service: made, inputs } = service({ bootstrap: [`${"a".repeat(70)}.invalid:6881`] });
  for (let i = 1; i <= 2; i++) {
    made.query({ key: KEY, port: null });
    await until("the question to end", () => inputs.length === i);
    const done = inputs[i - 1] as Extract<Input, { type: "dht_done" }>;
    assertEquals([done.type, done.key], ["dht_done", KEY]);
    assert(done.problem?.startsWith("the first nodes of the DHT are not found ("), done.problem ?? "");
  }
  assertEquals(made.state.answeredMs, null);
  await made.stop();
});

Deno.test("a question that is under way when the network changes, or all ends, is not answered", async () => {
  const silent = await openUdp();
  const { service: made, inputs } = service({ bootstrap: [`127.0.0.1:${silent.address().port}`] });
  const asked = new Promise((resolve) => silent.once("message", resolve));
  made.query({ key: KEY, port: 5484 });
  await asked;
  made.networkChanged();
  made.query({ key: KEY, port: 5484 });
  await made.stop();
  assertEquals(inputs.map(({ type }) => type), ["dht_network"]);
  await closeUdp(silent);
});

Deno.test("a question does not wait for the slowest of the first nodes' names, and the next one asks that one too", async () => {
  const slow = Promise.withResolvers<readonly string[]>();
  const { service: made, events } = service({
    bootstrap: ["quick.example.org:6881", "slow.example.org:6881"],
    // Nothing is sent to this machine here, and that is told.
    lookup: (name) => name.startsWith("quick") ? Promise.resolve(["127.0.0.1"]) : slow.promise,
  });
  made.query({ key: KEY, port: null });
  await until("the one node to be asked", () => events.length === 1);
  slow.resolve(["127.0.0.2"]);
  await slow.promise;
  made.query({ key: KEY, port: null });
  await until("both to be asked", () => events.length === 3);
  await made.stop();
});

Deno.test("who stops does not wait for the addresses of the first nodes", async () => {
  const asked = Promise.withResolvers<void>();
  const never = Promise.withResolvers<readonly string[]>();
  const { service: made, inputs } = service({
    bootstrap: ["dht.example.org:6881"],
    lookup: () => {
      asked.resolve();
      return never.promise;
    },
  });
  made.query({ key: KEY, port: null });
  await asked.promise;
  await made.stop();
  assertEquals(inputs, []);
});

Deno.test("what is no address of a node is refused", () => {
  for (const text of ["nowhere", "127.0.0.1", ":6881", "127.0.0.1:0"]) {
    assertThrows(() => service({ bootstrap: [text] }), KithError, "is not an address HOST:PORT of a node of the DHT");
  }
});

Deno.test("the socket passes on what nodes that were asked answer well, and tells of all else", async () => {
  const drops: string[] = [];
  const node = await openUdp();
  const socket = new DhtSocket({ allowsPrivate: true, nowMs: () => 0, dropped: (reason) => drops.push(reason) });
  await socket.open();
  const heard: Uint8Array[] = [];
  socket.on("message", (bytes) => {
    if (heard.push(bytes) === 1) throw new Error("it stumbles");
  });
  const asked = new Promise<number>((resolve) => node.once("message", (_, { port }) => resolve(port)));
  const question = bencoded({ t: "ab", y: "q", q: "ping", a: { id: KEY } });
  socket.send(question, 0, question.length, node.address().port, "127.0.0.1");
  const port = await asked;
  const answer = bencoded({ t: "ab", y: "r", r: { id: KEY } });
  for (const bytes of [answer, bencoded("x"), new TextEncoder().encode("l-3:e"), question, answer]) {
    node.send(bytes, port, "127.0.0.1");
  }
  await until("all to be read", () => heard.length === 2 && drops.length === 4);
  assertEquals(heard.map((bytes) => new Uint8Array(bytes)), [answer, answer]);
  assertEquals(drops, [
    "the library of the DHT failed: it stumbles",
    "it is malformed",
    "it is malformed",
    "it asks, and this peer only asks itself",
  ]);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.close();
  await closed;
  await closeUdp(node);
});

function openUdp(): Promise<dgram.Socket> {
  const socket = dgram.createSocket("udp4");
  return new Promise((resolve) => socket.bind(0, "127.0.0.1", () => resolve(socket)));
}

function closeUdp(socket: dgram.Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()));
}

Deno.test("a node that would be refused at the start is refused as a setting", () => {
  for (const node of ["dht.example.org", ":6881", "dht.example.org:0"]) {
    assertThrows(() => parseConfig({ "dht-bootstrap": [node] }, "config.json"), KithError);
  }
  assertEquals(parseConfig({ "dht-bootstrap": ["dht.example.org:6881"] }, "x")["dht-bootstrap"], [
    "dht.example.org:6881",
  ]);
});
