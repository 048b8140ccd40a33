import { MAX_ADDRESS_BYTES } from "../base/limits.ts";
import type { Reader } from "../base/reader.ts";
import type { Writer } from "../base/writer.ts";
import { readAscii, writeAscii } from "./text.ts";
import { readFlag } from "./transaction.ts";

/** Part of the registry of messages. */
export const REACH_KINDS = { seen: 61, dial_back: 62, dialled_back: 63 } as const satisfies Record<
  ReachMessage["type"],
  number
>;

/** At what address the sender has the receiver on this link: the one it dialled, or the one that dialled it. */
export interface Seen {
  readonly type: "seen";
  /** An IP address and a port: `a.b.c.d:port` or `[v6]:port`. Printable ASCII, 1 to `MAX_ADDRESS_BYTES`. */
  readonly address: string;
}

/** Asks the receiver to dial the host at which it has the sender on this link. */
export interface DialBack {
  readonly type: "dial_back";
  /** One at which the sender says that it listens, or was dialled. Range: 0 to 65,535; nobody listens at 0. */
  readonly port: number;
}

/** What came of it. */
export interface DialledBack {
  readonly type: "dialled_back";
  readonly port: number;
  /** Whether it was the asker that answered there. */
  readonly reached: boolean;
}

/** By which members tell each other where they are seen, and can be reached (lib/wire/PROTOCOL.md, "Being reached"). */
export type ReachMessage = Seen | DialBack | DialledBack;

/** Writes the body of one of these messages. */
export function writeReach(writer: Writer, message: ReachMessage): void {
  switch (message.type) {
    case "seen":
      return writeAscii(writer, message.address, MAX_ADDRESS_BYTES);
    case "dial_back":
      writer.u16(message.port);
      return;
    case "dialled_back":
      writer.u16(message.port).u8(message.reached ? 1 : 0);
      return;
  }
}

/** Reads what `writeReach` writes; null for a kind that is none of these. @throws {ProtocolError} `malformed`. */
export function readReach(reader: Reader, kind: number): ReachMessage | null {
  switch (kind) {
    case REACH_KINDS.seen:
      return { type: "seen", address: readAscii(reader, MAX_ADDRESS_BYTES) };
    case REACH_KINDS.dial_back:
      return { type: "dial_back", port: reader.u16() };
    case REACH_KINDS.dialled_back:
      return { type: "dialled_back", port: reader.u16(), reached: readFlag(reader, "flag of a dial back") };
    default:
      return null;
  }
}
