import { equal } from "../base/bytes.ts";
import { MAX_LIVE_LEAVES, MAX_TREE_NODES } from "../base/limits.ts";
import { DIGEST_FAN_OUT } from "../data/digest.ts";
import { type Children, NODE_HASH_BYTES, type Nodes } from "../wire/reconciliation.ts";
import { compareWriterIds, type WriterId, writerKey } from "../wire/transaction.ts";
import type { VersionSet } from "../data/version_set.ts";

/** Nodes of one writer in a level. */
export interface WriterNodes {
  readonly writer: WriterId;
  /** By number, ascending. */
  readonly nodes: readonly number[];
}

/** The nodes of the level of a message, by writer in order, that are not the same in a set; at most `max` of them. */
export function differingNodes(set: VersionSet, { level, isWhole, writers }: Nodes, max: number): WriterNodes[] {
  const own = new Map(set.nodes(level).map((entry) => [writerKey(entry.writer), entry]));
  const theirs = new Map(writers.map((entry) => [writerKey(entry.writer), entry]));
  const out: WriterNodes[] = [];
  let left = max;
  const asked = isWhole ? new Set([...own.keys(), ...theirs.keys()]) : theirs.keys();
  for (const key of [...asked].sort()) {
    const writer = (theirs.get(key) ?? own.get(key) as { writer: WriterId }).writer;
    const ownNodes = own.get(key)?.nodes ?? new Map<number, Uint8Array>();
    const parents = theirs.get(key)?.parents ?? [];
    const nodes = differing(ownNodes, parents, isWhole).slice(0, left);
    left -= nodes.length;
    if (nodes.length > 0) out.push({ writer, nodes });
  }
  return out.sort((a, b) => compareWriterIds(a.writer, b.writer));
}

/** The children of some nodes of level `level` + 1 in a set, as far as they fit a message. */
export function nodesUnder(set: VersionSet, level: number, under: readonly WriterNodes[]): Nodes["writers"] {
  const own = new Map(set.nodes(level).map(({ writer, nodes }) => [writerKey(writer), nodes]));
  let left = MAX_TREE_NODES;
  const out: { writer: WriterId; parents: Children[] }[] = [];
  for (const { writer, nodes } of under) {
    const parents: Children[] = [];
    for (const parent of nodes) {
      const children = childrenOf(own.get(writerKey(writer)) ?? new Map(), parent);
      left -= Math.max(1, children.length);
      if (left < 0) break;
      parents.push({ parent, children });
    }
    if (parents.length > 0) out.push({ writer, parents });
  }
  return out;
}

/** All nodes of the lowest level in which they fit a message. */
export function wholeNodes(set: VersionSet): Pick<Nodes, "level" | "isWhole" | "writers"> {
  for (let level = 0;; level++) {
    const all = set.nodes(level);
    if (all.reduce((sum, { nodes }) => sum + nodes.size, 0) > MAX_TREE_NODES) continue;
    const writers = all.map(({ writer, nodes }) => {
      const parents = new Set([...nodes.keys()].map((number) => Math.floor(number / DIGEST_FAN_OUT)));
      const sorted = [...parents].sort((a, b) => a - b);
      return { writer, parents: sorted.map((parent) => ({ parent, children: childrenOf(nodes, parent) })) };
    });
    return { level, isWhole: true, writers };
  }
}

/** How many leaves a set's digest has. */
export function leavesOf(set: VersionSet): number {
  return set.nodes(0).reduce((sum, { nodes }) => sum + nodes.size, 0);
}

/** Bits without the zero bytes at their end. */
export function trimmed(bits: Uint8Array): Uint8Array {
  let size = bits.length;
  while (size > 0 && bits[size - 1] === 0) size--;
  return bits.subarray(0, size);
}

/** At most so many leaves are compared at once; nodes above them so many that their children may fit a message. */
export function maxDiffering(level: number): number {
  return level === 0 ? MAX_LIVE_LEAVES : MAX_TREE_NODES;
}

function differing(own: ReadonlyMap<number, Uint8Array>, parents: readonly Children[], isWhole: boolean): number[] {
  const out = new Set<number>();
  const same = new Set<number>();
  for (const { parent, children } of parents) {
    for (const { position, hash } of children) {
      const number = parent * DIGEST_FAN_OUT + position;
      const ownHash = own.get(number);
      if (ownHash !== undefined && equal(ownHash.subarray(0, NODE_HASH_BYTES), hash)) same.add(number);
      else out.add(number);
    }
  }
  const inQuestion = new Set(parents.map(({ parent }) => parent));
  for (const number of own.keys()) {
    if (same.has(number) || !(isWhole || inQuestion.has(Math.floor(number / DIGEST_FAN_OUT)))) continue;
    out.add(number);
  }
  return [...out].sort((a, b) => a - b);
}

function childrenOf(nodes: ReadonlyMap<number, Uint8Array>, parent: number): Children["children"] {
  const children: { position: number; hash: Uint8Array }[] = [];
  for (let position = 0; position < DIGEST_FAN_OUT; position++) {
    const hash = nodes.get(parent * DIGEST_FAN_OUT + position);
    if (hash !== undefined) children.push({ position, hash: hash.subarray(0, NODE_HASH_BYTES) });
  }
  return children;
}
