import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { X509Certificate } from "node:crypto";
import dgram from "node:dgram";
import {
  CLOSE_TIMEOUT_MS,
  MAX_QUIC_CONNECTS,
  MAX_QUIC_HANDSHAKES,
  MAX_QUIC_WAITING,
  MAX_QUIC_WAITING_OF_SOURCE,
  MAX_SEEN_ADDRESS_BYTES,
  MIN_QUIC_BYTES_PER_S,
  QUIC_SEND_BUFFER_BYTES,
} from "../../lib/base/limits.ts";
import type { ByteSocket } from "../../lib/host/byte_socket.ts";
import type { QuicApi } from "../../lib/host/quic_endpoint.ts";
import { QUIC_CERTIFICATE, QUIC_CERTIFICATE_KEY, QUIC_SERVER_NAME } from "../../lib/host/quic_certificate.ts";
import { QuicSocket } from "../../lib/host/quic_socket.ts";
import { openQuic, readAll } from "./socket_pairs.ts";
import { until } from "./until.ts";

const never = new AbortController().signal;
const at = (port: number) => ({ hostname: "127.0.0.1", port });

/** A client that asks for whatever protocol, and sends nothing by it. */
function dialPlain(port: number, protocol: string, endpoint: Deno.QuicEndpoint): Promise<Deno.QuicConn> {
  return Deno.connectQuic<false>({
    ...{ endpoint, ...at(port), serverName: QUIC_SERVER_NAME },
    ...{ caCerts: [QUIC_CERTIFICATE], alpnProtocols: [protocol] },
  });
}

function plainListener(protocol: string): { endpoint: Deno.QuicEndpoint; listener: Deno.QuicListener } {
  const endpoint = plainEndpoint();
  const keys = { cert: QUIC_CERTIFICATE, key: QUIC_CERTIFICATE_KEY };
  return { endpoint, listener: endpoint.listen({ ...keys, alpnProtocols: [protocol] }) };
}

function plainEndpoint(): Deno.QuicEndpoint {
  return new Deno.QuicEndpoint({ hostname: "127.0.0.1", port: 0 });
}

/**
 * Sends to a port of this machine the first packets of so many connections, by which nothing ever follows, as if their
 * address were forged.
 *
 * @returns the port from which they come.
 */
async function firstPackets(connections: number, to: number): Promise<number> {
  const between = dgram.createSocket("udp4");
  await new Promise<void>((resolve) => between.bind(0, "127.0.0.1", () => resolve()));
  const { port } = between.address();
  const dialled = plainEndpoint();
  const seen = new Set<string>();
  const all = new Promise<void>((resolve) => {
    between.on("message", (packet, from) => {
      // Answers to what was sent are dropped; one connection sends its first packets with one id of the other side.
      if (from.port !== dialled.addr.port) return;
      const id = packet.subarray(6, 6 + (packet[5] as number)).toString("hex");
      if (seen.has(id)) return;
      seen.add(id);
      between.send(packet, to, "127.0.0.1");
      if (seen.size === connections) resolve();
    });
  });
  const failed = Array.from({ length: connections }, () => assertRejects(() => dialPlain(port, "kith", dialled)));
  await all;
  dialled.close();
  await Promise.all(failed);
  await new Promise<void>((resolve) => between.close(() => resolve()));
  return port;
}

Deno.test("bytes travel both ways, and who is dialled sees the port at which the other one can be dialled", async () => {
  const accepted: (readonly [ByteSocket, string])[] = [];
  const near = openQuic();
  const far = openQuic({ accepted: (socket, address) => accepted.push([socket, address]) });
  const socket = await near.dial(at(far.port), never);
  const sent = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7919) >> 8);
  const sending = socket.write(sent);
  await until("it came in", () => accepted.length === 1);
  const [other, address] = accepted[0] as [ByteSocket, string];
  assertEquals(address, `127.0.0.1:${near.port}`);
  assertEquals(await readAll(other, sent.length), sent);
  await other.write(sent);
  assertEquals(await readAll(socket, sent.length), sent);
  assertEquals([socket.localAddress, other.localAddress], [null, null]);
  await Promise.all([sending, other.closeWrite()]);
  assertEquals(await readAll(socket, 1), new Uint8Array(0));
  await Promise.all([near.stop(), far.stop()]);
});

