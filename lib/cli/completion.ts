import type { ArgumentKind, CommandSpec, FlagSpec } from "./command.ts";
import { COMMANDS, findCommand, GLOBAL_FLAGS } from "./commands.ts";
import { escapeText } from "./escape.ts";
import { SETTINGS } from "./settings.ts";

/** Shells that have a completion script. */
export const SHELLS: readonly string[] = ["bash", "zsh", "fish"];

/** Looks up what only a peer or the disk knows; must not fail. */
export interface CompletionSources {
  /** Keys that begin with a text. */
  keys(prefix: string): Promise<readonly string[]>;
  /** Names of linked peers. */
  peers(): Promise<readonly string[]>;
  /** Names of other members. */
  members(): Promise<readonly string[]>;
  /** Open invites, by the beginnings of their versions. */
  invites(): Promise<readonly string[]>;
  /** Paths that begin with a text. */
  files(prefix: string): readonly string[];
}

/**
 * What can stand in the place of the last of `words`, which is what was typed of it: commands, flags, keys, peers
 * or files, all beginning with it. Names that could steer a terminal are left out: shells show what they offer as it is.
 */
export async function completions(words: readonly string[], sources: CompletionSources): Promise<string[]> {
  const typed = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const [name, ...args] = plainWords(before);
  const command = name === undefined ? undefined : findCommand(name);
  if (name !== undefined && command === undefined) return [];
  const flags = flagsOf(command);
  const awaited = valueFlag(before.at(-1), flags);
  if (awaited !== undefined) {
    return begin(typed, awaited.choices ?? await candidates(awaited.kind ?? "other", typed, sources));
  }
  if (typed.startsWith("-") && typed !== "-") return begin(typed, flags.map((flag) => `--${flag.name}`));
  if (command === undefined) return begin(typed, COMMANDS.map(({ name }) => name));
  const argument = command.arguments[args.length] ?? command.arguments.at(-1);
  if (argument === undefined || (args.length >= command.arguments.length && !argument.rest)) return [];
  return begin(typed, await candidates(argument.kind, typed, sources));
}

async function candidates(kind: ArgumentKind, typed: string, sources: CompletionSources): Promise<readonly string[]> {
  switch (kind) {
    case "key":
      return await sources.keys(typed);
    case "peer":
      return await sources.peers();
    case "member":
      return await sources.members();
    case "invite":
      return await sources.invites();
    case "file":
      return typed.startsWith("@") ? sources.files(typed.slice(1)).map((path) => `@${path}`) : sources.files(typed);
    case "command":
      return COMMANDS.map(({ name }) => name);
    case "shell":
      return SHELLS;
    case "setting":
      return SETTINGS.map(({ name }) => name);
    case "other":
      return [];
  }
}

/** The words that are neither flags nor their values. */
function plainWords(words: readonly string[]): string[] {
  const plain: string[] = [];
  for (const [index, word] of words.entries()) {
    const flags = flagsOf(findCommand(plain[0] ?? ""));
    const isFlag = word.startsWith("-") && word !== "-";
    if (!isFlag && valueFlag(words[index - 1], flags) === undefined) plain.push(word);
  }
  return plain;
}

function flagsOf(command: CommandSpec | undefined): readonly FlagSpec[] {
  return [...GLOBAL_FLAGS, ...(command?.flags ?? [])];
}

/** The flag whose value comes next; undefined when the word is no flag, or takes none. */
function valueFlag(word: string | undefined, flags: readonly FlagSpec[]): FlagSpec | undefined {
  const flag = flags.find(({ name, short }) => word === `--${name}` || (short !== undefined && word === `-${short}`));
  return flag === undefined || flag.type === "switch" || flag.type === "optional_address" ? undefined : flag;
}

function begin(typed: string, names: readonly string[]): string[] {
  return names.filter((name) => name.startsWith(typed) && escapeText(name) === name);
}
