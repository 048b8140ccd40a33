import { runSeeds } from "./seeds.ts";

// See seeds_a_test.ts.
Deno.test("networks keep every acknowledged write through faults, and heal: seeds 1,001 to 2,000", () => {
  runSeeds(1001, 2000);
});
