import { parseArgs } from "@std/cli/parse-args";
import { type CommandSpec, type FlagSpec, flagValueName } from "./command.ts";
import { COMMANDS, findCommand, GLOBAL_FLAGS } from "./commands.ts";
import { type Flags, flagUsage, readFlags } from "./flags.ts";
import { suggestion, usageError } from "./usage.ts";

/** A command line that is understood. */
export interface Invocation {
  readonly command: CommandSpec;
  readonly args: readonly string[];
  readonly flags: Flags;
}

/** No argument of a process can hold it, so it can mark words that look like flags and are none. */
const PLAIN_MARK = "\0";

/**
 * Reads a command line. Flags may stand anywhere, also before the command; behind `--` nothing is a flag. A word
 * such as `-5` or `-` is no flag. With no command it is `up`.
 *
 * @param variable reads an environment variable.
 * @throws {KithError} `usage`, with the nearest name for an unknown one.
 */
export function parseCommandLine(
  words: readonly string[],
  variable: (name: string) => string | undefined,
): Invocation {
  const up = findCommand("up") as CommandSpec;
  const at = commandIndex(words, [...GLOBAL_FLAGS, ...up.flags]);
  const name = words[at];
  const command = name === undefined ? up : findCommand(name);
  if (command === undefined) {
    const names = COMMANDS.map((known) => known.name);
    throw usageError(
      `There is no command '${name}'; ${suggestion(name ?? "", names, "'kith help' lists the commands.")}`,
    );
  }
  const rest = words.filter((_, index) => index !== at);
  const specs = [...GLOBAL_FLAGS, ...command.flags];
  const { given, args } = split(rest, specs, command.name);
  const flags = readFlags(specs, given, variable);
  if (!flags.on("help") && !flags.on("version")) checkArguments(command, args);
  return { command, args, flags };
}

/** Where the command stands; -1 when there is none. Behind `--` there are arguments only. */
function commandIndex(words: readonly string[], specs: readonly FlagSpec[]): number {
  const end = words.indexOf("--");
  const head = end < 0 ? words : words.slice(0, end);
  const { _: rest } = parseArgs(head, { ...optionsOf(specs), stopEarly: true });
  return rest.length === 0 ? -1 : head.length - rest.length;
}

function split(
  words: readonly string[],
  specs: readonly FlagSpec[],
  commandName: string,
): { given: Map<string, string[]>; args: string[] } {
  const unknown: string[] = [];
  const { own, programWords } = cutProgramWords(words, specs);
  const marked = markPlainWords(own);
  checkValuesGiven(marked, specs);
  const parsed = parseArgs(marked, {
    ...optionsOf(specs),
    unknown: (word: string, flag?: string) => {
      if (flag !== undefined) unknown.push(word);
      return flag === undefined;
    },
  });
  const wrong = unknown[0];
  if (wrong !== undefined) {
    const name = (wrong.split("=")[0] as string).replace(/^-+/, "");
    const near = suggestion(name, specs.map((flag) => flag.name), `'kith help ${commandName}' lists its flags.`);
    const suggested = near.startsWith("did") ? near.replace("'", "'--") : near;
    throw usageError(`'kith ${commandName}' has no flag '${wrong.split("=")[0]}'; ${suggested}`);
  }
  const given = new Map<string, string[]>();
  for (const spec of specs) {
    const value = parsed[spec.name];
    const values = Array.isArray(value) ? value : value === undefined || value === false ? [] : [value];
    if (values.length === 0) continue;
    const texts = values.map((text) => text === true ? "1" : unmark(String(text)));
    given.set(spec.name, spec.type === "program" ? [...texts, ...programWords] : texts);
  }
  return { given, args: parsed._.map((word) => unmark(String(word))) };
}

/** Takes off what is behind `--` where that belongs to a program. */
function cutProgramWords(
  words: readonly string[],
  specs: readonly FlagSpec[],
): { readonly own: readonly string[]; readonly programWords: readonly string[] } {
  const end = words.indexOf("--");
  const program = specs.find(({ type }) => type === "program");
  if (end < 0 || program === undefined) return { own: words, programWords: [] };
  const own = words.slice(0, end);
  const isGiven = own.some((word) => word === `--${program.name}` || word.startsWith(`--${program.name}=`));
  return isGiven ? { own, programWords: words.slice(end + 1) } : { own: words, programWords: [] };
}

function optionsOf(specs: readonly FlagSpec[]) {
  const alias: Record<string, string> = {};
  for (const spec of specs) if (spec.short !== undefined) alias[spec.short] = spec.name;
  return {
    // `_` among the strings keeps "007" from becoming a number.
    string: [...specs.filter((spec) => spec.type !== "switch").map((spec) => spec.name), "_"],
    boolean: specs.filter((spec) => spec.type === "switch").map((spec) => spec.name),
    collect: specs.filter((spec) => spec.repeats).map((spec) => spec.name),
    alias,
  };
}

function markPlainWords(words: readonly string[]): string[] {
  const end = words.indexOf("--");
  return words.map((word, index) => {
    const flagPossible = end < 0 || index < end;
    return flagPossible && word.startsWith("-") && word !== "--" && !/^--?[A-Za-z]/.test(word)
      ? PLAIN_MARK + word
      : word;
  });
}

function unmark(word: string): string {
  return word.startsWith(PLAIN_MARK) ? word.slice(1) : word;
}

/** The parser reads a flag at the end, or before another flag, as the empty text: that is a slip, not a value. */
function checkValuesGiven(words: readonly string[], specs: readonly FlagSpec[]): void {
  for (const [index, word] of words.entries()) {
    if (word === "--") return;
    const spec = specs.find((flag) =>
      word === `--${flag.name}` || (flag.short !== undefined && word === `-${flag.short}`)
    );
    if (spec === undefined || spec.type === "switch" || spec.type === "optional_address") continue;
    const next = words[index + 1];
    if (next === undefined || next.startsWith("-")) {
      throw usageError(
        `--${spec.name} needs a value: ${flagUsage(spec)}; write --${spec.name}=${
          flagValueName(spec)
        } for one that begins with '-'.`,
      );
    }
  }
}

function checkArguments(command: CommandSpec, args: readonly string[]): void {
  const missing = command.arguments.find((argument, index) => argument.required !== false && index >= args.length);
  if (missing !== undefined) {
    throw usageError(`'kith ${command.name}' needs ${missing.name}; 'kith help ${command.name}' shows how.`);
  }
  const takesRest = command.arguments.at(-1)?.rest === true;
  const extra = args[command.arguments.length];
  if (!takesRest && extra !== undefined) {
    throw usageError(`'kith ${command.name}' does not take '${extra}'; quote a value that has spaces.`);
  }
}
