import { assert, assertMatch } from "@std/assert";
import { runSeed } from "./run_seed.ts";
import type { Plant } from "./world.ts";

const PLANTS: readonly (readonly [Plant, RegExp])[] = [
  ["ack_before_commit", /lost the (?:put|del) of \S+ that peer \d+ acknowledged/],
  ["skip_signature", /applied the forged transaction|signature is wrong/],
];

for (const [plant, finding] of PLANTS) {
  Deno.test(`the planted bug ${plant} is found within 200 seeds`, () => {
    for (let seed = 1; seed <= 200; seed++) {
      const { error } = runSeed(seed, { plant });
      if (error === null) continue;
      assert(error instanceof Error);
      assertMatch(error.message, finding, `seed ${seed}`);
      return;
    }
    throw new Error("it was not found");
  });
}
