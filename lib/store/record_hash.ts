import { utf8Encode } from "../base/bytes.ts";
import { Writer } from "../base/writer.ts";
import { HASH_BYTES, isSha256, sha256, sha256Into } from "../crypto/hash.ts";
import type { SqlValue } from "./database.ts";

/** Bytes of a record's hash: it guards against faults of the disk, not against forgers. */
export const RECORD_HASH_BYTES = 16;

/**
 * The hashes that rows of `operations` carry; their values are guarded by the hash in their leaf. They are many and
 * short, so that new arrays for each would cost more than the hash: there is one for all that is hashed.
 */
export class OperationHasher {
  #input = new Uint8Array(1024);

  /** The hashes of these rows, in order. */
  hashesOf(rows: readonly HashedFields[]): Uint8Array[] {
    const hashes = new Uint8Array(rows.length * HASH_BYTES);
    return rows.map((row, i) => {
      const sizeBytes = this.#fill(row);
      sha256Into(hashes, i * HASH_BYTES, this.#input, sizeBytes);
      return hashes.subarray(i * HASH_BYTES, i * HASH_BYTES + RECORD_HASH_BYTES);
    });
  }

  /** Whether a row carries the hash that it ought to. */
  fits(hash: Uint8Array, row: HashedFields): boolean {
    const sizeBytes = this.#fill(row);
    return hash.length === RECORD_HASH_BYTES && isSha256(hash, this.#input, sizeBytes);
  }

  /** Writes what a row's hash covers to the beginning of `#input`. @returns how many bytes. */
  #fill({ row, transactionRow, state, leaf }: HashedFields): number {
    const sizeBytes = 13 + leaf.length;
    if (this.#input.length < sizeBytes) this.#input = new Uint8Array(2 * sizeBytes);
    put48(this.#input, 0, row);
    put48(this.#input, 6, transactionRow);
    this.#input[12] = state;
    this.#input.set(leaf, 13);
    return sizeBytes;
  }
}

/** What the hash of an operation's row covers. */
export interface HashedFields {
  readonly row: number;
  readonly transactionRow: number;
  /** One of `STATES`. */
  readonly state: number;
  readonly leaf: Uint8Array;
}

/** The hash that a row of any other table carries, over its other columns in order. */
export function recordHash(...columns: readonly SqlValue[]): Uint8Array {
  const writer = new Writer(128);
  for (const column of columns) {
    if (column instanceof Uint8Array) writer.u8(1).blob(column);
    else if (column === null) writer.u8(2);
    else writer.u8(typeof column === "number" ? 3 : 4).blob(utf8Encode(String(column)));
  }
  return sha256(writer.finish()).subarray(0, RECORD_HASH_BYTES);
}

/** The hashes that rows of `transactions` carry, over their numbers and their bytes; one buffer serves all. */
export class TransactionHasher {
  readonly #input = new Writer(512);

  /** The hash of a row. */
  hashOf(numbers: readonly number[], id: Uint8Array, header: Uint8Array, signature: Uint8Array): Uint8Array {
    return sha256(this.#inputOf(numbers, id, header, signature)).subarray(0, RECORD_HASH_BYTES);
  }

  /** Whether a row carries the hash that it ought to. */
  fits(
    hash: Uint8Array,
    numbers: readonly number[],
    id: Uint8Array,
    header: Uint8Array,
    signature: Uint8Array,
  ): boolean {
    return hash.length === RECORD_HASH_BYTES && isSha256(hash, this.#inputOf(numbers, id, header, signature));
  }

  #inputOf(numbers: readonly number[], id: Uint8Array, header: Uint8Array, signature: Uint8Array): Uint8Array {
    this.#input.clear();
    for (const number of numbers) this.#input.varint(number);
    return this.#input.raw(id).blob(header).raw(signature).finish();
  }
}

function put48(bytes: Uint8Array, offset: number, value: number): void {
  let rest = value;
  for (let i = offset + 5; i >= offset; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}
