import { assert, assertEquals } from "@std/assert";
import { Pacer } from "../../lib/base/pacer.ts";

Deno.test("what goes is spread over time, but for a burst", () => {
  const pacer = new Pacer(1000, 50);
  const gone: number[] = [];
  for (let nowMs = 0; nowMs < 1000; nowMs++) {
    while (pacer.readyAtMs <= nowMs) {
      pacer.take(10, nowMs);
      gone.push(nowMs);
    }
  }
  assertEquals(gone.filter((ms) => ms === 0).length, 6, "50 ms' worth, and the one that is under way");
  assert(gone.length * 10 <= 1000 + 60 && gone.length * 10 >= 1000, `${gone.length}`);
});

Deno.test("after a rest no more goes at once than a burst", () => {
  const pacer = new Pacer(1000, 0);
  pacer.take(10, 0);
  assertEquals(pacer.readyAtMs, 10);
  pacer.take(500, 100_000);
  assertEquals(pacer.readyAtMs, 100_500);
});
