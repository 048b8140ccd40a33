import { runSeed } from "./run_seed.ts";

/** Some 0.2 s each. */
const LAST_SEED = 10;

Deno.test(`with a DHT that says much that is wrong, all is as well as elsewhere: seeds 1 to ${LAST_SEED}`, () => {
  for (let seed = 1; seed <= LAST_SEED; seed++) {
    const { error } = runSeed(seed, { dht: true, isTraced: false });
    if (error !== null) throw new Error(`run it again: deno task sim --seed ${seed} --dht`, { cause: error });
  }
});
