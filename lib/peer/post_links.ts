import type { Now } from "../base/clock.ts";
import type { CloseReason } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import {
  MAX_LIVE_POSTS_BYTES,
  MAX_POST_QUEUE_BYTES,
  MAX_PUNCHED_POSTS_BYTES,
  MAX_RELAYED_POSTS_BYTES,
  RELAYED_POSTS_KEPT_MS,
  RESUME_POSTS_BYTES,
} from "../base/limits.ts";
import type { Connection, Links } from "./links.ts";
import { isPunched, pathOf } from "./path.ts";
import { type OutgoingBatch, PostQueue } from "./post_queue.ts";

/** How a link ends that breaks. */
const LOST: readonly CloseReason[] = ["truncated", "silent"];

/** A member's link as posts see it. */
interface PostLink {
  readonly connection: Connection;
  readonly queue: PostQueue;
  /** Whether the other side has said that it takes posts; until then they wait. */
  takesPosts: boolean;
  /** Posts that gave way before that. */
  untoldDrops: number;
  isDropping: boolean;
  /** Of a relayed or punched link what went by it last: some may not have come when another one takes its place. */
  readonly gone: PostQueue | null;
}

/** What a link leaves to the one that takes its place. */
interface Left {
  readonly gone: PostQueue | null;
  readonly waiting: PostQueue;
  readonly untilMs: number;
}

/** Why posts did not go out by a link. */
type Dropped = "slow_link" | "link_closed";

/** The links by which posts go: each has a queue of its own, so that a slow one holds up no other. */
export class PostLinks {
  readonly #links: Links;
  readonly #emit: (event: PeerEvent) => void;
  readonly #byNumber = new Map<number, PostLink>();
  readonly #byPeer = new Map<string, PostLink>();
  /** By peer. */
  readonly #left = new Map<string, Left>();
  #dropped = 0;

  constructor(links: Links, emit: (event: PeerEvent) => void) {
    this.#links = links;
    this.#emit = emit;
  }

  /** How many posts gave way since their link was too slow, or waited for one when that was closed. */
  get dropped(): number {
    return this.#dropped;
  }

