import { sha256 } from "../../../lib/crypto/hash.ts";
import { partialRoot } from "../../../lib/data/merkle.ts";
import { MerkleTree } from "../../../lib/data/merkle_tree.ts";
import { checkPartial } from "../../../lib/data/partial.ts";
import { checkTransaction, toBytes } from "../../../lib/data/transaction.ts";
import { equal } from "../../../lib/base/bytes.ts";
import { Reader } from "../../../lib/base/reader.ts";
import { Writer as ByteWriter } from "../../../lib/base/writer.ts";
import { decodeBundle, encodeBundle, type TransactionBytes } from "../../../lib/wire/bundle.ts";
import type { Operation } from "../../../lib/wire/operation.ts";
import { type PartialBytes, readPartial, writePartial } from "../../../lib/wire/partial.ts";
import { decodeHeader, encodeHeader } from "../../../lib/wire/transaction.ts";
import { Writer } from "../../peer/transactions.ts";
import { repaired } from "../repaired.ts";
import { holds, type Target, unlessRefused } from "../target.ts";

/** Only the signature cannot be guessed; whoever writes a transaction has a key to sign it. */
const verify = () => true;

const writer = new Writer();
const space = writer.space;

function put(key: string, text: string): { operation: Operation; value: Uint8Array } {
  const value = new TextEncoder().encode(text);
  return {
    operation: { kind: "put", key, names: [], media: "text/plain", length: value.length, hash: sha256(value) },
    value,
  };
}

const WHOLE: TransactionBytes[] = [
  toBytes(writer.genesis),
  toBytes(writer.put("a", "1")),
  toBytes(writer.write([put("a", "1"), put("b", ""), put("c", "x".repeat(100)), {
    operation: { kind: "del", key: "d", names: [{ transaction: space, index: 0 }] },
    value: null,
  }])),
  toBytes(writer.write([])),
  toBytes(writer.write([{
    operation: {
      kind: "revoke",
      target: { kind: "peer", peer: new Uint8Array(32).fill(7) },
      frontier: null,
      sealed: [],
    },
    value: null,
  }])),
];

function takeWhole(input: Uint8Array): unknown {
  const bytes = unlessRefused(() => decodeBundle(input));
  if (bytes === undefined) return undefined;
  for (const one of [bytes, repaired(bytes)]) {
    const checked = unlessRefused(() => checkTransaction(one, space, verify));
    if (checked === undefined) continue;
    holds(equal(encodeBundle(toBytes(checked)), encodeBundle(one)), "a transaction is handed on as other bytes");
    holds(equal(checked.id, sha256(one.header)), "the id is the header's hash");
  }
  return bytes;
}

function decodePartial(input: Uint8Array): PartialBytes {
  const reader = new Reader(input);
  const partial = readPartial(reader);
  reader.end();
  return partial;
}

function encodePartial(partial: PartialBytes): Uint8Array {
  const bytes = new ByteWriter();
  writePartial(bytes, partial);
  return bytes.finish().slice();
}

function takePartial(input: Uint8Array): unknown {
  const bytes = unlessRefused(() => decodePartial(input));
  if (bytes === undefined) return undefined;
  const told = unlessRefused(() => decodeHeader(bytes.header));
  const root = told === undefined ? null : partialRoot(told.operationCount, bytes.operations, bytes.hashes);
  const fitting = told === undefined || root === null ? bytes : { ...bytes, header: encodeHeader({ ...told, root }) };
  for (const one of [bytes, fitting]) {
    const checked = unlessRefused(() => checkPartial(one, space, verify));
    if (checked === undefined) continue;
    holds(checked.operations.length === one.operations.length, "no operation comes in or gets lost");
    holds(checked.operations.every(({ index }) => index < checked.header.operationCount), "an index beyond the count");
  }
  return bytes;
}

const PARTIALS: PartialBytes[] = WHOLE.slice(1).flatMap(({ header, signature, operations }) => {
  const placed = operations.map((operation, index) => ({ ...operation, index }));
  const leaves = placed.map(({ leaf }) => MerkleTree.over([leaf]).root);
  return [
    { header, signature, operations: placed, hashes: [] },
    { header, signature, operations: placed.slice(1), hashes: leaves.slice(0, 1) },
  ];
});

export const TARGETS: readonly Target[] = [
  { name: "transaction", seeds: WHOLE.map((bytes) => encodeBundle(bytes).slice()), run: takeWhole, steps: 50_000 },
  { name: "proof", seeds: PARTIALS.map(encodePartial), run: takePartial, steps: 50_000 },
];
