import { assert } from "../base/assert.ts";
import { equal } from "../base/bytes.ts";
import { HASH_BYTES, sha256, sha256Into } from "../crypto/hash.ts";

/** The Merkle tree of RFC 6962, section 2.1, with SHA-256: a transaction's operations are its leaves. */

const LEAF_PREFIX = 0;
const NODE_PREFIX = 1;
const NO_HASH = new Uint8Array(HASH_BYTES);

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

/** The root over leaves that come one by one, with no more in memory than a hash for each level. */
export class MerkleRoot {
  /** Roots of full subtrees that follow each other, and how many leaves each has. */
  readonly #subtrees: { hash: Uint8Array; count: number }[] = [];

  /** Takes in the next leaf. */
  add(leaf: Uint8Array): void {
    let last = { hash: hashLeaf(leaf), count: 1 };
    for (let left = this.#subtrees.at(-1); left?.count === last.count; left = this.#subtrees.at(-1)) {
      last = { hash: hashNode(left.hash, last.hash), count: 2 * last.count };
      this.#subtrees.pop();
    }
    this.#subtrees.push(last);
  }

  /** The root over all that came. */
  finish(): Uint8Array {
    const [last, ...rest] = this.#subtrees.toReversed();
    if (last === undefined) return sha256();
    return rest.reduce((right, left) => hashNode(left.hash, right), last.hash);
  }
}

/** A leaf of a tree and its place. */
export interface PlacedLeaf {
  readonly index: number;
  readonly leaf: Uint8Array;
}

/**
 * The root over `count` leaves of which only some are here, with the hashes that stand for the rest: for each largest
 * subtree without a leaf that is here, its hash, from left to right. With all leaves here there are none.
 *
 * @param leaves by index, ascending.
 * @returns null where the hashes are too few or too many. Takes any input.
 */
export function partialRoot(
  count: number,
  leaves: readonly PlacedLeaf[],
  hashes: readonly Uint8Array[],
): Uint8Array | null {
  const tree = new PartialTree(count, leaves, hashes);
  const root = tree.root();
  return tree.usedAll ? root : null;
}

/**
 * The hashes of `partialRoot` for fewer leaves.
 *
 * @param leaves those that are here now, with `hashes` for the rest.
 * @param kept indices of those that remain, ascending; each is among `leaves`.
 */
export function partialHashes(
  count: number,
  leaves: readonly PlacedLeaf[],
  hashes: readonly Uint8Array[],
  kept: readonly number[],
): Uint8Array[] {
  const tree = new PartialTree(count, leaves, hashes);
  const out = tree.hashesWithout(kept);
  assert(tree.usedAll, "the hashes fit the leaves");
  return out;
}

/**
 * The hashes of `partialRoot` for the leaves of two parts of one tree together.
 *
 * @param a indices of the leaves of one part, ascending, and its hashes; @param b of the other.
 * @returns null where the two do not tell enough.
 */
export function joinedHashes(
  count: number,
  a: { readonly indices: readonly number[]; readonly hashes: readonly Uint8Array[] },
  b: { readonly indices: readonly number[]; readonly hashes: readonly Uint8Array[] },
): Uint8Array[] | null {
  const known = new Map<string, Uint8Array>();
  for (const { indices, hashes } of [a, b]) {
    for (const [i, range] of absentRanges(count, indices).entries()) {
      const hash = hashes[i];
      if (hash !== undefined) known.set(range, hash);
    }
  }
  const both = [...new Set([...a.indices, ...b.indices])].sort((x, y) => x - y);
  const joined = absentRanges(count, both).map((range) => known.get(range));
  return joined.every((hash) => hash !== undefined) ? joined : null;
}

/** The largest subtrees without any of these leaves, from left to right, as "from-to". */
function absentRanges(count: number, indices: readonly number[]): string[] {
  const ranges: string[] = [];
  let next = 0;
  const walk = (from: number, to: number) => {
    if (next === indices.length || (indices[next] as number) >= to) ranges.push(`${from}-${to}`);
    else if (to - from === 1) next++;
    else {
      const middle = from + leftSize(to - from);
      walk(from, middle);
      walk(middle, to);
    }
  };
  if (count > 0) walk(0, count);
  return ranges;
}

/** Walks a tree from left to right, and takes a hash for each subtree without leaves. */
class PartialTree {
  readonly #count: number;
  readonly #leaves: readonly PlacedLeaf[];
  readonly #hashes: readonly Uint8Array[];
  #nextLeaf = 0;
  #nextHash = 0;
  #short = false;

  constructor(count: number, leaves: readonly PlacedLeaf[], hashes: readonly Uint8Array[]) {
    this.#count = count;
    this.#leaves = leaves;
    this.#hashes = hashes;
  }

  get usedAll(): boolean {
    return !this.#short && this.#nextLeaf === this.#leaves.length && this.#nextHash === this.#hashes.length;
  }

  root(): Uint8Array {
    return this.#count === 0 ? sha256() : this.#hash(0, this.#count);
  }

  hashesWithout(kept: readonly number[]): Uint8Array[] {
    const out: Uint8Array[] = [];
    let next = 0;
    const walk = (from: number, to: number) => {
      if (next === kept.length || (kept[next] as number) >= to) out.push(this.#hash(from, to));
      else if (to - from === 1) {
        this.#hash(from, to);
        next++;
      } else {
        const middle = from + leftSize(to - from);
        walk(from, middle);
        walk(middle, to);
      }
    };
    if (this.#count > 0) walk(0, this.#count);
    return out;
  }

  #hash(from: number, to: number): Uint8Array {
    const leaf = this.#leaves[this.#nextLeaf];
    if (leaf === undefined || leaf.index >= to) return this.#taken();
    if (to - from === 1) {
      this.#nextLeaf++;
      return hashLeaf(leaf.leaf);
    }
    const middle = from + leftSize(to - from);
    return hashNode(this.#hash(from, middle), this.#hash(middle, to));
  }

  #taken(): Uint8Array {
    const hash = this.#hashes[this.#nextHash++];
    if (hash !== undefined) return hash;
    this.#short = true;
    return NO_HASH;
  }
}

/** The leaves of the left subtree: the largest power of two below `count`. Range: from 2. */
function leftSize(count: number): number {
  return 2 ** (31 - Math.clz32(count - 1));
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
