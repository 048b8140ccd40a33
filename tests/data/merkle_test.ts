import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { fromHex, toHex } from "../../lib/base/bytes.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import {
  joinedHashes,
  MerkleRoot,
  partialHashes,
  partialRoot,
  type PlacedLeaf,
  provingHashes,
  verifyMerklePath,
} from "../../lib/data/merkle.ts";
import { MerkleTree, SUBTREE_LEAVES } from "../../lib/data/merkle_tree.ts";

/** The leaves that implementations of RFC 6962 are commonly tested with, and the roots over the first n of them. */
const LEAVES = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
].map(fromHex);
const ROOTS = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

Deno.test("roots are those of RFC 6962", () => {
  assertEquals(ROOTS.map((_, count) => toHex(MerkleTree.over(LEAVES.slice(0, count)).root)), ROOTS);
});

Deno.test("the root over leaves that come one by one is the same", () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 5 }), { maxLength: 300 }), (leaves) => {
    const root = new MerkleRoot();
    for (const leaf of leaves) root.add(leaf);
    const tree = MerkleTree.over(leaves);
    assertEquals(root.finish(), tree.root);
    assertEquals(root.subtrees, tree.subtrees);
    assertEquals(tree.subtrees.length, leaves.length <= SUBTREE_LEAVES ? 0 : 32 * Math.ceil(leaves.length / 64));
  }));
});

Deno.test("the root is that of the RFC's recursive definition", () => {
  const define = (leaves: readonly Uint8Array[]): Uint8Array => {
    if (leaves.length === 0) return sha256();
    if (leaves.length === 1) return sha256(Uint8Array.of(0), leaves[0] as Uint8Array);
    let split = 1;
    while (split * 2 < leaves.length) split *= 2;
    return sha256(Uint8Array.of(1), define(leaves.slice(0, split)), define(leaves.slice(split)));
  };
  for (let count = 0; count <= 70; count++) {
    const leaves = Array.from({ length: count }, (_, i) => Uint8Array.of(i));
    assertEquals(MerkleTree.over(leaves).root, define(leaves));
  }
});

Deno.test("paths are those of RFC 6962, 2.1.3", () => {
  // The RFC's tree of seven leaves: the path of d0 is [b, h, l], of d3 [c, g, l], of d4 [f, j, k], of d6 [i, k].
  const leaves = LEAVES.slice(0, 7);
  const [a, b, c, d, e, f, j] = leaves.map((leaf) => sha256(Uint8Array.of(0), leaf)) as Uint8Array[];
  const node = (left?: Uint8Array, right?: Uint8Array) =>
    sha256(Uint8Array.of(1), left ?? new Uint8Array(), right ?? new Uint8Array());
  const [g, h, i] = [node(a, b), node(c, d), node(e, f)];
  const [k, l] = [node(g, h), node(i, j)];
  assertEquals(MerkleTree.over(leaves).path(0), [b, h, l]);
  assertEquals(MerkleTree.over(leaves).path(3), [c, g, l]);
  assertEquals(MerkleTree.over(leaves).path(4), [f, j, k]);
  assertEquals(MerkleTree.over(leaves).path(6), [i, k]);
});

Deno.test("every leaf is proved by its path, and by nothing else", () => {
  for (let count = 1; count <= 20; count++) {
    const leaves = Array.from({ length: count }, (_, i) => Uint8Array.of(i));
    const root = MerkleTree.over(leaves).root;
    leaves.forEach((leaf, index) => {
      const path = MerkleTree.over(leaves).path(index);
      assert(verifyMerklePath(leaf, index, count, path, root));
      assert(!verifyMerklePath(Uint8Array.of(99), index, count, path, root));
      assert(!verifyMerklePath(leaf, index, count, [...path, root], root));
      assert(!verifyMerklePath(leaf, index, count, path.slice(0, -1), root) || path.length === 0);
      for (let other = 0; other < count; other++) {
        if (other !== index) assert(!verifyMerklePath(leaf, other, count, path, root));
      }
    });
  }
});

Deno.test("a path is not taken for an index outside the tree", () => {
  const root = MerkleTree.over([LEAVES[0] as Uint8Array]).root;
  assert(verifyMerklePath(LEAVES[0] as Uint8Array, 0, 1, [], root));
  assert(!verifyMerklePath(LEAVES[0] as Uint8Array, 1, 1, [], root));
  assert(!verifyMerklePath(LEAVES[0] as Uint8Array, -1, 1, [], root));
  assert(!verifyMerklePath(LEAVES[0] as Uint8Array, 0, 0, [], root));
});

Deno.test("a path with one bit changed proves nothing", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 40 }), fc.nat(), fc.nat(), fc.nat(255), (count, leaf, hash, bit) => {
      const leaves = Array.from({ length: count }, (_, i) => Uint8Array.of(i));
      const index = leaf % count;
      const path = MerkleTree.over(leaves).path(index).map((bytes) => bytes.slice());
      const damaged = path[hash % path.length] as Uint8Array;
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      assert(!verifyMerklePath(leaves[index] as Uint8Array, index, count, path, MerkleTree.over(leaves).root));
    }),
  );
});

