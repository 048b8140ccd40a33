import { assert, assertEquals } from "@std/assert";
import { concat } from "../../lib/base/bytes.ts";
import type { CloseReason } from "../../lib/base/errors.ts";
import { MAX_FRAME_BYTES } from "../../lib/base/limits.ts";
import { Writer } from "../../lib/base/writer.ts";
import type { Identity } from "../../lib/crypto/identity.ts";
import { decodeClose } from "../../lib/link/close_frame.ts";
import { FrameReader, LINK_KINDS } from "../../lib/link/frame.ts";
import { Handshake, type Session } from "../../lib/link/handshake.ts";
import { openRecord } from "../../lib/link/record.ts";
import { encodeHello, HELLO_BYTES } from "../../lib/wire/hello.ts";
import { MESSAGE_KINDS } from "../../lib/wire/message.ts";

/** The runtime's randomness. */
export const random = { bytes: (size: number) => crypto.getRandomValues(new Uint8Array(size)) };

/** Dials `host:port`. */
export async function dial(address: string): Promise<Deno.TcpConn> {
  const colon = address.lastIndexOf(":");
  return await Deno.connect({ hostname: address.slice(0, colon), port: Number(address.slice(colon + 1)) });
}

/** Writes all of the bytes; that the other side has closed is no failure here. */
export async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  try {
    for (let offset = 0; offset < bytes.length;) offset += await conn.write(bytes.subarray(offset));
  } catch (error) {
    if (!isCut(error)) throw error;
  }
}

/** All that comes until the other side closes. */
export async function readAll(conn: Deno.Conn): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const buffer = new Uint8Array(64 * 1024);
  try {
    for (let size = await conn.read(buffer); size !== null; size = await conn.read(buffer)) {
      parts.push(buffer.slice(0, size));
    }
  } catch (error) {
    if (!isCut(error)) throw error;
  }
  return concat(parts);
}

/** Goes through the handshake as the dialler. */
async function handshaken(conn: Deno.TcpConn, identity: Identity): Promise<Session> {
  const handshake = new Handshake("out", identity, random);
  await writeAll(conn, concat([encodeHello(), framed(handshake.begin())]));
  assertEquals(await readExactly(conn, HELLO_BYTES), encodeHello());
  const length = await readExactly(conn, 2);
  const answer = handshake.take(await readExactly(conn, numberOf(length)));
  assert(answer !== null && handshake.session !== null, "the dialler's message is the last");
  await writeAll(conn, framed(answer));
  return handshake.session;
}

/** The dialling side of a link whose every byte can be chosen, behind an honest handshake. */
export class RawLink implements Disposable {
  readonly #conn: Deno.TcpConn;
  readonly #session: Session;

  private constructor(conn: Deno.TcpConn, session: Session) {
    this.#conn = conn;
    this.#session = session;
  }

  /** Dials, and goes through the handshake. */
  static async open(address: string, identity: Identity): Promise<RawLink> {
    const conn = await dial(address);
    try {
      return new RawLink(conn, await handshaken(conn, identity));
    } catch (error) {
      conn.close();
      throw error;
    }
  }

  /** The hash of the handshake. */
  get handshakeHash(): Uint8Array {
    return this.#session.handshakeHash;
  }

  /** A record, sealed as the next one: what is made has to be sent, in this order. */
  record(lane: number, content: Uint8Array): Uint8Array {
    return framed(this.#session.send.seal(concat([Uint8Array.of(lane), content])));
  }

  /** Sends bytes as they are. */
  async write(bytes: Uint8Array): Promise<void> {
    await writeAll(this.#conn, bytes);
  }

  /** Sends a frame that fits one record. */
  async send(kind: number, body: Uint8Array, lane = 0): Promise<void> {
    await this.write(this.record(lane, concat([new Writer().varint(kind).varint(body.length).finish(), body])));
  }

  /** Closes the socket without a farewell. */
  [Symbol.dispose](): void {
    this.#conn.close();
  }

  /** Waits for the other side's answer to a proof. @throws {Deno.errors.UnexpectedEof} when it closes instead. */
  async proved(): Promise<void> {
    const { lane, content } = openRecord(this.#session.receive, await this.#record());
    const reader = new FrameReader();
    reader.feed(content);
    const frame = reader.next(MAX_FRAME_BYTES);
    if (lane !== 0 || frame?.kind !== MESSAGE_KINDS.prove) throw new Deno.errors.UnexpectedEof("it did not prove");
  }

  async #record(): Promise<Uint8Array> {
    return await readExactly(this.#conn, numberOf(await readExactly(this.#conn, 2)));
  }

  /** Why the other side closes, in its own words; null when it just cuts the connection. What else it says is skipped. */
  async closed(): Promise<{ readonly reason: CloseReason; readonly detail: string } | null> {
    const readers = [new FrameReader(), new FrameReader(), new FrameReader()] as const;
    while (true) {
      let record: Uint8Array;
      try {
        record = await this.#record();
      } catch (error) {
        if (isCut(error)) return null;
        throw error;
      }
      const { lane, content } = openRecord(this.#session.receive, record);
      const reader = readers[lane as 0 | 1 | 2];
      reader.feed(content);
      for (let frame = reader.next(MAX_FRAME_BYTES); frame !== null; frame = reader.next(MAX_FRAME_BYTES)) {
        if (lane === 0 && frame.kind === LINK_KINDS.close) return decodeClose(frame.body);
      }
    }
  }
}

/** A length before a message. */
export function framed(message: Uint8Array): Uint8Array {
  return concat([new Writer().u16(message.length).finish(), message]);
}

function numberOf(bytes: Uint8Array): number {
  return (bytes[0] as number) * 256 + (bytes[1] as number);
}

async function readExactly(conn: Deno.TcpConn, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  for (let filled = 0; filled < size;) {
    const read = await conn.read(bytes.subarray(filled));
    if (read === null) throw new Deno.errors.UnexpectedEof();
    filled += read;
  }
  return bytes;
}

function isCut(error: unknown): boolean {
  return [Deno.errors.UnexpectedEof, Deno.errors.ConnectionReset, Deno.errors.BrokenPipe].some((cut) =>
    error instanceof cut
  );
}
