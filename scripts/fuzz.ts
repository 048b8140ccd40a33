import { Coverage } from "../tests/fuzz/coverage.ts";
import { foundText, Fuzzer } from "../tests/fuzz/fuzzer.ts";
import { keepInputs } from "../tests/fuzz/kept_inputs.ts";
import { isFuzzed, PARTS } from "../tests/fuzz/targets.ts";

/**
 * Fuzzes decoders until something is found or time is up, each of them for its share.
 *
 * Usage: fuzz.ts [--target NAME] [--seconds N] [--seed N] [--keep yes]. Default: all, 60 seconds, a random seed. With
 * --keep, the inputs that run code which no shorter one does go into tests/fuzz/corpus.
 */
interface Flags {
  target: string | null;
  seconds: number;
  seed: number;
  keep: boolean;
}

function parse(args: readonly string[]): Flags {
  const flags: Flags = { target: null, seconds: 60, seed: Math.floor(Math.random() * 2 ** 32), keep: false };
  for (let i = 0; i < args.length; i += 2) {
    const [name, value = ""] = args.slice(i, i + 2);
    if (name === "--target") flags.target = value;
    else if (name === "--seconds" && Number(value) > 0) flags.seconds = Number(value);
    else if (name === "--seed" && /^\d+$/.test(value)) flags.seed = Number(value);
    else if (name === "--keep" && value === "yes") flags.keep = true;
    else throw new Error(`unknown: ${name} ${value}`);
  }
  return flags;
}

const { target: wanted, seconds, seed, keep } = parse(Deno.args);
const wantedNames = PARTS.flatMap(({ names }) => names).filter((name) => wanted === null || name === wanted);
if (wantedNames.length === 0) {
  const names = PARTS.flatMap(({ names }) => names).join(", ");
  console.error(`There is no target '${wanted}'; there are ${names}.`);
  Deno.exit(2);
}
const coverage = await Coverage.start(isFuzzed);
let failed = 0;
console.log(`seed ${seed}`);
for (const part of PARTS) {
  if (!part.names.some((name) => wantedNames.includes(name))) continue;
  const { TARGETS } = await part.load();
  for (const target of TARGETS) {
    if (!wantedNames.includes(target.name)) continue;
    coverage.forget();
    const startMs = performance.now();
    const fuzzer = new Fuzzer(coverage, target, seed);
    const { runs, corpus, blocks, maxSteps, found } = await fuzzer.run({
      runs: Infinity,
      atMs: startMs + seconds * 1000 / wantedNames.length,
    });
    const took = ((performance.now() - startMs) / 1000).toFixed(1);
    console.log(
      `${target.name}: ${runs} runs in ${took} s, ${corpus} kept, ${blocks} blocks seen, at most ${maxSteps} steps`,
    );
    if (found !== null) {
      failed++;
      console.error(foundText(found));
    } else if (keep) {
      coverage.forget();
      console.log(`${await keepInputs(target, fuzzer.corpus, coverage)} inputs of ${target.name} are kept`);
    }
  }
}
Deno.exit(failed === 0 ? 0 : 1);
