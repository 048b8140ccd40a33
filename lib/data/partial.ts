import { equal } from "../base/bytes.ts";
import { verifySigned } from "../crypto/identity.ts";
import { transactionMessage } from "../wire/authenticated.ts";
import { DOMAINS } from "../wire/domains.ts";
import { decodeOperation } from "../wire/operation.ts";
import type { PartialBytes } from "../wire/partial.ts";
import type { Header } from "../wire/transaction.ts";
import { partialRoot } from "./merkle.ts";
import {
  bad,
  checkOnePerKey,
  checkValue,
  isMembership,
  openHeader,
  type OperationRecord,
  type Verify,
} from "./transaction.ts";

/** An operation and its place in its transaction. */
export interface PlacedRecord extends OperationRecord {
  readonly index: number;
}

/** A partial transaction whose form, Merkle root, values and signature are right. */
export interface CheckedPartial {
  readonly id: Uint8Array;
  readonly header: Header;
  readonly headerBytes: Uint8Array;
  readonly signature: Uint8Array;
  /** Those that are here, by index. */
  readonly operations: readonly PlacedRecord[];
  /** What stands for the rest (lib/data/merkle.ts, `partialRoot`). */
  readonly hashes: readonly Uint8Array[];
}

/**
 * Checks what can be checked of a partial transaction by itself. Membership is never partial.
 *
 * @throws {ProtocolError} `malformed` or `bad_transaction`.
 * @throws {UnsupportedError} where a newer kith wrote it.
 */
export function checkPartial(bytes: PartialBytes, space: Uint8Array, verify: Verify = verifySigned): CheckedPartial {
  const opened = openHeader(bytes.header);
  const { header, headerBytes } = opened;
  if (header.class !== "data") throw bad("membership is never partial");
  if (header.standing === null) throw bad("it names no standing");
  const operations = bytes.operations.map(({ index, leaf, value }): PlacedRecord => {
    const operation = decodeOperation(leaf);
    if (isMembership(operation)) throw bad("its class does not fit its operations");
    checkValue(operation, value);
    return { index, operation, leaf, value };
  });
  checkOnePerKey(operations);
  const root = partialRoot(header.operationCount, operations, bytes.hashes);
  if (root === null || !equal(root, header.root)) throw bad("its Merkle root is wrong");
  if (!verify(DOMAINS.transaction, header.peer, transactionMessage(space, headerBytes), bytes.signature)) {
    throw bad("its signature is wrong");
  }
  const hashes = bytes.hashes.map((hash) => hash.slice());
  return { ...opened, signature: bytes.signature.slice(), operations, hashes };
}
