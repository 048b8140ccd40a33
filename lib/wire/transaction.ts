import { assert } from "../base/assert.ts";
import { compare, equal, toHex } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import { MAX_OPERATIONS, MAX_PARENTS } from "../base/limits.ts";
import { Reader } from "../base/reader.ts";
import { MAX_VARINT, Writer } from "../base/writer.ts";
import { UnsupportedError } from "./unsupported.ts";

/** The one header format of this version. */
export const TRANSACTION_FORMAT = 1;
/** Bytes of a transaction id, of a space id and of every hash. */
export const ID_BYTES = 32;
/** Bytes of a store instance id. */
export const INSTANCE_BYTES = 16;
/** Bytes of an Ed25519 signature. */
export const SIGNATURE_BYTES = 64;

const CLASSES = ["data", "membership"] as const;

/** A hybrid logical clock's reading. Ranks concurrent versions and is shown; decides neither validity nor delivery. */
export interface Stamp {
  /** Milliseconds since 1970. Range: 0 to 2^48 − 1. */
  readonly ms: number;
  /** Ticks within the millisecond. Range: 0 to 65,535. */
  readonly count: number;
}

/** Names one operation for ever: a transaction and the place in it. */
export interface VersionId {
  /** Transaction id (32 bytes). */
  readonly transaction: Uint8Array;
  /** Range: 0 to `MAX_OPERATIONS` − 1. */
  readonly index: number;
}

/** Whether two ids name the same version. */
export function sameVersion(a: VersionId, b: VersionId): boolean {
  return equal(a.transaction, b.transaction) && a.index === b.index;
}

/** Who numbers transactions: a peer in one life of its store. */
export interface WriterId {
  /** Ed25519 public key (32 bytes). */
  readonly peer: Uint8Array;
  /** Store instance id (16 bytes). */
  readonly instance: Uint8Array;
}

/** What is signed of a transaction. Its SHA-256 is the transaction's id. */
export interface Header extends WriterId {
  /** The writer's count of transactions, this one included. Range: 1 to 2^53 − 1. */
  readonly sequence: number;
  /** The writer's transaction before (32 bytes); null exactly at sequence 1. */
  readonly previous: Uint8Array | null;
  /** The other heads that the writer saw (32 bytes each): sorted, distinct, without `previous`, ≤ `MAX_PARENTS`. */
  readonly parents: readonly Uint8Array[];
  /** The redeem or genesis that the writer acts under; null where that is operation 0 of this very transaction. */
  readonly standing: VersionId | null;
  /** When it was written. */
  readonly clock: Stamp;
  /** The number of operations of this writer before this transaction. 0 at sequence 1. */
  readonly firstOperation: number;
  /** Range: 0 to `MAX_OPERATIONS`. */
  readonly operationCount: number;
  /** Data and membership operations are never mixed. */
  readonly class: "data" | "membership";
  /** Merkle root over the operations' leaves, as in RFC 6962 (32 bytes). */
  readonly root: Uint8Array;
}

/** Order of stamps: negative, zero or positive. */
export function compareStamps(a: Stamp, b: Stamp): number {
  return a.ms - b.ms || a.count - b.count;
}

/** Order of version ids, by transaction id and then index: negative, zero or positive. */
export function compareVersionIds(a: VersionId, b: VersionId): number {
  return compare(a.transaction, b.transaction) || a.index - b.index;
}

/** The key of a writer in a Map: peer, then instance, in hexadecimal. */
export function writerKey(writer: WriterId): string {
  return toHex(writer.peer) + toHex(writer.instance);
}

/** Order of writers, by peer and then instance: negative, zero or positive. */
export function compareWriterIds(a: WriterId, b: WriterId): number {
  return compare(a.peer, b.peer) || compare(a.instance, b.instance);
}

/** Writes 32 bytes and a varint. */
export function writeVersionId(writer: Writer, id: VersionId): void {
  writer.raw(id.transaction).varint(id.index);
}

/** Reads what `writeVersionId` writes. @throws {ProtocolError} `malformed`. */
export function readVersionId(reader: Reader): VersionId {
  const transaction = reader.raw(ID_BYTES);
  return { transaction, index: reader.varint(MAX_OPERATIONS - 1) };
}

/** Writes a count and so many ids of 32 bytes. */
export function writeIds(writer: Writer, ids: readonly Uint8Array[]): void {
  writer.varint(ids.length);
  for (const id of ids) writer.raw(id);
}

