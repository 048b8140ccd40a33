import { assert } from "../base/assert.ts";
import { Writer } from "../base/writer.ts";
import { sha256 } from "../crypto/hash.ts";
import {
  compareVersionIds,
  compareWriterIds,
  type VersionId,
  type WriterId,
  writeVersionId,
} from "../wire/transaction.ts";

/**
 * The hashes of the digest tree (lib/wire/PROTOCOL.md, "Digest"): six levels for each writer over its operation
 * numbers, and a root over all writers. Each level has its own first byte, so that no node can pass for another's.
 */

const LEAF = 2;
const INNER = 3;
const ROOT = 4;

/** A node of the tree that is not empty, and its place in its parent. */
export interface DigestChild {
  /** Range: 0 to `DIGEST_FAN_OUT` − 1. */
  readonly position: number;
  /** 32 bytes. */
  readonly hash: Uint8Array;
}

/** Children of an inner node. */
export const DIGEST_FAN_OUT = 512;
/** Levels of inner nodes: with leaves of 1,024 numbers they cover all of 2^53. */
export const DIGEST_INNER_LEVELS = 5;

/**
 * A leaf: the live versions among `DIGEST_LEAF_OPERATIONS` operation numbers of one writer. A leaf without any is
 * absent from the tree.
 *
 * @param ids by operation number; those of one number, which only a fork has, by transaction id.
 */
export function leafHash(ids: readonly VersionId[]): Uint8Array {
  assert(ids.length > 0, "an empty leaf is absent");
  const writer = new Writer(1 + 34 * ids.length);
  writer.u8(LEAF);
  for (const id of ids) writeVersionId(writer, id);
  return sha256(writer.finish());
}

/** An inner node. One without children is absent. @param children by position, ascending. */
export function innerHash(children: readonly DigestChild[]): Uint8Array {
  assert(children.length > 0, "an empty node is absent");
  const writer = new Writer(1 + 34 * children.length);
  writer.u8(INNER);
  let before = -1;
  for (const { position, hash } of children) {
    assert(position > before && position < DIGEST_FAN_OUT, "children ascend within the fan-out");
    writer.u16(position).raw(hash);
    before = position;
  }
  return sha256(writer.finish());
}

/**
 * The digest of a space.
 *
 * @param writers those with live versions, each with the root of its tree; in any order.
 * @param acts the membership operations in force; in any order.
 */
export function digestRoot(
  writers: readonly { readonly writer: WriterId; readonly tree: Uint8Array }[],
  acts: readonly VersionId[],
): Uint8Array {
  const sorted = writers.toSorted((a, b) => compareWriterIds(a.writer, b.writer));
  const out = new Writer(32 + 80 * writers.length + 34 * acts.length);
  out.u8(ROOT).varint(sorted.length);
  for (const { writer, tree } of sorted) out.raw(writer.peer).raw(writer.instance).raw(tree);
  out.varint(acts.length);
  for (const act of acts.toSorted(compareVersionIds)) writeVersionId(out, act);
  return sha256(out.finish());
}
