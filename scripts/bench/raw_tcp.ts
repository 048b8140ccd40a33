import { toHex } from "../../lib/base/bytes.ts";
import { percentile } from "./figure.ts";
import { blocks, DIGEST_BYTES, MESSAGE_BYTES, Receiver, RoundTrips } from "./payload.ts";

/**
 * The baseline of a connection: Deno's sockets and nothing else.
 *
 * Usage: raw_tcp.ts serve bulk|hashed BLOCKS · serve echo · bulk ADDRESS BLOCKS · echo ADDRESS COUNT WARM_UP
 */
const [role, ...rest] = Deno.args;
if (role === "serve") await serve(rest[0] ?? "", Number(rest[1]));
else if (role === "bulk") await bulk(rest[0] ?? "", Number(rest[1]));
else await echo(rest[0] ?? "", Number(rest[1]), Number(rest[2]));

async function serve(task: string, blockCount: number): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  console.log(JSON.stringify({ address: `127.0.0.1:${listener.addr.port}` }));
  const conn = await listener.accept();
  conn.setNoDelay(true);
  const receiver = task === "echo" ? null : new Receiver(blockCount, task === "hashed");
  const buffer = new Uint8Array(256 * 1024);
  for (let size = await conn.read(buffer); size !== null; size = await conn.read(buffer)) {
    const bytes = buffer.subarray(0, size);
    const answer = receiver === null ? bytes : receiver.take(bytes);
    if (answer !== null) await writeAll(conn, answer);
  }
}

async function bulk(address: string, blockCount: number): Promise<void> {
  const conn = await connect(address);
  const source = blocks();
  let seconds = 0;
  let digest = new Uint8Array(DIGEST_BYTES);
  // The first round warms up.
  for (let round = 0; round < 2; round++) {
    const startMs = performance.now();
    for (let i = 0; i < blockCount; i++) await writeAll(conn, source[i % source.length] as Uint8Array);
    digest = await readAll(conn, DIGEST_BYTES);
    seconds = (performance.now() - startMs) / 1000;
  }
  console.log(JSON.stringify({ seconds, digest: toHex(digest) }));
  conn.close();
}

async function echo(address: string, count: number, warmUp: number): Promise<void> {
  const conn = await connect(address);
  const trips = new RoundTrips(count, warmUp);
  const message = new Uint8Array(MESSAGE_BYTES).fill(7);
  do {
    trips.sending();
    await writeAll(conn, message);
    await readAll(conn, MESSAGE_BYTES);
  } while (trips.returned());
  const sorted = trips.sorted();
  console.log(JSON.stringify({ p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) }));
  conn.close();
}

async function connect(address: string): Promise<Deno.TcpConn> {
  const [hostname = "", port] = address.split(":");
  const conn = await Deno.connect({ hostname, port: Number(port) });
  conn.setNoDelay(true);
  return conn;
}

async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  let written = await conn.write(bytes);
  while (written < bytes.length) written += await conn.write(bytes.subarray(written));
}

async function readAll(conn: Deno.TcpConn, size: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size;) {
    const read = await conn.read(bytes.subarray(at));
    if (read === null) throw new Error("the other side ended");
    at += read;
  }
  return bytes;
}
