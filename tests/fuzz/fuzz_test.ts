import { assertEquals } from "@std/assert";
import { Coverage } from "./coverage.ts";
import { foundText, Fuzzer } from "./fuzzer.ts";
import { isFuzzed, PARTS } from "./targets.ts";

/**
 * Every decoder, for as long as CI has time: inputs made from those that coverage led to before, always the same ones.
 * `deno task fuzz` looks for more.
 */
const SEED = 4;
const FEW_RUNS = 2000;

const coverage = await Coverage.start(isFuzzed);
const parts = await Promise.all(PARTS.map((part) => part.load()));

for (const target of parts.flatMap(({ TARGETS }) => TARGETS)) {
  Deno.test(`fuzz: nothing breaks ${target.name}`, async () => {
    const { found } = await new Fuzzer(coverage, target, SEED, false).run({
      runs: target.fewRuns ?? FEW_RUNS,
      atMs: Infinity,
    });
    assertEquals(found === null ? "" : foundText(found), "");
  });
}

Deno.test("fuzz: every target is found by its name", () => {
  assertEquals(parts.map(({ TARGETS }) => TARGETS.map(({ name }) => name)), PARTS.map(({ names }) => [...names]));
});
