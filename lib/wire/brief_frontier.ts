import { assert } from "../base/assert.ts";
import { compare, concat, equal } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import { MAX_FRONTIER_HEADS, MAX_WRITERS } from "../base/limits.ts";
import type { Reader } from "../base/reader.ts";
import { Writer } from "../base/writer.ts";
import { compareHeads, type Frontier, type Head } from "./frontier.ts";
import type { WriterId } from "./transaction.ts";

/** Bytes by which a writer is told from others, and a head's id from others with its number. */
export const BRIEF_ID_BYTES = 8;

/** What is held of one writer; were there two writers of one short name, of both. */
export interface BriefEntry {
  /** The first 4 bytes of the peer key, then of the instance. */
  readonly writer: Uint8Array;
  /** As in a `FrontierEntry`, with the first 8 bytes of each id. */
  readonly heads: readonly Head[];
}

/**
 * A frontier in a quarter of its bytes, sorted by writer. What is alike in brief is not shown to be the same: that takes
 * the hash of the whole frontier.
 */
export type BriefFrontier = readonly BriefEntry[];

/** The short name of a writer. */
export function briefWriter({ peer, instance }: WriterId): Uint8Array {
  return concat([peer.subarray(0, BRIEF_ID_BYTES / 2), instance.subarray(0, BRIEF_ID_BYTES / 2)]);
}

/** A frontier in brief. */
export function briefOf(frontier: Frontier): BriefFrontier {
  const all = frontier.map(({ writer, heads }) => ({
    writer: briefWriter(writer),
    heads: heads.map(({ sequence, id }) => ({ sequence, id: id.subarray(0, BRIEF_ID_BYTES) })),
  })).sort((a, b) => compare(a.writer, b.writer));
  const out: BriefEntry[] = [];
  for (const entry of all) {
    const last = out.at(-1);
    const isSame = last !== undefined && equal(last.writer, entry.writer);
    if (isSame) out.pop();
    const heads = [...(isSame ? last.heads : []), ...entry.heads].sort(compareHeads);
    out.push({ writer: entry.writer, heads: heads.filter((head, i) => i === 0 || !isSameHead(head, heads[i - 1])) });
  }
  return out;
}

/** Writes a frontier in brief (lib/wire/PROTOCOL.md, "Frontier"). */
export function writeBrief(writer: Writer, frontier: BriefFrontier): void {
  writer.varint(frontier.length);
  for (const entry of frontier) {
    assert(entry.heads.length > 0, "a writer has a head");
    writer.raw(entry.writer).varint(entry.heads.length);
    for (const { sequence, id } of entry.heads) writer.varint(sequence).raw(id);
  }
}

/** The bytes of a frontier in brief. */
export function encodeBrief(frontier: BriefFrontier): Uint8Array {
  const writer = new Writer(16 + 32 * frontier.length);
  writeBrief(writer, frontier);
  return writer.finish();
}

/** Reads what `writeBrief` writes. @throws {ProtocolError} `malformed`. */
export function readBrief(reader: Reader): BriefFrontier {
  const frontier: BriefEntry[] = [];
  let headsLeft = MAX_FRONTIER_HEADS;
  for (let writersLeft = reader.varint(MAX_WRITERS); writersLeft > 0; writersLeft--) {
    const writer = reader.raw(BRIEF_ID_BYTES);
    const heads: Head[] = [];
    for (let left = reader.varint(headsLeft); left > 0; left--) {
      heads.push({ sequence: reader.varint(), id: reader.raw(BRIEF_ID_BYTES) });
    }
    headsLeft -= heads.length;
    if (heads.length === 0 || heads[0]?.sequence === 0) throw new ProtocolError("malformed", "a writer without a head");
    if (!ascend(heads, compareHeads)) throw new ProtocolError("malformed", "heads do not ascend");
    frontier.push({ writer, heads });
  }
  if (!ascend(frontier, (a, b) => compare(a.writer, b.writer))) {
    throw new ProtocolError("malformed", "a brief frontier does not ascend");
  }
  return frontier;
}

function isSameHead(a: Head, b: Head | undefined): boolean {
  return b !== undefined && compareHeads(a, b) === 0;
}

function ascend<T>(list: readonly T[], order: (a: T, b: T) => number): boolean {
  return list.every((item, i) => i === 0 || order(list[i - 1] as T, item) < 0);
}
