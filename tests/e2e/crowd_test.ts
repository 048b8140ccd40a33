import { assert, assertEquals } from "@std/assert";
import { measureCrowd } from "../../scripts/crowd/measure.ts";

Deno.test("eight processes gather in one space, agree on what is written, and go on when half of them are killed", async () => {
  const lines: string[] = [];
  // It fails by itself where anything written is not held by all.
  const figures = await measureCrowd({ peers: 8, seen: 8, writes: 80, writers: 4 }, (line) => lines.push(line));
  assertEquals([figures.killed, lines.length], [4, 7]);
  assert(figures.seenByAllMs.p50 >= figures.seenMs.p50);
});
