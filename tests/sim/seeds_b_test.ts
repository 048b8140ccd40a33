import { runSeeds } from "./seeds.ts";

// See seeds_a_test.ts.
Deno.test("networks keep every acknowledged write through faults, and heal: seeds 101 to 200", () => {
  runSeeds(101, 200);
});
