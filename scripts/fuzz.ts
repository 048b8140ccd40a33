import { Coverage } from "../tests/fuzz/coverage.ts";
import { foundText, Fuzzer } from "../tests/fuzz/fuzzer.ts";
import { isFuzzed, loadTargets } from "../tests/fuzz/targets.ts";

/**
 * Fuzzes decoders until something is found or time is up, each of them for its share.
 *
 * Usage: fuzz.ts [--target NAME] [--seconds N] [--seed N]. Default: all, 60 seconds, a random seed.
 */
interface Flags {
  target: string | null;
  seconds: number;
  seed: number;
}

function parse(args: readonly string[]): Flags {
  const flags: Flags = { target: null, seconds: 60, seed: Math.floor(Math.random() * 2 ** 32) };
  for (let i = 0; i < args.length; i += 2) {
    const [name, value = ""] = args.slice(i, i + 2);
    if (name === "--target") flags.target = value;
    else if (name === "--seconds" && Number(value) > 0) flags.seconds = Number(value);
    else if (name === "--seed" && /^\d+$/.test(value)) flags.seed = Number(value);
    else throw new Error(`unknown: ${name} ${value}`);
  }
  return flags;
}

const { target: wanted, seconds, seed } = parse(Deno.args);
const coverage = await Coverage.start(isFuzzed);
const all = await loadTargets();
const chosen = all.filter((target) => wanted === null || target.name === wanted);
if (chosen.length === 0) {
  console.error(`There is no target '${wanted}'; there are ${all.map((target) => target.name).join(", ")}.`);
  Deno.exit(2);
}
let failed = 0;
console.log(`seed ${seed}`);
for (const target of chosen) {
  const startMs = performance.now();
  const fuzzer = new Fuzzer(coverage, target, seed);
  const { runs, corpus, blocks, maxSteps, found } = await fuzzer.run({
    runs: Infinity,
    atMs: startMs + seconds * 1000 / chosen.length,
  });
  const tookSeconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.log(
    `${target.name}: ${runs} runs in ${tookSeconds} s, ${corpus} kept, ${blocks} blocks seen, at most ${maxSteps} steps`,
  );
  target.close?.();
  if (found === null) continue;
  failed++;
  console.error(foundText(found));
}
await coverage.stop();
Deno.exit(failed === 0 ? 0 : 1);
