import { KithError } from "../base/errors.ts";
import { PROGRAM_END_MS } from "../base/limits.ts";
import { isSystemError } from "./file_error.ts";

/** How a program is run. */
export interface ProgramRun {
  /** The program, looked up as a shell would, and its arguments as they are: no shell reads them. */
  readonly words: readonly string[];
  /** What it reads on its standard input. */
  readonly input: Uint8Array;
  /** Variables beside those of this process. */
  readonly variables: Readonly<Record<string, string>>;
  /** Time after which it is ended; Infinity for never. */
  readonly timeoutMs: number;
  /** Ends it when aborted. */
  readonly signal: AbortSignal;
  /** Takes its standard output. Default: it has that of this process. */
  readonly output?: (bytes: Uint8Array) => void;
}

/** How a program ended. */
export interface ProgramEnd {
  /** Its exit code; 128 and the number of the signal where one ended it. */
  readonly code: number;
  readonly isTimedOut: boolean;
  readonly tookMs: number;
}

/** How long the output of a program that has ended is read on: something that it left running may hold it open. */
const OUTPUT_REST_MS = 200;

/** Whether this process may run a program: it gives that up at its start, unless it was asked to run one. */
export function mayRun(program: string): boolean {
  return Deno.permissions.querySync({ name: "run", command: program }).state === "granted";
}

/**
 * Runs a program to its end. Where the system has process groups it gets one of its own, which is ended as a whole: first
 * asked to (SIGTERM), and killed PROGRAM_END_MS later.
 *
 * @throws {KithError} `program_unusable` where it cannot be started.
 */
export async function runProgram(run: ProgramRun): Promise<ProgramEnd> {
  const startedMs = performance.now();
  const child = start(run);
  let isTimedOut = false;
  let killing: ReturnType<typeof setTimeout> | undefined;
  const end = () => {
    sendSignal(child, "SIGTERM");
    killing ??= setTimeout(() => sendSignal(child, "SIGKILL"), PROGRAM_END_MS);
  };
  const timer = run.timeoutMs === Infinity ? undefined : setTimeout(() => {
    isTimedOut = true;
    end();
  }, run.timeoutMs);
  run.signal.addEventListener("abort", end, { once: true });
  if (run.signal.aborted) end();
  try {
    const fed = feed(child.stdin, run.input);
    const copied = run.output === undefined ? undefined : new Output(child.stdout, run.output);
    const { code } = await child.status;
    await copied?.end();
    await fed;
    return { code, isTimedOut, tookMs: performance.now() - startedMs };
  } finally {
    clearTimeout(timer);
    clearTimeout(killing);
    run.signal.removeEventListener("abort", end);
  }
}

function start({ words, variables, output }: ProgramRun): Deno.ChildProcess {
  const [program = "", ...args] = words;
  try {
    return new Deno.Command(program, {
      args,
      env: { ...variables },
      stdin: "piped",
      stdout: output === undefined ? "inherit" : "piped",
      stderr: "inherit",
      // A session of its own, and so a group: Ctrl-C reaches this process alone, which then ends the group.
      detached: Deno.build.os !== "windows",
    }).spawn();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new KithError("program_unusable", { program, detail: error.message }, error);
  }
}

function sendSignal(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    Deno.kill(-child.pid, signal);
  } catch {
    try {
      child.kill(signal);
    } catch (error) {
      // It has ended meanwhile.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

async function feed(stdin: WritableStream<Uint8Array>, input: Uint8Array): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(input);
    await writer.close();
  } catch (error) {
    // Who does not read its input to the end has closed it; a stream that broke so cannot be closed, a TypeError.
    if (!(error instanceof Deno.errors.BrokenPipe || error instanceof TypeError)) throw error;
  }
}

/** Hands on what a program writes. */
class Output {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #copied: Promise<void>;

  constructor(stream: ReadableStream<Uint8Array>, take: (bytes: Uint8Array) => void) {
    this.#reader = stream.getReader();
    this.#copied = this.#copy(take);
  }

  /** The program has ended: takes what it wrote. */
  async end(): Promise<void> {
    const timer = setTimeout(() => void this.#reader.cancel(), OUTPUT_REST_MS);
    await this.#copied;
    clearTimeout(timer);
  }

  async #copy(take: (bytes: Uint8Array) => void): Promise<void> {
    for (let read = await this.#reader.read(); !read.done; read = await this.#reader.read()) take(read.value);
  }
}
