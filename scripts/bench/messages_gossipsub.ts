import { answerer, Asker } from "./messages_task.ts";

/**
 * Messages between two nodes of js-libp2p with gossipsub: TCP, Noise and Yamux, messages signed and checked, as by
 * default. Its packages come from the import map of `--config`, which competitors.ts writes.
 *
 * Usage: messages_gossipsub.ts serve · ask ADDRESS COUNT TRIPS
 */

/** What is used of gossipsub. */
interface PubSub {
  publish(topic: string, data: Uint8Array): Promise<unknown>;
  subscribe(topic: string): void;
  getMeshPeers(topic: string): unknown[];
  addEventListener(
    type: "message",
    listener: (event: { detail: { topic: string; data: Uint8Array } }) => void,
  ): void;
}

/** What is used of a node. */
interface Node {
  readonly services: { readonly pubsub: PubSub };
  getMultiaddrs(): { toString(): string }[];
  dial(address: unknown): Promise<unknown>;
}

type Make<Made = unknown> = (options?: unknown) => Made;

const TO_SERVER = "to/server";
const TO_ASKER = "to/asker";
/** With thousands on their way it loses some, and gets them a heartbeat later, or never. */
const SMALL_WINDOW = 256;
const POLL_MS = 50;
const HEARTBEATS_MS = 2000;
const [role, address = "", ...counts] = Deno.args;
const [count = 0, trips = 0] = counts.map(Number);

const node = await start(role === "serve" ? ["/ip4/127.0.0.1/tcp/0"] : []);
const { pubsub } = node.services;
if (role === "serve") {
  onMessages(TO_SERVER, answerer((bytes) => pubsub.publish(TO_ASKER, bytes), false));
  console.log(JSON.stringify({ address: String(node.getMultiaddrs()[0]) }));
} else {
  const { multiaddr } = await load<{ multiaddr: Make }>("@multiformats/multiaddr");
  await node.dial(multiaddr(address));
  const asker = new Asker((bytes) => pubsub.publish(TO_SERVER, bytes), SMALL_WINDOW);
  onMessages(TO_ASKER, (bytes) => asker.take(bytes));
  // Each has to hear of what the other subscribes to, and both to be in each other's mesh, which takes a heartbeat.
  pubsub.subscribe(TO_SERVER);
  while (pubsub.getMeshPeers(TO_SERVER).length === 0) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  await new Promise((resolve) => setTimeout(resolve, HEARTBEATS_MS));
  await asker.run(count, trips);
  Deno.exit(0);
}

function onMessages(topic: string, take: (bytes: Uint8Array) => void): void {
  pubsub.addEventListener("message", ({ detail }) => {
    if (detail.topic === topic) take(detail.data);
  });
  pubsub.subscribe(topic);
}

async function start(listen: string[]): Promise<Node> {
  const { createLibp2p } = await load<{ createLibp2p: Make<Promise<Node>> }>("libp2p");
  const { tcp } = await load<{ tcp: Make }>("@libp2p/tcp");
  const { noise } = await load<{ noise: Make }>("@libp2p/noise");
  const { yamux } = await load<{ yamux: Make }>("@libp2p/yamux");
  const { identify } = await load<{ identify: Make }>("@libp2p/identify");
  const { gossipsub } = await load<{ gossipsub: Make }>("@libp2p/gossipsub");
  return await createLibp2p({
    addresses: { listen },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), pubsub: gossipsub({ allowPublishToZeroTopicPeers: true }) },
  });
}

async function load<Module>(name: string): Promise<Module> {
  return await import(name);
}
