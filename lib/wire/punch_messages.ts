import { ProtocolError } from "../base/errors.ts";
import { MAX_ADDRESS_BYTES, MAX_PUNCH_ADDRESSES } from "../base/limits.ts";
import type { Reader } from "../base/reader.ts";
import type { Writer } from "../base/writer.ts";
import { readList, writeList } from "./list.ts";
import { readAscii, writeAscii } from "./text.ts";
import { readFlag } from "./transaction.ts";

/** Part of the registry of messages. */
export const PUNCH_KINDS = { quic_port: 69, punch: 70 } as const satisfies Record<PunchMessage["type"], number>;

/**
 * The sender takes connections by QUIC, tells who asks there at what address it sees them, and can punch holes; a public
 * relay does no more than tell its clients that.
 */
export interface QuicPort {
  readonly type: "quic_port";
  /** A UDP port. Range: 0 to 65,535; 0: at none, or not any more. */
  readonly port: number;
}

/** Asks the receiver to dial the sender by QUIC at the same time as it is dialled itself, or answers that. */
export interface Punch {
  readonly type: "punch";
  /** Names the attempt; the answer has that of what it answers. */
  readonly round: number;
  readonly answers: boolean;
  /**
   * At which others see what the sender sends by QUIC: `a.b.c.d:port` or `[v6]:port`, printable ASCII of 1 to
   * `MAX_ADDRESS_BYTES`; ≤ `MAX_PUNCH_ADDRESSES`, in an answer none where nobody is to be dialled.
   */
  readonly addresses: readonly string[];
}

/** By which two that are linked through a relay open their routers for each other (lib/wire/PROTOCOL.md, "Punching"). */
export type PunchMessage = QuicPort | Punch;

/** Writes the body of one of these messages. */
export function writePunch(writer: Writer, message: PunchMessage): void {
  if (message.type === "quic_port") {
    writer.u16(message.port);
    return;
  }
  writer.varint(message.round).u8(message.answers ? 1 : 0);
  writeList(writer, message.addresses, MAX_PUNCH_ADDRESSES, (to, address) => {
    writeAscii(to, address, MAX_ADDRESS_BYTES);
  });
}

/** Reads what `writePunch` writes; null for a kind that is none of these. @throws {ProtocolError} `malformed`. */
export function readPunch(reader: Reader, kind: number): PunchMessage | null {
  switch (kind) {
    case PUNCH_KINDS.quic_port:
      return { type: "quic_port", port: reader.u16() };
    case PUNCH_KINDS.punch: {
      const round = reader.varint();
      const answers = readFlag(reader, "flag of an answer");
      const addresses = readList(reader, MAX_PUNCH_ADDRESSES, (from) => readAscii(from, MAX_ADDRESS_BYTES));
      if (!answers && addresses.length === 0) throw new ProtocolError("malformed", "a punch without an address");
      return { type: "punch", round, answers, addresses };
    }
    default:
      return null;
  }
}
