import { assert } from "../base/assert.ts";
import { concat } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import { MAX_BATCH_BYTES, MAX_BATCH_POSTS, MAX_POST_BYTES, MAX_TOPIC_BYTES } from "../base/limits.ts";
import { Reader } from "../base/reader.ts";
import { Writer } from "../base/writer.ts";
import { readText, writeText } from "./text.ts";
import { ID_BYTES, SIGNATURE_BYTES } from "./transaction.ts";

/** Size of the number of a sender's run, in bytes. */
export const RUN_BYTES = 8;
/** Size of the id of a question, in bytes. */
export const QUESTION_BYTES = 8;

/** "I take posts": a member that does not say so is sent none. */
export interface Topics {
  readonly type: "topics";
}

/** Posts to all members, signed by who made them, so that others may pass them on. */
export interface Posts {
  readonly type: "posts";
  /** What `encodeBatch` writes. */
  readonly batch: Uint8Array;
  /** Ed25519 by the batch's sender over `batchMessage` in the domain `posts` (64 bytes). */
  readonly signature: Uint8Array;
}

/** Posts to one member, which others may pass on and cannot read. */
export interface SealedPosts {
  readonly type: "sealed_posts";
  /** What `encodeSealedBatch` writes. */
  readonly batch: Uint8Array;
  /** As for `Posts`. */
  readonly signature: Uint8Array;
}

/** What travels for topics (lib/wire/PROTOCOL.md, "Posts"). */
export type PostMessage = Topics | Posts | SealedPosts;

/**
 * What a post is: one that wants nothing, a question, the answer to one, or one whose recipient tells by an empty answer
 * that it came (`tracked`). `unknown`: of a newer kith.
 */
export type PostKind = "plain" | "question" | "answer" | "tracked" | "unknown";

/** One post, as it travels. */
export interface Post {
  /** UTF-8, 1 to `MAX_TOPIC_BYTES`. */
  readonly topic: string;
  readonly kind: PostKind;
  /** Of a question, an answer, or one that is tracked: the id by which it is answered (8 bytes). */
  readonly question: Uint8Array | null;
  /** Of a question: how long an answer is waited for, in ms; else 0. */
  readonly timeoutMs: number;
  /** 0 to `MAX_POST_BYTES`. */
  readonly payload: Uint8Array;
}

/** Who made a batch, and where in the row of its posts it is. */
export interface BatchHead {
  /** Ed25519 public key (32 bytes). */
  readonly sender: Uint8Array;
  /** Random for each run of the sender (8 bytes): numbers begin anew with it. */
  readonly run: Uint8Array;
  /** Number of the first post, among those of this run to the same recipient, or to all; from 1. */
  readonly first: number;
  /** When it was made, in ms since 1970 by the sender's clock. */
  readonly timeMs: number;
}

/** Posts to all members. */
export interface Batch extends BatchHead {
  /** 1 to `MAX_BATCH_POSTS`; `MAX_BATCH_BYTES` as they are written. */
  readonly posts: readonly Post[];
}

/** Posts to one member. */
export interface SealedBatch extends BatchHead {
  /** The recipient's peer id (32 bytes). */
  readonly to: Uint8Array;
  /** What `encodeSealedContent` writes, sealed to it. */
  readonly box: Uint8Array;
}

const KINDS = { plain: 0, question: 1, answer: 2, tracked: 3 } as const;
/** A question's id and its timeout stand before its payload. */
const MAX_CONTENT_BYTES = MAX_POST_BYTES + QUESTION_BYTES + 8;
/** A box is one message of Noise. */
const MAX_BOX_BYTES = 65_535;

/** Room that a post takes in a batch at the most, in bytes. @param topicBytes 0 where it has that of the one before. */
export function postSizeBytes(topicBytes: number, payloadBytes: number): number {
  return topicBytes + payloadBytes + QUESTION_BYTES + 16;
}

/** Writes the body of one of these messages. */
export function writePostMessage(writer: Writer, message: PostMessage): void {
  if (message.type !== "topics") writer.raw(message.batch).raw(message.signature);
}

/** Reads what `writePostMessage` writes; what a batch holds is not looked at. @throws {ProtocolError} `malformed`. */
export function readPostMessage(reader: Reader, type: PostMessage["type"]): PostMessage {
  if (type === "topics") return { type };
  const batch = reader.raw(Math.max(0, reader.remainingBytes - SIGNATURE_BYTES));
  return { type, batch, signature: reader.raw(SIGNATURE_BYTES) };
}

/** What a sender signs, in the domain `posts`. */
export function batchMessage(space: Uint8Array, type: "posts" | "sealed_posts", batch: Uint8Array): Uint8Array {
  return concat([space, Uint8Array.of(type === "posts" ? 0 : 1), batch]);
}

/** The bytes of a batch to all. */
export function encodeBatch(batch: Batch): Uint8Array {
  const writer = new Writer(MAX_BATCH_BYTES / 16);
  writeHead(writer, batch);
  writePosts(writer, batch.posts);
  return writer.finish();
}

/** Reads what `encodeBatch` writes; arrays are views of it. @throws {ProtocolError} `malformed`. */
export function decodeBatch(bytes: Uint8Array): Batch {
  const reader = new Reader(bytes);
  const head = readHead(reader);
  return { ...head, posts: readPosts(reader) };
}

