import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Coverage } from "./coverage.ts";
import { foundText, Fuzzer } from "./fuzzer.ts";
import { isFuzzed, loadTargets } from "./targets.ts";

/**
 * Every decoder, for as long as CI has time: few inputs, always the same ones. `deno task fuzz` goes on where this
 * ends.
 */
const SEED = 4;
const FEW_RUNS = 1000;

const isWatched = (url: string) => isFuzzed(url) || url.endsWith("/tests/fuzz/planted.ts");
const coverage = await Coverage.start(isWatched);
const { PLANTED, ENDLESS, GREEDY, BLOATED } = await import("./planted.ts");
const targets = await loadTargets();

for (const target of targets) {
  Deno.test(`fuzz: nothing breaks ${target.name}`, async () => {
    const { found, runs } = await new Fuzzer(coverage, target, SEED).run({
      runs: target.fewRuns ?? FEW_RUNS,
      atMs: Infinity,
    });
    target.close?.();
    assertEquals(found === null ? "" : foundText(found), "");
    assert(runs > 0);
  });
}

Deno.test("fuzz: coverage leads to a defect that chance alone would never find", async () => {
  const { found } = await new Fuzzer(coverage, PLANTED, SEED).run({ runs: 400_000, atMs: Infinity });
  assert(found !== null);
  assertEquals([...found.input.subarray(0, 4)], [0x6b, 0x69, 0x74, 0x68]);
  assertStringIncludes(foundText(found), "the planted defect");
});

for (
  const [target, what] of [[ENDLESS, "steps"], [GREEDY, "bytes were allocated"], [BLOATED, "items came"]] as const
) {
  Deno.test(`fuzz: ${target.name} code is found`, async () => {
    const { found } = await new Fuzzer(coverage, target, SEED).run({ runs: 20_000, atMs: Infinity });
    assertStringIncludes(found === null ? "" : foundText(found), what);
    assertEquals(found?.input[0], 0xff);
  });
}

Deno.test("fuzz: the same seed gives the same inputs", async () => {
  const [target] = targets;
  assert(target !== undefined);
  const inputs = async () => {
    const seen: string[] = [];
    const spied = {
      ...target,
      run: (input: Uint8Array) => {
        seen.push(input.toHex());
        return target.run(input);
      },
    };
    await new Fuzzer(coverage, spied, SEED).run({ runs: 300, atMs: Infinity });
    return seen.slice(0, 200);
  };
  assertEquals(await inputs(), await inputs());
});
