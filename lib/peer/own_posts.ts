import { fromBase32 } from "../base/base32.ts";
import { utf8Encode } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import { KithError } from "../base/errors.ts";
import { MAX_BATCH_BYTES, MAX_BATCH_POSTS, MAX_POST_BYTES, MAX_TOPIC_BYTES } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import type { Identity } from "../crypto/identity.ts";
import type { Membership } from "../space/membership.ts";
import { DOMAINS } from "../wire/domains.ts";
import {
  type BatchHead,
  batchMessage,
  encodeBatch,
  encodeSealedBatch,
  encodeSealedContent,
  type Post,
  type Posts,
  postSizeBytes,
  RUN_BYTES,
  type SealedPosts,
} from "../wire/posts.ts";
import type { SpaceState } from "./space_state.ts";

/** What own posts are made with. */
export interface OwnPostParts {
  readonly identity: Identity;
  readonly random: Random;
  readonly space: SpaceState;
  readonly membership: Membership;
}

/** A batch of own posts, ready to be sent. */
export interface OwnBatch {
  readonly message: Posts | SealedPosts;
  readonly posts: readonly Post[];
  /** Base32 id of the recipient; null for all. */
  readonly to: string | null;
}

/** Posts made here, until the turn ends: those of one turn to the same recipient share batches, and so signatures. */
export class OwnPosts {
  readonly #parts: OwnPostParts;
  /** By the recipient's base32 id; null for all. */
  #collected = new Map<string | null, Post[]>();
  /** The number that the next post has, in the same way. There are no more recipients than members. */
  readonly #next = new Map<string | null, number>();
  #run: Uint8Array | null = null;
  /** The topic that was found good last: most messages in a row are on one. */
  #goodTopic = "";

  constructor(parts: OwnPostParts) {
    this.#parts = parts;
  }

  /** Takes posts in, all or none. @throws {KithError} `topic_invalid`, `message_too_large`, `peer_unknown`. */
  add(posts: readonly Post[], to: string | null): void {
    for (const post of posts) {
      if (post.topic !== this.#goodTopic || post.topic === "") checkTopic(post.topic);
      this.#goodTopic = post.topic;
      const sizeBytes = post.payload.length;
      if (sizeBytes > MAX_POST_BYTES) {
        throw new KithError("message_too_large", { sizeBytes, limitBytes: MAX_POST_BYTES });
      }
    }
    // Whoever is a member has told its key in the very act that let it in.
    if (to !== null && !this.#parts.membership.renewals.knowsKey(fromBase32(to))) {
      throw new KithError("peer_unknown", { peer: to });
    }
    const collected = this.#collected.get(to);
    if (collected === undefined) this.#collected.set(to, [...posts]);
    else for (const post of posts) collected.push(post);
  }

  /** What was taken in since the last time, signed. */
  *take(now: Now): Generator<OwnBatch> {
    if (this.#collected.size === 0) return;
    const { space } = this.#parts.space;
    const collected = this.#collected;
    this.#collected = new Map();
    if (space === null) return;
    for (const [to, posts] of collected) {
      for (const part of inBatches(posts)) {
        const message = this.#signed(space, part, to, now);
        // Who told a key that is none can be sent nothing.
        if (message !== null) yield { message, posts: part, to };
      }
    }
  }

  #signed(space: Uint8Array, posts: readonly Post[], to: string | null, now: Now): Posts | SealedPosts | null {
    const { identity, random, membership } = this.#parts;
    const first = this.#next.get(to) ?? 1;
    this.#next.set(to, first + posts.length);
    this.#run ??= random.bytes(RUN_BYTES).slice();
    const head: BatchHead = { sender: identity.peerId, run: this.#run, first, timeMs: Math.floor(now.wallMs) };
    if (to === null) {
      const batch = encodeBatch({ ...head, posts });
      return { type: "posts", batch, signature: identity.sign(DOMAINS.posts, batchMessage(space, "posts", batch)) };
    }
    const recipient = fromBase32(to);
    const content = encodeSealedContent(identity.peerId, posts);
    const box = membership.renewals.sealTo(recipient, DOMAINS.post_box, content, random);
    if (box === null) return null;
    const batch = encodeSealedBatch({ ...head, to: recipient, box });
    const message = batchMessage(space, "sealed_posts", batch);
    return { type: "sealed_posts", batch, signature: identity.sign(DOMAINS.posts, message) };
  }
}

function* inBatches(posts: readonly Post[]): Generator<Post[]> {
  let batch: Post[] = [];
  let sizeBytes = 0;
  let topic = "";
  for (const post of posts) {
    const size = postSizeBytes(post.topic === topic ? 0 : utf8Encode(post.topic).length, post.payload.length);
    if (batch.length >= MAX_BATCH_POSTS || sizeBytes + size > MAX_BATCH_BYTES) {
      yield batch;
      batch = [];
      sizeBytes = post.topic === topic ? utf8Encode(topic).length : 0;
    }
    batch.push(post);
    sizeBytes += size;
    topic = post.topic;
  }
  if (batch.length > 0) yield batch;
}

function checkTopic(topic: string): void {
  const refused = (detail: string) => new KithError("topic_invalid", { topic, detail });
  if (topic === "") throw refused("it is empty");
  if (!topic.isWellFormed()) throw refused("it is not well-formed Unicode");
  const sizeBytes = utf8Encode(topic).length;
  if (sizeBytes > MAX_TOPIC_BYTES) {
    throw refused(`it has ${sizeBytes} bytes, and at most ${MAX_TOPIC_BYTES} are allowed`);
  }
}
