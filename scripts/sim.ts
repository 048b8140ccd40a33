import { type Outcome, runSeed } from "../tests/sim/run_seed.ts";
import { PLANTS } from "../tests/sim/plants.ts";

/**
 * Simulates networks of peers with faults, each from one seed.
 *
 * Usage: sim.ts [--seed N] [--seeds FROM..TO|COUNT] [--peers N] [--plant ack_before_commit|skip_signature] [--verbose]
 *
 * Default: seeds 1 to 200. Exits with 1 where a seed fails; the same seed always does the same.
 */

interface Flags {
  from: number;
  to: number;
  peers: number | null;
  plant: string | null;
  verbose: boolean;
}

function parse(args: readonly string[]): Flags {
  const flags: Flags = { from: 1, to: 200, peers: null, plant: null, verbose: false };
  for (let i = 0; i < args.length; i++) {
    const name = args[i] as string;
    if (name === "--verbose") {
      flags.verbose = true;
      continue;
    }
    const value = args[++i] ?? "";
    const range = /^(?:(\d+)\.\.)?(\d+)$/.exec(value);
    if (name === "--seed" && range?.[2] !== undefined) flags.from = flags.to = Number(range[2]);
    else if (name === "--seeds" && range?.[2] !== undefined) {
      flags.from = Number(range[1] ?? 1);
      flags.to = Number(range[2]);
    } else if (name === "--peers" && range?.[2] !== undefined) flags.peers = Number(range[2]);
    else if (name === "--plant" && value in PLANTS) flags.plant = value;
    else throw new Error(`unknown: ${name} ${value}`);
  }
  return flags;
}

function run(seed: number, flags: Flags): Outcome {
  return runSeed(seed, {
    ...(flags.peers === null ? {} : { peers: flags.peers }),
    ...(flags.plant === null ? {} : { plant: flags.plant }),
    ...(flags.verbose ? { print: (line: string) => console.log(line) } : {}),
  });
}

const flags = parse(Deno.args);
const startMs = performance.now();
let failed = 0;
for (let seed = flags.from; seed <= flags.to; seed++) {
  const outcome = run(seed, flags);
  const facts = `${outcome.peers} peers, ${outcome.acknowledged} writes acknowledged, ${outcome.transactions} ` +
    `transactions, ${(outcome.virtualMs / 1000).toFixed(1)} s virtual, trace ${outcome.traceHash.slice(0, 16)}`;
  if (outcome.error === null) {
    console.log(`seed ${seed}: ok, ${facts}`);
    continue;
  }
  failed++;
  console.log(`seed ${seed}: FAILED, ${facts}`);
  console.log(outcome.error instanceof Error ? outcome.error.stack ?? outcome.error.message : String(outcome.error));
  console.log(`run it again: deno task sim --seed ${seed}${flags.plant === null ? "" : ` --plant ${flags.plant}`}`);
}
const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
console.log(`${flags.to - flags.from + 1} seeds in ${seconds} s, ${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);
