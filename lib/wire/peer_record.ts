import { assert } from "../base/assert.ts";
import { MAX_ADDRESS_BYTES, MAX_ADDRESSES, MAX_NAME_BYTES } from "../base/limits.ts";
import type { Reader } from "../base/reader.ts";
import { Writer } from "../base/writer.ts";
import { readAscii, readText, writeAscii, writeText } from "./text.ts";
import { ID_BYTES, SIGNATURE_BYTES } from "./transaction.ts";

/** What a peer signs about itself: an entry of the address book that members share. The newest date counts. */
export interface PeerRecord {
  /** Ed25519 public key (32 bytes). */
  readonly peer: Uint8Array;
  /** When it was signed, in milliseconds since 1970 by the peer's own clock. Range: 0 to 2^48 − 1. */
  readonly dateMs: number;
  /** What people call it. ≤ `MAX_NAME_BYTES` of UTF-8; may be empty. Escape it before it reaches a terminal. */
  readonly name: string;
  /** Where it listens, as `host:port`, best first. ≤ `MAX_ADDRESSES`; printable ASCII, 1 to `MAX_ADDRESS_BYTES` each. */
  readonly addresses: readonly string[];
  /** Ed25519 by the peer over `recordMessage` in the domain `record` (64 bytes). */
  readonly signature: Uint8Array;
}

/** The bytes behind the domain string that a record's signature covers: all fields before it. */
export function recordMessage(record: Omit<PeerRecord, "signature">): Uint8Array {
  const writer = new Writer();
  writeSigned(writer, record);
  return writer.finish();
}

/** Writes a record (lib/wire/PROTOCOL.md, "Peer record"). */
export function writePeerRecord(writer: Writer, record: PeerRecord): void {
  writeSigned(writer, record);
  writer.raw(record.signature);
}

/** Reads what `writePeerRecord` writes; the signature is not checked. @throws {ProtocolError} `malformed`. */
export function readPeerRecord(reader: Reader): PeerRecord {
  const peer = reader.raw(ID_BYTES);
  const dateMs = reader.u48();
  const name = readText(reader, 0, MAX_NAME_BYTES);
  const addresses: string[] = [];
  for (let left = reader.varint(MAX_ADDRESSES); left > 0; left--) addresses.push(readAscii(reader, MAX_ADDRESS_BYTES));
  return { peer, dateMs, name, addresses, signature: reader.raw(SIGNATURE_BYTES) };
}

function writeSigned(writer: Writer, record: Omit<PeerRecord, "signature">): void {
  writer.raw(record.peer).u48(record.dateMs);
  writeText(writer, record.name, 0, MAX_NAME_BYTES);
  assert(record.addresses.length <= MAX_ADDRESSES, "addresses within their limit");
  writer.varint(record.addresses.length);
  for (const address of record.addresses) writeAscii(writer, address, MAX_ADDRESS_BYTES);
}
