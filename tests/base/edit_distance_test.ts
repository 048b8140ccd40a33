import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { editDistance } from "../../lib/base/edit_distance.ts";

Deno.test("each slip counts one", () => {
  assertEquals(editDistance("status", "status"), 0);
  assertEquals(editDistance("statu", "status"), 1);
  assertEquals(editDistance("sttatus", "status"), 1);
  assertEquals(editDistance("stauts", "status"), 1);
  assertEquals(editDistance("statis", "status"), 1);
  assertEquals(editDistance("", "abc"), 3);
  assertEquals(editDistance("kitten", "sitting"), 3);
});

Deno.test("the distance is symmetric, and at most the longer text", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 8 });
  fc.assert(fc.property(text, text, (a, b) => {
    const distance = editDistance(a, b);
    assertEquals(distance, editDistance(b, a));
    assertEquals(distance === 0, a === b);
    assertEquals(distance <= Math.max(a.length, b.length), true);
  }));
});
