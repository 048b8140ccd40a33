import { assertEquals } from "@std/assert";
import { CHECKERS } from "./checks.ts";
import { PLANTS } from "./plants.ts";
import { runSeed } from "./run_seed.ts";

const MAX_SEEDS = 60;

for (const [name, { checker, finding }] of Object.entries(PLANTS)) {
  Deno.test(`the planted bug ${name} is found by ${checker ?? "the end"} within ${MAX_SEEDS} seeds`, () => {
    for (let seed = 1; seed <= MAX_SEEDS; seed++) {
      const { error } = runSeed(seed, { plant: name, isTraced: false });
      if (error instanceof Error && finding.test(error.message)) return;
    }
    throw new Error("it was not found");
  });
}

Deno.test("for each checker there is a bug that it finds", () => {
  const shown = Object.values(PLANTS).flatMap(({ checker }) => checker ?? []);
  assertEquals([...new Set(shown)].sort(), [...CHECKERS].sort());
});
