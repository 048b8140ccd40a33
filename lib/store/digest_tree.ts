import { compare } from "../base/bytes.ts";
import { DIGEST_LEAF_OPERATIONS, MAX_OPERATIONS } from "../base/limits.ts";
import {
  DIGEST_FAN_OUT,
  DIGEST_INNER_LEVELS,
  type DigestChild,
  digestRoot,
  innerHash,
  leafHash,
} from "../data/digest.ts";
import { numbersOf } from "./live_ids.ts";
import type { VersionId } from "../wire/transaction.ts";
import type { Database } from "./database.ts";
import { STATES } from "./rows.ts";
import type { Writers } from "./writers.ts";

/**
 * Changes of a leaf after which it is computed at the commit: it costs little for each of them then, and whoever asks for
 * the digest after an import need not wait for all that was imported.
 */
const MANY_CHANGES = DIGEST_LEAF_OPERATIONS / 2;

/** Hashes of one writer's nodes by their number in a level: leaves first, then the inner levels. */
export type WriterTree = Map<number, Uint8Array>[];

/**
 * The digest of the space's state. Leaf hashes are kept on disk, the levels above them in memory. An append only
 * marks the leaves it touches; their hashes are computed when the digest is asked for.
 */
export class DigestTree {
  readonly #database: Database;
  readonly #writers: Writers;
  readonly #idsOfLeaf;
  readonly #save;
  readonly #delete;
  readonly #actRows;
  #trees: Map<number, WriterTree> | null = null;
  /** Leaves to be computed again, by writer, with how many changes each has seen since it was. */
  #dirty = new Map<number, Map<number, number>>();
  /** Those of them that are computed at the next commit. */
  #due: { readonly writer: number; readonly leaf: number }[] = [];
  /** Leaves that were computed, and the nodes above them not yet, by writer. */
  #risen = new Map<number, Set<number>>();
  /** Leaves whose row on disk is not what it should be, by writer. */
  #unsaved = new Map<number, Set<number>>();
  #acts: VersionId[] | null = null;
  #root: Uint8Array | null = null;

