import { type CommandSpec, type FlagSpec, flagVariable } from "./command.ts";
import { COMMANDS, findCommand, GLOBAL_FLAGS } from "./commands.ts";
import { type Context, EXIT_OK } from "./context.ts";
import { flagUsage } from "./flags.ts";
import { suggestion, usageError } from "./usage.ts";

const GROUPS: readonly (readonly [CommandSpec["group"], string])[] = [
  ["peer", "Run a peer"],
  ["members", "Let machines in"],
  ["data", "Shared data"],
  ["messages", "Messages"],
  ["state", "How things are"],
  ["other", "Other"],
];

/** Columns in which words are wrapped. */
const HELP_COLUMNS = 80;

/** The list of commands, for a bare `help`. */
export function generalHelp(version: string): string {
  const width = Math.max(...COMMANDS.map((command) => command.name.length));
  const groups = GROUPS.map(([group, title]) => {
    const commands = COMMANDS.filter((command) => command.group === group);
    return [`${title}:`, ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`)].join("\n");
  });
  return [
    `kith ${version}: a few machines, the same data, no server`,
    "Usage: kith [COMMAND] [ARGUMENTS] [FLAGS]\n       kith          run a peer, with a prompt for all these commands",
    ...groups,
    flagSection("Flags of every command", GLOBAL_FLAGS),
    EXIT_CODES,
    "More on one: kith help COMMAND",
  ].join("\n\n");
}

const EXIT_CODES = wrap(
  "Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 denied, 5 timed out, 6 conflict or partly done, " +
    '130 interrupted. With --json, an error is an object {"v":1,"error":CODE,"message":…} on standard output.',
);

/** The help of one command. */
export function commandHelp(command: CommandSpec): string {
  const parts = [`kith ${command.name}: ${command.summary}`, `Usage: ${usageLine(command)}`];
  if (command.details !== undefined) parts.push(wrap(command.details));
  if (command.flags.length > 0) parts.push(flagSection("Flags", command.flags));
  parts.push(flagSection("Flags of every command", GLOBAL_FLAGS));
  const width = Math.max(...command.examples.map(([line]) => line.length));
  parts.push(["Examples:", ...command.examples.map(([line, does]) => exampleLine(line, does, width))].join("\n"));
  return parts.join("\n\n");
}

/** How a command is written, such as `kith get KEY [FLAGS]`. */
export function usageLine(command: CommandSpec): string {
  const words = command.arguments.map((argument) => {
    const name = argument.rest ? `${argument.name}...` : argument.name;
    return argument.required === false ? `[${name}]` : name;
  });
  return ["kith", command.name, ...words, ...(command.flags.length > 0 ? ["[FLAGS]"] : [])].join(" ");
}

/** `help [COMMAND]`. */
export function help(context: Context): Promise<number> {
  const name = context.args[0];
  const command = name === undefined ? undefined : findCommand(name);
  if (name !== undefined && command === undefined) {
    const near = suggestion(name, COMMANDS.map((known) => known.name), "'kith help' lists the commands.");
    throw usageError(`There is no command '${name}'; ${near}`);
  }
  context.output.line(command === undefined ? generalHelp(context.backend.version) : commandHelp(command));
  return Promise.resolve(EXIT_OK);
}

function flagSection(title: string, flags: readonly FlagSpec[]): string {
  const lines = flags.flatMap((flag) => {
    const short = flag.short === undefined ? "    " : `-${flag.short}, `;
    const notes = [flag.help];
    if (flag.default !== undefined) notes.push(`(default ${flag.default})`);
    if (flag.repeats) notes.push("(may be given several times)");
    if (flag.hasVariable !== false) notes.push(`[${flagVariable(flag)}]`);
    return [`  ${short}${flagUsage(flag)}`, wrap(notes.join(" "), "          ")];
  });
  return [`${title} (or by variable):`, ...lines].join("\n");
}

function exampleLine(line: string, does: string, width: number): string {
  const together = `  ${line.padEnd(width)}  ${does}`;
  return together.length > HELP_COLUMNS ? `  ${line}\n      ${does}` : together;
}

/** A text in lines of at most HELP_COLUMNS, each behind `indent`. */
function wrap(text: string, indent = ""): string {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    if (line.length > indent.length && line.length + 1 + word.length > HELP_COLUMNS) {
      lines.push(line);
      line = indent;
    }
    line += (line.length > indent.length ? " " : "") + word;
  }
  return [...lines, line].join("\n");
}
