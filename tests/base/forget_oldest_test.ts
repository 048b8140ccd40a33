import { assertEquals } from "@std/assert";
import { forgetOldest } from "../../lib/base/forget_oldest.ts";

Deno.test("of a map beyond its limit the entry that was set first goes, and no other", () => {
  const map = new Map([["b", 1], ["a", 2], ["c", 3]]);
  forgetOldest(map, 3);
  assertEquals([...map.keys()], ["b", "a", "c"]);
  forgetOldest(map, 2);
  assertEquals([...map.keys()], ["a", "c"]);
});
