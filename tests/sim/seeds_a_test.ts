import { runSeeds } from "./seeds.ts";

// Two files, so that they run side by side.
Deno.test("networks of 3 to 7 peers keep every write through faults, and heal: seeds 1 to 100", () => {
  runSeeds(1, 100);
});
