import { toHex } from "../../lib/base/bytes.ts";
import { Prng } from "../sim/prng.ts";
import { Allocations } from "./allocations.ts";
import type { Coverage } from "./coverage.ts";
import { Mutator } from "./mutator.ts";
import { keptInputs } from "./kept_inputs.ts";
import { holds, sizeOf, type Target } from "./target.ts";

/** What an input of so many bytes may have allocated for each of them: encoding grows buffers by doubling. */
export const ALLOCATED_PER_BYTE = 64;
/** Blocks of code that may be entered for each byte: a varint takes some 20, an id to be compared 32 times 4. */
export const STEPS_PER_BYTE = 400;
/** What may come out for each byte. */
const SIZE_PER_BYTE = 8;

/** Inputs between two looks at the coverage, which take longer than they do: the more, the longer there was no news. */
const BATCH_RUNS = { least: 16, most: 256 } as const;
/** One batch of so many is looked at run by run, since how often blocks ran can be compared only then. */
const BATCHES_PER_COUNT = 8;
const COUNTED_RUNS = 16;
/** A batch that takes this share of the steps that its inputs are allowed may hold one that takes too many. */
const SUSPICIOUS_SHARE = 8;
const SHRINK_RUNS = 2000;
const LATEST = 4;

/** An input for which a property does not hold. */
export interface Found {
  readonly target: string;
  readonly input: Uint8Array;
  readonly error: unknown;
}

/** How it went. */
export interface Outcome {
  readonly runs: number;
  /** Inputs kept, each of which ran what none before it did. */
  readonly corpus: number;
  readonly blocks: number;
  /** The most that any one input took. */
  readonly maxSteps: number;
  readonly found: Found | null;
}

/** Until when: so many runs, or a point in time by `performance.now()`. */
export interface Until {
  readonly runs: number;
  readonly atMs: number;
}

/** Looks for inputs that a target does not take as it must; what runs new code is kept, and changed further. */
export class Fuzzer {
  readonly #coverage: Coverage;
  readonly #target: Target;
  readonly #prng: Prng;
  readonly #mutator: Mutator;
  readonly #allocations = new Allocations();
  readonly #corpus: Uint8Array[] = [];
  readonly #guided: boolean;
  #maxSteps = 0;
  #runs = 0;
  #found: Found | null = null;

  /**
   * @param guided whether inputs that run new code are looked for and kept, which takes most of the time; else those
   * that were kept before are changed. Default: true.
   */
  constructor(coverage: Coverage, target: Target, seed: number, guided = true) {
    this.#coverage = coverage;
    this.#guided = guided;
    this.#target = target;
    this.#prng = new Prng(seed, 1);
    this.#mutator = new Mutator(this.#prng, target.dictionary ?? [], target.maxBytes ?? 2048);
  }

  /** Inputs that were kept. */
  get corpus(): readonly Uint8Array[] {
    return this.#corpus;
  }

