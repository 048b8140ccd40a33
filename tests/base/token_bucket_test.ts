import { assertEquals } from "@std/assert";
import { TokenBucket } from "../../lib/base/token_bucket.ts";

Deno.test("a token bucket lets a burst through, and then what its rate allows", () => {
  const bucket = new TokenBucket(10, 30, 1000);
  const taken = (cost: number, nowMs: number) => {
    let count = 0;
    while (bucket.take(cost, nowMs)) count++;
    return count;
  };
  assertEquals(taken(1, 1000), 30);
  assertEquals(taken(1, 1050), 0);
  assertEquals(taken(1, 1250), 2, "a half is kept");
  assertEquals(taken(1, 1300), 1);
  assertEquals(bucket.isFull(4200), false);
  assertEquals(bucket.isFull(4300), true);
  assertEquals(taken(7, 60_000), 4, "it holds no more than the burst");
});

Deno.test("a token bucket takes nothing where it holds less than the cost, nor from a clock that runs back", () => {
  const bucket = new TokenBucket(1, 10, 5000);
  assertEquals([bucket.take(11, 5000), bucket.take(10, 5000)], [false, true]);
  assertEquals([bucket.take(1, 4000), bucket.take(1, 5999), bucket.take(1, 6000)], [false, false, true]);
});
