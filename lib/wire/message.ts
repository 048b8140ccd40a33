import { assert } from "../base/assert.ts";
import { MAX_MESSAGE_RECORDS, MAX_MESSAGE_TRANSACTIONS, MAX_VERSION_BYTES, MAX_WANTED } from "../base/limits.ts";
import { Reader } from "../base/reader.ts";
import { Writer } from "../base/writer.ts";
import { type BriefFrontier, readBrief, writeBrief } from "./brief_frontier.ts";
import { bundleSizeBytes, readBundle, type TransactionBytes, writeBundle } from "./bundle.ts";
import type { Knock, Prove } from "./door_messages.ts";
import { type Offer, readOffer, readWelcome, type Welcome, writeOffer, writeWelcome } from "./door_messages.ts";
import { type Frontier, readFrontier, writeFrontier } from "./frontier.ts";
import { readList, writeList } from "./list.ts";
import { OVERLAY_KINDS, type OverlayMessage, readOverlay, writeOverlay } from "./overlay_messages.ts";
import { type PastMessage, readPast, writePast } from "./past_messages.ts";
import { type PartialBytes, partialSizeBytes, readPartial, writePartial } from "./partial.ts";
import { type PeerRecord, readPeerRecord, writePeerRecord } from "./peer_record.ts";
import { type PostMessage, readPostMessage, writePostMessage } from "./posts.ts";
import { type PresenceMessage, readPresence, writePresence } from "./presence.ts";
import { PUNCH_KINDS, type PunchMessage, readPunch, writePunch } from "./punch_messages.ts";
import { REACH_KINDS, type ReachMessage, readReach, writeReach } from "./reach_messages.ts";
import { readReconciliation, type ReconciliationMessage, writeReconciliation } from "./reconciliation.ts";
import {
  PUBLIC_RELAY_KINDS,
  type PublicRelayMessage,
  readPublicRelay,
  writePublicRelay,
} from "./public_relay_messages.ts";
import { readRelay, RELAY_KINDS, type RelayMessage, writeRelay } from "./relay_messages.ts";
import { readAscii, writeAscii } from "./text.ts";
import { ID_BYTES, readFlag, readIds, SIGNATURE_BYTES, writeIds } from "./transaction.ts";

/** The first frame kind that is a message; those below are the link's own. */
export const FIRST_MESSAGE_KIND = 16;

/** The registry of messages by frame kind. Append-only: a number is never used for another message. */
export const MESSAGE_KINDS = {
  prove: 16,
  knock: 17,
  offer: 18,
  redeem: 19,
  welcome: 20,
  hello: 21,
  frontier: 22,
  have: 23,
  pull: 24,
  transactions: 25,
  pulled: 26,
  state: 27,
  records: 28,
  want: 29,
  partials: 30,
  sketch: 31,
  sketch_more: 32,
  nodes: 33,
  live: 34,
  lacking: 35,
  settled: 36,
  summary: 37,
  brief: 38,
  ask_past: 40,
  past_leaves: 41,
  ask_leaf: 42,
  past_leaf: 43,
  ask_versions: 44,
  topics: 45,
  posts: 46,
  sealed_posts: 47,
  ...OVERLAY_KINDS,
  presence: 60,
  ...REACH_KINDS,
  ...RELAY_KINDS,
  ...PUNCH_KINDS,
  ...PUBLIC_RELAY_KINDS,
} as const satisfies Record<Message["type"], number>;

/** The joiner's first transaction, which opens with the redeem. */
export interface RedeemMessage {
  readonly type: "redeem";
  readonly transaction: TransactionBytes;
}

/** Who each side is; the first message between members. */
export interface HelloMessage {
  readonly type: "hello";
  /** The sender's kith, such as `0.1.0`: printable ASCII, 1 to `MAX_VERSION_BYTES`. */
  readonly version: string;
  readonly record: PeerRecord;
}

/** All that the sender has. */
export interface FrontierMessage {
  readonly type: "frontier";
  readonly entries: Frontier;
}

/** What the sender has now that its last `frontier` or `have` did not say; only the writers that changed. */
export interface Have {
  readonly type: "have";
  readonly entries: Frontier;
}

/** After a `frontier`: "stream to me what it lacks". */
export interface Pull {
  readonly type: "pull";
}

/** Transactions in causal order: a part of a pull, or live. */
export interface Transactions {
  readonly type: "transactions";
  /** ≤ `MAX_MESSAGE_TRANSACTIONS`. */
  readonly list: readonly TransactionBytes[];
}

/** The end of what a pull asked for. */
export interface Pulled {
  readonly type: "pulled";
}

/** What the sender holds: frontier and digest equal means in sync; the counts are for progress only. */
export interface State {
  readonly type: "state";
  /** SHA-256 of the encoded frontier (32 bytes). */
  readonly frontierHash: Uint8Array;
  /** Root of the digest tree (32 bytes). */
  readonly digest: Uint8Array;
  /** Keys that have a value. */
  readonly entries: number;
  /** Operations in the history. */
  readonly operations: number;
}