/** A tree, and which of its leaves are here: all, or by a mask those that are. */
const partialTrees = fc.tuple(fc.integer({ min: 0, max: 70 }), fc.infiniteStream(fc.boolean())).map(([count, mask]) => {
  const leaves = Array.from({ length: count }, (_, index) => ({ index, leaf: Uint8Array.of(index, 7) }));
  return { count, leaves, here: leaves.filter(() => mask.next().value), mask };
});

Deno.test("any leaves give the root with the hashes for the rest, also where some go later or come together", () => {
  fc.assert(
    fc.property(partialTrees, ({ count, leaves, here, mask }) => {
      const root = MerkleTree.over(leaves.map(({ leaf }) => leaf)).root;
      const indicesOf = (list: typeof leaves) => list.map(({ index }) => index);
      const hashes = partialHashes(count, leaves, [], indicesOf(here));
      assertEquals(partialRoot(count, here, hashes), root);
      assert(hashes.length <= Math.max(1, count));
      const fewer = here.filter(() => mask.next().value);
      const more = partialHashes(count, here, hashes, indicesOf(fewer));
      assertEquals(more, partialHashes(count, leaves, [], indicesOf(fewer)));
      const others = leaves.filter(() => mask.next().value);
      const ofOthers = partialHashes(count, leaves, [], indicesOf(others));
      const both = leaves.filter((leaf) => fewer.includes(leaf) || others.includes(leaf));
      assertEquals(
        joinedHashes(
          count,
          { indices: indicesOf(fewer), hashes: more },
          { indices: indicesOf(others), hashes: ofOthers },
        ),
        partialHashes(count, leaves, [], indicesOf(both)),
      );
    }),
    { numRuns: 500 },
  );
});

Deno.test("few leaves of many are proven by the subtrees, with no other leaves looked at than those beside them", () => {
  const some = fc.uniqueArray(fc.nat({ max: 299 }), { maxLength: 8 });
  fc.assert(fc.property(fc.nat({ max: 300 }), some, (count, places) => {
    const leaves = Array.from({ length: count }, (_, index) => Uint8Array.of(index, index >> 8));
    const placed = leaves.map((leaf, index) => ({ index, leaf }));
    const kept = places.filter((index) => index < count).sort((a, b) => a - b);
    const { root, subtrees } = MerkleTree.over(leaves);
    const looked = new Set<number>();
    const leavesOf = (from: number, to: number) => {
      for (let index = from; index < to; index++) looked.add(index);
      return leaves.slice(from, to);
    };
    const expected = partialHashes(count, placed, [], kept);
    assertEquals(provingHashes({ count, root, subtrees }, kept, leavesOf), expected);
    const beside = new Set(kept.map((index) => index >> 6));
    assert(subtrees.length === 0 || [...looked].every((index) => beside.has(index >> 6)));
    assertEquals(provingHashes({ count, root, subtrees: new Uint8Array() }, kept, leavesOf), expected);
  }));
});

Deno.test("leaves or subtrees that are not those of the root prove nothing", () => {
  const leaves = Array.from({ length: 200 }, (_, index) => Uint8Array.of(index));
  const { root, subtrees } = MerkleTree.over(leaves);
  const leavesOf = (from: number, to: number) => leaves.slice(from, to);
  const changed = (from: number, to: number) =>
    leavesOf(from, to).map((leaf) => leaf[0] === 70 ? Uint8Array.of(7) : leaf);
  const whole = { count: 200, root, subtrees };
  assertEquals(provingHashes(whole, [71], leavesOf)?.length, 8);
  assertEquals(provingHashes(whole, [71], changed), null);
  assertEquals(provingHashes({ ...whole, subtrees: new Uint8Array() }, [71], changed), null);
  assertEquals(provingHashes(whole, [71], () => null), null);
  for (const at of [0, 40, 127]) {
    const flipped = subtrees.map((byte, i) => i === at ? byte ^ 1 : byte);
    assertEquals(provingHashes({ ...whole, subtrees: flipped }, [71], leavesOf), null);
  }
});

Deno.test("leaves that were changed, moved or left out do not give the root, and neither do hashes too few or too many", () => {
  const leaves = Array.from({ length: 11 }, (_, index) => ({ index, leaf: Uint8Array.of(index) }));
  const root = MerkleTree.over(leaves.map(({ leaf }) => leaf)).root;
  const here = leaves.filter(({ index }) => index === 2 || index === 9);
  const hashes = partialHashes(11, leaves, [], [2, 9]);
  assertEquals(partialRoot(11, here, hashes), root);
  const [two, nine] = here as [PlacedLeaf, PlacedLeaf];
  const wrong: [readonly PlacedLeaf[], readonly Uint8Array[]][] = [
    [[two, { ...nine, leaf: Uint8Array.of(8) }], hashes],
    [[two, { ...nine, index: 8 }], hashes],
    [[two], hashes],
    [[two, nine, { index: 11, leaf: nine.leaf }], hashes],
    [here, hashes.slice(1)],
    [here, [...hashes, root]],
    [here, hashes.toReversed()],
  ];
  for (const [some, given] of wrong) {
    const found = partialRoot(11, some, given);
    assert(found === null || toHex(found) !== toHex(root));
  }
});
