import { assertEquals } from "@std/assert";
import type { CloseReason } from "../../lib/base/errors.ts";
import {
  MAX_LIVE_POSTS_BYTES,
  MAX_POST_QUEUE_BYTES,
  MAX_PULL_BYTES,
  RELAYED_POSTS_KEPT_MS,
} from "../../lib/base/limits.ts";
import type { Connection, Links } from "../../lib/peer/links.ts";
import { PostLinks } from "../../lib/peer/post_links.ts";
import type { OutgoingBatch } from "../../lib/peer/post_queue.ts";
import { at } from "../link/pair.ts";

const BATCH_BYTES = 64 * 1024;
/** What QUIC takes of one stream before the other side has read it. */
const QUIC_WINDOW_BYTES = 1_250_000;
const FULL = MAX_POST_QUEUE_BYTES / BATCH_BYTES;

/** The links of a peer, whose sockets take what the test has them take. */
class PostLab {
  readonly dropped: string[] = [];
  readonly sent: string[] = [];
  readonly links = new PostLinks(
    {
      send: (number: number, { type, batch }: { type: string; batch: Uint8Array }) => {
        if (type.endsWith("posts")) this.sent.push(`${number}: ${batch[0]}`);
      },
    } as unknown as Links,
    ({ name, reason, fields }) => void this.dropped.push(`${name} ${reason} ${fields?.peer}`),
  );
  readonly #taken = { liveQueuedBytes: 0 };
  nowMs = 0;

  open(number: number, relay: string | null, takesPosts = true, address = "10.0.0.7:5484", peer = "p"): Connection {
    const connection = {
      number,
      relay,
      peer,
      address,
      link: this.#taken,
    } as unknown as Connection;
    this.links.opened(connection, at(this.nowMs));
    if (takesPosts) this.links.takes(connection);
    return connection;
  }

  close(connection: Connection, reason: CloseReason): void {
    this.links.closed(connection, reason, at(this.nowMs));
  }

  /** Sends batches of three posts each, whose first bytes are ascending. */
  send(connection: Connection, first: number, count: number): void {
    for (let i = first; i < first + count; i++) {
      const batch = { message: { type: "posts", batch: new Uint8Array(BATCH_BYTES).fill(i) }, posts: 3 };
      this.links.send(connection, batch as unknown as OutgoingBatch);
    }
  }

  set takes(takes: boolean) {
    this.#taken.liveQueuedBytes = takes ? 0 : MAX_LIVE_POSTS_BYTES;
  }
}

Deno.test("posts: what finds no room in the queue of a link is counted, also while the other side has yet to say that it takes any", () => {
  const lab = new PostLab();
  lab.takes = false;
  const link = lab.open(1, null, false);
  lab.send(link, 0, FULL + 2);
  assertEquals([lab.links.dropped, lab.dropped], [0, []], "a peer that never takes any has nothing dropped");
  lab.links.takes(link);
  assertEquals([lab.links.dropped, lab.dropped], [6, ["messages_dropped slow_link p"]]);
  lab.send(link, 0, 1);
  assertEquals([lab.links.dropped, lab.dropped.length], [9, 1]);
});

Deno.test("posts: what waits for a link that is closed is counted, unless another one takes its place in time", () => {
  const lab = new PostLab();
  lab.takes = false;
  const lost = lab.open(1, null);
  lab.send(lost, 0, 2);
  lab.close(lost, "truncated");
  assertEquals([lab.links.dropped, lab.dropped], [6, ["messages_dropped link_closed p"]]);

  for (const relay of [null, "m"]) {
    const replaced = lab.open(2, relay);
    lab.send(replaced, 10, 2);
    lab.close(replaced, "duplicate_link");
    lab.takes = true;
    const next = lab.open(3, null);
    assertEquals([lab.links.dropped, lab.sent.splice(0)], [6, ["3: 10", "3: 11"]]);
    lab.close(next, "goodbye");
    lab.takes = false;
  }

  const left = lab.open(4, "m");
  lab.send(left, 20, 1);
  lab.close(left, "duplicate_link");
  lab.nowMs = RELAYED_POSTS_KEPT_MS + 1;
  lab.links.tick(at(lab.nowMs));
  lab.takes = true;
  lab.open(5, null);
  assertEquals([lab.links.dropped, lab.sent], [9, []], "that came too late");
});

Deno.test("posts: what was under way by a relay goes again before what waits, and takes no room of that", () => {
  const lab = new PostLab();
  const relayed = lab.open(1, "m");
  lab.send(relayed, 0, 3);
  lab.takes = false;
  lab.send(relayed, 3, FULL);
  lab.sent.splice(0);
  lab.close(relayed, "duplicate_link");
  lab.takes = true;
  lab.open(2, null);
  assertEquals(lab.sent, Array.from({ length: FULL + 3 }, (_, i) => `2: ${i}`));
  assertEquals([lab.links.dropped, lab.dropped], [0, []]);
});

Deno.test("posts: of a hole that closes all goes again that QUIC may have taken, and the other side has not", () => {
  const lab = new PostLab();
  const punched = lab.open(1, null, true, "quic:203.0.113.9:1");
  const count = Math.ceil((QUIC_WINDOW_BYTES + MAX_LIVE_POSTS_BYTES + MAX_PULL_BYTES) / BATCH_BYTES);
  lab.send(punched, 0, count);
  lab.sent.splice(0);
  lab.close(punched, "silent");
  lab.open(2, "m");
  assertEquals(lab.sent, Array.from({ length: count }, (_, i) => `2: ${i}`));
});

Deno.test("posts: what is for a peer whose link is replaced waits for the one that takes its place, else goes by others", () => {
  const lab = new PostLab();
  const other = lab.open(9, null, true, "10.0.0.9:5484", "other");
  const batch = (byte: number, type = "sealed_posts") =>
    ({ message: { type, batch: new Uint8Array(BATCH_BYTES).fill(byte) }, posts: 3 }) as unknown as OutgoingBatch;
  const first = lab.open(1, null);
  assertEquals(lab.links.keep("p", batch(1)), false, "there is a link");
  lab.close(first, "duplicate_link");
  assertEquals(lab.links.keep("p", batch(2)), true);
  lab.open(2, null);
  assertEquals(lab.sent.splice(0), ["2: 2"]);

  const second = lab.open(3, "m");
  lab.close(second, "duplicate_link");
  for (const one of [batch(3), batch(4, "posts")]) assertEquals(lab.links.keep("p", one), true);
  assertEquals(lab.links.tick(at(lab.nowMs)), []);
  lab.nowMs = lab.links.deadline();
  assertEquals(lab.links.tick(at(lab.nowMs)).map(({ message: { batch } }) => batch[0]), [3]);
  assertEquals([lab.links.dropped, lab.links.keep("p", batch(5)), lab.links.of("other")], [3, false, other]);
});

Deno.test("posts: what went by a direct link goes again where another one takes its place soon, and later does not", () => {
  for (const [afterMs, again] of [[RELAYED_POSTS_KEPT_MS - 1, ["2: 7"]], [RELAYED_POSTS_KEPT_MS, []]] as const) {
    const lab = new PostLab();
    const first = lab.open(1, null);
    lab.send(first, 7, 1);
    lab.sent.splice(0);
    lab.nowMs = afterMs;
    lab.links.tick(at(lab.nowMs));
    lab.close(first, "duplicate_link");
    lab.open(2, null);
    assertEquals(lab.sent, [...again]);
  }
});
