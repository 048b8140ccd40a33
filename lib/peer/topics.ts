import { fromBase32, toBase32 } from "../base/base32.ts";
import { equal, toHex } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import { ProtocolError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import type { Identity } from "../crypto/identity.ts";
import type { Verify } from "../data/transaction.ts";
import type { Membership } from "../space/membership.ts";
import { DOMAINS } from "../wire/domains.ts";
import { ID_BYTES } from "../wire/transaction.ts";
import {
  type BatchHead,
  batchMessage,
  decodeBatch,
  decodeSealedBatch,
  decodeSealedContent,
  type Post,
  type Posts,
  type SealedPosts,
} from "../wire/posts.ts";
import type { Connection } from "./links.ts";
import type { OwnPosts } from "./own_posts.ts";
import { type InOrder, PostOrder } from "./post_order.ts";
import type { PostLinks } from "./post_links.ts";
import type { Questions } from "./questions.ts";
import type { MessageCounts, PostReader, PostView } from "./post_views.ts";
import type { SpaceState } from "./space_state.ts";
import { Spread, type SpreadTree } from "./spread.ts";
import { Subscription, takesTopic } from "./subscription.ts";

/** Posts of somebody else, on their way to who subscribes. */
interface Incoming {
  readonly first: number;
  readonly count: number;
  readonly sizeBytes: number;
  readonly posts: readonly Post[];
  /** Base32 id. */
  readonly sender: string;
  readonly timeMs: number;
  readonly isDirect: boolean;
}

/** What topics work upon. */
export interface TopicParts {
  readonly identity: Identity;
  readonly space: SpaceState;
  readonly membership: Membership;
  readonly verify: Verify;
  readonly links: PostLinks;
  readonly questions: Questions;
  readonly own: OwnPosts;
  readonly tree: SpreadTree;
  readonly emit: (event: PeerEvent) => void;
}

/** Messages on topics: those of others are checked, passed on, and given to who subscribes here. Nothing is kept. */
export class Topics {
  readonly #parts: TopicParts;
  readonly #spread: Spread;
  readonly #order = new PostOrder<Incoming>();
  readonly #subscriptions = new Set<Subscription>();
  #sent = 0;
  #received = 0;
  #passedOn = 0;
  #missed = 0;
  #unread = 0;

  constructor(parts: TopicParts) {
    this.#parts = parts;
    this.#spread = new Spread(parts.tree);
  }

  /** How many messages went which way since the start. */
  get counts(): MessageCounts {
    return {
      ...{ sent: this.#sent, received: this.#received, passedOn: this.#passedOn },
      ...{ missed: this.#missed, dropped: this.#parts.links.dropped, unread: this.#unread },
    };
  }

  /** A reader of the messages on a topic and below it, from now on. */
  subscribe(filter: string): PostReader {
    const subscription = new Subscription(filter, (closed) => this.#subscriptions.delete(closed));
    this.#subscriptions.add(subscription);
    return subscription;
  }

  /** Sends what was made here in the turn that ends, and gives it to who subscribes here. */
  endTurn(now: Now): void {
    const { links, identity, own } = this.#parts;
    for (const { message, posts, to } of own.take(now)) {
      const id = idOf(message);
      const batch = { message, posts: posts.length };
      this.#spread.seen(id);
      const direct = to === null ? null : links.of(to);
      this.#sent += posts.length;
      if (to !== null && direct === null && links.keep(to, batch)) continue;
      const targets = direct === null ? this.#spread.onward(id, batch, links.all(), null, now) : [direct];
      for (const target of targets) links.send(target, batch);
      if (to === null) this.#deliver(posts, toBase32(identity.peerId), now.wallMs, false, now);
    }
  }

  /** Whether a batch of this id was here of late. */
  isSeen(id: string): boolean {
    return this.#spread.isSeen(id);
  }

  /** A neighbour asks for batches that were announced to it. */
  asked(connection: number, ids: readonly string[]): void {
    const { links } = this.#parts;
    const link = [...links.all()].find(({ number }) => number === connection);
    if (link === undefined) return;
    for (const id of ids) {
      const batch = this.#spread.kept(id);
      if (batch !== null) links.send(link, batch);
    }
  }

  /** Posts came in. @throws {ProtocolError} `malformed` where they are wrong, which whoever passes them on checks. */
  received(connection: Connection, message: Posts | SealedPosts, now: Now): void {
    const { identity, membership, links } = this.#parts;
    if (message.batch.length < ID_BYTES) throw new ProtocolError("malformed", "a batch without a sender");
    const id = idOf(message);
    if (!this.#spread.isNew(id, connection)) return;
    const batch = message.type === "posts" ? decodeBatch(message.batch) : decodeSealedBatch(message.batch);
    if (membership.standingOf(batch.sender) === null) {
      // A member that is not known here so far, or one no more.
      return this.#parts.emit({ name: "messages_refused", level: "debug", reason: "not_a_member" });
    }
    const sender = toBase32(batch.sender);
    const isMine = "to" in batch && equal(batch.to, identity.peerId);
    const to = "to" in batch && !isMine ? links.of(toBase32(batch.to)) : null;
    const goesOn = !isMine && [...links.all()].some((link) => link !== connection);
    // The link itself shows who made what goes no further.
    if (sender !== connection.peer || goesOn) this.#check(batch, message);
    this.#spread.seen(id);
    const posts = "posts" in batch ? batch.posts : isMine ? this.#opened(batch.sender, batch.box) : [];
    const outgoing = { message, posts: Math.max(1, posts.length) };
    const onward = () => to === null ? this.#spread.onward(id, outgoing, links.all(), connection, now) : [to];
    for (const target of goesOn ? onward() : []) {
      links.send(target, outgoing);
      this.#passedOn++;
    }
    // What comes back was made by an earlier run of this peer.
    if (posts.length === 0 || equal(batch.sender, identity.peerId)) return;
    const incoming = {
      ...{ first: batch.first, count: posts.length, sizeBytes: message.batch.length, posts },
      ...{ sender, timeMs: batch.timeMs, isDirect: isMine },
    };
    const row = isMine ? `${sender} direct` : sender;
    // Where there is one link, nothing comes by another way.
    const mayHold = links.size > 1;
    this.#inOrder(this.#order.take(row, toHex(batch.run), incoming, mayHold, now), now);
  }

  /** Delivers what was held for long enough, and sends by others what was kept for a link that did not come. */
  tick(now: Now): void {
    const { links } = this.#parts;
    for (const batch of links.tick(now)) {
      for (const target of this.#spread.onward(idOf(batch.message), batch, links.all(), null, now)) {
        links.send(target, batch);
      }
    }
    this.#inOrder(this.#order.tick(now), now);
  }

  /** The monotonic time in ms at which `tick` is due. */
  deadline(): number {
    return Math.min(this.#order.deadline(), this.#parts.links.deadline());
  }

  #check({ sender }: BatchHead, { type, batch, signature }: Posts | SealedPosts): void {
    const { verify, space } = this.#parts;
    if (space.space === null) throw new ProtocolError("bad_state", "posts without a space");
    if (verify(DOMAINS.posts, sender, batchMessage(space.space, type, batch), signature)) return;
    throw new ProtocolError("malformed", "posts whose signature does not verify");
  }

  #opened(sender: Uint8Array, box: Uint8Array): readonly Post[] {
    const opened = this.#parts.identity.unseal(DOMAINS.post_box, box);
    if (opened === null) throw new ProtocolError("malformed", "a box with posts that does not open");
    const content = decodeSealedContent(opened);
    if (!equal(content.sender, sender)) throw new ProtocolError("malformed", "posts that somebody else sealed");
    return content.posts;
  }

  #inOrder(ready: readonly InOrder<Incoming>[], now: Now): void {
    for (const { batch: { posts, sender, timeMs, isDirect }, skipped, missed } of ready) {
      if (missed > 0) {
        this.#missed += missed;
        this.#parts.emit({ name: "messages_missed", level: "info", fields: { peer: sender, count: missed } });
        for (const subscription of this.#subscriptions) subscription.missed(sender, missed);
      }
      this.#received += posts.length - skipped;
      this.#deliver(skipped === 0 ? posts : posts.slice(skipped), sender, timeMs, isDirect, now);
    }
  }

  #deliver(posts: readonly Post[], peer: string, timeMs: number, isDirect: boolean, now: Now): void {
    const { questions } = this.#parts;
    let topic = "";
    let readers: Subscription[] = [];
    for (const post of posts) {
      if (post.kind === "answer") {
        questions.answered(post.question as Uint8Array, { peer, payload: post.payload.slice(), timeMs });
        continue;
      }
      if (post.kind === "tracked" && isDirect) this.#tellThatItCame(post, peer);
      if (post.topic !== topic) {
        topic = post.topic;
        readers = [...this.#subscriptions].filter(({ filter }) => takesTopic(filter, post.topic));
      }
      if (readers.length === 0 || post.kind === "unknown") continue;
      const question = post.kind === "question"
        ? questions.heard({ id: (post.question as Uint8Array).slice(), asker: peer, topic }, post.timeoutMs, now)
        : null;
      // A copy, since a view would keep all of its batch in memory.
      const view: PostView = { topic, payload: post.payload.slice(), peer, timeMs, direct: isDirect, question };
      for (const reader of readers) this.#unread += reader.add(view);
    }
  }

  #tellThatItCame({ topic, question }: Post, peer: string): void {
    const { own, membership } = this.#parts;
    if (question === null || !membership.renewals.knowsKey(fromBase32(peer))) return;
    own.add([{ topic, kind: "answer", question: question.slice(), timeoutMs: 0, payload: new Uint8Array() }], peer);
  }
}

/** A batch by the first half of its signature: without the sender's key nobody makes another one with the same. */
function idOf({ signature }: Posts | SealedPosts): string {
  return toHex(signature.subarray(0, ID_BYTES));
}