Deno.test("two that dial each other at once both get through", async () => {
  const accepted: string[] = [];
  const take = (socket: ByteSocket, address: string) => {
    accepted.push(address);
    socket.close();
  };
  const [one, other] = [openQuic({ accepted: take }), openQuic({ accepted: take })];
  const sockets = await Promise.all([one.dial(at(other.port), never), other.dial(at(one.port), never)]);
  await Promise.all(sockets.map((socket) => socket.write(Uint8Array.of(1))));
  await until("both came in", () => accepted.length === 2);
  assertEquals(new Set(accepted), new Set([`127.0.0.1:${one.port}`, `127.0.0.1:${other.port}`]));
  await Promise.all([one.stop(), other.stop()]);
});

Deno.test("who asks is told at what address it is seen", async () => {
  const [near, far] = [openQuic(), openQuic()];
  assertEquals(await near.seenBy(at(far.port), never), `127.0.0.1:${near.port}`);
  await Promise.all([near.stop(), far.stop()]);
});

Deno.test("at all of this machine's addresses, one port is for IPv4 and IPv6", async () => {
  const [near, far] = [openQuic({}, Deno, "::"), openQuic({}, Deno, "::")];
  assertEquals(await near.seenBy(at(far.port), never), `127.0.0.1:${near.port}`);
  assertEquals(await near.seenBy({ hostname: "::1", port: far.port }, never), `[::1]:${near.port}`);
  await Promise.all([near.stop(), far.stop()]);
});

Deno.test("the certificate is good on a machine without a clock", () => {
  const { validFrom, validTo } = new X509Certificate(QUIC_CERTIFICATE);
  assertEquals([Date.parse(validFrom), new Date(validTo).getUTCFullYear()], [0, 9999]);
});

Deno.test("whoever may not come in is closed before anything is served", async () => {
  const asked: string[] = [];
  const accepted: ByteSocket[] = [];
  const near = openQuic();
  const far = openQuic({
    refuses: (address) => asked.push(address) > 0,
    accepted: (socket) => accepted.push(socket),
  });
  await assertRejects(() => near.seenBy(at(far.port), never));
  await assertRejects(async () => {
    const socket = await near.dial(at(far.port), never);
    await socket.write(Uint8Array.of(1));
    if (await socket.read(new Uint8Array(1)) === null) throw new Error("it ended");
  });
  assertEquals(asked, [`127.0.0.1:${near.port}`, `127.0.0.1:${near.port}`]);
  assertEquals(accepted, []);
  await Promise.all([near.stop(), far.stop()]);
});

Deno.test("an address counts as one from which somebody comes once that was shown, as it may be forged", async () => {
  const asked: string[] = [];
  const [near, far] = [openQuic(), openQuic({ refuses: (address) => asked.push(address) === 0 })];
  const forger = await firstPackets(1, far.port);
  assertEquals(await near.seenBy(at(far.port), never), `127.0.0.1:${near.port}`);
  assertEquals(asked, [`127.0.0.1:${near.port}`], `not 127.0.0.1:${forger}`);
  await Promise.all([near.stop(), far.stop()]);
});

Deno.test("where too many begin, nothing is answered, so that who is there tries again", async () => {
  let begun = 0;
  const dropped: string[] = [];
  const near = openQuic();
  const far = openQuic({ refusesUnproven: () => ++begun === 1, dropped: (reason) => dropped.push(reason) });
  assertEquals(await near.seenBy(at(far.port), never), `127.0.0.1:${near.port}`);
  assertEquals([begun, dropped], [2, []]);
  await Promise.all([near.stop(), far.stop()]);
});

Deno.test("a dial to who does not answer can be called off, and does not hold up the end", async () => {
  const silent = dgram.createSocket("udp4");
  await new Promise<void>((resolve) => silent.bind(0, "127.0.0.1", () => resolve()));
  const { port } = silent.address();
  const near = openQuic();
  const abort = new AbortController();
  const dialling = near.dial(at(port), abort.signal);
  await new Promise((resolve) => silent.once("message", resolve));
  abort.abort(new Error("it takes too long"));
  await assertRejects(() => dialling, Error, "it takes too long");
  const asking = near.seenBy(at(port), never);
  const failed = assertRejects(() => asking);
  await near.stop();
  await failed;
  await new Promise<void>((resolve) => silent.close(() => resolve()));
});

Deno.test("so many dials may be under way, those among them that were called off", async () => {
  const begun: PromiseWithResolvers<Deno.QuicConn>[] = [];
  const connectQuic = () => {
    begun.push(Promise.withResolvers());
    return begun.at(-1)?.promise;
  };
  const near = openQuic({}, { QuicEndpoint: Deno.QuicEndpoint, connectQuic } as unknown as QuicApi);
  const abort = new AbortController();
  const dials = Array.from({ length: MAX_QUIC_CONNECTS }, () => near.dial(at(1), abort.signal));
  abort.abort(new Error("it takes too long"));
  for (const dial of dials) await assertRejects(() => dial, Error, "it takes too long");
  await assertRejects(() => near.dial(at(1), never), Error, "too many connections by QUIC");
  await assertRejects(() => near.seenBy(at(1), never), Error, "too many connections by QUIC");
  for (const { reject } of begun) reject(new Error("timed out"));
  await until("more may begin", () => {
    near.dial(at(1), never).catch(() => {});
    return begun.length > MAX_QUIC_CONNECTS;
  });
  begun.at(-1)?.reject(new Error("unreachable"));
  await near.stop();
});

