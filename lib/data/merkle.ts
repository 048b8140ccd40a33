import { assert } from "../base/assert.ts";
import { equal } from "../base/bytes.ts";
import { sha256 } from "../crypto/hash.ts";

/** The Merkle tree of RFC 6962, section 2.1, with SHA-256: a transaction's operations are its leaves. */

const LEAF_PREFIX: Uint8Array = Uint8Array.of(0);
const NODE_PREFIX: Uint8Array = Uint8Array.of(1);

/** The root over the leaves in order (32 bytes); over none it is the hash of nothing. */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256();
  let level = leaves.map(hashLeaf);
  while (level.length > 1) level = levelAbove(level);
  return level[0] as Uint8Array;
}

/**
 * The hashes that lead from a leaf to the root, from the leaf upwards (RFC 6962, 2.1.1).
 *
 * @param index of the leaf. Range: 0 to `leaves.length` − 1.
 */
export function merklePath(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  assert(index >= 0 && index < leaves.length, "a path begins at a leaf");
  const path: Uint8Array[] = [];
  let level = leaves.map(hashLeaf);
  for (let place = index; level.length > 1; place = place >> 1) {
    const sibling = level[place ^ 1];
    if (sibling !== undefined) path.push(sibling);
    level = levelAbove(level);
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

/**
 * Pairing from the left, with a lone last node taken up unchanged, gives the tree that the RFC defines by splitting
 * at the largest power of two.
 */
function levelAbove(level: readonly Uint8Array[]): Uint8Array[] {
  const above: Uint8Array[] = [];
  for (let i = 0; i < level.length; i += 2) {
    const left = level[i] as Uint8Array;
    const right = level[i + 1];
    above.push(right === undefined ? left : hashNode(left, right));
  }
  return above;
}

function hashLeaf(leaf: Uint8Array): Uint8Array {
  return sha256(LEAF_PREFIX, leaf);
}

function hashNode(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(NODE_PREFIX, left, right);
}