/** Reads what `writeIds` writes. @throws {ProtocolError} `malformed`, also for more than `max`. */
export function readIds(reader: Reader, max: number): Uint8Array[] {
  const ids: Uint8Array[] = [];
  for (let count = reader.varint(max); count > 0; count--) ids.push(reader.raw(ID_BYTES));
  return ids;
}

/** Reads ids that must be sorted and distinct. @throws {ProtocolError} `malformed`, also where they are not. */
export function readSortedIds(reader: Reader, max: number): Uint8Array[] {
  const ids = readIds(reader, max);
  if (!isSortedSet(ids)) throw new ProtocolError("malformed", "ids are not sorted and distinct");
  return ids;
}

/** Whether each is greater than the one before it. */
export function isSortedSet(ids: readonly Uint8Array[]): boolean {
  return ids.every((id, i) => i === 0 || compare(ids[i - 1] as Uint8Array, id) < 0);
}

/** The bytes of a header (lib/wire/PROTOCOL.md, "Transaction header"). */
export function encodeHeader(header: Header): Uint8Array {
  assert(header.sequence >= 1, "a header's sequence begins at 1");
  assert((header.previous === null) === (header.sequence === 1), "a header has a previous id from sequence 2");
  assert(header.parents.length <= MAX_PARENTS && isSortedSet(header.parents), "parents are a sorted set");
  assert(!includesPrevious(header), "the previous transaction is not among the other parents");
  assert(header.sequence > 1 || header.firstOperation === 0, "a writer's first operation is number 0");
  assert(header.operationCount <= MAX_OPERATIONS, "operations within their limit");
  const writer = new Writer(256 + ID_BYTES * header.parents.length);
  writer.u8(TRANSACTION_FORMAT).raw(header.peer).raw(header.instance).varint(header.sequence);
  if (header.previous !== null) writer.raw(header.previous);
  writeIds(writer, header.parents);
  writer.u8(header.standing === null ? 0 : 1);
  if (header.standing !== null) writeVersionId(writer, header.standing);
  return writer.u48(header.clock.ms).u16(header.clock.count).varint(header.firstOperation)
    .varint(header.operationCount).u8(CLASSES.indexOf(header.class)).raw(header.root).finish();
}

/**
 * The header in `bytes`; only the one canonical encoding is taken. Its arrays are views of the input.
 *
 * @throws {ProtocolError} `malformed`.
 * @throws {UnsupportedError} for a format or class of a later version.
 */
export function decodeHeader(bytes: Uint8Array): Header {
  const reader = new Reader(bytes);
  const format = reader.u8();
  if (format !== TRANSACTION_FORMAT) throw new UnsupportedError("transaction format", format);
  const peer = reader.raw(ID_BYTES);
  const instance = reader.raw(INSTANCE_BYTES);
  const sequence = reader.varint();
  if (sequence === 0) throw new ProtocolError("malformed", "sequence 0");
  const previous = sequence === 1 ? null : reader.raw(ID_BYTES);
  const parents = readSortedIds(reader, MAX_PARENTS);
  if (includesPrevious({ previous, parents })) {
    throw new ProtocolError("malformed", "the previous transaction is among the other parents");
  }
  const standing = readFlag(reader, "standing") ? readVersionId(reader) : null;
  const clock = { ms: reader.u48(), count: reader.u16() };
  const firstOperation = reader.varint(sequence === 1 ? 0 : MAX_VARINT);
  const operationCount = reader.varint(Math.min(MAX_OPERATIONS, MAX_VARINT - firstOperation));
  const classNumber = reader.u8();
  const root = reader.raw(ID_BYTES);
  reader.end();
  const classOf = CLASSES[classNumber];
  if (classOf === undefined) throw new UnsupportedError("transaction class", classNumber);
  return {
    peer,
    instance,
    sequence,
    previous,
    parents,
    standing,
    clock,
    firstOperation,
    operationCount,
    class: classOf,
    root,
  };
}

/** Reads a byte that must be 0 or 1. @throws {ProtocolError} `malformed`. */
export function readFlag(reader: Reader, name: string): boolean {
  const value = reader.u8();
  if (value > 1) throw new ProtocolError("malformed", `${name} is neither 0 nor 1`);
  return value === 1;
}

function includesPrevious({ previous, parents }: Pick<Header, "previous" | "parents">): boolean {
  return previous !== null && parents.some((parent) => equal(parent, previous));
}
