import { Session } from "node:inspector";

/** What V8 tells of one function: blocks, the outermost first, each with how often it ran. */
interface FunctionCoverage {
  readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[];
  readonly isBlockCoverage: boolean;
}

interface ScriptCoverage {
  readonly scriptId: string;
  readonly url: string;
  readonly functions: readonly FunctionCoverage[];
}

/** What ran since it was last asked. */
export interface Ran {
  /** Blocks that never ran before. */
  readonly newBlocks: number;
  /** Blocks that never ran before, or never so often, by powers of two. */
  readonly newCounts: number;
  /** How often any block was entered, in all. */
  readonly steps: number;
}

/** Fewer runs that are told apart. */
const BUCKETS = [1, 2, 3, 7, 15, 31, 127] as const;

/**
 * Which blocks of a program run, by V8's precise coverage. Only what is loaded after `start` is seen. One run costs a
 * millisecond or two to look at, however short it is: many are looked at together, and one by one where there is news.
 */
export class Coverage {
  readonly #session = new Session();
  readonly #isWatched: (url: string) => boolean;
  /** For each function the counts seen, as bits, of each character of it. */
  readonly #seen = new Map<string, Uint8Array>();

  private constructor(isWatched: (url: string) => boolean) {
    this.#isWatched = isWatched;
    this.#session.connect();
  }

  /** Begins to watch scripts by their URL. */
  static async start(isWatched: (url: string) => boolean): Promise<Coverage> {
    const coverage = new Coverage(isWatched);
    await coverage.#post("Profiler.enable");
    await coverage.#post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    return coverage;
  }

  /** What ran since the last look. @param learn whether it counts as seen from now on. */
  async look(learn: boolean): Promise<Ran> {
    const { result } = await this.#post("Profiler.takePreciseCoverage") as { result: ScriptCoverage[] };
    let newBlocks = 0, newCounts = 0, steps = 0;
    for (const script of result) {
      if (!this.#isWatched(script.url)) continue;
      for (const one of script.functions) {
        const outer = one.ranges[0];
        if (outer === undefined) continue;
        for (const { count } of one.ranges) steps += count;
        const found = this.#compare(`${script.url}:${outer.startOffset}:${outer.endOffset}`, one, learn);
        newBlocks += found.newBlocks;
        newCounts += found.newCounts;
      }
    }
    return { newBlocks, newCounts, steps };
  }

  /** Blocks seen so far. */
  get blocks(): number {
    let blocks = 0;
    for (const seen of this.#seen.values()) {
      for (let i = 0; i < seen.length; i++) if (seen[i] !== 0 && seen[i] !== seen[i - 1]) blocks++;
    }
    return blocks;
  }

  /** Nothing counts as seen any more. */
  forget(): void {
    this.#seen.clear();
  }

  #compare(name: string, { ranges }: FunctionCoverage, learn: boolean): { newBlocks: number; newCounts: number } {
    const outer = ranges[0] as FunctionCoverage["ranges"][number];
    const size = outer.endOffset - outer.startOffset;
    // V8 merges blocks that ran equally often, so that ranges cannot be compared, but characters can.
    const now = new Uint8Array(size);
    for (const { startOffset, endOffset, count } of ranges) {
      now.fill(bitOf(count), startOffset - outer.startOffset, endOffset - outer.startOffset);
    }
    let seen = this.#seen.get(name);
    if (seen === undefined) {
      if (outer.count === 0) return { newBlocks: 0, newCounts: 0 };
      seen = new Uint8Array(size);
      if (learn) this.#seen.set(name, seen);
    }
    let newBlocks = 0, newCounts = 0;
    let last = 0;
    for (let i = 0; i < size; i++) {
      const before = seen[i] as number;
      const news = (now[i] as number) & ~before;
      // The characters of one block are alike: it counts once.
      if (news !== 0 && news !== last) {
        newCounts++;
        if (before === 0) newBlocks++;
      }
      last = news;
      if (learn) seen[i] = before | news;
    }
    return { newBlocks, newCounts };
  }

  #post(method: string, parameters: object = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#session.post(method, parameters, (error, result) => error ? reject(error) : resolve(result));
    });
  }
}

function bitOf(count: number): number {
  if (count === 0) return 0;
  const bucket = BUCKETS.findIndex((max) => count <= max);
  return 1 << (bucket < 0 ? BUCKETS.length : bucket);
}
