import { runSeeds } from "./seeds.ts";

// Two files, so that they run side by side.
Deno.test("networks of 3 to 7 peers keep every write through faults, and heal: seeds 101 to 200", () => {
  runSeeds(101, 200);
});
