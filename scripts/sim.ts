import { PLANTS } from "../tests/sim/plants.ts";
import { type Outcome, runSeed } from "../tests/sim/run_seed.ts";

/**
 * Simulates networks of peers with faults, each from one seed.
 *
 * Usage: sim.ts [--seed N] [--seeds FROM..TO|COUNT] [--forever] [--keep-going] [--peers N] [--plant NAME] [--lan] [--dht] [--verbose]
 *
 * --forever takes fresh seeds until one fails, or with --keep-going until it is stopped. Default: seeds 1 to 200.
 * Exits with 1 where a seed fails; the same seed always does the same.
 */
interface Flags {
  from: number;
  to: number;
  forever: boolean;
  keepGoing: boolean;
  peers: number | null;
  plant: string | null;
  /** Whether all are on one local network. */
  lan: boolean;
  dht: boolean;
  verbose: boolean;
}

const SEED_LIMIT = 2 ** 31;
/** How many seeds lie between two lines, where only failures are printed. */
const SEEDS_PER_LINE = 100;

function parse(args: readonly string[]): Flags {
  const flags: Flags = {
    from: 1,
    to: 200,
    forever: false,
    keepGoing: true,
    peers: null,
    plant: null,
    lan: false,
    dht: false,
    verbose: false,
  };
  for (let i = 0; i < args.length; i++) {
    const name = args[i] as string;
    if (name === "--verbose") flags.verbose = true;
    else if (name === "--lan") flags.lan = true;
    else if (name === "--dht") flags.dht = true;
    else if (name === "--keep-going") flags.keepGoing = true;
    else if (name === "--forever") {
      flags.forever = true;
      flags.keepGoing = args.includes("--keep-going");
      // Not the seeds of the tests, and others each time.
      flags.from = 1_000_000 + crypto.getRandomValues(new Uint32Array(1))[0]! % (SEED_LIMIT - 2_000_000);
      flags.to = SEED_LIMIT - 1;
    } else takeValue(flags, name, args[++i] ?? "");
  }
  return flags;
}

function takeValue(flags: Flags, name: string, value: string): void {
  const range = /^(?:(\d+)\.\.)?(\d+)$/.exec(value);
  if (name === "--seed" && range?.[2] !== undefined) flags.from = flags.to = Number(range[2]);
  else if (name === "--seeds" && range?.[2] !== undefined) {
    flags.from = Number(range[1] ?? 1);
    flags.to = Number(range[2]);
  } else if (name === "--peers" && range?.[2] !== undefined) flags.peers = Number(range[2]);
  else if (name === "--plant" && value in PLANTS) flags.plant = value;
  else throw new Error(`unknown: ${name} ${value}`);
}

function run(seed: number, flags: Flags): Outcome {
  return runSeed(seed, {
    ...(flags.peers === null ? {} : { peers: flags.peers }),
    ...(flags.plant === null ? {} : { plant: flags.plant }),
    lan: flags.lan,
    dht: flags.dht,
    ...(flags.verbose ? { print: (line: string) => console.log(line) } : {}),
  });
}

function tell(outcome: Outcome, flags: Flags): void {
  const { seed, error } = outcome;
  const facts = `${outcome.peers} peers, ${outcome.acknowledged} writes acknowledged, ${outcome.transactions} ` +
    `transactions, ${(outcome.virtualMs / 1000).toFixed(1)} s virtual, trace ${outcome.traceHash.slice(0, 16)}`;
  console.log(`seed ${seed}: ${error === null ? "ok" : "FAILED"}, ${facts}`);
  if (error === null) return;
  console.log(error instanceof Error ? error.stack ?? error.message : String(error));
  const others = (flags.peers === null ? "" : ` --peers ${flags.peers}`) +
    (flags.plant === null ? "" : ` --plant ${flags.plant}`) + (flags.lan ? " --lan" : "") +
    (flags.dht ? " --dht" : "");
  console.log(`run it again: deno task sim --seed ${seed}${others}`);
}

const flags = parse(Deno.args);
const startMs = performance.now();
let done = 0;
const failed: number[] = [];
for (let seed = flags.from; seed <= flags.to; seed++) {
  const outcome = run(seed, flags);
  done++;
  if (outcome.error !== null) failed.push(seed);
  if (outcome.error !== null || !flags.forever) tell(outcome, flags);
  else if (done % SEEDS_PER_LINE === 0) console.log(`${done} seeds from ${flags.from} on, ${failed.length} failed`);
  if (outcome.error !== null && !flags.keepGoing) break;
}
const seconds = (performance.now() - startMs) / 1000;
console.log(
  `${done} seeds in ${seconds.toFixed(1)} s, ${failed.length} failed${failed.map((seed) => ` ${seed}`).join("")}`,
);
Deno.exit(failed.length === 0 ? 0 : 1);
