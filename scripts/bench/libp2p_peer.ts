import { toHex } from "../../lib/base/bytes.ts";
import { percentile } from "./figure.ts";
import { blocks, MESSAGE_BYTES, Receiver, RoundTrips } from "./payload.ts";

/**
 * The competitor of a link: js-libp2p with TCP, Noise and Yamux, its defaults otherwise. Its packages come from the
 * import map of `--config`, which competitors.ts writes, so they are named in variables here and unknown to the
 * type-check.
 *
 * Usage: libp2p_peer.ts listen · serve bulk BLOCKS · serve echo · bulk ADDRESS BLOCKS · echo ADDRESS COUNT WARM_UP ·
 * idle ADDRESS COUNT · handshakes ADDRESS COUNT WARM_UP
 * idle: opens so many connections and says so, and for each line on its standard input how many are left.
 */

/** What is used of a stream of js-libp2p 3. */
interface Stream {
  /** False: the buffer is full, wait for `onDrain`. */
  send(bytes: Uint8Array): boolean;
  onDrain(): Promise<void>;
  addEventListener(type: "message", listener: (event: { data: { subarray(): Uint8Array } }) => void): void;
}

/** What is used of a node. */
interface Node {
  getMultiaddrs(): { toString(): string }[];
  handle(protocol: string, handler: (stream: Stream) => void): Promise<void>;
  dialProtocol(address: unknown, protocol: string): Promise<Stream>;
  dial(address: unknown, options?: { force: boolean }): Promise<{ close(): Promise<void> }>;
  getConnections(): unknown[];
}

const PROTOCOL = "/bench/1";
const [role, ...rest] = Deno.args;
if (role === "listen") await listen();
else if (role === "serve") await serve(rest[0] ?? "", Number(rest[1]));
else if (role === "idle") await idle(rest[0] ?? "", Number(rest[1]));
else if (role === "handshakes") await handshakes(rest[0] ?? "", Number(rest[1]), Number(rest[2]));
else if (role === "bulk") await bulk(rest[0] ?? "", Number(rest[1]));
else await echo(rest[0] ?? "", Number(rest[1]), Number(rest[2]));

async function listen(): Promise<void> {
  const node = await start(["/ip4/127.0.0.1/tcp/0"]);
  console.log(JSON.stringify({ event: "ready", address: String(node.getMultiaddrs()[0]) }));
}

async function serve(task: string, blockCount: number): Promise<void> {
  const node = await start(["/ip4/127.0.0.1/tcp/0"]);
  await node.handle(PROTOCOL, (stream) => {
    const receiver = task === "echo" ? null : new Receiver(blockCount, true);
    onBytes(stream, (bytes) => {
      const answer = receiver === null ? bytes : receiver.take(bytes);
      if (answer !== null) stream.send(answer);
    });
  });
  console.log(JSON.stringify({ address: String(node.getMultiaddrs()[0]) }));
}

async function bulk(address: string, blockCount: number): Promise<void> {
  const stream = await dial(address);
  const source = blocks();
  let answered: (digest: Uint8Array) => void = () => {};
  onBytes(stream, (bytes) => answered(bytes));
  let seconds = 0;
  let digest = new Uint8Array();
  // The first round warms up.
  for (let round = 0; round < 2; round++) {
    const answer = new Promise<Uint8Array>((resolve) => answered = resolve);
    const startMs = performance.now();
    for (let i = 0; i < blockCount; i++) {
      if (!stream.send(source[i % source.length] as Uint8Array)) await stream.onDrain();
    }
    digest = (await answer).slice();
    seconds = (performance.now() - startMs) / 1000;
  }
  console.log(JSON.stringify({ seconds, digest: toHex(digest) }));
  Deno.exit(0);
}

async function echo(address: string, count: number, warmUp: number): Promise<void> {
  const stream = await dial(address);
  const trips = new RoundTrips(count, warmUp);
  const message = new Uint8Array(MESSAGE_BYTES).fill(7);
  let received = 0;
  onBytes(stream, (bytes) => {
    received += bytes.length;
    if (received < MESSAGE_BYTES) return;
    received -= MESSAGE_BYTES;
    if (trips.returned()) return send();
    const sorted = trips.sorted();
    console.log(JSON.stringify({ p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) }));
    Deno.exit(0);
  });
  function send(): void {
    trips.sending();
    stream.send(message);
  }
  send();
}

/** One node, which is asked for another connection each time, though it has one. */
async function idle(text: string, count: number): Promise<void> {
  const node = await start([]);
  const address = await parse(text);
  for (let i = 0; i < count; i++) await node.dial(address, { force: true });
  console.log(JSON.stringify({ open: count }));
  for await (const _ of Deno.stdin.readable) console.log(JSON.stringify({ open: node.getConnections().length }));
}

/** Eight nodes, since one has a single dial to a peer at a time. */
async function handshakes(text: string, count: number, warmUp: number): Promise<void> {
  const nodes = await Promise.all(Array.from({ length: 8 }, () => start([])));
  const address = await parse(text);
  const seconds = async (wanted: number) => {
    let next = 0;
    const startMs = performance.now();
    await Promise.all(nodes.map(async (node) => {
      while (next++ < wanted) await (await node.dial(address)).close();
    }));
    return (performance.now() - startMs) / 1000;
  };
  await seconds(warmUp);
  console.log(JSON.stringify({ seconds: await seconds(count) }));
  Deno.exit(0);
}

async function parse(text: string): Promise<unknown> {
  const { multiaddr } = await load<{ multiaddr(text: string): unknown }>("@multiformats/multiaddr");
  return multiaddr(text);
}

async function dial(address: string): Promise<Stream> {
  const node = await start([]);
  return await node.dialProtocol(await parse(address), PROTOCOL);
}

async function start(addresses: string[]): Promise<Node> {
  const { createLibp2p } = await load<{ createLibp2p(options: unknown): Promise<Node> }>("libp2p");
  const { tcp } = await load<{ tcp(): unknown }>("@libp2p/tcp");
  const { noise } = await load<{ noise(): unknown }>("@libp2p/noise");
  const { yamux } = await load<{ yamux(): unknown }>("@libp2p/yamux");
  return await createLibp2p({
    addresses: { listen: addresses },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // By default a host gets five connections a second, and 300 in all.
    connectionManager: { inboundConnectionThreshold: 1e9, maxIncomingPendingConnections: 1e6, maxConnections: 1e6 },
  });
}

async function load<Module>(name: string): Promise<Module> {
  return await import(name);
}

function onBytes(stream: Stream, take: (bytes: Uint8Array) => void): void {
  stream.addEventListener("message", ({ data }) => take(data.subarray()));
}
