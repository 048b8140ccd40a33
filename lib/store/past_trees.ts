import { DIGEST_LEAF_OPERATIONS } from "../base/limits.ts";
import { leafHash } from "../data/digest.ts";
import { compareVersionIds, type VersionId } from "../wire/transaction.ts";
import { hashAbove, newTree, topOf, type WriterTree } from "./digest_tree.ts";
import type { PastTransaction } from "./past_state.ts";

/** The digest's trees over the versions that are live inside a past: leaves are set first, then what is above them. */
export class PastTrees {
  readonly #trees = new Map<number, WriterTree>();
  #writer = 0;
  #open = new Map<number, { number: number; id: VersionId }[]>();

  /** Sets a leaf. @param writer its number in this store. */
  set(writer: number, leaf: number, hash: Uint8Array): void {
    const tree = this.#trees.get(writer) ?? newTree();
    this.#trees.set(writer, tree);
    tree[0]?.set(leaf, hash);
  }

  /** Takes in the next transaction of `PastState.transactions`; its leaf is set once nothing more can come into it. */
  add({ id, writer, firstOperation, firstRow, live }: PastTransaction): void {
    this.#close(writer, Math.floor(firstOperation / DIGEST_LEAF_OPERATIONS));
    for (const row of live) {
      const number = firstOperation + row - firstRow;
      const leaf = Math.floor(number / DIGEST_LEAF_OPERATIONS);
      const entry = { number, id: { transaction: id, index: row - firstRow } };
      const entries = this.#open.get(leaf);
      if (entries === undefined) this.#open.set(leaf, [entry]);
      else entries.push(entry);
    }
  }

  /** Ends: no leaf follows. */
  end(): void {
    this.#close(0, 0);
    for (const tree of this.#trees.values()) hashAbove(tree, (tree[0] as Map<number, Uint8Array>).keys());
  }

  /** The top of each writer's tree. */
  *tops(): Generator<[writer: number, top: Uint8Array]> {
    for (const [writer, tree] of this.#trees) {
      const top = topOf(tree);
      if (top !== undefined) yield [writer, top];
    }
  }

  /** The leaves that are not empty. */
  *leaves(): Generator<[writer: number, leaf: number, hash: Uint8Array]> {
    for (const [writer, tree] of this.#trees) {
      for (const [leaf, hash] of tree[0] as Map<number, Uint8Array>) yield [writer, leaf, hash];
    }
  }

  /** Hashes the leaves that are full; numbers overlap only where a writer used some again. */
  #close(writer: number, before: number): void {
    for (const [leaf, entries] of this.#open) {
      if (writer === this.#writer && leaf >= before) continue;
      entries.sort((a, b) => a.number - b.number || compareVersionIds(a.id, b.id));
      this.set(this.#writer, leaf, leafHash(entries.map(({ id }) => id)));
      this.#open.delete(leaf);
    }
    this.#writer = writer;
  }
}
