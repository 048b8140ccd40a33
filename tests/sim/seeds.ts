import { assert } from "@std/assert";
import { HAPPENINGS } from "./faults.ts";
import { runSeed } from "./run_seed.ts";

/** How many of 100 seeds each thing that can befall a network has to come about in. */
const LEAST_OF_100 = 1;

/**
 * Simulates a range of seeds, many of them.
 *
 * @throws at the first that fails, with the command that runs it again; and where of all that can befall a network
 * something comes about in too few of them.
 */
export function runSeeds(from: number, to: number): void {
  const seedsWith = new Map<string, number>();
  for (let seed = from; seed <= to; seed++) {
    const { error, happenings } = runSeed(seed, { isTraced: false });
    if (error !== null) throw new Error(`run it again: deno task sim --seed ${seed}`, { cause: error });
    for (const what of happenings) seedsWith.set(what, (seedsWith.get(what) ?? 0) + 1);
  }
  const least = (to - from + 1) * LEAST_OF_100 / 100;
  for (const what of HAPPENINGS) {
    const count = seedsWith.get(what) ?? 0;
    assert(count >= least, `in ${count} seeds from ${from} to ${to}: ${what}`);
  }
}
