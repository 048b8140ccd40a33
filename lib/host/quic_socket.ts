import { CLOSE_TIMEOUT_MS, MIN_QUIC_BYTES_PER_S, QUIC_SEND_BUFFER_BYTES } from "../base/limits.ts";
import type { ByteSocket } from "./byte_socket.ts";

/** One bidirectional stream of a connection by QUIC, which ends with it. */
export class QuicSocket implements ByteSocket {
  /** The endpoint is bound to all of this machine's addresses, and the system does not tell which one is used. */
  readonly localAddress = null;
  /** Part of `ByteSocket`: no names are dialled by QUIC. */
  readonly remoteAddress = null;
  readonly #conn: Deno.QuicConn;
  readonly #reader: ReadableStreamBYOBReader;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #whyLost: Promise<string | null>;
  /** When what was written until now is there, even by a slow network. */
  #sentByMs = 0;

  /** @param whyLost resolves once the connection is gone: with null where either side closed it. */
  constructor(conn: Deno.QuicConn, stream: Deno.QuicBidirectionalStream, whyLost: Promise<string | null>) {
    this.#conn = conn;
    this.#reader = stream.readable.getReader({ mode: "byob" });
    this.#writer = stream.writable.getWriter();
    this.#whyLost = whyLost;
  }

  /** Part of `ByteSocket`. */
  async read(buffer: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer> | null> {
    try {
      const { value, done } = await this.#reader.read(buffer);
      return done ? null : value;
    } catch {
      // Who is done with a connection closes all of it, which ends the stream like an error.
      this.close();
      const reason = await this.#whyLost;
      if (reason !== null) throw new Error(reason);
      return null;
    }
  }

  /** Part of `ByteSocket`. A close would discard what is not acknowledged, of which the runtime tells nothing. */
  get closeTimeoutMs(): number {
    return CLOSE_TIMEOUT_MS + Math.max(0, this.#sentByMs - performance.now());
  }

  /** Part of `ByteSocket`. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#writer.write(bytes);
    const nowMs = performance.now();
    const latestMs = nowMs + QUIC_SEND_BUFFER_BYTES / MIN_QUIC_BYTES_PER_S * 1000;
    this.#sentByMs = Math.min(Math.max(this.#sentByMs, nowMs) + bytes.length / MIN_QUIC_BYTES_PER_S * 1000, latestMs);
  }

  /** Part of `ByteSocket`. */
  closeWrite(): Promise<void> {
    return this.#writer.close();
  }

  /** Part of `ByteSocket`. */
  close(): void {
    this.#conn.close({ closeCode: 0, reason: "" });
  }
}
