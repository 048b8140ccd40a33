import { Writer } from "../base/writer.ts";
import { sha256 } from "../crypto/hash.ts";

/** Bytes of a record's hash: it guards against faults of the disk, not against forgers. */
export const RECORD_HASH_BYTES = 16;

/** The hash that a row of `operations` carries; its value is guarded by the hash in its leaf. */
export function operationRecordHash(row: number, transactionRow: number, state: number, leaf: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(13 + leaf.length);
  put48(bytes, 0, row);
  put48(bytes, 6, transactionRow);
  bytes[12] = state;
  bytes.set(leaf, 13);
  return sha256(bytes).subarray(0, RECORD_HASH_BYTES);
}

/** The hash that a row of `transactions` carries, over its numbers and its bytes. */
export function transactionRecordHash(
  numbers: readonly number[],
  id: Uint8Array,
  header: Uint8Array,
  signature: Uint8Array,
): Uint8Array {
  const writer = new Writer(192 + header.length);
  for (const number of numbers) writer.varint(number);
  writer.raw(id).blob(header).raw(signature);
  return sha256(writer.finish()).subarray(0, RECORD_HASH_BYTES);
}

function put48(bytes: Uint8Array, offset: number, value: number): void {
  let rest = value;
  for (let i = offset + 5; i >= offset; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}
