import { MAX_KEPT_POSTS_BYTES, MAX_SEEN_BATCHES } from "../base/limits.ts";
import type { Now } from "../base/clock.ts";
import type { Connection } from "./links.ts";
import type { OutgoingBatch } from "./post_queue.ts";

/** The tree along which things go between neighbours in a space where not all are linked. */
export interface SpreadTree {
  /** Whether a link is one of the tree's. */
  has(connection: number): boolean;
  /** Passes something on. @returns the links that it goes to at once; it is announced to the tree's others. */
  spread(id: string, from: number | null, now: Now): ReadonlySet<number>;
  /** Something came that was here before. */
  useless(from: number): void;
}

/**
 * How what concerns all members gets to all of them, over links between some of them: whether something is new here,
 * and over which links it goes on. Along a tree where there is one; over other links each peer passes on what is new
 * to it, to all but the one it came from.
 */
export class Spread {
  readonly #tree: SpreadTree;
  /** What was seen of late, in two generations, of which the older one is forgotten as a whole. */
  #recent = new Set<string>();
  #older = new Set<string>();
  /** The latest batches that went by the tree, the oldest first: who misses one asks for it. */
  readonly #kept = new Map<string, OutgoingBatch>();
  #keptBytes = 0;

  constructor(tree: SpreadTree) {
    this.#tree = tree;
  }

  /** Whether something has not been seen before. @param id the same at every peer. @param from the link it came by. */
  isNew(id: string, from: Connection): boolean {
    if (!this.isSeen(id)) return true;
    this.#tree.useless(from.number);
    return false;
  }

  /** Whether something was seen of late. */
  isSeen(id: string): boolean {
    return this.#recent.has(id) || this.#older.has(id);
  }

  /** Something was made here, or came in and is right. */
  seen(id: string): void {
    if (this.#recent.size >= MAX_SEEN_BATCHES / 2) {
      this.#older = this.#recent;
      this.#recent = new Set();
    }
    this.#recent.add(id);
  }

  /** The links over which a batch goes on. @param from the link that it came by; null where it was made here. */
  onward(
    id: string,
    batch: OutgoingBatch,
    links: Iterable<Connection>,
    from: Connection | null,
    now: Now,
  ): Connection[] {
    const all = [...links].filter((link) => link !== from);
    if (!all.some(({ number }) => this.#tree.has(number)) && !(from !== null && this.#tree.has(from.number))) {
      return all;
    }
    this.#keep(id, batch);
    const atOnce = this.#tree.spread(id, from?.number ?? null, now);
    return all.filter(({ number }) => !this.#tree.has(number) || atOnce.has(number));
  }

  /** A batch that went by the tree; null where that was too long ago. */
  kept(id: string): OutgoingBatch | null {
    return this.#kept.get(id) ?? null;
  }

  #keep(id: string, batch: OutgoingBatch): void {
    this.#kept.set(id, batch);
    this.#keptBytes += batch.message.batch.length;
    for (const [oldest, { message }] of this.#kept) {
      if (this.#keptBytes <= MAX_KEPT_POSTS_BYTES) return;
      this.#kept.delete(oldest);
      this.#keptBytes -= message.batch.length;
    }
  }
}
