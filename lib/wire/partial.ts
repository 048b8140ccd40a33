import { assert } from "../base/assert.ts";
import { ProtocolError } from "../base/errors.ts";
import {
  MAX_HEADER_BYTES,
  MAX_OPERATIONS,
  MAX_PARTIAL_HASHES,
  MAX_TRANSACTION_BYTES,
  MAX_VALUE_BYTES,
} from "../base/limits.ts";
import type { Reader } from "../base/reader.ts";
import { Writer } from "../base/writer.ts";
import type { OperationBytes } from "./bundle.ts";
import { ID_BYTES, readFlag, readIds, SIGNATURE_BYTES, writeIds } from "./transaction.ts";

/** An operation and its place in its transaction. */
export interface PlacedOperation extends OperationBytes {
  /** Range: 0 to `MAX_OPERATIONS` − 1. */
  readonly index: number;
}

/** A transaction of which some operations are absent: gone for good, or not what was asked for. */
export interface PartialBytes {
  /** What `encodeHeader` gives; its SHA-256 is the id. */
  readonly header: Uint8Array;
  /** Ed25519 (64 bytes). */
  readonly signature: Uint8Array;
  /** Those that are here, by index, ascending. */
  readonly operations: readonly PlacedOperation[];
  /** What stands for the rest in the Merkle tree (lib/data/merkle.ts, `partialRoot`). ≤ `MAX_PARTIAL_HASHES`. */
  readonly hashes: readonly Uint8Array[];
}

/** The size that `writePartial` will write, in bytes, or a little more. */
export function partialSizeBytes({ header, operations, hashes }: PartialBytes): number {
  let size = header.length + SIGNATURE_BYTES + ID_BYTES * hashes.length + 16;
  for (const { leaf, value } of operations) size += leaf.length + (value?.length ?? 0) + 16;
  return size;
}

/** Writes a partial transaction (lib/wire/PROTOCOL.md, "Partial"). */
export function writePartial(writer: Writer, partial: PartialBytes): void {
  assert(partial.hashes.length <= MAX_PARTIAL_HASHES, "hashes within their limit");
  const start = writer.sizeBytes;
  writer.blob(partial.header).raw(partial.signature).varint(partial.operations.length);
  let least = 0;
  for (const { index, leaf, value } of partial.operations) {
    assert(index >= least && index < MAX_OPERATIONS, "operations ascend within their limit");
    writer.varint(index).blob(leaf).u8(value === null ? 0 : 1);
    if (value !== null) writer.blob(value);
    least = index + 1;
  }
  writeIds(writer, partial.hashes);
  assert(writer.sizeBytes - start <= MAX_TRANSACTION_BYTES, "transaction within its size limit");
}

/**
 * Reads what `writePartial` writes. The arrays are views of the input.
 *
 * @throws {ProtocolError} `malformed`, or `too_large` above `MAX_TRANSACTION_BYTES`.
 */
export function readPartial(reader: Reader): PartialBytes {
  const start = reader.offset;
  const header = reader.blob(MAX_HEADER_BYTES);
  const signature = reader.raw(SIGNATURE_BYTES);
  const operations: PlacedOperation[] = [];
  let least = 0;
  for (let left = reader.varint(MAX_OPERATIONS); left > 0; left--) {
    const index = reader.varint(MAX_OPERATIONS - 1);
    if (index < least) throw new ProtocolError("malformed", "operations do not ascend");
    least = index + 1;
    const leaf = reader.blob(MAX_TRANSACTION_BYTES);
    operations.push({ index, leaf, value: readFlag(reader, "value flag") ? reader.blob(MAX_VALUE_BYTES) : null });
  }
  const hashes = readIds(reader, MAX_PARTIAL_HASHES);
  const sizeBytes = reader.offset - start;
  if (sizeBytes > MAX_TRANSACTION_BYTES) throw new ProtocolError("too_large", `a transaction of ${sizeBytes} bytes`);
  return { header, signature, operations, hashes };
}
