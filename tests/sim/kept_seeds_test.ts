import { KEPT_SEEDS } from "./kept_seeds.ts";
import { runSeed } from "./run_seed.ts";

for (const { seed, habits, found } of KEPT_SEEDS) {
  Deno.test(`seed ${seed}, which once failed, is well: ${found}`, () => {
    const { error } = runSeed(seed, { habits, isTraced: false });
    if (error !== null) throw error;
  });
}
