import { ProtocolError } from "../base/errors.ts";
import { MAX_RELAY_DATA_BYTES, RELAY_WINDOW_BYTES } from "../base/limits.ts";
import type { Reader } from "../base/reader.ts";
import type { Writer } from "../base/writer.ts";
import { ID_BYTES } from "./transaction.ts";

/** Part of the registry of messages. */
export const RELAY_KINDS = {
  relay_open: 64,
  relay_incoming: 65,
  relay_credit: 66,
  relay_data: 67,
  relay_close: 68,
} as const satisfies Record<RelayMessage["type"], number>;

/** Why a circuit is closed or refused, by the numbers on the wire, which are only ever added to. */
export const RELAY_REASONS = {
  /** The link inside is over. */
  done: 0,
  /** The relay serves nobody. */
  not_serving: 1,
  /** The relay has no link of its own to the target. */
  not_linked: 2,
  /** The relay does not know the asker, or the target, as a member. */
  not_a_member: 3,
  /** As many circuits as there may be. */
  too_many: 4,
  /** It was asked too often. */
  too_often: 5,
  /** The link by which it was asked is relayed itself. */
  one_hop: 6,
  /** The target is the asker, or the relay. */
  self: 7,
  /** The target does not take it. */
  declined: 8,
  /** Nobody answered in time. */
  no_answer: 9,
  /** The link between the relay and the other end is over. */
  lost: 10,
  /** Its time of life is over. */
  expired: 11,
  /** More was sent, or granted, than there may be under way. */
  overrun: 12,
} as const;

/** A reason that this version can tell. */
export type KnownRelayReason = keyof typeof RELAY_REASONS;

/** Why a circuit is closed or refused; `other` for a reason that only a newer kith knows. */
export type RelayReason = KnownRelayReason | "other";

/** Asks the receiver to relay a circuit to a member. */
export interface RelayOpen {
  readonly type: "relay_open";
  /** Names the circuit on this link. */
  readonly circuit: number;
  /** The member (32 bytes). */
  readonly target: Uint8Array;
}

/** A member asks for a circuit to the receiver, by the sender. */
export interface RelayIncoming {
  readonly type: "relay_incoming";
  readonly circuit: number;
  /** The member (32 bytes). */
  readonly from: Uint8Array;
}

/** The sender takes so many more bytes. */
export interface RelayCredit {
  readonly type: "relay_credit";
  readonly circuit: number;
  /** Range: 1 to RELAY_WINDOW_BYTES. */
  readonly sizeBytes: number;
}

/** Bytes of the link inside. */
export interface RelayData {
  readonly type: "relay_data";
  readonly circuit: number;
  /** 1 to MAX_RELAY_DATA_BYTES. */
  readonly bytes: Uint8Array;
}

/** Nothing follows on a circuit. */
export interface RelayClose {
  readonly type: "relay_close";
  readonly circuit: number;
  /** The number of a reason. */
  readonly code: number;
}

/** What relays a link through another one (lib/wire/PROTOCOL.md, "Relay"). */
export type RelayMessage = RelayOpen | RelayIncoming | RelayCredit | RelayData | RelayClose;

/** Whether messages of a kind are about circuits. */
export function isRelayKind(kind: number): boolean {
  return Object.values(RELAY_KINDS).some((known) => known === kind);
}

/** The number of a reason on the wire. */
export function relayCodeOf(reason: KnownRelayReason): number {
  return RELAY_REASONS[reason];
}

/** The reason that a number on the wire stands for. */
export function relayReasonOf(code: number): RelayReason {
  for (const [reason, known] of Object.entries(RELAY_REASONS)) if (known === code) return reason as RelayReason;
  return "other";
}

/** Writes the body of one of these messages. */
export function writeRelay(writer: Writer, message: RelayMessage): void {
  writer.varint(message.circuit);
  switch (message.type) {
    case "relay_open":
      writer.raw(message.target);
      return;
    case "relay_incoming":
      writer.raw(message.from);
      return;
    case "relay_credit":
      writer.varint(message.sizeBytes);
      return;
    case "relay_data":
      writer.blob(message.bytes);
      return;
    case "relay_close":
      writer.u8(message.code);
      return;
  }
}

/** Reads what `writeRelay` writes; null for a kind that is none of these. @throws {ProtocolError} `malformed`, `too_large`. */
export function readRelay(reader: Reader, kind: number): RelayMessage | null {
  switch (kind) {
    case RELAY_KINDS.relay_open:
      return { type: "relay_open", circuit: reader.varint(), target: reader.raw(ID_BYTES) };
    case RELAY_KINDS.relay_incoming:
      return { type: "relay_incoming", circuit: reader.varint(), from: reader.raw(ID_BYTES) };
    case RELAY_KINDS.relay_credit:
      return {
        type: "relay_credit",
        circuit: reader.varint(),
        sizeBytes: atLeastOne(reader.varint(RELAY_WINDOW_BYTES), "a credit of nothing"),
      };
    case RELAY_KINDS.relay_data: {
      const message = {
        type: "relay_data",
        circuit: reader.varint(),
        bytes: reader.blob(MAX_RELAY_DATA_BYTES),
      } as const;
      atLeastOne(message.bytes.length, "data of no bytes");
      return message;
    }
    case RELAY_KINDS.relay_close:
      return { type: "relay_close", circuit: reader.varint(), code: reader.u8() };
    default:
      return null;
  }
}

function atLeastOne(count: number, otherwise: string): number {
  if (count === 0) throw new ProtocolError("malformed", otherwise);
  return count;
}
