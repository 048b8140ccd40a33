import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { equal } from "../../lib/base/bytes.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import { differingNodes, leavesOf, nodesUnder, trimmed, wholeNodes } from "../../lib/sync/compare_nodes.ts";
import { writerKey } from "../../lib/wire/transaction.ts";
import type { Nodes } from "../../lib/wire/reconciliation.ts";
import { Prng } from "../sim/prng.ts";
import { type Batch, MemorySet } from "./memory_set.ts";

const KEY = new Uint8Array(8);

/** Writers with single versions, near each other and far apart, so that the trees have many shapes. */
const shapes = fc.uniqueArray(
  fc.tuple(fc.nat(2), fc.oneof(fc.nat(3000), fc.nat(3_000_000), fc.nat(2 ** 40))),
  { minLength: 1, maxLength: 30, comparator: (a, b) => a[0] === b[0] && a[1] === b[1] },
);

function batchesOf(shape: readonly (readonly [number, number])[]): Batch[] {
  const prng = new Prng(1);
  return shape.map(([writer, firstOperation]) => ({
    id: prng.bytes(32),
    writer: { peer: sha256(new Uint8Array([writer])), instance: new Uint8Array(16) },
    firstOperation,
    operations: [{ isPut: true, names: [] }],
  }));
}

/** The leaves in which two sets differ, as texts, sorted. */
function differingLeaves(a: MemorySet, b: MemorySet): string[] {
  const hashes = (set: MemorySet) =>
    new Map(
      set.nodes(0).flatMap(({ writer, nodes }) =>
        [...nodes].map(([leaf, hash]) => [`${writerKey(writer)}/${leaf}`, hash] as const)
      ),
    );
  const [own, theirs] = [hashes(a), hashes(b)];
  return [...new Set([...own.keys(), ...theirs.keys()])].filter((leaf) => {
    const [x, y] = [own.get(leaf), theirs.get(leaf)];
    return x === undefined || y === undefined || !equal(x, y);
  }).sort();
}

Deno.test("two sides that answer each other level by level come to exactly the leaves in which they differ", () => {
  fc.assert(
    fc.property(shapes, fc.nat(5), fc.infiniteStream(fc.nat(3)), (shape, top, fates) => {
      const batches = batchesOf(shape);
      const sets = [new MemorySet(batches), new MemorySet(batches)] as const;
      for (const transactionRow of batches.map((_, i) => i + 1)) {
        const fate = fates.next().value;
        for (const [i, set] of sets.entries()) if (fate !== i) set.take({ transactionRow, index: 0 });
      }
      let at: 0 | 1 = 0;
      // All nodes of a level, as the first side would send them.
      const all = sets[0].nodes(top + 1 > 5 ? 5 : top + 1);
      let message: Nodes = top === 5
        ? { type: "nodes", key: KEY, level: 5, isWhole: true, writers: topsOf(sets[0]) }
        : {
          type: "nodes",
          key: KEY,
          level: top,
          isWhole: true,
          writers: nodesUnder(sets[0], top, all.map(({ writer, nodes }) => ({ writer, nodes: [...nodes.keys()] }))),
        };
      for (;;) {
        at = at === 0 ? 1 : 0;
        const differing = differingNodes(sets[at], message, 10_000);
        if (message.level === 0) {
          const found = differing.flatMap(({ writer, nodes }) => nodes.map((leaf) => `${writerKey(writer)}/${leaf}`));
          assertEquals(found.sort(), differingLeaves(...sets));
          return;
        }
        const level = message.level - 1;
        message = {
          type: "nodes",
          key: KEY,
          level,
          isWhole: false,
          writers: nodesUnder(sets[at], level, differing).map(({ writer, parents }) => ({
            writer,
            parents: parents.toSorted((a, b) => a.parent - b.parent),
          })),
        };
      }
    }),
    { numRuns: 500 },
  );
});

function topsOf(set: MemorySet): Nodes["writers"] {
  return set.nodes(5).map(({ writer, nodes }) => ({
    writer,
    parents: [{
      parent: 0,
      children: [...nodes].map(([position, hash]) => ({ position, hash: hash.subarray(0, 12) })),
    }],
  }));
}

Deno.test("the whole tree is told by its leaves where they fit, with all that there are", () => {
  const batches = batchesOf([[0, 0], [0, 5000], [1, 2 ** 40]]);
  const set = new MemorySet(batches);
  for (const transactionRow of [1, 2, 3]) set.take({ transactionRow, index: 0 });
  const { level, isWhole, writers } = wholeNodes(set);
  const told = writers.flatMap(({ parents }) => parents.flatMap(({ children }) => children)).length;
  assertEquals([level, isWhole, told, leavesOf(set)], [0, true, 3, 3]);
});

Deno.test("bits end with a byte that is not zero", () => {
  assertEquals(trimmed(new Uint8Array([1, 0, 2, 0, 0])), new Uint8Array([1, 0, 2]));
  assertEquals(trimmed(new Uint8Array(3)), new Uint8Array());
});
