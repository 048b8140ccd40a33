import { KithError } from "../base/errors.ts";
import { DIAL_TIMEOUT_MS } from "../base/limits.ts";
import { addressText, type Endpoint } from "./address.ts";
import { acceptAll, listenOn } from "./listen.ts";
import { messageOf } from "./message_of.ts";

const READ_BYTES = 16 * 1024;

/** A TCP connection for protocols that are not the machine's. */
export interface ByteStream {
  /** The other side, `host:port`. */
  readonly address: string;
  /** What came in, one read of the socket; what comes after `timed_out` is not lost. One read at a time. */
  read(timeoutMs: number): Promise<Uint8Array | "ended" | "timed_out">;
  /** Sends all of the bytes. @throws what the system says, when the connection is gone. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends it, also under a pending read. */
  close(): void;
}

/** A listener that runs. */
export interface StreamServer {
  /** Where it listens, `host:port`. */
  readonly address: string;
  /** Ends it and all its connections. */
  stop(): Promise<void>;
}

/**
 * Serves connections, at most `limit` at a time; a handler that ends or fails closes its connection.
 *
 * @param refused called for a connection too many, and for what else went wrong with one.
 * @throws {KithError} `port_in_use`, `address_unusable`.
 */
export function serveStreams(
  endpoint: Endpoint,
  limit: number,
  handle: (stream: ByteStream) => Promise<void>,
  refused: (reason: string, address: string) => void,
): StreamServer {
  const listeners = listenOn([endpoint]);
  const open = new Map<ByteStream, Promise<void>>();
  const accepting = listeners.map((listener) =>
    acceptAll(listener, (conn) => {
      const stream = streamOf(conn);
      if (open.size >= limit) {
        stream.close();
        return refused("too_many_links", stream.address);
      }
      const handled = handle(stream)
        .catch((error) => refused(messageOf(error), stream.address))
        .finally(() => {
          stream.close();
          open.delete(stream);
        });
      open.set(stream, handled);
    }, (error) => refused(messageOf(error), ""))
  );
  return {
    address: addressText((listeners[0] as Deno.TcpListener).addr),
    async stop() {
      for (const listener of listeners) listener.close();
      for (const stream of open.keys()) stream.close();
      await Promise.all([...accepting, ...open.values()]);
    },
  };
}

/** Connects to `host:port`. @throws {KithError} `unreachable`. */
export async function dialStream(endpoint: Endpoint, signal: AbortSignal): Promise<ByteStream> {
  try {
    const either = AbortSignal.any([signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]);
    return streamOf(await Deno.connect({ ...endpoint, signal: either }));
  } catch (error) {
    throw new KithError("unreachable", { address: addressText(endpoint), detail: messageOf(error) }, error);
  }
}

function streamOf(conn: Deno.TcpConn): ByteStream {
  const buffer = new Uint8Array(READ_BYTES);
  let closed = false;
  let pending: Promise<Uint8Array | "ended"> | null = null;
  const readOnce = async () => {
    try {
      const sizeBytes = await conn.read(buffer);
      return sizeBytes === null ? "ended" : buffer.slice(0, sizeBytes);
    } catch {
      // The end of a connection is the end, however it came about.
      return "ended";
    }
  };
  return {
    address: addressText(conn.remoteAddr),
    close() {
      if (!closed) conn.close();
      closed = true;
    },
    async read(timeoutMs) {
      if (closed) return "ended";
      pending ??= readOnce();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const timeout = new Promise<"timed_out">((resolve) => timer = setTimeout(() => resolve("timed_out"), timeoutMs));
      const outcome = await Promise.race([pending, timeout]);
      clearTimeout(timer);
      if (outcome !== "timed_out") pending = null;
      return outcome;
    },
    async write(bytes) {
      for (let offset = 0; offset < bytes.length;) offset += await conn.write(bytes.subarray(offset));
    },
  };
}