Deno.test("a dial that comes about after it was called off is closed", async () => {
  const { endpoint, listener } = plainListener("kith");
  const near = openQuic();
  const abort = new AbortController();
  const dialling = near.dial(at(endpoint.addr.port), abort.signal);
  abort.abort(new Error("it takes too long"));
  await assertRejects(() => dialling, Error, "it takes too long");
  const conn = await (await listener.incoming()).accept();
  let isClosed = false;
  const closing = conn.closed.then(() => isClosed = true);
  await until("it is closed", () => isClosed);
  await closing;
  endpoint.close();
  await near.stop();
});

Deno.test("a stream that is broken off ends its connection, and says why that was lost", async () => {
  const streamThatBreaks = () => {
    const readable = new ReadableStream({ type: "bytes", start: (controller) => controller.error(new Error("reset")) });
    return { readable, writable: new WritableStream() } as unknown as Deno.QuicBidirectionalStream;
  };
  const closed = Promise.withResolvers<null>();
  const conn = { close: () => closed.resolve(null) } as unknown as Deno.QuicConn;
  assertEquals(await new QuicSocket(conn, streamThatBreaks(), closed.promise).read(new Uint8Array(1)), null);
  const lost = new QuicSocket(conn, streamThatBreaks(), Promise.resolve("timed out"));
  await assertRejects(() => lost.read(new Uint8Array(1)), Error, "timed out");
});

Deno.test("a close gives time to what was written but may be on its way, and no more than is ever so", async () => {
  const stream = { readable: new ReadableStream({ type: "bytes" }), writable: new WritableStream() };
  const socket = new QuicSocket({} as Deno.QuicConn, stream as Deno.QuicBidirectionalStream, Promise.resolve(null));
  assertEquals(socket.closeTimeoutMs, CLOSE_TIMEOUT_MS);
  await socket.write(new Uint8Array(QUIC_SEND_BUFFER_BYTES / 2));
  const greatestMs = CLOSE_TIMEOUT_MS + QUIC_SEND_BUFFER_BYTES / MIN_QUIC_BYTES_PER_S * 1000;
  const { closeTimeoutMs } = socket;
  assert(closeTimeoutMs > CLOSE_TIMEOUT_MS && closeTimeoutMs < greatestMs, `${closeTimeoutMs}`);
  for (let i = 0; i < 3; i++) await socket.write(new Uint8Array(QUIC_SEND_BUFFER_BYTES));
  const lastMs = socket.closeTimeoutMs;
  assert(lastMs > closeTimeoutMs && lastMs <= greatestMs, `${lastMs}`);
});

Deno.test("what is no address of a machine is not dialled", async () => {
  const near = openQuic();
  for (const hostname of ["localhost", "fe80::1%lo", "", "127.0.0.01"]) {
    await assertRejects(() => near.dial({ hostname, port: 1 }, never), Error, "no IP address");
  }
  await assertRejects(() => near.dial(at(0), never), Error, "no IP address");
  await near.stop();
});

Deno.test("what is dialled is written anew, so that nothing is taken for a name", async () => {
  const dialled: string[] = [];
  const connectQuic = ({ hostname }: { hostname: string }) => {
    dialled.push(hostname);
    return Promise.reject(new Error("unreachable"));
  };
  const api = { QuicEndpoint: Deno.QuicEndpoint, connectQuic } as unknown as QuicApi;
  const near = openQuic({}, api);
  for (const hostname of ["192.0.2.1", "2001:DB8::0:1", "0001::192.0.2.1"]) {
    await assertRejects(() => near.dial({ hostname, port: 1 }, never), Error, "unreachable");
  }
  assertEquals(dialled, ["192.0.2.1", "2001:db8::1", "1::c000:201"]);
  await near.stop();
});

