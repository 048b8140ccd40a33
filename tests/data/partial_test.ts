import { assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../lib/base/errors.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import { Identity } from "../../lib/crypto/identity.ts";
import { partialHashes } from "../../lib/data/merkle.ts";
import { checkPartial } from "../../lib/data/partial.ts";
import { buildTransaction, type CheckedTransaction } from "../../lib/data/transaction.ts";
import type { Operation } from "../../lib/wire/operation.ts";
import type { PartialBytes } from "../../lib/wire/partial.ts";
import { UnsupportedError } from "../../lib/wire/unsupported.ts";
import { Prng } from "../sim/prng.ts";

const random = new Prng(1);
const identity = Identity.generate(random);
const SPACE = sha256(Uint8Array.of(1));
const WHOLE = build(["a", "b", "c", "d", "e"].map(put));

function put(key: string): { operation: Operation; value: Uint8Array } {
  const value = Uint8Array.of(key.charCodeAt(0));
  return {
    operation: { kind: "put", key, names: [], media: "text/plain", length: 1, hash: sha256(value) },
    value,
  };
}

function build(entries: readonly { operation: Operation; value: Uint8Array | null }[]): CheckedTransaction {
  return buildTransaction(identity, SPACE, {
    peer: identity.peerId,
    instance: random.bytes(16),
    sequence: 1,
    previous: null,
    parents: [SPACE],
    standing: { transaction: SPACE, index: 0 },
    clock: { ms: 5, count: 0 },
    firstOperation: 0,
  }, entries);
}

function partOf(whole: CheckedTransaction, indices: readonly number[]): PartialBytes {
  const leaves = whole.operations.map(({ leaf }, index) => ({ index, leaf }));
  return {
    header: whole.headerBytes,
    signature: whole.signature,
    operations: indices.map((index) => {
      const { leaf, value } = whole.operations[index] as CheckedTransaction["operations"][number];
      return { index, leaf, value };
    }),
    hashes: partialHashes(leaves.length, leaves, [], indices),
  };
}

function refused(bytes: PartialBytes, detail: string): void {
  const error = assertThrows(() => checkPartial(bytes, SPACE), ProtocolError);
  assertEquals([error.code, error.detail], ["bad_transaction", detail]);
}

Deno.test("any part of a transaction is checked as the whole is", () => {
  for (const indices of [[], [0], [4], [1, 3], [0, 1, 2, 3, 4]]) {
    const checked = checkPartial(partOf(WHOLE, indices), SPACE);
    assertEquals([checked.id, checked.header], [WHOLE.id, WHOLE.header]);
    assertEquals(
      checked.operations,
      indices.map((index) => ({ index, ...WHOLE.operations[index] as CheckedTransaction["operations"][number] })),
    );
  }
});

Deno.test("a part is refused for each thing that can be wrong with it", () => {
  const part = partOf(WHOLE, [1, 3]);
  const [one, three] = part.operations as [PartialBytes["operations"][number], PartialBytes["operations"][number]];
  refused({ ...part, operations: [one] }, "its Merkle root is wrong");
  refused({ ...part, operations: [one, { ...three, index: 2 }] }, "its Merkle root is wrong");
  refused({ ...part, hashes: part.hashes.slice(1) }, "its Merkle root is wrong");
  refused({ ...part, operations: [one, { ...three, value: Uint8Array.of(9) }] }, "a value has another hash");
  refused({ ...part, operations: [one, { ...one, index: 3 }] }, "it has two operations on one key");
  refused({ ...part, signature: random.bytes(64) }, "its signature is wrong");
  assertThrows(() => checkPartial(partOf(WHOLE, [0]), sha256(Uint8Array.of(2))), ProtocolError, "signature");
  assertThrows(() => checkPartial({ ...part, operations: [one, { ...three, value: null }] }, SPACE), UnsupportedError);
  const revoke: Operation = {
    kind: "revoke",
    target: { kind: "peer", peer: identity.peerId },
    frontier: null,
    sealed: [],
  };
  refused(partOf(build([{ operation: revoke, value: null }]), [0]), "membership is never partial");
});

Deno.test("what is checked does not hold on to the bytes that its header came in", () => {
  const { header, signature, operations, hashes } = partOf(WHOLE, [2]);
  const borrowed = {
    header: header.slice(),
    signature: signature.slice(),
    operations,
    hashes: hashes.map((h) => h.slice()),
  };
  const checked = checkPartial(borrowed, SPACE);
  for (const bytes of [borrowed.header, borrowed.signature, ...borrowed.hashes]) bytes.fill(0);
  assertEquals(checked, checkPartial(partOf(WHOLE, [2]), SPACE));
});
