import { runSeeds } from "./seeds.ts";

// Two files, so that they run side by side.
Deno.test("networks keep every acknowledged write through faults, and heal: seeds 1 to 100", () => {
  runSeeds(1, 100);
});
