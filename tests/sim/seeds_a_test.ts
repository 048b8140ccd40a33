import { runSeeds } from "./seeds.ts";

// 2,000 seeds in two files, so that they run side by side: about 0.22 s each, 4 of CI's 15 minutes on two idle cores.
Deno.test("networks keep every acknowledged write through faults, and heal: seeds 1 to 1,000", () => {
  runSeeds(1, 1000);
});
