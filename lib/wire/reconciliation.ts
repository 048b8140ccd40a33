import { assert } from "../base/assert.ts";
import { compare } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import {
  DIGEST_LEAF_OPERATIONS,
  MAX_LIVE_LEAVES,
  MAX_OPERATIONS,
  MAX_SKETCH_COUNTS,
  MAX_SKETCH_IDS,
  MAX_SKETCH_SYMBOLS,
  MAX_TREE_NODES,
  MAX_WRITERS,
} from "../base/limits.ts";
import type { Reader } from "../base/reader.ts";
import type { Writer } from "../base/writer.ts";
import { compareWriterIds, ID_BYTES, INSTANCE_BYTES, readFlag, type WriterId } from "./transaction.ts";

/** The messages of a reconciliation (lib/wire/PROTOCOL.md, "Reconciliation"). Arrays that are read are views. */

/** Size of the key that is new for each reconciliation and names it. */
export const RECONCILIATION_KEY_BYTES = 8;
/** Size of a short id, in bytes. */
export const SHORT_ID_BYTES = 16;
/** Size of a coded symbol's checksum, in bytes. */
export const SYMBOL_CHECK_BYTES = 6;
/** How many bytes of its transaction's id name a version that is lacked. */
export const LACKING_PREFIX_BYTES = 6;
/** How many bytes of a digest node's hash are compared. */
export const NODE_HASH_BYTES = 12;
/** Children of one node of the digest. */
const FAN_OUT = 512;
/** The level of a digest tree's top. */
const TOP_LEVEL = 5;
const BITMAP_BYTES = DIGEST_LEAF_OPERATIONS / 8;

/** One coded symbol of a set of short ids. */
export interface CodedSymbol {
  /** XOR of the short ids in it (16 bytes). */
  readonly sum: Uint8Array;
  /** XOR of the beginnings of their keyed hashes (6 bytes). */
  readonly check: Uint8Array;
  /** How many they are, modulo 256: what differs is told by so much. Range: 0 to 255. */
  readonly count: number;
}

/** The next coded symbols of the sender's set. The first of these messages begins a reconciliation. */
export interface Sketch {
  readonly type: "sketch";
  readonly key: Uint8Array;
  /** Short ids in the sender's set. ≤ `MAX_SKETCH_IDS`. */
  readonly total: number;
  /** Number of the first symbol. */
  readonly first: number;
  /** ≤ `MAX_SKETCH_SYMBOLS` with those before. */
  readonly symbols: readonly CodedSymbol[];
  /** Only the counts of the symbols that follow, to tell about how many more are needed. ≤ `MAX_SKETCH_COUNTS`. */
  readonly counts: Uint8Array;
}

/** "These symbols were too few." */
export interface SketchMore {
  readonly type: "sketch_more";
  readonly key: Uint8Array;
  /** How many there should be in all; 0 where the counts are to tell. ≤ `MAX_SKETCH_SYMBOLS`. */
  readonly size: number;
  /** Short ids in the sender's set. ≤ `MAX_SKETCH_IDS`. */
  readonly total: number;
  /** Counts of the sender's first symbols. ≤ `MAX_SKETCH_COUNTS`. */
  readonly counts: Uint8Array;
}

/** A node of the digest that is not empty, as a child. */
export interface ChildHash {
  /** Range: 0 to 511. */
  readonly position: number;
  /** The beginning of its hash (12 bytes). */
  readonly hash: Uint8Array;
}

/** The children of one node. */
export interface Children {
  /** Number of the node in its level. */
  readonly parent: number;
  /** Those that are not empty, by position. */
  readonly children: readonly ChildHash[];
}

/** Nodes of the sender's digest trees: below all nodes of a level, or below those in which the two sides differ. */
export interface Nodes {
  readonly type: "nodes";
  readonly key: Uint8Array;
  /** Level of the children; 0 for leaves. */
  readonly level: number;
  /** Whether what is not among them is empty; else it is not in question. */
  readonly isWhole: boolean;
  /** By writer, each with its parents by number. ≤ `MAX_TREE_NODES` children, and as many parents, in all. */
  readonly writers: readonly { readonly writer: WriterId; readonly parents: readonly Children[] }[];
}

/** Some operation numbers of one leaf. */
export interface LeafBits {
  /** Number of the leaf. */
  readonly leaf: number;
  /** A bit for each operation number, the lowest bit of the first byte first; up to the last byte that is not 0. */
  readonly bits: Uint8Array;
}

/** Operation numbers of leaves in which the two sides differ. */
export interface Live {
  readonly type: "live";
  readonly key: Uint8Array;
  /** False: where the sender has a live version. True: of the versions that the receiver showed, those it lacks. */
  readonly isLacking: boolean;
  /** By writer, each with its leaves by number. ≤ `MAX_LIVE_LEAVES` in all. */
  readonly writers: readonly { readonly writer: WriterId; readonly leaves: readonly LeafBits[] }[];
}

