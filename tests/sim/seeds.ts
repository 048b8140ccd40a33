import { runSeed } from "./run_seed.ts";

/** Simulates a range of seeds; throws at the first that fails, with the command that runs it again. */
export function runSeeds(from: number, to: number): void {
  for (let seed = from; seed <= to; seed++) {
    const { error } = runSeed(seed);
    if (error !== null) throw new Error(`run it again: deno task sim --seed ${seed}`, { cause: error });
  }
}