Deno.test("who speaks another protocol, says nothing, or goes again, is dropped with a reason", async () => {
  const dropped: (readonly [string, string | null])[] = [];
  const far = openQuic({ dropped: (reason, address) => dropped.push([reason, address]) });
  const plain = plainEndpoint();
  await assertRejects(() => dialPlain(far.port, "h3", plain));
  await until("it is told", () => dropped.length === 1);
  const conn = await dialPlain(far.port, "kith", plain);
  conn.close();
  await until("that too", () => dropped.length === 2);
  assertMatch(dropped[0]?.[0] ?? "", /known protocol/);
  assertEquals(dropped[1], ["it was closed", `127.0.0.1:${plain.addr.port}`]);
  await conn.closed;
  plain.close();
  await far.stop();
});

Deno.test("an answer that is none is not believed", async () => {
  // The first never ends.
  for (const told of ["1".repeat(MAX_SEEN_ADDRESS_BYTES + 1), "example.org:1", ""]) {
    await assertRejects(() => answered(told), Error, "no address");
  }
});

Deno.test("an answer counts in the one spelling of its address", async () => {
  assertEquals(await answered("[2001:DB8:0::1]:5485"), "[2001:db8::1]:5485");
});

/** What is made of an answer to where this peer is seen. */
async function answered(told: string): Promise<string> {
  const { endpoint, listener } = plainListener("kith-seen");
  const near = openQuic();
  const [outcome] = await Promise.allSettled([
    near.seenBy(at(endpoint.addr.port), never),
    (async () => {
      const conn = await (await listener.incoming()).accept();
      const writer = (await conn.createUnidirectionalStream()).getWriter();
      await writer.write(new TextEncoder().encode(told));
      if (told.length <= MAX_SEEN_ADDRESS_BYTES) await writer.close();
      await conn.closed;
    })(),
  ]);
  endpoint.close();
  await near.stop();
  if (outcome.status === "rejected") throw outcome.reason;
  return outcome.value;
}

/** Has so many wait to become links, each from an address of this machine. */
async function wait(port: number, hostnames: readonly string[]): Promise<Deno.QuicConn[]> {
  const conns: Deno.QuicConn[] = [];
  for (const hostname of hostnames) {
    conns.push(await dialPlain(port, "kith", new Deno.QuicEndpoint({ hostname, port: 0 })));
  }
  return conns;
}

Deno.test("so many of one source, and of all, may wait to become links: then the oldest gives way", async () => {
  const ofOne = Array.from({ length: MAX_QUIC_WAITING_OF_SOURCE + 3 }, () => "127.0.0.1");
  // All of 127.0.0.0/8 is this machine, but where the system has the first address of it alone.
  const ofMany = Array.from({ length: MAX_QUIC_WAITING + 3 }, (_, i) => `127.0.0.${1 + i}`);
  for (const hostnames of Deno.build.os === "darwin" ? [ofOne] : [ofOne, ofMany]) {
    const dropped: string[] = [];
    const far = openQuic({ dropped: (reason) => dropped.push(reason) });
    const conns = await wait(far.port, hostnames);
    await until("the oldest gave way", () => dropped.length === 3);
    const reasons = await Promise.all(conns.slice(0, 3).map((conn) => conn.closed));
    assertEquals(new Set(reasons.map(({ reason }) => reason)), new Set(["somebody else came"]));
    for (const conn of conns) conn.endpoint.close();
    await Promise.all(conns.map((conn) => conn.closed));
    await far.stop();
  }
});

Deno.test("so many may begin whose address may be forged, and the oldest of them gives way, but nobody else", async () => {
  const dropped: string[] = [];
  const accepted: ByteSocket[] = [];
  let begun = 0;
  const far = openQuic({
    refusesUnproven: () => ++begun === 0,
    dropped: (reason) => dropped.push(reason),
    accepted: (socket) => accepted.push(socket),
  });
  const [conn] = await wait(far.port, ["127.0.0.1"]) as [Deno.QuicConn];
  // Few at a time, as the system drops what it has no room for.
  for (let left = MAX_QUIC_HANDSHAKES + 3; left > 0; left -= 16) {
    const before = begun;
    await firstPackets(Math.min(16, left), far.port);
    await until("they began", () => begun === before + Math.min(16, left));
  }
  await until("three gave way", () => dropped.length === 3);
  const stream = await conn.createBidirectionalStream();
  await stream.writable.getWriter().write(Uint8Array.of(1));
  await until("who waited is a link", () => accepted.length === 1);
  conn.endpoint.close();
  await conn.closed;
  await far.stop();
  assertEquals(dropped.length, 3);
});

Deno.test("who was told at what address it is seen does not stay", async () => {
  const far = openQuic();
  const plain = plainEndpoint();
  const conn = await dialPlain(far.port, "kith-seen", plain);
  assertEquals((await conn.closed).reason, "it was told");
  plain.close();
  await far.stop();
});
