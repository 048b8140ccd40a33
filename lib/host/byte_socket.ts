import { assert } from "../base/assert.ts";
import { CLOSE_TIMEOUT_MS } from "../base/limits.ts";
import { addressText } from "./address.ts";

/** What carries the bytes of a connection to another peer. One read and one write at a time. */
export interface ByteSocket {
  /** This machine's own end of it, `host:port`; null where it is not known. */
  readonly localAddress: string | null;
  /** The other end of it, `host:port`, also where a name was dialled; null where it is not known. */
  readonly remoteAddress: string | null;
  /** How long what is written until now may take to get there, before a close loses it. Unit: ms. */
  readonly closeTimeoutMs: number;
  /**
   * Reads what came in.
   *
   * @param buffer all of an ArrayBuffer, which is given away.
   * @returns what was read, at the beginning of that memory, though its ArrayBuffer may be another one; null at the end.
   * @throws {Error} what the system says, where the connection broke.
   */
  read(buffer: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Sends all of the bytes, which must not change meanwhile. @throws {Error} where the connection is gone. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends what is sent; what comes in is still read. @throws {Error} where the connection is gone. */
  closeWrite(): Promise<void>;
  /** Ends it, also under a pending read or write. May be called twice. */
  close(): void;
}

/** A connection by TCP. */
export class TcpSocket implements ByteSocket {
  readonly localAddress: string;
  readonly remoteAddress: string;
  /** Part of `ByteSocket`. The system goes on sending after a close. */
  readonly closeTimeoutMs = CLOSE_TIMEOUT_MS;
  readonly #conn: Deno.TcpConn;

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    this.localAddress = addressText(conn.localAddr);
    this.remoteAddress = addressText(conn.remoteAddr);
    try {
      conn.setNoDelay(true);
    } catch {
      // The other side is gone already; the read loop finds out and says so.
    }
  }

  /** Part of `ByteSocket`. */
  async read(buffer: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer> | null> {
    const sizeBytes = await this.#conn.read(buffer);
    return sizeBytes === null ? null : buffer.subarray(0, sizeBytes);
  }

  /** Part of `ByteSocket`. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.length;) {
      written += await this.#conn.write(written === 0 ? bytes : bytes.subarray(written));
    }
  }

  /** Part of `ByteSocket`. */
  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  /** Part of `ByteSocket`. */
  close(): void {
    try {
      this.#conn.close();
    } catch (error) {
      assert(error instanceof Deno.errors.BadResource, `closing a socket fails only when it is closed: ${error}`);
    }
  }
}
