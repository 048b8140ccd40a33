import { Fifo } from "../base/fifo.ts";
import { MAX_SUBSCRIPTION_BYTES, MAX_SUBSCRIPTION_POSTS } from "../base/limits.ts";
import type { PostNews, PostReader, PostView } from "./post_views.ts";

/** What a post costs besides its payload, in bytes of memory. */
const POST_COST_BYTES = 128;

/**
 * Whether a filter takes a topic: `news` takes `news` and what is below it, such as `news/today`, but not `newspaper`;
 * `news/` only what is below it; an empty one takes all.
 */
export function takesTopic(filter: string, topic: string): boolean {
  if (!topic.startsWith(filter)) return false;
  return topic.length === filter.length || filter === "" || filter.endsWith("/") || topic[filter.length] === "/";
}

/** The posts that wait for one reader, bounded: where it is too slow, the oldest give way, and it is told how many. */
export class Subscription implements PostReader {
  readonly filter: string;
  readonly #closed: (subscription: Subscription) => void;
  readonly #posts = new Fifo<PostView>();
  #sizeBytes = 0;
  #dropped = 0;
  #missed = new Map<string, number>();

  /** @param closed told when its reader needs no more. */
  constructor(filter: string, closed: (subscription: Subscription) => void) {
    this.filter = filter;
    this.#closed = closed;
  }

  /** Part of `PostReader`. */
  get hasNews(): boolean {
    return this.#posts.size > 0 || this.#dropped > 0 || this.#missed.size > 0;
  }

  /** A post on one of its topics. @returns how many gave way. */
  add(post: PostView): number {
    this.#posts.push(post);
    this.#sizeBytes += costBytes(post);
    const droppedBefore = this.#dropped;
    while (this.#posts.size > MAX_SUBSCRIPTION_POSTS || this.#sizeBytes > MAX_SUBSCRIPTION_BYTES) {
      this.#sizeBytes -= costBytes(this.#posts.shift() as PostView);
      this.#dropped++;
    }
    return this.#dropped - droppedBefore;
  }

  /** Posts of a peer never came here, on whatever topic. */
  missed(peer: string, count: number): void {
    this.#missed.set(peer, (this.#missed.get(peer) ?? 0) + count);
  }

  /** Part of `PostReader`. */
  take(): PostNews {
    const missed = [...this.#missed].map(([peer, count]) => ({ peer, count }));
    const news = { dropped: this.#dropped, missed, posts: this.#posts.takeAll() };
    this.#sizeBytes = 0;
    this.#dropped = 0;
    this.#missed = new Map();
    return news;
  }

  /** Part of `PostReader`. */
  close(): void {
    this.#closed(this);
  }
}

function costBytes({ payload }: PostView): number {
  return payload.length + POST_COST_BYTES;
}
