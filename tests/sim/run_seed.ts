import type { Happening } from "./faults.ts";
import { drawHabits, type Habits } from "./habits.ts";
import { PLANTS } from "./plants.ts";
import { Prng } from "./prng.ts";
import { NoTrace, Trace } from "./trace.ts";
import { World } from "./world.ts";

/** What one simulation gave. */
export interface Outcome {
  readonly seed: number;
  /** Null for well. */
  readonly error: unknown;
  /** Hash over all inputs and effects; of nothing where the run is not traced. */
  readonly traceHash: string;
  readonly peers: number;
  /** Writes that were acknowledged. */
  readonly acknowledged: number;
  readonly transactions: number;
  /** What befell it. */
  readonly happenings: ReadonlySet<Happening>;
  /** Virtual time at the end. */
  readonly virtualMs: number;
}

/** How a seed is to be run. */
export interface RunOptions {
  /** Number of peers. Default: 3 to 7, by the seed. */
  readonly peers?: number;
  /** Name of a bug to plant. */
  readonly plant?: string;
  /** Whether its peers are on one local network. Default: no. */
  readonly lan?: boolean;
  /** Whether peers meet in a DHT. Default: no. */
  readonly dht?: boolean;
  /** What goes on in it, in place of what the seed draws. */
  readonly habits?: Partial<Habits>;
  /** Whether it is hashed over, which only tells two runs apart. Default: yes. */
  readonly isTraced?: boolean;
  /** Takes each line of the trace. */
  readonly print?: (line: string) => void;
}

/** Simulates one seed, and never throws: what went wrong is in the outcome. */
export function runSeed(seed: number, options: RunOptions = {}): Outcome {
  const trace = options.isTraced === false ? new NoTrace() : new Trace(options.print ?? null);
  const plant = options.plant === undefined ? null : PLANTS[options.plant] ?? null;
  const habits = {
    ...drawHabits(new Prng(seed, 1), options.peers ?? null),
    lan: options.lan === true,
    dht: options.dht === true,
    ...options.habits,
    ...plant?.habits,
  };
  const world = new World(seed, habits, trace, plant);
  let error: unknown = null;
  const uproot = plant?.install?.();
  try {
    world.run();
  } catch (thrown) {
    error = thrown;
  } finally {
    uproot?.();
  }
  return {
    seed,
    error,
    traceHash: trace.hash,
    peers: world.peers.length,
    acknowledged: world.checks.acknowledged.length,
    transactions: world.peers[0]?.store.transactionsTotal ?? 0,
    happenings: world.happenings,
    virtualMs: world.schedule.nowMs,
  };
}
