import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { runSeed } from "./run_seed.ts";

Deno.test("the same seed does the same, and another one something else", () => {
  const first = runSeed(3);
  assertEquals(runSeed(3), first);
  assertNotEquals(runSeed(4).traceHash, first.traceHash);
  assert(first.error === null);
});
