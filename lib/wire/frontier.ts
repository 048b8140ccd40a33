import { assert } from "../base/assert.ts";
import { compare } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import { MAX_FRONTIER_HEADS, MAX_WRITERS } from "../base/limits.ts";
import { Reader } from "../base/reader.ts";
import { Writer } from "../base/writer.ts";
import { compareWriterIds, ID_BYTES, INSTANCE_BYTES, type WriterId } from "./transaction.ts";

/** The tip of a writer's chain. */
export interface Head {
  /** The transaction's sequence number. Range: 1 to 2^53 − 1. */
  readonly sequence: number;
  /** The transaction's id (32 bytes). */
  readonly id: Uint8Array;
}

/** What is held of one writer. */
export interface FrontierEntry {
  readonly writer: WriterId;
  /** One in all honest cases; sorted by (sequence, id), distinct, never empty. */
  readonly heads: readonly Head[];
}

/** All applied transactions, named by their tips: one entry a writer, sorted by (peer, instance). */
export type Frontier = readonly FrontierEntry[];

/** Order of heads, by sequence and then id: negative, zero or positive. */
export function compareHeads(a: Head, b: Head): number {
  return a.sequence - b.sequence || compare(a.id, b.id);
}

/** Writes a frontier (lib/wire/PROTOCOL.md, "Frontier"). */
export function writeFrontier(writer: Writer, frontier: Frontier): void {
  writer.varint(frontier.length);
  let before: FrontierEntry | undefined;
  for (const entry of frontier) {
    assert(before === undefined || compareWriterIds(before.writer, entry.writer) < 0, "frontier sorted by writer");
    assert(entry.heads.length > 0 && areHeadsSorted(entry.heads), "heads are a sorted, non-empty set");
    writer.raw(entry.writer.peer).raw(entry.writer.instance).varint(entry.heads.length);
    for (const head of entry.heads) writer.varint(head.sequence).raw(head.id);
    before = entry;
  }
}

/** Reads what `writeFrontier` writes. @throws {ProtocolError} `malformed`. */
export function readFrontier(reader: Reader): Frontier {
  const frontier: FrontierEntry[] = [];
  let headsLeft = MAX_FRONTIER_HEADS;
  for (let writersLeft = reader.varint(MAX_WRITERS); writersLeft > 0; writersLeft--) {
    const writer = { peer: reader.raw(ID_BYTES), instance: reader.raw(INSTANCE_BYTES) };
    const before = frontier.at(-1);
    if (before !== undefined && compareWriterIds(before.writer, writer) >= 0) {
      throw new ProtocolError("malformed", "frontier is not sorted by writer");
    }
    const heads = readHeads(reader, headsLeft);
    headsLeft -= heads.length;
    frontier.push({ writer, heads });
  }
  return frontier;
}

/** The bytes of a frontier. Peers compare first the SHA-256 of them. */
export function encodeFrontier(frontier: Frontier): Uint8Array {
  const writer = new Writer(16 + 96 * frontier.length);
  writeFrontier(writer, frontier);
  return writer.finish();
}

/** The frontier in `bytes`; only the one canonical encoding is taken. @throws {ProtocolError} `malformed`. */
export function decodeFrontier(bytes: Uint8Array): Frontier {
  const reader = new Reader(bytes);
  const frontier = readFrontier(reader);
  reader.end();
  return frontier;
}

function readHeads(reader: Reader, max: number): Head[] {
  const heads: Head[] = [];
  for (let left = reader.varint(max); left > 0; left--) {
    heads.push({ sequence: reader.varint(), id: reader.raw(ID_BYTES) });
  }
  if (heads.length === 0) throw new ProtocolError("malformed", "a frontier's writer has no head");
  if (heads[0]?.sequence === 0) throw new ProtocolError("malformed", "sequence 0");
  if (!areHeadsSorted(heads)) throw new ProtocolError("malformed", "heads are not sorted and distinct");
  return heads;
}

function areHeadsSorted(heads: readonly Head[]): boolean {
  return heads.every((head, i) => i === 0 || compareHeads(heads[i - 1] as Head, head) < 0);
}
