import { Fifo } from "../base/fifo.ts";
import { MAX_POST_QUEUE_BYTES } from "../base/limits.ts";
import type { Posts, SealedPosts } from "../wire/posts.ts";

/** A batch on its way to a link. */
export interface OutgoingBatch {
  readonly message: Posts | SealedPosts;
  /** Posts in it; 1 where that is not known, since it is sealed for somebody else. */
  readonly posts: number;
}

/** The batches that wait for one link, bounded: where it is too slow, the oldest give way. */
export class PostQueue {
  readonly #waiting = new Fifo<OutgoingBatch>();
  readonly #maxBytes: number;
  #sizeBytes = 0;

  /** @param maxBytes how much of them waits. Default: MAX_POST_QUEUE_BYTES. */
  constructor(maxBytes = MAX_POST_QUEUE_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes that wait. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Puts a batch behind the others. @returns how many posts gave way. */
  push(batch: OutgoingBatch): number {
    this.#waiting.push(batch);
    this.#sizeBytes += batch.message.batch.length;
    let dropped = 0;
    while (this.#sizeBytes > this.#maxBytes) dropped += this.next()?.posts ?? 0;
    return dropped;
  }

  /** Takes the oldest batch out; null where none waits. */
  next(): OutgoingBatch | null {
    const batch = this.#waiting.shift();
    if (batch === undefined) return null;
    this.#sizeBytes -= batch.message.batch.length;
    return batch;
  }
}
