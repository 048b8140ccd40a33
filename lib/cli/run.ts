import { ERRORS, KithError, sentenceOf } from "../base/errors.ts";
import { ClosedPipeError } from "../host/console.ts";
import { ALL_PRIVILEGES } from "../host/privileges.ts";
import { version } from "./about.ts";
import { GivenUpError } from "./ask.ts";
import { ApiError } from "./client.ts";
import { Context, EXIT_INTERRUPTED, EXIT_OK, type Surroundings } from "./context.ts";
import { HANDLERS } from "./handlers.ts";
import { escapeLines } from "./escape.ts";
import { commandHelp, generalHelp } from "./help.ts";
import { Output } from "./output.ts";
import { type Invocation, parseCommandLine } from "./parse.ts";

/** What stands in an argument for bytes that are not UTF-8: which they were is not known any more. */
const REPLACEMENT = "\ufffd";
/** Characters of such an argument that are shown. */
const SHOWN_ARGUMENT = 40;

/**
 * Runs one command line. Errors are told, not thrown.
 *
 * @param signal ends the command early when aborted.
 * @returns the exit code (DESIGN 2).
 */
export async function runCommandLine(
  words: readonly string[],
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<number> {
  const { console } = surroundings;
  // For errors of the command line itself, which come before its flags are understood.
  let output = new Output(console, { json: wantsJson(words, console.variable("KITH_JSON")), quiet: false });
  try {
    checkWords(words);
    const invocation = parseCommandLine(words, console.variable);
    const { flags } = invocation;
    output = new Output(console, { json: flags.on("json"), quiet: flags.on("quiet") });
    return await runInvocation(invocation, words, surroundings, output, signal);
  } catch (error) {
    return report(error, output, signal);
  }
}

/** Refuses arguments that are not what was typed. @throws {KithError} `invalid_utf8`. */
function checkWords(words: readonly string[]): void {
  const changed = words.find((word) => word.includes(REPLACEMENT));
  if (changed !== undefined) {
    throw new KithError("invalid_utf8", { what: `argument '${changed.slice(0, SHOWN_ARGUMENT)}'` });
  }
}

async function runInvocation(
  invocation: Invocation,
  words: readonly string[],
  surroundings: Surroundings,
  output: Output,
  signal: AbortSignal,
): Promise<number> {
  const { command, args, flags } = invocation;
  if (surroundings.prompted === null) {
    const needs = flags.on("help") || flags.on("version") ? "nothing" : command.needs;
    if (needs === "nothing") surroundings.backend.giveUp(ALL_PRIVILEGES);
    if (needs === "files") surroundings.backend.giveUp(["net"]);
  }
  const context = new Context(surroundings, output, command, args, flags, signal);
  if (flags.on("help")) {
    const general = !words.includes(command.name);
    output.line(general ? generalHelp(surroundings.backend.version) : commandHelp(command));
    return EXIT_OK;
  }
  if (flags.on("version")) return await version(context);
  const handler = HANDLERS[command.name];
  if (handler === undefined) throw new Error(`the command ${command.name} has no handler`);
  const interrupted = new Promise<number>((resolve) => {
    signal.addEventListener("abort", () => context.endsItself || resolve(EXIT_INTERRUPTED), { once: true });
  });
  const done = handler(context);
  try {
    return await Promise.race([done, interrupted]);
  } finally {
    // What an interrupted command still throws is the interruption, seen from inside.
    done.catch(() => {});
    await context.close();
  }
}

/** Tells an error. @returns its exit code. */
function report(error: unknown, output: Output, signal: AbortSignal): number {
  if (error instanceof ClosedPipeError) return EXIT_OK;
  if (signal.aborted || error instanceof GivenUpError) return EXIT_INTERRUPTED;
  try {
    if (error instanceof KithError) {
      output.failure(error.code, error.message, error.values);
      return ERRORS[error.code].exit;
    }
    if (error instanceof ApiError) {
      output.failure(error.code, error.message, error.values);
      return error.exit;
    }
    const detail = error instanceof Error ? error.message : String(error);
    output.failure("internal", sentenceOf("internal", { detail }), { detail });
    if (error instanceof Error && error.stack !== undefined) output.words(escapeLines(error.stack));
    return ERRORS.internal.exit;
  } catch (second) {
    if (second instanceof ClosedPipeError) return EXIT_OK;
    throw second;
  }
}

function wantsJson(words: readonly string[], variable: string | undefined): boolean {
  const end = words.indexOf("--");
  const flags = end < 0 ? words : words.slice(0, end);
  return flags.includes("--json") || ["1", "true", "yes", "on"].includes(variable?.toLowerCase() ?? "");
}
