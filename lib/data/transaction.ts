import { equal } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import { isSha256, sha256 } from "../crypto/hash.ts";
import { type Identity, verifySigned } from "../crypto/identity.ts";
import { transactionMessage } from "../wire/authenticated.ts";
import type { TransactionBytes } from "../wire/bundle.ts";
import { DOMAINS } from "../wire/domains.ts";
import { decodeOperation, encodeOperations, type Operation } from "../wire/operation.ts";
import { decodeHeader, encodeHeader, type Header } from "../wire/transaction.ts";
import { UnsupportedError } from "../wire/unsupported.ts";
import { MerkleTree } from "./merkle_tree.ts";

/** One operation of a transaction: what it says, its Merkle leaf, and the value that travels beside the leaf. */
export interface OperationRecord {
  readonly operation: Operation;
  readonly leaf: Uint8Array;
  /** The value of a put; null for every other kind. */
  readonly value: Uint8Array | null;
}

/** A transaction whose form, Merkle root, values and signature are right; whether it is allowed is judged apart. */
export interface CheckedTransaction {
  readonly id: Uint8Array;
  readonly header: Header;
  readonly headerBytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly operations: readonly OperationRecord[];
  /** Of its Merkle tree (`MerkleTree.subtrees`): with them, to prove single operations costs little. */
  readonly subtrees: Uint8Array;
}

/** A transaction's header, read, in arrays of its own, with the id that follows from it. */
export type OpenedHeader = Pick<CheckedTransaction, "id" | "header" | "headerBytes">;