  /** Runs until then, or until something is found. */
  async run(until: Until): Promise<Outcome> {
    const seeds = [...this.#target.seeds, ...keptInputs(this.#target.name), new Uint8Array()];
    // What ran to make the seeds is none of their doing.
    await this.#coverage.look(false);
    if (this.#guided) { for (const seed of seeds) await this.#explore([seed]); }
    else await this.#explore(seeds);
    if (this.#corpus.length === 0) this.#corpus.push(...seeds);
    let batchRuns: number = this.#guided ? BATCH_RUNS.least : BATCH_RUNS.most;
    for (let batch = 1; this.#found === null && this.#runs < until.runs && performance.now() < until.atMs; batch++) {
      const forCounts = this.#guided && batch % BATCHES_PER_COUNT === 0;
      const size = Math.min(forCounts ? COUNTED_RUNS : batchRuns, until.runs - this.#runs);
      const kept = this.#corpus.length;
      const inputs = Array.from({ length: size }, () => this.#mutator.mutate(this.#pick(), this.#pick()));
      this.#runs += size;
      if (forCounts) { for (const input of inputs) await this.#explore([input]); }
      else await this.#explore(inputs);
      const hasNews = this.#corpus.length > kept;
      batchRuns = hasNews ? BATCH_RUNS.least : Math.min(BATCH_RUNS.most, 2 * batchRuns);
    }
    const { blocks } = this.#coverage;
    return {
      runs: this.#runs,
      corpus: this.#corpus.length,
      blocks,
      maxSteps: this.#maxSteps,
      found: this.#found,
    };
  }

  /** Runs inputs; where they do what was never seen, halving finds those that did. */
  async #explore(inputs: readonly Uint8Array[]): Promise<void> {
    if (this.#found !== null) return;
    if (this.#target.reset !== undefined) {
      await this.#target.reset();
      await this.#coverage.look(false);
    }
    for (const input of inputs) {
      const failure = await this.#try(input);
      if (failure !== null) return await this.#shrink(input, failure);
    }
    const [first] = inputs;
    const isOne = inputs.length === 1;
    const ran = await this.#coverage.look(isOne && this.#guided);
    const allowed = inputs.reduce((sum, input) => sum + this.#stepsAllowed(input), 0);
    if (isOne && first !== undefined) {
      this.#maxSteps = Math.max(this.#maxSteps, ran.steps);
      if (this.#guided && ran.newCounts > 0) this.#corpus.push(first);
      if (ran.steps > allowed) {
        const error = new Error(`${ran.steps} steps, of at most ${allowed}`);
        this.#found = { target: this.#target.name, input: first, error };
      }
      return;
    }
    const hasNews = this.#guided && ran.newBlocks > 0;
    if (!hasNews && ran.steps < allowed / SUSPICIOUS_SHARE) return;
    const half = Math.ceil(inputs.length / 2);
    await this.#explore(inputs.slice(0, half));
    await this.#explore(inputs.slice(half));
  }

  async #try(input: Uint8Array): Promise<{ error: unknown } | null> {
    // What a target keeps or changes is its own.
    const own = input.slice();
    try {
      let value: unknown;
      this.#allocations.take();
      {
        using _counting = this.#allocations.count();
        value = this.#target.run(own);
        if (value instanceof Promise) value = await value;
      }
      const allocated = this.#allocations.take();
      const allowed = (this.#target.allocatedBytes ?? 64 * 1024) + ALLOCATED_PER_BYTE * input.length;
      holds(allocated <= allowed, `${allocated} bytes were allocated for an input of ${input.length}`);
      const size = sizeOf(value);
      holds(size <= 64 + SIZE_PER_BYTE * input.length, `${size} items came of ${input.length} bytes`);
      return null;
    } catch (error) {
      return { error };
    }
  }

  #stepsAllowed(input: Uint8Array): number {
    return (this.#target.steps ?? 10_000) + STEPS_PER_BYTE * input.length;
  }

  /** The shortest input of the same error that is easily found. */
  async #shrink(input: Uint8Array, { error }: { error: unknown }): Promise<void> {
    let best = input;
    let left = SHRINK_RUNS;
    for (let size = Math.ceil(best.length / 2); size >= 1 && left > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let at = 0; at + size <= best.length && left > 0; left--) {
        const shorter = Uint8Array.of(...best.subarray(0, at), ...best.subarray(at + size));
        await this.#target.reset?.();
        const again = await this.#try(shorter);
        if (again !== null && kindOf(again.error) === kindOf(error)) best = shorter;
        else at += size;
      }
    }
    this.#found = { target: this.#target.name, input: best, error };
  }

  /** One that was kept; every other time it is one of the latest, behind which there may be more. */
  #pick(): Uint8Array {
    const { length } = this.#corpus;
    const index = this.#prng.chance(0.5)
      ? length - 1 - this.#prng.below(Math.min(length, LATEST))
      : this.#prng.below(length);
    return this.#corpus[index] as Uint8Array;
  }
}

/** Tells of what was found, with all that is needed to see it again. */
export function foundText({ target, input, error }: Found): string {
  const what = error instanceof Error ? error.stack ?? error.message : String(error);
  return `${target}: ${what}\ninput of ${input.length} bytes: ${toHex(input)}\n` +
    `as text: ${JSON.stringify(new TextDecoder().decode(input))}`;
}

function kindOf(error: unknown): string {
  return error instanceof Error ? `${error.name} ${error.message.replaceAll(/\d+/g, "#")}` : String(error);
}
