import { sha256 } from "../../lib/crypto/hash.ts";
import { MAX_OPERATIONS } from "../../lib/base/limits.ts";
import { MerkleTree } from "../../lib/data/merkle_tree.ts";
import type { TransactionBytes } from "../../lib/wire/bundle.ts";
import { decodeOperation, encodeOperation } from "../../lib/wire/operation.ts";
import { decodeHeader, encodeHeader } from "../../lib/wire/transaction.ts";
import { unlessRefused } from "./target.ts";

/** A transaction whose hashes and counts fit what is in it, as whoever signs it would have them. */
export function repaired({ header, signature, operations }: TransactionBytes): TransactionBytes {
  const fitting = operations.map(({ leaf, value }) => {
    const operation = unlessRefused(() => decodeOperation(leaf));
    if (operation?.kind !== "put" || value === null) return { leaf, value };
    return { leaf: encodeOperation({ ...operation, length: value.length, hash: sha256(value) }), value };
  });
  const told = unlessRefused(() => decodeHeader(header));
  if (told === undefined) return { header, signature, operations };
  const { root } = MerkleTree.over(fitting.map(({ leaf }) => leaf));
  const operationCount = Math.min(fitting.length, MAX_OPERATIONS, Number.MAX_SAFE_INTEGER - told.firstOperation);
  const other = { ...told, operationCount, root };
  return { header: encodeHeader(other), signature, operations: fitting };
}
