import { KithError } from "../base/errors.ts";
import { MAX_HOOK_WAITING, MAX_HOOK_WAITING_BYTES } from "../base/limits.ts";
import { type Context, EXIT_INTERRUPTED, EXIT_OK } from "./context.ts";
import { escapeText } from "./escape.ts";
import { formatCount, formatDuration } from "./format.ts";
import { HookQueue } from "./hook_queue.ts";
import { parseCommandLine } from "./parse.ts";
import { usageError } from "./usage.ts";

/** The exit code of a command of which a run failed. */
const EXIT_FAILED = 1;

/** Something for which the program is run. */
export interface Happening {
  /** One run at a time goes on for each of these, such as a key or a topic. */
  readonly lane: string;
  /** What it reads on its standard input. */
  readonly input: Uint8Array;
  /** Variables for it, without the `KITH_` in front; texts from others are as they came. */
  readonly variables: Readonly<Record<string, string>>;
  /** What tells this one from others under --json. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Whether a command line asks for programs to be run: only then does its process keep the permission for it. */
export function asksForPrograms(words: readonly string[], variable: (name: string) => string | undefined): boolean {
  if (!words.some((word) => word === "--exec" || word.startsWith("--exec="))) return false;
  try {
    return parseCommandLine(words, variable).flags.has("exec");
  } catch (error) {
    if (error instanceof KithError) return false;
    throw error;
  }
}

/** Runs the program of --exec for what happens. */
export class Hooks {
  readonly #context: Context;
  readonly #words: readonly string[];
  readonly #queue: HookQueue<Happening>;
  readonly #ending = new AbortController();
  #failed = 0;

  /**
   * @param newestOnly whether what came during a run is passed over for the newest of its lane; else all is run in order.
   * @throws {KithError} `programs_not_allowed`, `usage`.
   */
  constructor(context: Context, newestOnly: boolean) {
    this.#context = context;
    this.#words = context.flags.list("exec");
    const [program = ""] = this.#words;
    if (program === "") throw usageError("--exec needs a program.");
    if (!context.backend.mayRun(program)) {
      const detail = context.prompted === null
        ? "give 'deno run' the flag --allow-run as well, or use 'deno task hooks' in place of 'deno task start'"
        : "the prompt runs none; give this command in another terminal";
      throw new KithError("programs_not_allowed", { program, detail });
    }
    // It ends what runs before it ends itself.
    context.endsItself = true;
    this.#queue = new HookQueue({
      maxRuns: context.flags.number("exec-jobs") ?? 1,
      newestOnly,
      maxWaiting: MAX_HOOK_WAITING,
      maxWaitingBytes: MAX_HOOK_WAITING_BYTES,
      run: (happening, skipped) => this.#run(happening, skipped),
    });
  }

  /**
   * Takes what happens, one after the other, until there is no more, and ends what still runs.
   *
   * @returns the exit code of the command.
   */
  async follow(happenings: AsyncIterable<Happening>): Promise<number> {
    const { signal } = this.#context;
    const end = () => this.#ending.abort();
    signal.addEventListener("abort", end);
    try {
      try {
        const coming = happenings[Symbol.asyncIterator]();
        while (!signal.aborted) {
          // Nothing may come any more that could tell of a run that failed.
          const next = await this.#queue.unlessFailed(coming.next());
          if (next.done) break;
          await this.#queue.add(next.value.lane, next.value, next.value.input.length);
        }
        if (!signal.aborted) await this.#queue.idle();
      } catch (error) {
        // What an interrupted command still throws is the interruption, seen from inside.
        if (!signal.aborted) throw error;
      } finally {
        end();
        await this.#queue.stop();
      }
    } finally {
      signal.removeEventListener("abort", end);
    }
    if (signal.aborted) return EXIT_INTERRUPTED;
    return this.#failed > 0 ? EXIT_FAILED : EXIT_OK;
  }

  async #run({ input, variables, fields, lane }: Happening, skipped: number): Promise<void> {
    const { backend, flags, output, console } = this.#context;
    const all = Object.entries({ ...variables, SKIPPED: String(skipped) });
    const { code, isTimedOut, tookMs } = await backend.run({
      words: this.#words,
      input,
      variables: Object.fromEntries([
        // What it does by 'kith' is done with the same peer.
        ["KITH_HOME", backend.paths(this.#context.home).home],
        // No variable can hold it.
        ...all.map(([name, text]) => [`KITH_${name}`, text.replaceAll("\0", "")]),
      ]),
      timeoutMs: flags.number("exec-timeout") ?? Infinity,
      signal: this.#ending.signal,
      ...(output.json ? { output: (bytes: Uint8Array) => console.stderr.write(bytes) } : {}),
    });
    if (code !== 0) this.#failed++;
    if (output.json) {
      output.object({ event: "ran", ...fields, code, timed_out: isTimedOut, took_ms: Math.round(tookMs), skipped });
      return;
    }
    const what = escapeText(lane);
    if (skipped > 0) output.words(`${what}: ${formatCount(skipped, "older one was", "older ones were")} passed over`);
    if (this.#ending.signal.aborted) return;
    const program = escapeText(this.#words[0] ?? "");
    if (isTimedOut) output.warning(`${what}: ${program} was ended after ${formatDuration(tookMs)}`);
    else if (code !== 0) output.warning(`${what}: ${program} ended with ${code}`);
  }
}
