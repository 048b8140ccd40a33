import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  MAX_HELD_BATCHES,
  MAX_POST_QUEUE_BYTES,
  MAX_SENDER_RUNS,
  MAX_SUBSCRIPTION_BYTES,
  MAX_SUBSCRIPTION_POSTS,
  POST_HOLD_MS,
} from "../../lib/base/limits.ts";
import { PostOrder } from "../../lib/peer/post_order.ts";
import { PostQueue } from "../../lib/peer/post_queue.ts";
import { Subscription, takesTopic } from "../../lib/peer/subscription.ts";
import { at } from "../link/pair.ts";

const SIZE = { sizeBytes: 100 };
const numbers = (list: { batch: { first: number }; skipped: number; missed: number }[]) =>
  list.map(({ batch, skipped, missed }) => [batch.first, skipped, missed]);

Deno.test("posts: a batch that comes again, or late, is skipped; what never came is counted", () => {
  const order = new PostOrder();
  const take = (first: number, count: number) => numbers(order.take("s", "r", { first, count, ...SIZE }, false, at(0)));
  assertEquals(take(5, 2), [[5, 0, 0]], "what was before the first one was not missed");
  assertEquals(take(7, 1), [[7, 0, 0]]);
  assertEquals(take(7, 1), [[7, 1, 0]]);
  assertEquals(take(5, 4), [[5, 3, 0]]);
  assertEquals(take(12, 1), [[12, 0, 3]]);
  assertEquals(take(9, 3), [[9, 3, 0]]);
});

Deno.test("posts: what comes too early is held for what is before it, and no longer than a moment", () => {
  const order = new PostOrder();
  const take = (first: number, nowMs: number) =>
    numbers(order.take("s", "r", { first, count: 1, ...SIZE }, true, at(nowMs)));
  assertEquals(take(1, 0), [[1, 0, 0]]);
  assertEquals(take(4, 10), []);
  assertEquals(take(3, 20), []);
  assertEquals(order.deadline(), 10 + POST_HOLD_MS);
  assertEquals(take(2, 30), [[2, 0, 0], [3, 0, 0], [4, 0, 0]]);
  assertEquals(order.deadline(), Infinity);
  assertEquals(take(7, 40), []);
  assertEquals(take(9, 50), []);
  assertEquals(order.tick(at(39 + POST_HOLD_MS)), []);
  assertEquals(numbers(order.tick(at(40 + POST_HOLD_MS))), [[7, 0, 2]]);
  assertEquals(order.deadline(), 40 + 2 * POST_HOLD_MS);
  assertEquals(numbers(order.tick(at(40 + 2 * POST_HOLD_MS))), [[9, 0, 1]]);
  assertEquals(order.deadline(), Infinity);
});

Deno.test("posts: no more is held than fits, and a run that is forgotten holds nothing", () => {
  const order = new PostOrder();
  const take = (run: string, first: number) => order.take("s", run, { first, count: 1, ...SIZE }, true, at(0));
  take("a", 1);
  for (let i = 0; i < MAX_HELD_BATCHES; i++) assertEquals(take("a", 3 + 2 * i), []);
  assertEquals(numbers(take("a", 3 + 2 * MAX_HELD_BATCHES)), [[3, 0, 1]]);
  for (let i = 0; i < MAX_SENDER_RUNS; i++) take(`b${i}`, 1);
  assertEquals(order.deadline(), Infinity);
  assertEquals(numbers(take("a", 3)), [[3, 0, 0]], "it begins anew");
});