/** The bytes of a batch to one. */
export function encodeSealedBatch(batch: SealedBatch): Uint8Array {
  const writer = new Writer(batch.box.length + 128);
  writeHead(writer, batch);
  assert(batch.box.length <= MAX_BOX_BYTES, "a box within its limit");
  writer.raw(batch.to).blob(batch.box);
  return writer.finish();
}

/** Reads what `encodeSealedBatch` writes. @throws {ProtocolError} `malformed`. */
export function decodeSealedBatch(bytes: Uint8Array): SealedBatch {
  const reader = new Reader(bytes);
  const batch = { ...readHead(reader), to: reader.raw(ID_BYTES), box: reader.blob(MAX_BOX_BYTES) };
  reader.end();
  return batch;
}

/** What is sealed: the sender once more, so that nobody passes a box off as its own, and the posts. */
export function encodeSealedContent(sender: Uint8Array, posts: readonly Post[]): Uint8Array {
  const writer = new Writer();
  writer.raw(sender);
  writePosts(writer, posts);
  return writer.finish();
}

/** Reads what `encodeSealedContent` writes. @throws {ProtocolError} `malformed`. */
export function decodeSealedContent(bytes: Uint8Array): { readonly sender: Uint8Array; readonly posts: Post[] } {
  const reader = new Reader(bytes);
  return { sender: reader.raw(ID_BYTES), posts: readPosts(reader) };
}

function writeHead(writer: Writer, { sender, run, first, timeMs }: BatchHead): void {
  writer.raw(sender).raw(run).varint(first).u48(timeMs);
}

function readHead(reader: Reader): BatchHead {
  const head = { sender: reader.raw(ID_BYTES), run: reader.raw(RUN_BYTES), first: reader.varint() };
  if (head.first === 0) throw new ProtocolError("malformed", "posts are numbered from 1");
  return { ...head, timeMs: reader.u48() };
}

function writePosts(writer: Writer, posts: readonly Post[]): void {
  assert(posts.length >= 1 && posts.length <= MAX_BATCH_POSTS, "posts within their limit");
  writer.varint(posts.length);
  const startBytes = writer.sizeBytes;
  let topic = "";
  for (const post of posts) {
    // Most posts in a row are on one topic.
    writeText(writer, post.topic === topic ? "" : post.topic, 0, MAX_TOPIC_BYTES);
    topic = post.topic;
    assert(topic !== "" && post.kind !== "unknown", "a post of this version, on a topic");
    writer.u8(KINDS[post.kind]);
    writeContent(writer, post);
  }
  assert(writer.sizeBytes - startBytes <= MAX_BATCH_BYTES, "a batch within its limit");
}

function writeContent(writer: Writer, { kind, question, timeoutMs, payload }: Post): void {
  assert(payload.length <= MAX_POST_BYTES, "a payload within its limit");
  if (kind === "plain" || question === null) {
    writer.blob(payload);
    return;
  }
  const before = new Writer(2 * QUESTION_BYTES).raw(question);
  if (kind === "question") before.varint(timeoutMs);
  writer.varint(before.sizeBytes + payload.length).raw(before.finish()).raw(payload);
}

function readPosts(reader: Reader): Post[] {
  const count = reader.varint(MAX_BATCH_POSTS);
  if (count === 0) throw new ProtocolError("malformed", "a batch without posts");
  if (reader.remainingBytes > MAX_BATCH_BYTES) throw new ProtocolError("malformed", "a batch above its limit");
  const posts: Post[] = [];
  let topic = "";
  for (let i = 0; i < count; i++) {
    const named = readText(reader, 0, MAX_TOPIC_BYTES);
    if (named === topic) throw new ProtocolError("malformed", "a topic is missing, or said again");
    if (named !== "") topic = named;
    posts.push(readContent(topic, reader.u8(), reader.blob(MAX_CONTENT_BYTES)));
  }
  reader.end();
  return posts;
}

function readContent(topic: string, kind: number, content: Uint8Array): Post {
  switch (kind) {
    case KINDS.plain:
      return { topic, kind: "plain", question: null, timeoutMs: 0, payload: withinLimit(content) };
    case KINDS.question: {
      const reader = new Reader(content);
      const question = reader.raw(QUESTION_BYTES);
      const timeoutMs = reader.varint();
      return { topic, kind: "question", question, timeoutMs, payload: withinLimit(reader.raw(reader.remainingBytes)) };
    }
    case KINDS.answer:
    case KINDS.tracked: {
      const reader = new Reader(content);
      const question = reader.raw(QUESTION_BYTES);
      const payload = withinLimit(reader.raw(reader.remainingBytes));
      return { topic, kind: kind === KINDS.answer ? "answer" : "tracked", question, timeoutMs: 0, payload };
    }
    default:
      return { topic, kind: "unknown", question: null, timeoutMs: 0, payload: content };
  }
}

function withinLimit(payload: Uint8Array): Uint8Array {
  if (payload.length > MAX_POST_BYTES) throw new ProtocolError("malformed", "a payload above its limit");
  return payload;
}
