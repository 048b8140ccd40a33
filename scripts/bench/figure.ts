/** One repetition of one contender: the numbers it gave, by column. */
export type Sample = Readonly<Record<string, number>>;

/** One of those that are measured side by side. */
export interface Contender {
  readonly name: string;
  /** What each side does: encrypted or not, hashed or not, durable or in memory. */
  readonly does: string;
  /** What is known of it without measuring, by the names of the benchmark's facts. */
  readonly facts?: Readonly<Record<string, string>>;
  /** Runs it once, checks the result, and gives its numbers. @throws {Error} where the result is wrong. */
  measure(): Promise<Sample>;
}

/** A number to reach. */
export interface Goal {
  /** Said in the table, as in "≥ 2 × js-libp2p". */
  readonly says: string;
  /** Whether the medians, by contender and column, reach it. */
  reached(median: (contender: string, column: string) => number): boolean;
}

/** A column of a figure. */
export interface Column {
  /** The name under which a sample holds it. */
  readonly name: string;
  /** Shown behind the number. */
  readonly unit: string;
  /** Decimals shown. */
  readonly digits: number;
}

/** Something to measure, with everything that takes part. */
export interface Benchmark {
  readonly name: string;
  readonly title: string;
  readonly columns: readonly Column[];
  /** Further columns, of what is known of the contenders. Default: none. */
  readonly facts?: readonly string[];
  readonly contenders: readonly Contender[];
  readonly goals: readonly Goal[];
}

/** Median and range of the repetitions. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** What became of a benchmark. */
export interface Figure {
  readonly name: string;
  readonly title: string;
  readonly columns: readonly Column[];
  readonly facts: readonly string[];
  readonly rows: readonly {
    readonly contender: string;
    readonly does: string;
    readonly facts: Readonly<Record<string, string>>;
    readonly samples: readonly Sample[];
    readonly summaries: Readonly<Record<string, Summary>>;
  }[];
  readonly goals: readonly { readonly says: string; readonly reached: boolean }[];
}

/** Median, least and greatest of some numbers, of which there is at least one. */
export function summarise(numbers: readonly number[]): Summary {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  const lower = sorted[sorted.length % 2 === 0 ? middle - 1 : middle];
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (upper === undefined || lower === undefined || min === undefined || max === undefined) {
    throw new Error("nothing was measured");
  }
  return { median: (lower + upper) / 2, min, max };
}

/** The part of sorted numbers below which a share of them lies. Range of `share`: 0 to 1. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  if (value === undefined) throw new Error("nothing was measured");
  return value;
}

/**
 * Measures all contenders in turn, and that `repeat` times: what else the machine does in the meantime hits them all
 * alike.
 */
export async function measure(
  benchmark: Benchmark,
  repeat: number,
  progress: (text: string) => void,
): Promise<Figure> {
  const samples = new Map<string, Sample[]>(benchmark.contenders.map(({ name }) => [name, []]));
  for (let round = 1; round <= repeat; round++) {
    for (const contender of benchmark.contenders) {
      progress(`${benchmark.name} ${round}/${repeat}: ${contender.name}`);
      samples.get(contender.name)?.push(await contender.measure());
    }
  }
  const rows = benchmark.contenders.map(({ name, does, facts = {} }) => {
    const own = samples.get(name) ?? [];
    const summaries: Record<string, Summary> = {};
    for (const column of benchmark.columns) {
      const numbers = own.flatMap((sample) => sample[column.name] ?? []);
      if (numbers.length > 0) summaries[column.name] = summarise(numbers);
    }
    return { contender: name, does, facts, samples: own, summaries };
  });
  const median = (contender: string, column: string) => {
    return rows.find((row) => row.contender === contender)?.summaries[column]?.median ?? NaN;
  };
  const goals = benchmark.goals.map((goal) => ({ says: goal.says, reached: goal.reached(median) }));
  const { name, title, columns, facts = [] } = benchmark;
  return { name, title, columns, facts, rows, goals };
}
