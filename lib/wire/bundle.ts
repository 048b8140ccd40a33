import { assert } from "../base/assert.ts";
import { ProtocolError } from "../base/errors.ts";
import { MAX_HEADER_BYTES, MAX_OPERATIONS, MAX_TRANSACTION_BYTES, MAX_VALUE_BYTES } from "../base/limits.ts";
import { Reader } from "../base/reader.ts";
import { Writer } from "../base/writer.ts";
import { readFlag, SIGNATURE_BYTES } from "./transaction.ts";

/** One operation as it travels. */
export interface OperationBytes {
  /** The Merkle leaf: what `encodeOperation` gives. */
  readonly leaf: Uint8Array;
  /** The value of a put beside it; null where there is none, or it is gone. */
  readonly value: Uint8Array | null;
}

/** One transaction as it travels, not yet looked into: it may be of a format that this version does not know. */
export interface TransactionBytes {
  /** What `encodeHeader` gives; its SHA-256 is the id. */
  readonly header: Uint8Array;
  /** Ed25519 (64 bytes). */
  readonly signature: Uint8Array;
  /** In order; at most `MAX_OPERATIONS`. */
  readonly operations: readonly OperationBytes[];
}

/** The size that `writeBundle` will write, in bytes. Not allowed above `MAX_TRANSACTION_BYTES`. */
export function bundleSizeBytes(bundle: TransactionBytes): number {
  let size = blobSizeBytes(bundle.header) + SIGNATURE_BYTES + varintSizeBytes(bundle.operations.length);
  for (const { leaf, value } of bundle.operations) {
    size += blobSizeBytes(leaf) + 1 + (value === null ? 0 : blobSizeBytes(value));
  }
  return size;
}

/** Writes a transaction (lib/wire/PROTOCOL.md, "Bundle"). */
export function writeBundle(writer: Writer, bundle: TransactionBytes): void {
  assert(bundle.operations.length <= MAX_OPERATIONS, "operations within their limit");
  const start = writer.sizeBytes;
  writer.blob(bundle.header).raw(bundle.signature).varint(bundle.operations.length);
  for (const { leaf, value } of bundle.operations) {
    writer.blob(leaf).u8(value === null ? 0 : 1);
    if (value !== null) writer.blob(value);
  }
  assert(writer.sizeBytes - start <= MAX_TRANSACTION_BYTES, "transaction within its size limit");
}

/**
 * Reads what `writeBundle` writes. The arrays are views of the input.
 *
 * @throws {ProtocolError} `malformed`, or `too_large` above `MAX_TRANSACTION_BYTES`.
 */
export function readBundle(reader: Reader): TransactionBytes {
  const start = reader.offset;
  const header = reader.blob(MAX_HEADER_BYTES);
  const signature = reader.raw(SIGNATURE_BYTES);
  const operations: OperationBytes[] = [];
  for (let left = reader.varint(MAX_OPERATIONS); left > 0; left--) {
    const leaf = reader.blob(MAX_TRANSACTION_BYTES);
    operations.push({ leaf, value: readFlag(reader, "value flag") ? reader.blob(MAX_VALUE_BYTES) : null });
  }
  const sizeBytes = reader.offset - start;
  if (sizeBytes > MAX_TRANSACTION_BYTES) throw new ProtocolError("too_large", `a transaction of ${sizeBytes} bytes`);
  return { header, signature, operations };
}

/** The bytes of one transaction alone. */
export function encodeBundle(bundle: TransactionBytes): Uint8Array {
  const writer = new Writer(bundleSizeBytes(bundle));
  writeBundle(writer, bundle);
  return writer.finish();
}

/** The transaction in `bytes`. @throws {ProtocolError} `malformed` or `too_large`. */
export function decodeBundle(bytes: Uint8Array): TransactionBytes {
  const reader = new Reader(bytes);
  const bundle = readBundle(reader);
  reader.end();
  return bundle;
}

function blobSizeBytes(bytes: Uint8Array): number {
  return varintSizeBytes(bytes.length) + bytes.length;
}

/** Lengths here stay below 2^28. */
function varintSizeBytes(value: number): number {
  return value < 1 << 7 ? 1 : value < 1 << 14 ? 2 : value < 1 << 21 ? 3 : 4;
}
