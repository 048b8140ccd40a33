import { assert } from "../base/assert.ts";
import { ProtocolError } from "../base/errors.ts";
import { MAX_ANNOUNCEMENTS, MAX_MESSAGE_TRANSACTIONS, MAX_SHUFFLE_PEERS } from "../base/limits.ts";
import type { Reader } from "../base/reader.ts";
import type { Writer } from "../base/writer.ts";
import { readBundle, type TransactionBytes, writeBundle } from "./bundle.ts";
import { readList, writeList } from "./list.ts";
import { ID_BYTES, readFlag, readIds, writeIds } from "./transaction.ts";

/** Part of the registry of messages. */
export const OVERLAY_KINDS = {
  neighbour: 50,
  neighbour_reply: 51,
  forward_join: 52,
  disconnect: 53,
  shuffle: 54,
  shuffle_reply: 55,
  push: 56,
  announce: 57,
  graft: 58,
  prune: 59,
} as const satisfies Record<OverlayMessage["type"], number>;

/** Size of the name of a walk. */
export const WALK_BYTES = 8;

/** Why somebody asks to be a neighbour, in the order of their numbers. */
const CLAIMS = ["free", "urgent", "join"] as const;

/** Asks the receiver to be the sender's neighbour. */
export interface NeighbourMessage {
  readonly type: "neighbour";
  readonly claim: typeof CLAIMS[number];
}

/** Whether it is. */
export interface NeighbourReply {
  readonly type: "neighbour_reply";
  readonly accepts: boolean;
}

/** A peer is new among the neighbours of the one that sent this first. */
export interface ForwardJoin {
  readonly type: "forward_join";
  /** Its id (32 bytes). */
  readonly peer: Uint8Array;
  readonly hopsLeft: number;
}

/** The sender is the receiver's neighbour no more, and closes the link. */
export interface Disconnect {
  readonly type: "disconnect";
}

/** Some peers that the first of them knows, itself included. */
export interface Shuffle {
  readonly type: "shuffle";
  /** A random name (8 bytes). */
  readonly walk: Uint8Array;
  readonly hopsLeft: number;
  /** Their ids (32 bytes each). ≤ `MAX_SHUFFLE_PEERS`. */
  readonly peers: readonly Uint8Array[];
}

/** Some peers that the one at the end of the walk knows, on the way back. */
export interface ShuffleReply {
  readonly type: "shuffle_reply";
  readonly walk: Uint8Array;
  readonly peers: readonly Uint8Array[];
}

/** Transactions, whole, along the tree. */
export interface Push {
  readonly type: "push";
  /** How many hops they came by, with this one. */
  readonly hops: number;
  /** In causal order. ≤ `MAX_MESSAGE_TRANSACTIONS`. */
  readonly list: readonly TransactionBytes[];
}

/** What the sender has, in place of sending it. */
export interface Announce {
  readonly type: "announce";
  /** ≤ `MAX_ANNOUNCEMENTS`; `id` has 32 bytes, `hops` is how many it came by. */
  readonly list: readonly { readonly id: Uint8Array; readonly hops: number }[];
}

/** Asks for whole messages from now on, and for those with these ids. */
export interface Graft {
  readonly type: "graft";
  /** 32 bytes each. ≤ `MAX_ANNOUNCEMENTS`. */
  readonly ids: readonly Uint8Array[];
}

/** Asks for announcements in place of whole messages from now on. */
export interface Prune {
  readonly type: "prune";
}

/** What keeps many peers linked, and brings news to all of them (lib/wire/PROTOCOL.md, "Overlay"). */
export type OverlayMessage =
  | NeighbourMessage
  | NeighbourReply
  | ForwardJoin
  | Disconnect
  | Shuffle
  | ShuffleReply
  | Push
  | Announce
  | Graft
  | Prune;

/** Writes the body of one of these messages. */
export function writeOverlay(writer: Writer, message: OverlayMessage): void {
  switch (message.type) {
    case "neighbour":
      writer.u8(CLAIMS.indexOf(message.claim));
      return;
    case "neighbour_reply":
      writer.u8(message.accepts ? 1 : 0);
      return;
    case "forward_join":
      writer.raw(message.peer).u8(message.hopsLeft);
      return;
    case "disconnect":
    case "prune":
      return;
    case "shuffle":
      assert(message.peers.length <= MAX_SHUFFLE_PEERS, "peers within their limit");
      writer.raw(message.walk).u8(message.hopsLeft);
      return writeIds(writer, message.peers);
    case "shuffle_reply":
      assert(message.peers.length <= MAX_SHUFFLE_PEERS, "peers within their limit");
      writer.raw(message.walk);
      return writeIds(writer, message.peers);
    case "push":
      writer.u8(message.hops);
      return writeList(writer, message.list, MAX_MESSAGE_TRANSACTIONS, writeBundle);
    case "announce":
      return writeList(writer, message.list, MAX_ANNOUNCEMENTS, (_, { id, hops }) => {
        writer.raw(id).u8(hops);
      });
    case "graft":
      assert(message.ids.length <= MAX_ANNOUNCEMENTS, "ids within their limit");
      return writeIds(writer, message.ids);
  }
}

/** Reads what `writeOverlay` writes; null for a kind that is none of these. @throws {ProtocolError} `malformed`. */
export function readOverlay(reader: Reader, kind: number): OverlayMessage | null {
  switch (kind) {
    case OVERLAY_KINDS.neighbour:
      return { type: "neighbour", claim: readClaim(reader) };
    case OVERLAY_KINDS.neighbour_reply:
      return { type: "neighbour_reply", accepts: readFlag(reader, "flag of acceptance") };
    case OVERLAY_KINDS.forward_join:
      return { type: "forward_join", peer: reader.raw(ID_BYTES), hopsLeft: reader.u8() };
    case OVERLAY_KINDS.disconnect:
      return { type: "disconnect" };
    case OVERLAY_KINDS.shuffle:
      return {
        type: "shuffle",
        walk: reader.raw(WALK_BYTES),
        hopsLeft: reader.u8(),
        peers: readIds(reader, MAX_SHUFFLE_PEERS),
      };
    case OVERLAY_KINDS.shuffle_reply:
      return { type: "shuffle_reply", walk: reader.raw(WALK_BYTES), peers: readIds(reader, MAX_SHUFFLE_PEERS) };
    case OVERLAY_KINDS.push:
      return { type: "push", hops: reader.u8(), list: readList(reader, MAX_MESSAGE_TRANSACTIONS, readBundle) };
    case OVERLAY_KINDS.announce:
      return {
        type: "announce",
        list: readList(reader, MAX_ANNOUNCEMENTS, () => ({ id: reader.raw(ID_BYTES), hops: reader.u8() })),
      };
    case OVERLAY_KINDS.graft:
      return { type: "graft", ids: readIds(reader, MAX_ANNOUNCEMENTS) };
    case OVERLAY_KINDS.prune:
      return { type: "prune" };
    default:
      return null;
  }
}

function readClaim(reader: Reader): typeof CLAIMS[number] {
  const claim = CLAIMS[reader.u8()];
  if (claim === undefined) throw new ProtocolError("malformed", "not a claim");
  return claim;
}