/** What the sender holds, in one hash: where it is the receiver's own, both are in sync. */
export interface Summary {
  readonly type: "summary";
  /** SHA-256 of the frontier's hash and the digest, one behind the other (32 bytes). */
  readonly hash: Uint8Array;
  /** As in a `State`. */
  readonly operations: number;
}

/** All that the sender has, in brief. */
export interface Brief {
  readonly type: "brief";
  /** Whether it asks to be streamed what it lacks, as by a `Pull`. */
  readonly pulls: boolean;
  readonly entries: BriefFrontier;
}

/** Entries of the address book. */
export interface Records {
  readonly type: "records";
  /** ≤ `MAX_MESSAGE_RECORDS`. */
  readonly list: readonly PeerRecord[];
}

/** Transactions asked for by id. */
export interface Want {
  readonly type: "want";
  /** 32 bytes each, in the order in which they are wanted. ≤ `MAX_WANTED`. */
  readonly ids: readonly Uint8Array[];
}

/** Transactions some of whose operations are absent, in causal order: a part of a pull, or asked for. */
export interface Partials {
  readonly type: "partials";
  /** ≤ `MAX_MESSAGE_TRANSACTIONS`. */
  readonly list: readonly PartialBytes[];
}

/** What travels in a frame from kind 16. */
export type Message =
  | Prove
  | Knock
  | Offer
  | RedeemMessage
  | Welcome
  | HelloMessage
  | FrontierMessage
  | Have
  | Pull
  | Transactions
  | Pulled
  | State
  | Summary
  | Brief
  | Records
  | Want
  | Partials
  | ReconciliationMessage
  | PastMessage
  | PostMessage
  | OverlayMessage
  | PresenceMessage
  | ReachMessage
  | RelayMessage
  | PunchMessage
  | PublicRelayMessage;

/** The frame of a message (lib/wire/PROTOCOL.md, "Messages"). */
export function encodeMessage(message: Message): { kind: number; body: Uint8Array } {
  const kind = MESSAGE_KINDS[message.type];
  switch (message.type) {
    case "prove":
      return { kind, body: message.mac };
    case "knock":
      return { kind, body: message.tag };
    case "pull":
    case "pulled":
      return { kind, body: new Uint8Array() };
    default: {
      const writer = new Writer(bodyCapacityBytes(message));
      writeBody(writer, message);
      return { kind, body: writer.finish() };
    }
  }
}

/**
 * The message in a frame; null for a kind that this version does not know, which is ignored and counted. Arrays are
 * views of the body.
 *
 * @throws {ProtocolError} `malformed` or `too_large`.
 */
export function decodeMessage(kind: number, body: Uint8Array): Message | null {
  assert(kind >= FIRST_MESSAGE_KIND, "frames below kind 16 are the link's");
  const reader = new Reader(body);
  const message = readBody(kind, reader);
  if (message !== null) reader.end();
  return message;
}

