import { assert } from "../base/assert.ts";
import { HASH_BYTES, sha256, sha256Into } from "../crypto/hash.ts";

/** What a leaf begins with when it is hashed, and a node. */
export const LEAF_PREFIX = 0;
export const NODE_PREFIX = 1;
/** The level whose nodes are kept beside large transactions. */
const SUBTREE_LEVEL = 6;
/** Leaves under one of its nodes. */
export const SUBTREE_LEAVES = 2 ** SUBTREE_LEVEL;

/** The Merkle tree of RFC 6962, section 2.1, with SHA-256: a transaction's operations are its leaves. */
export class MerkleTree {
  /** From the lowest that is known upwards: its nodes' hashes, one behind the other. */
  readonly #levels: Uint8Array[];

  private constructor(lowest: Uint8Array) {
    this.#levels = [lowest];
    for (let count = lowest.length / HASH_BYTES; count > 1; count = (count + 1) >> 1) {
      this.#levels.push(lifted(this.#levels.at(-1) as Uint8Array));
    }
  }

  /** The tree over leaves in order. */
  static over(leaves: readonly Uint8Array[]): MerkleTree {
    return new MerkleTree(hashLeaves(leaves));
  }

  /** The upper part of a tree. @param subtrees as `subtrees` gave them. */
  static above(subtrees: Uint8Array): MerkleTree {
    return new MerkleTree(subtrees);
  }

  /** The root (32 bytes); over no leaves it is the hash of nothing. */
  get root(): Uint8Array {
    const top = this.#levels.at(-1) as Uint8Array;
    return top.length === 0 ? sha256() : top;
  }

  /** The hashes of the subtrees of `SUBTREE_LEAVES` leaves, one behind the other; none where there is but one. */
  get subtrees(): Uint8Array {
    const level = this.#levels[SUBTREE_LEVEL];
    return level === undefined || level.length === HASH_BYTES ? new Uint8Array() : level;
  }

  /** The hash of the subtree over the lowest nodes that are known, from one of them up to another, which is left out. */
  hashOf(from: number, to: number): Uint8Array {
    // A lone last node goes up as it is: what is cut off at the right end has the level of what is not.
    const level = Math.ceil(Math.log2(to - from));
    const at = Math.floor(from / 2 ** level) * HASH_BYTES;
    return (this.#levels[level] as Uint8Array).subarray(at, at + HASH_BYTES);
  }

  /**
   * The hashes that lead from a leaf to the root, from the leaf upwards (RFC 6962, 2.1.1).
   *
   * @param index of the leaf. Range: 0 to the number of leaves − 1.
   */
  path(index: number): Uint8Array[] {
    assert(index >= 0 && index * HASH_BYTES < (this.#levels[0] as Uint8Array).length, "a path begins at a leaf");
    const path: Uint8Array[] = [];
    for (const [height, level] of this.#levels.entries()) {
      const at = (Math.floor(index / 2 ** height) ^ 1) * HASH_BYTES;
      if (at < level.length) path.push(level.slice(at, at + HASH_BYTES));
    }
    return path;
  }
}

/** The hashes of the leaves, one behind the other. */
function hashLeaves(leaves: readonly Uint8Array[]): Uint8Array {
  const hashes = new Uint8Array(leaves.length * HASH_BYTES);
  // One array for all that is hashed: a new one costs as much as its hash.
  let input = new Uint8Array(0);
  for (const [i, leaf] of leaves.entries()) {
    if (input.length < 1 + leaf.length) input = new Uint8Array(2 * (1 + leaf.length));
    input[0] = LEAF_PREFIX;
    input.set(leaf, 1);
    sha256Into(hashes, i * HASH_BYTES, input, 1 + leaf.length);
  }
  return hashes;
}

/**
 * The hashes of the level above. Pairing from the left, with a lone last one taken up unchanged, gives the tree that the
 * RFC defines by splitting at the largest power of two.
 */
function lifted(level: Uint8Array): Uint8Array {
  const count = level.length / HASH_BYTES;
  const above = new Uint8Array(((count + 1) >> 1) * HASH_BYTES);
  const input = new Uint8Array(1 + 2 * HASH_BYTES);
  input[0] = NODE_PREFIX;
  for (let i = 0; i + 1 < count; i += 2) {
    const from = i * HASH_BYTES;
    for (let at = 0; at < 2 * HASH_BYTES; at++) input[1 + at] = level[from + at] as number;
    sha256Into(above, (i >> 1) * HASH_BYTES, input);
  }
  if (count % 2 === 1) above.set(level.subarray((count - 1) * HASH_BYTES), (count >> 1) * HASH_BYTES);
  return above;
}
