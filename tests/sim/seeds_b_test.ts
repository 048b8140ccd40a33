import { runSeeds } from "./seeds.ts";

// Two files, so that they run side by side.
Deno.test("networks keep every acknowledged write through faults, and heal: seeds 101 to 200", () => {
  runSeeds(101, 200);
});