  constructor(database: Database, writers: Writers) {
    this.#database = database;
    this.#writers = writers;
    // A transaction that reaches into the leaf begins less than MAX_OPERATIONS before it.
    // Indices come as a text: a row that is handed over costs five times as much as one that is looked at.
    this.#idsOfLeaf = database.statement(`
      SELECT t.id, t.first_operation, group_concat(CAST(o.row - t.first_row AS INTEGER))
      FROM transactions AS t INDEXED BY transactions_by_operation
      CROSS JOIN operations AS o
        ON o.row >= t.first_row + max(0, ?2 - t.first_operation)
        AND o.row < t.first_row + min(t.operation_count, ?3 - t.first_operation)
      WHERE t.writer = ?1 AND t.first_operation > ?2 - ${MAX_OPERATIONS} AND t.first_operation < ?3
        AND o.state = ${STATES.live}
      GROUP BY t.row`);
    this.#save = database.statement(`
      INSERT INTO digest_leaves (writer, leaf, hash) VALUES (?, ?, ?)
      ON CONFLICT DO UPDATE SET hash = excluded.hash`);
    this.#delete = database.statement("DELETE FROM digest_leaves WHERE writer = ? AND leaf = ?");
    this.#actRows = database.statement(`
      SELECT t.id, o.row - t.first_row FROM transactions AS t
      CROSS JOIN operations AS o ON o.row >= t.first_row AND o.row < t.first_row + t.operation_count
      WHERE t.class = 1 AND o.state <> ${STATES.undone}`);
  }

  /** Forgets what is in memory, after a rollback. */
  reset(): void {
    this.#trees = null;
    this.#dirty.clear();
    this.#due = [];
    this.#risen.clear();
    this.#unsaved.clear();
    this.#acts = null;
    this.#root = null;
  }

  /** Notes that the live versions around an operation number of a writer changed. */
  markDirty(writer: number, operationNumber: number): void {
    this.markLeaf(writer, Math.floor(operationNumber / DIGEST_LEAF_OPERATIONS));
  }

  /** Notes a membership operation. */
  addAct(act: VersionId): void {
    this.#acts?.push(act);
    this.#root = null;
  }

  /** Notes that membership operations are undone, or no longer are. */
  actsChanged(): void {
    this.#acts = null;
    this.#root = null;
  }

  /** Writes what changed, before a commit. */
  flush(): void {
    for (const { writer, leaf } of this.#due) {
      if (this.#dirty.get(writer)?.has(leaf) === true) this.#hashLeafAnew(writer, leaf);
    }
    this.#due = [];
    for (const [writer, leaves] of this.#unsaved) {
      for (const leaf of leaves) {
        const isDirty = this.#dirty.get(writer)?.has(leaf) === true;
        const hash = isDirty ? null : this.#trees?.get(writer)?.[0]?.get(leaf);
        if (hash === undefined) this.#delete.run(writer, leaf);
        else this.#save.run(writer, leaf, hash);
      }
    }
    this.#unsaved.clear();
  }

  /** Does a part of what `digest` has to do. @param maxIds how many live versions are read, or so. @returns whether all is done. */
  prepare(maxIds: number): boolean {
    this.#load();
    let left = maxIds;
    for (const [writer, leaves] of this.#dirty) {
      for (const leaf of [...leaves.keys()]) {
        if (left <= 0) return false;
        left -= 1 + this.#hashLeafAnew(writer, leaf);
      }
    }
    return true;
  }

  /** The digest (lib/data/digest.ts). */
  digest(): Uint8Array {
    if (this.#root !== null) return this.#root;
    const trees = this.#load();
    this.prepare(Infinity);
    for (const [writer, leaves] of this.#risen) hashAbove(treeOf(trees, writer), leaves);
    this.#risen.clear();
    const roots = [...trees].flatMap(([writer, tree]) => {
      const hash = topOf(tree);
      return hash === undefined ? [] : [{ writer: this.#writers.writer(writer), tree: hash }];
    });
    this.#acts ??= (this.#actRows.all() as [Uint8Array, number][]).map(([transaction, index]) => ({
      transaction,
      index,
    }));
    return this.#root = digestRoot(roots, this.#acts);
  }

  /** Each writer's tree, by its number in this store. */
  trees(): ReadonlyMap<number, WriterTree> {
    this.digest();
    return this.#load();
  }

  /** Notes that a leaf has to be computed again. */
  markLeaf(writer: number, leaf: number): void {
    let leaves = this.#dirty.get(writer);
    if (leaves === undefined) this.#dirty.set(writer, leaves = new Map());
    const changes = (leaves.get(leaf) ?? 0) + 1;
    leaves.set(leaf, changes);
    if (changes === 1) {
      addTo(this.#unsaved, writer, leaf);
      this.#root = null;
    }
    if (changes === MANY_CHANGES) this.#due.push({ writer, leaf });
  }

  /** A leaf as the operations give it; null where it is empty. */
  hashLeaf(writer: number, leaf: number): Uint8Array | null {
    return this.#leafOf(writer, leaf).hash;
  }

  /** Computes a leaf that is dirty. @returns of how many versions. */
  #hashLeafAnew(writer: number, leaf: number): number {
    const { hash, count } = this.#leafOf(writer, leaf);
    setOrDelete(treeOf(this.#load(), writer)[0] as Map<number, Uint8Array>, leaf, hash);
    this.#dirty.get(writer)?.delete(leaf);
    addTo(this.#unsaved, writer, leaf);
    addTo(this.#risen, writer, leaf);
    return count;
  }

  #leafOf(writer: number, leaf: number): { readonly hash: Uint8Array | null; readonly count: number } {
    const start = leaf * DIGEST_LEAF_OPERATIONS;
    const groups = this.#idsOfLeaf.all(writer, start, start + DIGEST_LEAF_OPERATIONS) as [Uint8Array, number, string][];
    const versions = groups.flatMap(([transaction, first, indices]) =>
      numbersOf(indices).map((index) => ({ transaction, index, number: first + index }))
    ).sort((a, b) => a.number - b.number || compare(a.transaction, b.transaction));
    return { hash: versions.length === 0 ? null : leafHash(versions), count: versions.length };
  }

  #load(): Map<number, WriterTree> {
    if (this.#trees !== null) return this.#trees;
    const trees = new Map<number, WriterTree>();
    const rows = this.#database.statement("SELECT writer, leaf, hash FROM digest_leaves ORDER BY writer, leaf").all();
    for (const [writer, leaf, hash] of rows as [number, number, Uint8Array | null][]) {
      if (hash === null) this.markLeaf(writer, leaf);
      else treeOf(trees, writer)[0]?.set(leaf, hash);
    }
    for (const tree of trees.values()) hashAbove(tree, (tree[0] as Map<number, Uint8Array>).keys());
    return this.#trees = trees;
  }
}

/** Computes the inner nodes above some leaves, level by level. */
export function hashAbove(tree: WriterTree, leaves: Iterable<number>): void {
  let touched = new Set(leaves);
  for (let level = 1; level <= DIGEST_INNER_LEVELS; level++) {
    const below = tree[level - 1] as Map<number, Uint8Array>;
    const parents = new Set<number>();
    for (const node of touched) parents.add(Math.floor(node / DIGEST_FAN_OUT));
    for (const node of parents) {
      const children: DigestChild[] = [];
      for (let position = 0; position < DIGEST_FAN_OUT; position++) {
        const hash = below.get(node * DIGEST_FAN_OUT + position);
        if (hash !== undefined) children.push({ position, hash });
      }
      const hash = children.length === 0 ? null : innerHash(children);
      setOrDelete(tree[level] as Map<number, Uint8Array>, node, hash);
    }
    touched = parents;
  }
}

/** A tree without leaves. */
export function newTree(): WriterTree {
  return Array.from({ length: DIGEST_INNER_LEVELS + 1 }, () => new Map<number, Uint8Array>());
}

/** The top node of a tree; undefined where it has no leaves. */
export function topOf(tree: WriterTree): Uint8Array | undefined {
  return tree[DIGEST_INNER_LEVELS]?.get(0);
}

function treeOf(trees: Map<number, WriterTree>, writer: number): WriterTree {
  let tree = trees.get(writer);
  if (tree === undefined) {
    tree = newTree();
    trees.set(writer, tree);
  }
  return tree;
}

function setOrDelete(level: Map<number, Uint8Array>, node: number, hash: Uint8Array | null): void {
  if (hash === null) level.delete(node);
  else level.set(node, hash);
}

function addTo(sets: Map<number, Set<number>>, writer: number, leaf: number): void {
  const set = sets.get(writer);
  if (set === undefined) sets.set(writer, new Set([leaf]));
  else set.add(leaf);
}
