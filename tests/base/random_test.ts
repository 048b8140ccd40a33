import { assert as assertTrue, assertEquals, assertThrows } from "@std/assert";
import { assert, unreachable } from "../../lib/base/assert.ts";
import { type Random, randomBelow } from "../../lib/base/random.ts";

function always(byte: number): Random {
  return { bytes: (size) => new Uint8Array(size).fill(byte) };
}

Deno.test("a random integer stays below its limit, at both ends of the bytes", () => {
  for (const limit of [1, 2, 10, 1000, 2 ** 32]) {
    assertEquals(randomBelow(always(0), limit), 0);
    assertEquals(randomBelow(always(255), limit), (2 ** 48 - 1) % limit);
    assertTrue(randomBelow(always(255), limit) < limit);
  }
});

Deno.test("a random integer takes every value", () => {
  let next = 0;
  const counting: Random = { bytes: (size) => new Uint8Array(size).fill(0).with(size - 1, next++) };
  const values = new Set(Array.from({ length: 256 }, () => randomBelow(counting, 7)));
  assertEquals([...values].sort(), [0, 1, 2, 3, 4, 5, 6]);
});

Deno.test("a broken invariant says what was broken", () => {
  assert(true, "fine");
  assertThrows(() => assert(false, "one home, one peer"), Error, "broken invariant: one home, one peer");
  assertThrows(() => unreachable("otter" as never), Error, 'unexpected "otter"');
});
