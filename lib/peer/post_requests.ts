import { toBase32 } from "../base/base32.ts";
import type { Now } from "../base/clock.ts";
import { MAX_QUESTION_MS, RECEIPT_TIMEOUT_MS } from "../base/limits.ts";
import type { Identity } from "../crypto/identity.ts";
import type { Post } from "../wire/posts.ts";
import type { PostRequest, Reply } from "./machine.ts";
import type { OwnPosts } from "./own_posts.ts";
import type { PostLinks } from "./post_links.ts";
import type { Questions } from "./questions.ts";
import type { Topics } from "./topics.ts";

/** What requests of messages work upon. */
export interface PostRequestParts {
  readonly identity: Identity;
  readonly own: OwnPosts;
  readonly topics: Topics;
  readonly questions: Questions;
  readonly links: PostLinks;
  /** The base32 id of a member that messages get to, as people call it. @throws {KithError} `peer_unknown`, …. */
  readonly find: (peer: string) => string;
  readonly reply: (id: number, reply: Reply) => void;
}

/** Somebody who publishes here, and goes on when this is sent. */
interface Held {
  readonly id: number;
  readonly to: string | null;
}

/** Local requests about messages. Who publishes goes at the pace of the fastest link; for a slower one, some give way. */
export class PostRequests {
  readonly #parts: PostRequestParts;
  #held: Held[] = [];

  constructor(parts: PostRequestParts) {
    this.#parts = parts;
  }

  /** Takes a request in. @throws {KithError} `peer_unknown`, `topic_invalid`, `message_too_large`, `question_unknown`, …. */
  take(id: number, request: PostRequest, now: Now): void {
    const { own, questions, links, find } = this.#parts;
    if (request.type === "answer") return this.#answer(id, request, now);
    const to = request.to === null ? null : find(request.to);
    if (request.type === "post") {
      const posts = request.posts.map(({ topic, payload }) => plain(topic, payload));
      if (to !== null && links.of(to) === null) return this.#track(id, posts, to, now);
      own.add(posts, to);
      this.#held.push({ id, to });
      return;
    }
    const timeoutMs = Math.min(Math.ceil(request.timeoutMs), MAX_QUESTION_MS);
    const { topic, payload } = request;
    const ask = (question: Uint8Array) => own.add([{ topic, kind: "question", question, timeoutMs, payload }], to);
    questions.open(id, timeoutMs, ask, now);
  }

  /** Sends what was asked for in the turn that ends. */
  endTurn(now: Now): void {
    this.#parts.topics.endTurn(now);
    if (this.#held.length === 0) return;
    const { links, reply } = this.#parts;
    const held = this.#held;
    this.#held = [];
    for (const one of held) {
      if (links.hasRoom(one.to)) reply(one.id, { ok: true, reached: one.to === null ? links.size : 1 });
      else this.#held.push(one);
    }
  }

  /** The monotonic time in ms at which a turn is due: at once, where somebody may go on. */
  deadline(): number {
    return this.#held.some(({ to }) => this.#parts.links.hasRoom(to)) ? 0 : Infinity;
  }

  /** To a peer that is not linked: it goes by others, or a link to come, which is no use where that peer is not there. */
  #track(id: number, posts: readonly Post[], to: string, now: Now): void {
    const { own, questions, links } = this.#parts;
    const send = (question: Uint8Array) => {
      const last = posts.length - 1;
      own.add(posts.map((post, i) => i < last ? post : { ...post, kind: "tracked", question } as const), to);
    };
    const lacking = "it is not linked with this peer, and no word came by others that it got the message";
    // What is kept for a link to come goes by others only after that: until then there is no word to wait for.
    const keptMs = Math.max(0, (links.awaitedUntilMs(to) ?? 0) - now.monotonicMs);
    const timeoutMs = Math.ceil((keptMs + RECEIPT_TIMEOUT_MS) / 1000) * 1000;
    questions.open(id, timeoutMs, send, now, lacking);
  }

  #answer(id: number, { question, payload }: Extract<PostRequest, { type: "answer" }>, now: Now): void {
    const { own, questions, identity } = this.#parts;
    const heard = questions.take(question, now);
    const self = toBase32(identity.peerId);
    if (heard.asker === self) {
      questions.answered(heard.id, { peer: self, payload, timeMs: now.wallMs });
      return this.#parts.reply(id, { ok: true });
    }
    const post = { topic: heard.topic, kind: "answer", question: heard.id, timeoutMs: 0, payload } as const;
    own.add([post], heard.asker);
    this.#held.push({ id, to: heard.asker });
  }
}

function plain(topic: string, payload: Uint8Array): Post {
  return { topic, kind: "plain", question: null, timeoutMs: 0, payload };
}
