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
import { isBreak, isDirect, pathOf } from "./path.ts";
import { type OutgoingBatch, PostQueue } from "./post_queue.ts";

/** A member's link as posts see it. */
interface PostLink {
  readonly connection: Connection;
  readonly queue: PostQueue;
  /** Whether the other side has said that it takes posts; until then they wait. */
  takesPosts: boolean;
  /** Posts that gave way before that. */
  untoldDrops: number;
  isDropping: boolean;
  /** What went by it last: some may not have come when another link takes its place. Null where none will. */
  gone: PostQueue | null;
  /** When none will any more: of two direct links that both ends made at the same time one goes at once. */
  readonly settledMs: number;
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
  /** Those that another one may take the place of, but not for long. */
  readonly #unsettled = new Set<PostLink>();
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

  /**
   * A link to a peer, by its base32 id, ended just now, and the one that takes its place has yet to come.
   *
   * @returns until when that is waited for, in monotonic ms; null where there is none to wait for.
   */
  awaitedUntilMs(peer: string): number | null {
    return this.#left.get(peer)?.untilMs ?? null;
  }

  /** A member is linked: it is told that posts are taken here. */
  opened(connection: Connection, now: Now): void {
    const path = pathOf(connection);
    const gone = new PostQueue(path === "punched" ? MAX_PUNCHED_POSTS_BYTES : MAX_RELAYED_POSTS_BYTES);
    const isReplaced = path === "relayed" || path === "punched";
    const settledMs = isReplaced ? Infinity : now.monotonicMs + RELAYED_POSTS_KEPT_MS;
    const { queue, dropped } = this.#takeLeft(connection.peer);
    const link = { connection, queue, takesPosts: false, untoldDrops: dropped, isDropping: false, gone, settledMs };
    this.#byNumber.set(connection.number, link);
    this.#byPeer.set(connection.peer, link);
    if (!isReplaced) this.#unsettled.add(link);
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
   * under way by this one; who got it already knows it. A punched one ends without a word where its hole closes, and a
   * relayed one where the link that carries it ends.
   */
  closed(connection: Connection, reason: CloseReason, now: Now): void {
    const { number, peer } = connection;
    const link = this.#byNumber.get(number);
    if (link === undefined) return;
    this.#byNumber.delete(number);
    this.#unsettled.delete(link);
    if (this.#byPeer.get(peer) === link) this.#byPeer.delete(peer);
    const { gone, queue: waiting } = link;
    if (reason !== "duplicate_link" && (isDirect(connection) || !isBreak(reason))) {
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

  /**
   * Keeps a batch for the link that takes the place of one to a peer that ended just now: what comes by another way
   * meanwhile would come before what that link left.
   *
   * @returns whether such a link is waited for.
   */
  keep(peer: string, batch: OutgoingBatch): boolean {
    const left = this.#left.get(peer);
    if (left === undefined) return false;
    this.#drop(peer, left.waiting.push(batch), "slow_link");
    return true;
  }

  /**
   * Does what is due.
   *
   * @returns what is for a peer alone, and was kept for a link to it that has not come in time: it may go by others.
   */
  tick(now: Now): OutgoingBatch[] {
    for (const link of this.#unsettled) {
      if (link.settledMs > now.monotonicMs) continue;
      link.gone = null;
      this.#unsettled.delete(link);
    }
    const unclaimed: OutgoingBatch[] = [];
    for (const [peer, { waiting, untilMs }] of this.#left) {
      if (untilMs > now.monotonicMs) continue;
      this.#left.delete(peer);
      let dropped = 0;
      for (let batch = waiting.next(); batch !== null; batch = waiting.next()) {
        if (batch.message.type === "sealed_posts" && this.#byNumber.size > 0) unclaimed.push(batch);
        else dropped += batch.posts;
      }
      this.#drop(peer, dropped, "link_closed");
    }
    return unclaimed;
  }

  /** The monotonic time in ms at which `tick` is due. */
  deadline(): number {
    let deadline = Infinity;
    for (const { untilMs } of this.#left.values()) deadline = Math.min(deadline, untilMs);
    for (const { settledMs } of this.#unsettled) deadline = Math.min(deadline, settledMs);
    return deadline;
  }

  /** The socket of a link takes more. */
  drained(connection: Connection): void {
    const link = this.#byNumber.get(connection.number);
    if (link?.takesPosts) this.#fill(link);
  }

  /** Whether who publishes may go on: little waits for the fastest link, or for the one that it goes by. */
  hasRoom(to: string | null): boolean {
    const left = to === null ? undefined : this.#left.get(to);
    if (left !== undefined) return left.waiting.sizeBytes <= RESUME_POSTS_BYTES;
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
  #takeLeft(peer: string): { queue: PostQueue; dropped: number } {
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

/** How many posts wait in a queue, which is empty then. */
function countOf(queue: PostQueue): number {
  let count = 0;
  for (let batch = queue.next(); batch !== null; batch = queue.next()) count += batch.posts;
  return count;
}
