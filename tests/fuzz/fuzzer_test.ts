import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Coverage } from "./coverage.ts";
import { foundText, Fuzzer } from "./fuzzer.ts";

/** That the fuzzer finds what it is there to find. */
const SEED = 4;

const coverage = await Coverage.start((url) => url.endsWith("/tests/fuzz/planted.ts"));
const { PLANTED, ENDLESS, GREEDY, BLOATED } = await import("./planted.ts");

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
  const inputs = async () => {
    const seen: string[] = [];
    const spied = {
      ...PLANTED,
      run: (input: Uint8Array) => {
        seen.push(input.toHex());
        return PLANTED.run(input);
      },
    };
    await new Fuzzer(coverage, spied, SEED).run({ runs: 300, atMs: Infinity });
    return seen.slice(0, 200);
  };
  assertEquals(await inputs(), await inputs());
});
