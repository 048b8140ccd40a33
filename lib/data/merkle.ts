import { assert } from "../base/assert.ts";
import { concat, equal } from "../base/bytes.ts";
import { HASH_BYTES, sha256 } from "../crypto/hash.ts";
import { LEAF_PREFIX, MerkleTree, NODE_PREFIX, SUBTREE_LEAVES } from "./merkle_tree.ts";

/** What proves leaves of a Merkle tree (merkle_tree.ts) to somebody who has its root. */

const NO_HASH = new Uint8Array(HASH_BYTES);

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

/** The root over leaves that come one by one, with no more in memory than a hash for each `SUBTREE_LEAVES` of them. */
export class MerkleRoot {
  readonly #subtrees: Uint8Array[] = [];
  #leaves: Uint8Array[] = [];

  /** Takes in the next leaf. */
  add(leaf: Uint8Array): void {
    this.#leaves.push(leaf);
    if (this.#leaves.length === SUBTREE_LEAVES) this.#close();
  }

  /** The root over all that came. */
  finish(): Uint8Array {
    if (this.#leaves.length > 0) this.#close();
    return this.#subtrees.length === 0 ? sha256() : MerkleTree.above(concat(this.#subtrees)).root;
  }

  /** As `MerkleTree.subtrees`; once it is finished. */
  get subtrees(): Uint8Array {
    return this.#subtrees.length < 2 ? new Uint8Array() : concat(this.#subtrees);
  }

  #close(): void {
    this.#subtrees.push(MerkleTree.over(this.#leaves).root);
    this.#leaves = [];
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
 * The hashes of `partialRoot` where of a whole tree's leaves only some remain.
 *
 * @param kept indices of those, ascending.
 * @param subtrees as `MerkleTree.subtrees` gave them: then only leaves beside those that remain are looked at.
 * @param leavesOf the leaves from one up to another, which is left out; null where they are not all here.
 * @returns null where all that does not give the root.
 */
export function provingHashes(
  { count, root, subtrees }: { readonly count: number; readonly root: Uint8Array; readonly subtrees: Uint8Array },
  kept: readonly number[],
  leavesOf: (from: number, to: number) => readonly Uint8Array[] | null,
): Uint8Array[] | null {
  const unit = subtrees.length === 0 ? Math.max(1, count) : SUBTREE_LEAVES;
  const below = new Map<number, MerkleTree>();
  for (const number of subtrees.length === 0 ? [0] : new Set(kept.map((index) => Math.floor(index / unit)))) {
    const leaves = leavesOf(number * unit, Math.min(count, (number + 1) * unit));
    if (leaves === null) return null;
    below.set(number, MerkleTree.over(leaves));
  }
  const above = subtrees.length === 0 ? below.get(0) : MerkleTree.above(subtrees);
  if (above === undefined || !equal(above.root, root)) return null;
  if (subtrees.length > 0) {
    for (const [number, tree] of below) if (!equal(tree.root, above.hashOf(number, number + 1))) return null;
  }
  return absentRanges(count, kept).map(([from, to]) => {
    const number = Math.floor(from / unit);
    const tree = below.get(number);
    const hash = tree === undefined
      ? above.hashOf(number, Math.ceil(to / unit))
      : tree.hashOf(from % unit, to - number * unit);
    return hash.slice();
  });
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
      if (hash !== undefined) known.set(range.join(), hash);
    }
  }
  const both = [...new Set([...a.indices, ...b.indices])].sort((x, y) => x - y);
  const joined = absentRanges(count, both).map((range) => known.get(range.join()));
  return joined.every((hash) => hash !== undefined) ? joined : null;
}

/**
 * The largest subtrees without any of these leaves, from left to right: the first leaf of each, and the one behind it.
 *
 * @param indices ascending.
 */
export function absentRanges(count: number, indices: readonly number[]): [from: number, to: number][] {
  const ranges: [number, number][] = [];
  let next = 0;
  const walk = (from: number, to: number) => {
    if (next === indices.length || (indices[next] as number) >= to) ranges.push([from, to]);
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

function hashLeaf(leaf: Uint8Array): Uint8Array {
  return sha256(Uint8Array.of(LEAF_PREFIX), leaf);
}

function hashNode(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(Uint8Array.of(NODE_PREFIX), left, right);
}
