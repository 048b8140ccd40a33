import { MAX_LEAF_VERSIONS, MAX_MESSAGE_LEAVES, MAX_WANTED } from "../base/limits.ts";
import type { Reader } from "../base/reader.ts";
import type { Writer } from "../base/writer.ts";
import { readList, writeList } from "./list.ts";
import {
  ID_BYTES,
  INSTANCE_BYTES,
  readFlag,
  readVersionId,
  type VersionId,
  type WriterId,
  writeVersionId,
} from "./transaction.ts";

/** Asks for the digest's leaves over the state inside a final checkpoint. */
export interface AskPast {
  readonly type: "ask_past";
  readonly checkpoint: VersionId;
}

/** Where a leaf of the digest tree is. */
export interface LeafPlace {
  readonly writer: WriterId;
  /** Which of the writer's leaves, from 0. */
  readonly leaf: number;
}

/** Leaves of the state inside a checkpoint; none at all where the sender has not settled by it. */
export interface PastLeavesMessage {
  readonly type: "past_leaves";
  readonly checkpoint: VersionId;
  /** ≤ `MAX_MESSAGE_LEAVES`. */
  readonly leaves: readonly (LeafPlace & { readonly hash: Uint8Array })[];
  /** Whether more leaves follow. */
  readonly more: boolean;
}

/** Asks for the versions of one leaf. */
export interface AskLeaf extends LeafPlace {
  readonly type: "ask_leaf";
  readonly checkpoint: VersionId;
}

/** The versions of one leaf, as they are hashed. */
export interface PastLeaf extends LeafPlace {
  readonly type: "past_leaf";
  readonly checkpoint: VersionId;
  /** ≤ `MAX_LEAF_VERSIONS`. */
  readonly versions: readonly VersionId[];
}

/** Asks for single versions, each with its proof; the answer are `partials`. */
export interface AskVersions {
  readonly type: "ask_versions";
  /** ≤ `MAX_WANTED`. */
  readonly versions: readonly VersionId[];
}

/** What brings a peer to the state inside a checkpoint (lib/wire/PROTOCOL.md, "Checkpoints"). */
export type PastMessage = AskPast | PastLeavesMessage | AskLeaf | PastLeaf | AskVersions;

/** Writes the body of one of these messages. */
export function writePast(writer: Writer, message: PastMessage): void {
  switch (message.type) {
    case "ask_past":
      return writeVersionId(writer, message.checkpoint);
    case "past_leaves":
      writeVersionId(writer, message.checkpoint);
      writeList(writer, message.leaves, MAX_MESSAGE_LEAVES, (_, leaf) => {
        writePlace(writer, leaf);
        writer.raw(leaf.hash);
      });
      writer.u8(message.more ? 1 : 0);
      return;
    case "ask_leaf":
      writeVersionId(writer, message.checkpoint);
      return writePlace(writer, message);
    case "past_leaf":
      writeVersionId(writer, message.checkpoint);
      writePlace(writer, message);
      return writeList(writer, message.versions, MAX_LEAF_VERSIONS, writeVersionId);
    case "ask_versions":
      return writeList(writer, message.versions, MAX_WANTED, writeVersionId);
  }
}

/** Reads what `writePast` writes. @throws {ProtocolError} `malformed`. */
export function readPast(reader: Reader, type: PastMessage["type"]): PastMessage {
  switch (type) {
    case "ask_past":
      return { type: "ask_past", checkpoint: readVersionId(reader) };
    case "past_leaves":
      return {
        type: "past_leaves",
        checkpoint: readVersionId(reader),
        leaves: readList(reader, MAX_MESSAGE_LEAVES, () => ({ ...readPlace(reader), hash: reader.raw(ID_BYTES) })),
        more: readFlag(reader, "flag of more"),
      };
    case "ask_leaf":
      return { type: "ask_leaf", checkpoint: readVersionId(reader), ...readPlace(reader) };
    case "past_leaf":
      return {
        type: "past_leaf",
        checkpoint: readVersionId(reader),
        ...readPlace(reader),
        versions: readList(reader, MAX_LEAF_VERSIONS, readVersionId),
      };
    case "ask_versions":
      return { type: "ask_versions", versions: readList(reader, MAX_WANTED, readVersionId) };
  }
}

function writePlace(writer: Writer, { writer: { peer, instance }, leaf }: LeafPlace): void {
  writer.raw(peer).raw(instance).varint(leaf);
}

function readPlace(reader: Reader): LeafPlace {
  return { writer: { peer: reader.raw(ID_BYTES), instance: reader.raw(INSTANCE_BYTES) }, leaf: reader.varint() };
}
