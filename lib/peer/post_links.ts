import type { Now } from "../base/clock.ts";
import type { CloseReason } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import {
  MAX_LIVE_POSTS_BYTES,
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
  isDropping: boolean;
  /** Of a relayed or punched link what went by it last: some may not have come when another one takes its place. */
  readonly gone: PostQueue | null;
}

/** What such a link leaves to the one that takes its place. */
interface Left {
  readonly queues: readonly PostQueue[];
  readonly untilMs: number;
}

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

  /** How many posts gave way since their link was too slow. */
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
    const path = pathOf(connection);
    const gone = path === "relayed" || path === "punched" ? new PostQueue(MAX_RELAYED_POSTS_BYTES) : null;
    const link = {
      connection,
      queue: this.#takeLeft(connection.peer, now),
      takesPosts: false,
      isDropping: false,
      gone,
    };
    this.#byNumber.set(connection.number, link);
    this.#byPeer.set(connection.peer, link);
    this.#links.send(connection.number, { type: "topics" }, "control");
  }

  /** The other side takes posts. */
  takes(connection: Connection): void {
    const link = this.#byNumber.get(connection.number);
    if (link === undefined) return;
    link.takesPosts = true;
    this.#fill(link);
  }

  /**
   * A link is over. Where another one to the same peer takes the place of a relayed or punched one, that sends what may
   * have been under way, and who got it already knows it. A punched one ends without a word where its hole closes.
   */
  closed(connection: Connection, reason: CloseReason, now: Now): void {
    const link = this.#byNumber.get(connection.number);
    this.#byNumber.delete(connection.number);
    const isReplaced = reason === "duplicate_link" || (isPunched(connection) && LOST.includes(reason));
    if (isReplaced && link !== undefined && link.gone !== null) {
      const untilMs = now.monotonicMs + RELAYED_POSTS_KEPT_MS;
      this.#left.set(connection.peer, { queues: [link.gone, link.queue], untilMs });
    }
    if (this.#byPeer.get(connection.peer) === link) this.#byPeer.delete(connection.peer);
  }

  /** Queues a batch for a link. */
  send(connection: Connection, batch: OutgoingBatch): void {
    const link = this.#byNumber.get(connection.number);
    if (link === undefined) return;
    const dropped = link.queue.push(batch);
    if (link.takesPosts) {
      if (dropped > 0) this.#slow(link, dropped);
      this.#fill(link);
    }
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

  #takeLeft(peer: string, now: Now): PostQueue {
    const queue = new PostQueue();
    const left = this.#left.get(peer);
    this.#left.delete(peer);
    for (const [other, { untilMs }] of this.#left) if (untilMs < now.monotonicMs) this.#left.delete(other);
    if (left === undefined || left.untilMs < now.monotonicMs) return queue;
    for (const waiting of left.queues) {
      for (let batch = waiting.next(); batch !== null; batch = waiting.next()) queue.push(batch);
    }
    return queue;
  }

  #slow(link: PostLink, dropped: number): void {
    this.#dropped += dropped;
    const wasDropping = link.isDropping;
    link.isDropping = true;
    if (wasDropping) return;
    const fields = { peer: link.connection.peer };
    this.#emit({ name: "messages_dropped", level: "warning", reason: "slow_link", fields });
  }
}
