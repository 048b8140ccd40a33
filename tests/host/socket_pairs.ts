import { type ByteSocket, TcpSocket } from "../../lib/host/byte_socket.ts";
import { type QuicApi, QuicEndpoint, type QuicEndpointHooks } from "../../lib/host/quic_endpoint.ts";

/** Both ends of a connection on this machine. */
export interface SocketPair extends AsyncDisposable {
  readonly near: ByteSocket;
  readonly far: ByteSocket;
}

/** One by TCP. */
export async function tcpPair(): Promise<SocketPair> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const ends = [Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }), listener.accept()] as const;
  const [near, far] = (await Promise.all(ends)).map((conn) => new TcpSocket(conn));
  return pairOf(near as ByteSocket, far as ByteSocket, () => Promise.resolve());
}

/** One by QUIC. */
export async function quicPair(): Promise<SocketPair> {
  const accepted = Promise.withResolvers<ByteSocket>();
  const dialling = openQuic();
  const listening = openQuic({ accepted: accepted.resolve });
  const near = await dialling.dial({ hostname: "127.0.0.1", port: listening.port }, new AbortController().signal);
  // The other side learns of a stream by what is sent in it.
  await near.write(Uint8Array.of(7));
  const far = await accepted.promise;
  await far.read(new Uint8Array(1));
  return pairOf(near, far, async () => {
    await Promise.all([dialling.stop(), listening.stop()]);
  });
}

/** An endpoint of QUIC, on loopback unless told otherwise, which lets everything in. */
export function openQuic(
  hooks: Partial<QuicEndpointHooks> = {},
  api: QuicApi = Deno,
  hostname = "127.0.0.1",
  port = 0,
): QuicEndpoint {
  return new QuicEndpoint({ hostname, port }, api, {
    isFull: () => false,
    refusesUnproven: () => false,
    refuses: () => false,
    accepted: (socket) => socket.close(),
    dropped: () => {},
    lost: () => {},
    ...hooks,
  });
}

/** Reads until as many bytes are there, or the end. */
export async function readAll(socket: ByteSocket, sizeBytes: number): Promise<Uint8Array> {
  const out = new Uint8Array(sizeBytes);
  let offset = 0;
  while (offset < sizeBytes) {
    const bytes = await socket.read(new Uint8Array(Math.min(64 * 1024, sizeBytes - offset)));
    if (bytes === null) break;
    out.set(bytes, offset);
    offset += bytes.length;
  }
  return out.subarray(0, offset);
}

function pairOf(near: ByteSocket, far: ByteSocket, end: () => Promise<void>): SocketPair {
  return {
    ...{ near, far },
    async [Symbol.asyncDispose]() {
      for (const socket of [near, far]) socket.close();
      await end();
    },
  };
}