/** Versions of transactions whose ids begin alike: of one, but for a coincidence. */
export interface LackingOf {
  /** The first 6 bytes of the transaction's id. Were there two that it fits, both would be shown. */
  readonly prefix: Uint8Array;
  /** The versions' indices: ascending, at least one. Range: 0 to `MAX_OPERATIONS` − 1. */
  readonly indices: readonly number[];
}

/** Versions that the receiver has and the sender lacks. */
export interface Lacking {
  readonly type: "lacking";
  readonly key: Uint8Array;
  /** Sorted by prefix. ≤ `MAX_SKETCH_SYMBOLS` versions in all. */
  readonly transactions: readonly LackingOf[];
}

/** How a reconciliation ended for its sender. */
export const SETTLED = {
  /** All is said. */
  done: 0,
  /** Not now: it is at work with another one, or was just asked. */
  busy: 1,
  /** It gives up. */
  failed: 2,
} as const;

/** The sender says no more in this reconciliation. */
export interface Settled {
  readonly type: "settled";
  readonly key: Uint8Array;
  readonly outcome: keyof typeof SETTLED;
}

/** A message of a reconciliation. */
export type ReconciliationMessage = Sketch | SketchMore | Nodes | Live | Lacking | Settled;

const OUTCOMES = Object.keys(SETTLED) as (keyof typeof SETTLED)[];

/** Writes a body. */
export function writeReconciliation(writer: Writer, message: ReconciliationMessage): void {
  writer.raw(message.key);
  switch (message.type) {
    case "sketch":
      return writeSketch(writer, message);
    case "sketch_more":
      assert(message.size <= MAX_SKETCH_SYMBOLS, "symbols within their limit");
      writer.varint(message.size).varint(message.total);
      return writeCounts(writer, message.counts);
    case "nodes":
      return writeNodes(writer, message);
    case "live":
      return writeLive(writer, message);
    case "lacking":
      return writeLacking(writer, message);
    case "settled":
      writer.u8(SETTLED[message.outcome]);
  }
}

/** Reads what `writeReconciliation` writes. @throws {ProtocolError} `malformed`. */
export function readReconciliation(reader: Reader, type: ReconciliationMessage["type"]): ReconciliationMessage {
  const key = reader.raw(RECONCILIATION_KEY_BYTES);
  switch (type) {
    case "sketch":
      return readSketch(reader, key);
    case "sketch_more": {
      const size = reader.varint(MAX_SKETCH_SYMBOLS);
      const total = reader.varint(MAX_SKETCH_IDS);
      return { type, key, size, total, counts: reader.blob(MAX_SKETCH_COUNTS) };
    }
    case "nodes":
      return readNodes(reader, key);
    case "live":
      return readLive(reader, key);
    case "lacking":
      return readLacking(reader, key);
    case "settled": {
      const outcome = OUTCOMES[reader.u8()];
      if (outcome === undefined) throw new ProtocolError("malformed", "an outcome is not known");
      return { type, key, outcome };
    }
  }
}

function writeSketch(writer: Writer, { total, first, symbols, counts }: Sketch): void {
  assert(first + symbols.length <= MAX_SKETCH_SYMBOLS, "symbols within their limit");
  writer.varint(total).varint(first).varint(symbols.length);
  for (const { sum, check, count } of symbols) writer.raw(sum).raw(check).u8(count);
  writeCounts(writer, counts);
}

function readSketch(reader: Reader, key: Uint8Array): Sketch {
  const total = reader.varint(MAX_SKETCH_IDS);
  const first = reader.varint(MAX_SKETCH_SYMBOLS);
  const symbols: CodedSymbol[] = [];
  for (let left = reader.varint(MAX_SKETCH_SYMBOLS - first); left > 0; left--) {
    symbols.push({ sum: reader.raw(SHORT_ID_BYTES), check: reader.raw(SYMBOL_CHECK_BYTES), count: reader.u8() });
  }
  return { type: "sketch", key, total, first, symbols, counts: reader.blob(MAX_SKETCH_COUNTS) };
}

function writeCounts(writer: Writer, counts: Uint8Array): void {
  assert(counts.length <= MAX_SKETCH_COUNTS, "counts within their limit");
  writer.blob(counts);
}

function writeLacking(writer: Writer, { transactions }: Lacking): void {
  let left = MAX_SKETCH_SYMBOLS;
  writer.varint(transactions.length);
  for (const { prefix, indices } of transactions) {
    writer.raw(prefix).varint(indices.length);
    let least = 0;
    for (const index of indices) {
      assert(index >= least && index < MAX_OPERATIONS, "indices ascend within their limit");
      writer.varint(index - least);
      least = index + 1;
    }
    left -= indices.length;
  }
  assert(left >= 0, "versions within their limit");
}

