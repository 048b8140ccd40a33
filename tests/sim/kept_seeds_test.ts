import { KEPT_SEEDS } from "./kept_seeds.ts";
import { runSeeds } from "./seeds.ts";

for (const { seed, found } of KEPT_SEEDS) {
  Deno.test(`seed ${seed}, which once failed, is well: ${found}`, () => runSeeds(seed, seed));
}
