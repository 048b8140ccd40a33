import { assert } from "../base/assert.ts";
import { equal } from "../base/bytes.ts";
import { HASH_BYTES, sha256, sha256Into } from "../crypto/hash.ts";

/** The Merkle tree of RFC 6962, section 2.1, with SHA-256: a transaction's operations are its leaves. */

const LEAF_PREFIX = 0;
const NODE_PREFIX = 1;

/** The root over the leaves in order (32 bytes); over none it is the hash of nothing. */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256();
  const level = hashLeaves(leaves);
  for (let count = leaves.length; count > 1; count = (count + 1) >> 1) liftInPlace(level, count);
  return level.slice(0, HASH_BYTES);
}

/**
 * The hashes that lead from a leaf to the root, from the leaf upwards (RFC 6962, 2.1.1).
 *
 * @param index of the leaf. Range: 0 to `leaves.length` − 1.
 */
export function merklePath(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  assert(index >= 0 && index < leaves.length, "a path begins at a leaf");
  const path: Uint8Array[] = [];
  const level = hashLeaves(leaves);
  for (let place = index, count = leaves.length; count > 1; place = place >> 1, count = (count + 1) >> 1) {
    const sibling = place ^ 1;
    if (sibling < count) path.push(level.slice(sibling * HASH_BYTES, (sibling + 1) * HASH_BYTES));
    liftInPlace(level, count);
  }
  return path;
}

/** Whether `leaf` is number `index` of the `count` leaves under `root`, by its path. Takes any input. */
export function verifyMerklePath(
  leaf: Uint8Array,
  index: number,
  count: number,
  path: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (index < 0 || index >= count) return false;
  let hash = hashLeaf(leaf);
  let used = 0;
  for (let place = index, last = count - 1; last > 0; place = place >> 1, last = last >> 1) {
    // The last node of a level of odd size has no sibling and goes up as it is.
    if (place === last && place % 2 === 0) continue;
    const sibling = path[used++];
    if (sibling === undefined) return false;
    hash = place % 2 === 0 ? hashNode(hash, sibling) : hashNode(sibling, hash);
  }
  return used === path.length && equal(hash, root);
}

/** The hashes of the leaves, one behind the other. */
function hashLeaves(leaves: readonly Uint8Array[]): Uint8Array {
  const hashes = new Uint8Array(leaves.length * HASH_BYTES);
  // One array for all that is hashed: on Deno, a new one costs as much as its hash.
  let input = new Uint8Array(0);
  for (const [i, leaf] of leaves.entries()) {
    if (input.length < 1 + leaf.length) input = new Uint8Array(2 * (1 + leaf.length));
    input[0] = LEAF_PREFIX;
    input.set(leaf, 1);
    sha256Into(hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES), input.subarray(0, 1 + leaf.length));
  }
  return hashes;
}

/**
 * Puts the hashes of the level above in the place of `count` hashes. Pairing from the left, with a lone last one taken
 * up unchanged, gives the tree that the RFC defines by splitting at the largest power of two.
 */
function liftInPlace(level: Uint8Array, count: number): void {
  const input = new Uint8Array(1 + 2 * HASH_BYTES);
  input[0] = NODE_PREFIX;
  for (let i = 0; i + 1 < count; i += 2) {
    input.set(level.subarray(i * HASH_BYTES, (i + 2) * HASH_BYTES), 1);
    sha256Into(level.subarray((i >> 1) * HASH_BYTES, ((i >> 1) + 1) * HASH_BYTES), input);
  }
  if (count % 2 === 1) level.copyWithin((count >> 1) * HASH_BYTES, (count - 1) * HASH_BYTES, count * HASH_BYTES);
}

function hashLeaf(leaf: Uint8Array): Uint8Array {
  return sha256(Uint8Array.of(LEAF_PREFIX), leaf);
}

function hashNode(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(Uint8Array.of(NODE_PREFIX), left, right);
}
