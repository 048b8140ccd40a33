import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { MAX_CLOCK_AHEAD_MS } from "../../lib/base/limits.ts";
import { HybridClock } from "../../lib/data/clock.ts";
import { compareStamps, type Stamp } from "../../lib/wire/transaction.ts";

Deno.test("the clock follows the wall, and counts where that stands still or falls back", () => {
  const clock = new HybridClock();
  assertEquals(clock.next(1000.9), { ms: 1000, count: 0 });
  assertEquals(clock.next(1000), { ms: 1000, count: 1 });
  assertEquals(clock.next(5), { ms: 1000, count: 2 });
  assertEquals(clock.next(1001), { ms: 1001, count: 0 });
});

Deno.test("the clock borrows a millisecond when its counter is full", () => {
  const clock = new HybridClock({ ms: 7, count: 0xffff });
  assertEquals(clock.next(0), { ms: 8, count: 0 });
});

Deno.test("the clock takes any wall clock: before 1970, and behind the last stamp there is", () => {
  const clock = new HybridClock();
  assertEquals(clock.next(-5), { ms: 0, count: 1 });
  assertEquals(clock.next(2 ** 60), { ms: 2 ** 48 - 1, count: 0 });
});

Deno.test("the clock goes on behind a stamp that it took in", () => {
  const clock = new HybridClock();
  assert(clock.observe({ ms: 2000, count: 3 }, 1000));
  assertEquals(clock.next(1000), { ms: 2000, count: 4 });
  assert(clock.observe({ ms: 1, count: 9 }, 1000));
  assertEquals(clock.last, { ms: 2000, count: 4 });
});

Deno.test("a stamp too far ahead is told, and not taken in", () => {
  const clock = new HybridClock();
  assertEquals(clock.observe({ ms: 1000 + MAX_CLOCK_AHEAD_MS, count: 0 }, 1000), true);
  const before = clock.last;
  assertEquals(clock.observe({ ms: 1000 + MAX_CLOCK_AHEAD_MS + 1, count: 0 }, 1000), false);
  assertEquals(clock.last, before);
});

Deno.test("stamps rise, whatever the wall clock does and whatever comes in", () => {
  const wall = fc.integer({ min: -1000, max: 2_000_000 });
  const step = fc.oneof(
    fc.record({ wall }),
    fc.record({ wall, stamp: fc.record({ ms: fc.nat(2_000_000), count: fc.nat(0xffff) }) }),
  );
  fc.assert(fc.property(fc.array(step), (steps) => {
    const clock = new HybridClock();
    let last: Stamp = { ms: 0, count: 0 };
    for (const taken of steps) {
      if ("stamp" in taken) clock.observe(taken.stamp as Stamp, taken.wall);
      else {
        const next = clock.next(taken.wall);
        assert(compareStamps(next, last) > 0);
        last = next;
      }
    }
  }));
});
