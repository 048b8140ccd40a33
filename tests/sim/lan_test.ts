import { runSeed } from "./run_seed.ts";

/** Some 0.2 s each. */
const LAST_SEED = 25;

Deno.test(`on a local network, where peers find each other, all is as well as elsewhere: seeds 1 to ${LAST_SEED}`, () => {
  for (let seed = 1; seed <= LAST_SEED; seed++) {
    const { error } = runSeed(seed, { lan: true, isTraced: false });
    if (error !== null) throw new Error(`run it again: deno task sim --seed ${seed} --lan`, { cause: error });
  }
});