/** Checks an Ed25519 signature over a domain string and a message; the simulator can put a broken one in its place. */
export type Verify = (domain: string, publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/** What the writer of a transaction decides; the rest follows from it. */
export type TransactionPlan = Omit<Header, "root" | "operationCount" | "class">;

/**
 * Puts a transaction together and signs it (PROTOCOL.md, "Transactions").
 *
 * @param space the space id; null for the genesis, whose own id it will be.
 */
export function buildTransaction(
  identity: Identity,
  space: Uint8Array | null,
  plan: TransactionPlan,
  entries: readonly { operation: Operation; value: Uint8Array | null }[],
): CheckedTransaction {
  const leaves = encodeOperations(entries.map(({ operation }) => operation));
  const operations = entries.map(({ operation, value }, i) => ({ operation, value, leaf: leaves[i] as Uint8Array }));
  const { root, subtrees } = MerkleTree.over(leaves);
  const header: Header = {
    ...plan,
    operationCount: operations.length,
    class: operations.some(({ operation }) => isMembership(operation)) ? "membership" : "data",
    root,
  };
  const headerBytes = encodeHeader(header).slice();
  const signature = identity.sign(DOMAINS.transaction, transactionMessage(space, headerBytes));
  return { id: sha256(headerBytes), header, headerBytes, signature, operations, subtrees };
}

/**
 * Reads a header as it came.
 *
 * @throws {ProtocolError} `malformed`.
 * @throws {UnsupportedError} where a newer kith wrote it.
 */
export function openHeader(received: Uint8Array): OpenedHeader {
  // Headers are kept in memory: as views they would hold on to the whole buffer they came in.
  const headerBytes = received.slice();
  return { id: sha256(headerBytes), header: decodeHeader(headerBytes), headerBytes };
}

/**
 * Checks what can be checked of a transaction by itself: canonical form, class, one operation per key, values,
 * Merkle root, signature.
 *
 * @param opened its header where it was read already.
 * @throws {ProtocolError} `malformed` or `bad_transaction`.
 * @throws {UnsupportedError} where a newer kith wrote it.
 */
export function checkTransaction(
  bytes: TransactionBytes,
  space: Uint8Array,
  verify: Verify = verifySigned,
  opened: OpenedHeader = openHeader(bytes.header),
): CheckedTransaction {
  const { header, headerBytes } = opened;
  if (header.operationCount !== bytes.operations.length) throw bad("its operation count is wrong");
  const operations: OperationRecord[] = new Array(bytes.operations.length);
  const leaves: Uint8Array[] = new Array(bytes.operations.length);
  for (let i = 0; i < bytes.operations.length; i++) {
    const { leaf: received, value } = bytes.operations[i] as TransactionBytes["operations"][number];
    // Membership is kept in memory, as headers are.
    const leaf = header.class === "membership" ? received.slice() : received;
    const operation = decodeOperation(leaf);
    if (isMembership(operation) !== (header.class === "membership")) throw bad("its class does not fit its operations");
    checkValue(operation, value);
    operations[i] = { operation, leaf, value };
    leaves[i] = leaf;
  }
  checkOnePerKey(operations);
  checkStanding(header, operations);
  const { root, subtrees } = MerkleTree.over(leaves);
  if (!equal(root, header.root)) throw bad("its Merkle root is wrong");
  const signedSpace = operations[0]?.operation.kind === "genesis" ? null : space;
  if (!verify(DOMAINS.transaction, header.peer, transactionMessage(signedSpace, headerBytes), bytes.signature)) {
    throw bad("its signature is wrong");
  }
  return { ...opened, signature: bytes.signature.slice(), operations, subtrees };
}

/** The form in which a transaction travels. */
export function toBytes(transaction: CheckedTransaction): TransactionBytes {
  return {
    header: transaction.headerBytes,
    signature: transaction.signature,
    operations: transaction.operations.map(({ leaf, value }) => ({ leaf, value })),
  };
}

/** The transaction in arrays of its own, to be kept: what was received are views that hold on to a whole message. */
export function detached(transaction: CheckedTransaction): CheckedTransaction {
  const operations = transaction.operations.map(({ leaf, value }) => {
    const ownLeaf = leaf.slice();
    return { operation: decodeOperation(ownLeaf), leaf: ownLeaf, value: value?.slice() ?? null };
  });
  return { ...transaction, operations };
}

/** Whether an operation is about who may be here, not about the shared data. */
export function isMembership(operation: Operation): boolean {
  return operation.kind !== "put" && operation.kind !== "del";
}

/** @throws {ProtocolError} `bad_transaction` where two operations are on the same key. */
export function checkOnePerKey(operations: readonly OperationRecord[]): void {
  const keys = new Set<string>();
  for (const { operation } of operations) {
    if (operation.kind !== "put" && operation.kind !== "del") continue;
    if (keys.has(operation.key)) throw bad("it has two operations on one key");
    keys.add(operation.key);
  }
}

/**
 * Checks the value beside an operation: a put has the one that its leaf tells of, any other has none.
 *
 * @throws {ProtocolError} `bad_transaction`.
 * @throws {UnsupportedError} for a put without its value.
 */
export function checkValue(operation: Operation, value: Uint8Array | null): void {
  if (operation.kind !== "put") {
    if (value !== null) throw bad("an operation that is no put carries a value");
    return;
  }
  // A value goes with its whole operation, in a partial transaction; another way would be a later kith's.
  if (value === null) throw new UnsupportedError("a put's value flag", 0);
  if (value.length !== operation.length) throw bad("a value has another length than its operation says");
  if (!isSha256(operation.hash, value)) throw bad("a value has another hash");
}

/** "Operation 0 here" stands only for an admission; a genesis stands first, and alone. */
function checkStanding(header: Header, operations: readonly OperationRecord[]): void {
  const first = operations[0]?.operation.kind;
  if ((header.standing === null) !== (first === "genesis" || first === "redeem")) {
    throw bad("it names no standing");
  }
  for (let i = 1; i < operations.length; i++) {
    const kind = (operations[i] as OperationRecord).operation.kind;
    if (kind === "genesis" || kind === "redeem") throw bad("an admission is not its first operation");
  }
  if (first === "genesis" && (header.sequence !== 1 || header.parents.length > 0)) throw bad("a genesis has a past");
}

/** The error for a transaction that is not valid. */
export function bad(detail: string): ProtocolError {
  return new ProtocolError("bad_transaction", detail);
}