function readBody(kind: number, reader: Reader): Message | null {
  switch (kind) {
    case MESSAGE_KINDS.prove:
      return { type: "prove", mac: reader.raw(ID_BYTES) };
    case MESSAGE_KINDS.knock:
      return { type: "knock", tag: reader.raw(ID_BYTES) };
    case MESSAGE_KINDS.offer:
      return readOffer(reader);
    case MESSAGE_KINDS.redeem:
      return { type: "redeem", transaction: readBundle(reader) };
    case MESSAGE_KINDS.welcome:
      return readWelcome(reader);
    case MESSAGE_KINDS.hello:
      return { type: "hello", version: readAscii(reader, MAX_VERSION_BYTES), record: readPeerRecord(reader) };
    case MESSAGE_KINDS.frontier:
      return { type: "frontier", entries: readFrontier(reader) };
    case MESSAGE_KINDS.have:
      return { type: "have", entries: readFrontier(reader) };
    case MESSAGE_KINDS.pull:
      return { type: "pull" };
    case MESSAGE_KINDS.transactions:
      return { type: "transactions", list: readList(reader, MAX_MESSAGE_TRANSACTIONS, readBundle) };
    case MESSAGE_KINDS.pulled:
      return { type: "pulled" };
    case MESSAGE_KINDS.state:
      return {
        type: "state",
        frontierHash: reader.raw(ID_BYTES),
        digest: reader.raw(ID_BYTES),
        entries: reader.varint(),
        operations: reader.varint(),
      };
    case MESSAGE_KINDS.records:
      return { type: "records", list: readList(reader, MAX_MESSAGE_RECORDS, readPeerRecord) };
    case MESSAGE_KINDS.want:
      return { type: "want", ids: readIds(reader, MAX_WANTED) };
    case MESSAGE_KINDS.partials:
      return { type: "partials", list: readList(reader, MAX_MESSAGE_TRANSACTIONS, readPartial) };
    case MESSAGE_KINDS.sketch:
      return readReconciliation(reader, "sketch");
    case MESSAGE_KINDS.sketch_more:
      return readReconciliation(reader, "sketch_more");
    case MESSAGE_KINDS.nodes:
      return readReconciliation(reader, "nodes");
    case MESSAGE_KINDS.live:
      return readReconciliation(reader, "live");
    case MESSAGE_KINDS.lacking:
      return readReconciliation(reader, "lacking");
    case MESSAGE_KINDS.settled:
      return readReconciliation(reader, "settled");
    case MESSAGE_KINDS.summary:
      return { type: "summary", hash: reader.raw(ID_BYTES), operations: reader.varint() };
    case MESSAGE_KINDS.brief:
      return { type: "brief", pulls: readFlag(reader, "pull flag"), entries: readBrief(reader) };
    case MESSAGE_KINDS.ask_past:
      return readPast(reader, "ask_past");
    case MESSAGE_KINDS.past_leaves:
      return readPast(reader, "past_leaves");
    case MESSAGE_KINDS.ask_leaf:
      return readPast(reader, "ask_leaf");
    case MESSAGE_KINDS.past_leaf:
      return readPast(reader, "past_leaf");
    case MESSAGE_KINDS.ask_versions:
      return readPast(reader, "ask_versions");
    case MESSAGE_KINDS.topics:
      return readPostMessage(reader, "topics");
    case MESSAGE_KINDS.posts:
      return readPostMessage(reader, "posts");
    case MESSAGE_KINDS.sealed_posts:
      return readPostMessage(reader, "sealed_posts");
    case MESSAGE_KINDS.presence:
      return readPresence(reader);
    default:
      return readOverlay(reader, kind) ?? readReach(reader, kind) ?? readRelay(reader, kind) ??
        readPunch(reader, kind) ?? readPublicRelay(reader, kind);
  }
}

function writeBody(writer: Writer, message: Exclude<Message, Prove | Knock | Pull | Pulled>): void {
  switch (message.type) {
    case "offer":
      return writeOffer(writer, message);
    case "redeem":
      return writeBundle(writer, message.transaction);
    case "welcome":
      return writeWelcome(writer, message);
    case "hello":
      writeAscii(writer, message.version, MAX_VERSION_BYTES);
      return writePeerRecord(writer, message.record);
    case "frontier":
    case "have":
      return writeFrontier(writer, message.entries);
    case "transactions":
      return writeList(writer, message.list, MAX_MESSAGE_TRANSACTIONS, writeBundle);
    case "state":
      writer.raw(message.frontierHash).raw(message.digest).varint(message.entries).varint(message.operations);
      return;
    case "summary":
      writer.raw(message.hash).varint(message.operations);
      return;
    case "brief":
      writer.u8(message.pulls ? 1 : 0);
      return writeBrief(writer, message.entries);
    case "records":
      return writeList(writer, message.list, MAX_MESSAGE_RECORDS, writePeerRecord);
    case "want":
      assert(message.ids.length <= MAX_WANTED, "wanted ids within their limit");
      return writeIds(writer, message.ids);
    case "partials":
      return writeList(writer, message.list, MAX_MESSAGE_TRANSACTIONS, writePartial);
    case "ask_past":
    case "past_leaves":
    case "ask_leaf":
    case "past_leaf":
    case "ask_versions":
      return writePast(writer, message);
    case "topics":
    case "posts":
    case "sealed_posts":
      return writePostMessage(writer, message);
    case "neighbour":
    case "neighbour_reply":
    case "forward_join":
    case "disconnect":
    case "shuffle":
    case "shuffle_reply":
    case "push":
    case "announce":
    case "graft":
    case "prune":
      return writeOverlay(writer, message);
    case "presence":
      return writePresence(writer, message);
    case "relay_open":
    case "relay_incoming":
    case "relay_credit":
    case "relay_data":
    case "relay_close":
      return writeRelay(writer, message);
    case "relay_access":
    case "relay_tags":
      return writePublicRelay(writer, message);
    case "seen":
    case "dial_back":
    case "dialled_back":
      return writeReach(writer, message);
    case "quic_port":
    case "punch":
      return writePunch(writer, message);
    default:
      return writeReconciliation(writer, message);
  }
}

/** Enough where bodies are large, so that nothing is copied while the buffer grows. */
function bodyCapacityBytes(message: Message): number {
  if (message.type === "posts" || message.type === "sealed_posts") return message.batch.length + SIGNATURE_BYTES;
  if (message.type === "transactions" || message.type === "push") {
    return message.list.reduce((size, bundle) => size + bundleSizeBytes(bundle), 8);
  }
  if (message.type === "relay_data") return message.bytes.length + 16;
  if (message.type === "partials") return message.list.reduce((size, partial) => size + partialSizeBytes(partial), 8);
  return 256;
}
