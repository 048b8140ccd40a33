import { readDurationMs } from "../base/duration.ts";
import { type FlagSpec, flagValueName, flagVariable } from "./command.ts";
import { usageError } from "./usage.ts";

/** What a flag was given as, once read. A duration is in milliseconds, Infinity for `never`. */
export type FlagValue = string | number | boolean;

/** The flags of one command line, by name, after flags, variables and defaults are read. */
export class Flags {
  readonly #values: ReadonlyMap<string, readonly FlagValue[]>;

  constructor(values: ReadonlyMap<string, readonly FlagValue[]>) {
    this.#values = values;
  }

  /** Whether the flag is given, has a variable or has a default. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** Whether a switch is on. */
  on(name: string): boolean {
    return this.#values.get(name)?.[0] === true;
  }

  /** The text of a flag; undefined when it has none. */
  text(name: string): string | undefined {
    const value = this.#values.get(name)?.at(-1);
    return typeof value === "string" ? value : undefined;
  }

  /** The number of an `integer` or the milliseconds of a `duration`; undefined when it has none. */
  number(name: string): number | undefined {
    const value = this.#values.get(name)?.at(-1);
    return typeof value === "number" ? value : undefined;
  }

  /** All texts of a flag that repeats, in the order given. */
  list(name: string): string[] {
    return (this.#values.get(name) ?? []).filter((value) => typeof value === "string");
  }
}

/**
 * Reads one value of a flag.
 *
 * @param source how the value was given, such as `--for` or `KITH_FOR`.
 * @throws {KithError} `usage`.
 */
export function readFlagValue(flag: FlagSpec, text: string, source: string): FlagValue {
  const wrong = (wanted: string) => usageError(`${source} takes ${wanted}, not '${text}'.`);
  switch (flag.type) {
    case "switch":
      if (["", "1", "true", "yes", "on"].includes(text.toLowerCase())) return true;
      if (["0", "false", "no", "off"].includes(text.toLowerCase())) return false;
      throw wrong("1 or 0");
    case "text":
    case "program":
    case "optional_address":
      return text;
    case "address":
      if (text === "" || /[\s/@]/.test(text)) throw wrong("HOST:PORT, such as 192.168.1.10:5484");
      return text;
    case "choice":
      if (!(flag.choices ?? []).includes(text)) throw wrong(`one of ${(flag.choices ?? []).join(", ")}`);
      return text;
    case "integer": {
      const [least, greatest] = flag.range ?? [0, Number.MAX_SAFE_INTEGER];
      const value = /^\d+$/.test(text) ? Number(text) : NaN;
      if (value >= least && value <= greatest) return value;
      throw wrong(
        greatest === Number.MAX_SAFE_INTEGER ? `a number from ${least}` : `a number, ${least} to ${greatest}`,
      );
    }
    case "duration": {
      const value = readDurationMs(text);
      if (value === null) throw wrong("a time such as 30s, 10m, 24h, 7d or never");
      return value;
    }
  }
}

/** A flag as help and errors write it, such as `--for TIME`. */
export function flagUsage(flag: FlagSpec): string {
  const value = flagValueName(flag);
  if (value === "") return `--${flag.name}`;
  return flag.type === "optional_address" ? `--${flag.name}[=${value}]` : `--${flag.name} ${value}`;
}

/**
 * The values of all flags that have one: from the command line, else from the variable, else the default.
 *
 * @param given what stood on the command line, by name.
 * @param variable reads an environment variable.
 * @throws {KithError} `usage`.
 */
export function readFlags(
  specs: readonly FlagSpec[],
  given: ReadonlyMap<string, readonly string[]>,
  variable: (name: string) => string | undefined,
): Flags {
  const values = new Map<string, readonly FlagValue[]>();
  for (const spec of specs) {
    const typed = given.get(spec.name);
    const name = flagVariable(spec);
    // An empty variable counts as none, as a script that clears it expects.
    const fromEnvironment = spec.hasVariable === false ? undefined : variable(name) || undefined;
    if (typed !== undefined) {
      values.set(spec.name, typed.map((text) => readFlagValue(spec, text, `--${spec.name}`)));
    } else if (fromEnvironment !== undefined) {
      const texts = spec.repeats ? fromEnvironment.split(",").map((text) => text.trim()) : [fromEnvironment];
      values.set(spec.name, texts.map((text) => readFlagValue(spec, text, name)));
    } else if (spec.default !== undefined) {
      values.set(spec.name, [readFlagValue(spec, spec.default, `--${spec.name}`)]);
    }
  }
  return new Flags(values);
}