Deno.test("posts: in whatever order batches come, each post is delivered once at the most, in order, or counted", () => {
  const arrivals = fc.array(fc.record({ index: fc.nat(19), waitMs: fc.nat(2 * POST_HOLD_MS) }), { maxLength: 60 });
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 20, maxLength: 20 }),
      arrivals,
      (counts, list) => {
        const order = new PostOrder<{ first: number; count: number; sizeBytes: number }>();
        let first = 1;
        const batches = counts.map((count) => {
          const batch = { first, count, sizeBytes: count };
          first += count;
          return batch;
        });
        let nowMs = 0;
        let begin: number | null = null;
        let last = 0;
        let delivered = 0;
        let missed = 0;
        const see = (ready: ReturnType<typeof order.take>) => {
          for (const { batch, skipped, missed: gap } of ready) {
            missed += gap;
            for (let number = batch.first + skipped; number < batch.first + batch.count; number++) {
              begin ??= number;
              assertEquals(number > last, true, `${number} behind ${last}`);
              last = number;
              delivered++;
            }
          }
        };
        for (const { index, waitMs } of list) {
          nowMs += waitMs;
          see(order.tick(at(nowMs)));
          see(order.take("s", "r", batches[index]!, true, at(nowMs)));
        }
        while (order.deadline() < Infinity) see(order.tick(at(nowMs = order.deadline())));
        if (begin !== null) assertEquals(delivered + missed, last - begin + 1);
      },
    ),
  );
});

Deno.test("posts: of a topic's filter", () => {
  const cases: [filter: string, topic: string, takes: boolean][] = [
    ["", "anything", true],
    ["news", "news", true],
    ["news", "news/today", true],
    ["news", "newspaper", false],
    ["news", "new", false],
    ["news/", "news", false],
    ["news/", "news/today", true],
    ["news/today", "news/today/late", true],
    ["/", "/a", true],
  ];
  for (const [filter, topic, takes] of cases) assertEquals(takesTopic(filter, topic), takes, `${filter} ${topic}`);
});

Deno.test("posts: a reader that does not read loses the oldest, and is told how many", () => {
  const post = { topic: "t", peer: "p", timeMs: 0, direct: false, question: null };
  const few = new Subscription("t", () => {});
  assertEquals(few.hasNews, false);
  const payload = new Uint8Array(MAX_SUBSCRIPTION_BYTES / 8);
  let dropped = 0;
  for (let i = 0; i < 20; i++) dropped += few.add({ ...post, timeMs: i, payload });
  assertEquals(few.hasNews, true);
  const news = few.take();
  assertEquals([news.dropped, news.posts.length], [dropped, 20 - dropped]);
  assertEquals(news.posts.map(({ timeMs }) => timeMs), Array.from({ length: 20 - dropped }, (_, i) => dropped + i));
  assertEquals([few.hasNews, few.take()], [false, { dropped: 0, missed: [], posts: [] }]);
  const many = new Subscription("t", () => {});
  for (let i = 0; i < MAX_SUBSCRIPTION_POSTS + 10_000; i++) {
    many.add({ ...post, timeMs: i, payload: new Uint8Array(0) });
  }
  const { posts, dropped: given } = many.take();
  assertEquals([posts.length, given, posts[0]?.timeMs], [MAX_SUBSCRIPTION_POSTS, 10_000, 10_000]);
  many.missed("a", 2);
  many.missed("a", 3);
  assertEquals([many.hasNews, many.take().missed], [true, [{ peer: "a", count: 5 }]]);
});

Deno.test("posts: a link's queue is bounded, and the oldest give way", () => {
  const queue = new PostQueue();
  const batch = (posts: number) => {
    const message = {
      type: "posts",
      batch: new Uint8Array(MAX_POST_QUEUE_BYTES / 4),
      signature: new Uint8Array(64),
    } as const;
    return { message, posts };
  };
  assertEquals([1, 2, 3, 4, 5, 6].map((posts) => queue.push(batch(posts))), [0, 0, 0, 0, 1, 2]);
  assertEquals(queue.sizeBytes, MAX_POST_QUEUE_BYTES);
  assertEquals([3, 4, 5, 6].map(() => queue.next()?.posts), [3, 4, 5, 6]);
  assertEquals([queue.next(), queue.sizeBytes], [null, 0]);
});
