import type { ByteSocket } from "./byte_socket.ts";

/** One bidirectional stream of a connection by QUIC, which ends with it. */
export class QuicSocket implements ByteSocket {
  /** The endpoint is bound to all of this machine's addresses, and the system does not tell which one is used. */
  readonly localAddress = null;
  readonly #conn: Deno.QuicConn;
  readonly #reader: ReadableStreamBYOBReader;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #whyLost: Promise<string | null>;

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

  /** Part of `ByteSocket`. */
  write(bytes: Uint8Array): Promise<void> {
    return this.#writer.write(bytes);
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
