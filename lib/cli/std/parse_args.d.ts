/** How `parseArgs` reads the words of a command line. */
export interface ParseOptions {
  /** Flags that take a value, kept as text. */
  string?: readonly string[];
  /** Flags that take none; `true` makes every flag without a value one. */
  boolean?: boolean | readonly string[];
  /** Flags that may be given several times: their values come as an array. */
  collect?: readonly string[];
  /** Boolean flags that `--no-NAME` sets to false. */
  negatable?: readonly string[];
  /** Other names of a flag. */
  alias?: Readonly<Record<string, string | readonly string[]>>;
  /** Values of flags that are not given. */
  default?: Readonly<Record<string, unknown>>;
  /** Whether everything behind the first word that is no flag is left alone. Default: false. */
  stopEarly?: boolean;
  /** Whether what stands behind `--` is kept apart. Default: false. */
  "--"?: boolean;
  /** Called for what no option names; returning false leaves it out of the result. */
  unknown?: (word: string, name?: string, value?: unknown) => unknown;
}

/** Flags by name, and under `_` the words that are none. */
export interface ParsedArgs {
  _: (string | number)[];
  "--"?: string[];
  [flag: string]: unknown;
}

/** Splits the words of a command line into flags and the rest. */
export function parseArgs(words: readonly string[], options?: ParseOptions): ParsedArgs;