function readLacking(reader: Reader, key: Uint8Array): Lacking {
  const transactions: LackingOf[] = [];
  let left = MAX_SKETCH_SYMBOLS;
  for (let more = reader.varint(left); more > 0; more--) {
    const prefix = reader.raw(LACKING_PREFIX_BYTES);
    const count = reader.varint(Math.min(left, MAX_OPERATIONS));
    if (count === 0) throw new ProtocolError("malformed", "nothing is lacking of a transaction");
    left -= count;
    const indices: number[] = [];
    let least = 0;
    while (indices.length < count) {
      const index = least + reader.varint(MAX_OPERATIONS - 1);
      if (index >= MAX_OPERATIONS) throw new ProtocolError("malformed", "an index beyond its limit");
      indices.push(index);
      least = index + 1;
    }
    transactions.push({ prefix, indices });
  }
  checkAscend(transactions, (a, b) => compare(a.prefix, b.prefix));
  return { type: "lacking", key, transactions };
}

function writeNodes(writer: Writer, { level, isWhole, writers }: Nodes): void {
  assert(level <= TOP_LEVEL, "a level of the tree");
  writer.u8(level).u8(isWhole ? 1 : 0).varint(writers.length);
  let left = MAX_TREE_NODES;
  for (const { writer: id, parents } of writers) {
    writer.raw(id.peer).raw(id.instance).varint(parents.length);
    for (const { parent, children } of parents) {
      writer.varint(parent).varint(children.length);
      for (const { position, hash } of children) writer.varint(position).raw(hash);
      left -= Math.max(1, children.length);
    }
  }
  assert(left >= 0, "nodes within their limit");
}

function readNodes(reader: Reader, key: Uint8Array): Nodes {
  const level = reader.u8();
  if (level > TOP_LEVEL) throw new ProtocolError("malformed", "no level of the tree");
  const isWhole = readFlag(reader, "whole flag");
  let left = MAX_TREE_NODES;
  const writers = readByWriter(reader, (count) => {
    const parents: Children[] = [];
    for (; count > 0; count--) {
      const parent = reader.varint();
      const children: ChildHash[] = [];
      for (let more = reader.varint(Math.min(FAN_OUT, left)); more > 0; more--) {
        children.push({ position: reader.varint(FAN_OUT - 1), hash: reader.raw(NODE_HASH_BYTES) });
      }
      checkAscend(children, (a, b) => a.position - b.position);
      left -= Math.max(1, children.length);
      if (left < 0) throw new ProtocolError("malformed", `more than ${MAX_TREE_NODES} nodes`);
      parents.push({ parent, children });
    }
    checkAscend(parents, (a, b) => a.parent - b.parent);
    return parents;
  }, MAX_TREE_NODES);
  return { type: "nodes", key, level, isWhole, writers: writers.map(([writer, parents]) => ({ writer, parents })) };
}

function writeLive(writer: Writer, { isLacking, writers }: Live): void {
  writer.u8(isLacking ? 1 : 0).varint(writers.length);
  let left = MAX_LIVE_LEAVES;
  for (const { writer: id, leaves } of writers) {
    writer.raw(id.peer).raw(id.instance).varint(leaves.length);
    for (const { leaf, bits } of leaves) writer.varint(leaf).blob(bits);
    left -= leaves.length;
  }
  assert(left >= 0, "leaves within their limit");
}

function readLive(reader: Reader, key: Uint8Array): Live {
  const isLacking = readFlag(reader, "lacking flag");
  let left = MAX_LIVE_LEAVES;
  const writers = readByWriter(reader, (count) => {
    left -= count;
    if (left < 0) throw new ProtocolError("malformed", `more than ${MAX_LIVE_LEAVES} leaves`);
    const leaves: LeafBits[] = [];
    for (; count > 0; count--) {
      const leaf = reader.varint();
      const bits = reader.blob(BITMAP_BYTES);
      if (bits.at(-1) === 0) throw new ProtocolError("malformed", "bits end with a zero byte");
      leaves.push({ leaf, bits });
    }
    checkAscend(leaves, (a, b) => a.leaf - b.leaf);
    return leaves;
  }, MAX_LIVE_LEAVES);
  return { type: "live", key, isLacking, writers: writers.map(([writer, leaves]) => ({ writer, leaves })) };
}

function readByWriter<T>(reader: Reader, read: (count: number) => T, max: number): [WriterId, T][] {
  const writers: [WriterId, T][] = [];
  for (let left = reader.varint(MAX_WRITERS); left > 0; left--) {
    const writer = { peer: reader.raw(ID_BYTES), instance: reader.raw(INSTANCE_BYTES) };
    writers.push([writer, read(reader.varint(max))]);
  }
  checkAscend(writers, ([a], [b]) => compareWriterIds(a, b));
  return writers;
}

function checkAscend<T>(list: readonly T[], order: (a: T, b: T) => number): void {
  for (let i = 1; i < list.length; i++) {
    if (order(list[i - 1] as T, list[i] as T) >= 0) throw new ProtocolError("malformed", "a list does not ascend");
  }
}