  /** How many links take posts. */
  get size(): number {
    let size = 0;
    for (const { takesPosts } of this.#byNumber.values()) if (takesPosts) size++;
    return size;
  }

  /** All of them. */
  *all(): Generator<Connection> {
    for (const { connection } of this.#byNumber.values()) yield connection;
  }

  /** The link to a peer, by its base32 id; null where there is none. */
  of(peer: string): Connection | null {
    return this.#byPeer.get(peer)?.connection ?? null;
  }

  /** A member is linked: it is told that posts are taken here. */
  opened(connection: Connection, now: Now): void {
    const gone = goneBy(connection);
    const { queue, dropped } = this.#takeLeft(connection.peer, now);
    const link = { connection, queue, takesPosts: false, untoldDrops: dropped, isDropping: false, gone };
    this.#byNumber.set(connection.number, link);
    this.#byPeer.set(connection.peer, link);
    this.#links.send(connection.number, { type: "topics" }, "control");
  }

  /** The other side takes posts. */
  takes(connection: Connection): void {
    const link = this.#byNumber.get(connection.number);
    if (link === undefined) return;
    link.takesPosts = true;
    this.#slow(link, link.untoldDrops);
    this.#fill(link);
  }

  /**
   * A link is over. Where another one to the same peer takes its place, that sends what waits, and what may have been
   * under way by a relayed or punched one; who got it already knows it. A punched one ends without a word where its hole
   * closes.
   */
  closed(connection: Connection, reason: CloseReason, now: Now): void {
    const { number, peer } = connection;
    const link = this.#byNumber.get(number);
    if (link === undefined) return;
    this.#byNumber.delete(number);
    if (this.#byPeer.get(peer) === link) this.#byPeer.delete(peer);
    const { gone, queue: waiting } = link;
    if (reason !== "duplicate_link" && !(isPunched(connection) && LOST.includes(reason))) {
      if (link.takesPosts) this.#drop(peer, countOf(waiting), "link_closed");
      return;
    }
    // Of an earlier one of which nobody took what it left.
    this.#forget(peer);
    this.#left.set(peer, { gone, waiting, untilMs: now.monotonicMs + RELAYED_POSTS_KEPT_MS });
  }

  /** Queues a batch for a link. */
  send(connection: Connection, batch: OutgoingBatch): void {
    const link = this.#byNumber.get(connection.number);
    if (link === undefined) return;
    const dropped = link.queue.push(batch);
    if (!link.takesPosts) {
      link.untoldDrops += dropped;
      return;
    }
    this.#slow(link, dropped);
    this.#fill(link);
  }

  /** The socket of a link takes more. */
  drained(connection: Connection): void {
    const link = this.#byNumber.get(connection.number);
    if (link?.takesPosts) this.#fill(link);
  }

  /** Whether who publishes may go on: little waits for the fastest link, or for the one that it goes by. */
  hasRoom(to: string | null): boolean {
    let leastBytes = Infinity;
    const link = to === null ? undefined : this.#byPeer.get(to);
    for (const { queue, takesPosts } of link === undefined ? this.#byNumber.values() : [link]) {
      if (takesPosts) leastBytes = Math.min(leastBytes, queue.sizeBytes);
    }
    return leastBytes === Infinity || leastBytes <= RESUME_POSTS_BYTES;
  }

  /** Few posts lie in the lane of live data at a time, which go out in the order in which they were queued there. */
  #fill(link: PostLink): void {
    const { connection, queue } = link;
    while (connection.link.liveQueuedBytes < MAX_LIVE_POSTS_BYTES) {
      const batch = queue.next();
      if (batch === null) {
        link.isDropping = false;
        return;
      }
      this.#links.send(connection.number, batch.message, "live");
      link.gone?.push(batch);
    }
  }

  /** A queue for a new link, with what the one before left; and how many posts of that found no room. */
  #takeLeft(peer: string, now: Now): { queue: PostQueue; dropped: number } {
    for (const [other, { untilMs }] of this.#left) if (untilMs < now.monotonicMs) this.#forget(other);
    const left = this.#left.get(peer);
    this.#left.delete(peer);
    // What has gone already is not to be in the way of what waits.
    const queue = new PostQueue(MAX_POST_QUEUE_BYTES + (left?.gone?.sizeBytes ?? 0));
    let dropped = 0;
    for (const waiting of left === undefined ? [] : [left.gone, left.waiting]) {
      for (let batch = waiting?.next(); batch; batch = waiting?.next()) dropped += queue.push(batch);
    }
    return { queue, dropped };
  }

  /** Nobody took what a link left: what has gone may have come, what waited has not. */
  #forget(peer: string): void {
    const left = this.#left.get(peer);
    this.#left.delete(peer);
    if (left !== undefined) this.#drop(peer, countOf(left.waiting), "link_closed");
  }

  #slow(link: PostLink, dropped: number): void {
    link.untoldDrops = 0;
    if (dropped === 0) return;
    this.#drop(link.connection.peer, dropped, "slow_link", link.isDropping);
    link.isDropping = true;
  }

  #drop(peer: string, count: number, reason: Dropped, isTold = false): void {
    this.#dropped += count;
    if (count === 0 || isTold) return;
    this.#emit({ name: "messages_dropped", level: "warning", reason, fields: { peer } });
  }
}

/** What is to be remembered of what goes by a link; null for nothing. */
function goneBy(connection: Connection): PostQueue | null {
  const path = pathOf(connection);
  if (path === "relayed") return new PostQueue(MAX_RELAYED_POSTS_BYTES);
  return path === "punched" ? new PostQueue(MAX_PUNCHED_POSTS_BYTES) : null;
}

/** How many posts wait in a queue, which is empty then. */
function countOf(queue: PostQueue): number {
  let count = 0;
  for (let batch = queue.next(); batch !== null; batch = queue.next()) count += batch.posts;
  return count;
}
