/** One line of JSON that a child process prints. */
export type Line = Readonly<Record<string, unknown>>;

/** How a child process is started. */
export interface ChildOptions {
  /** What it reads on its standard input. Default: nothing. */
  readonly input?: string;
  /** Its standard input goes on behind `input`, with what `tell` is given. Default: no. */
  readonly listens?: boolean;
  /** Variables beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** The core that it runs on, by `taskset`. Default: any. */
  readonly core?: number;
}

/** A child process that says what it has to say in lines of JSON on its standard output; its errors go to ours. */
export class Child {
  readonly #process: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #what: string;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  #inputEnd: Promise<void> | null = null;
  #rest = "";
  /** When it was started, by `performance.now()`. */
  readonly startedMs: number;

  constructor(command: string, args: readonly string[], options: ChildOptions = {}) {
    this.#what = [command, ...args.filter((arg) => !arg.startsWith("-"))].join(" ");
    const { input = "", listens = false, env = {}, core } = options;
    const pinned = core === undefined ? [] : ["taskset", "-c", String(core)];
    const [program = command, ...words] = [...pinned, command, ...args];
    const child = new Deno.Command(program, {
      args: words,
      env: { ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    });
    this.startedMs = performance.now();
    this.#process = child.spawn();
    this.#lines = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#input = this.#process.stdin.getWriter();
    void this.#input.write(new TextEncoder().encode(input)).catch(unlessGone);
    if (!listens) void this.#endInput();
  }

  /** A program of this folder, by its path in it. */
  static script(name: string, flags: readonly string[], args: readonly string[], options?: ChildOptions): Child {
    const run = ["run", "--quiet", "--no-prompt", ...flags, `${import.meta.dirname}/${name}`];
    return new Child(Deno.execPath(), [...run, ...args], options);
  }

  /** Writes a line to the standard input of one that listens. */
  async tell(line: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
  }

  /** Its process id. */
  get pid(): number {
    return this.#process.pid;
  }

  /** The next line. @throws {Error} when it ends instead. */
  async line(): Promise<Line> {
    while (true) {
      const end = this.#rest.indexOf("\n");
      if (end >= 0) {
        const line = this.#rest.slice(0, end);
        this.#rest = this.#rest.slice(end + 1);
        return JSON.parse(line);
      }
      const { value, done } = await this.#lines.read();
      if (done) throw new Error(`it ended before it said what was expected: ${this.#what}`);
      this.#rest += value;
    }
  }

  /** The next line that has a field with this value. */
  async lineWith(field: string, value: unknown): Promise<Line> {
    while (true) {
      const line = await this.line();
      if (line[field] === value) return line;
    }
  }

  /** Ends it with a signal, and waits until it is gone. */
  async kill(signal: Deno.Signal = "SIGKILL"): Promise<void> {
    try {
      this.#process.kill(signal);
    } catch (error) {
      // It ended by itself, which is what was asked for.
      if (!(error instanceof TypeError)) throw error;
    }
    await this.ended();
  }

  /** Waits until it has ended by itself, at the end of its input, passing over what it says. @returns its exit code. */
  async ended(): Promise<number> {
    const inputEnd = this.#endInput();
    while (!(await this.#lines.read()).done);
    await inputEnd;
    return (await this.#process.status).code;
  }

  async #endInput(): Promise<void> {
    this.#inputEnd ??= this.#input.close().catch(unlessGone);
    await this.#inputEnd;
  }
}

/** Who does not read its input to the end has closed it; a stream that broke so cannot be closed, a TypeError. */
function unlessGone(error: unknown): void {
  if (!(error instanceof Deno.errors.BrokenPipe || error instanceof TypeError)) throw error;
}

/** Runs a child to its end. @returns its last line. @throws {Error} when it fails. */
export async function lastLine(child: Child): Promise<Line> {
  const line = await child.line();
  const code = await child.ended();
  if (code !== 0) throw new Error(`a child process ended with ${code}`);
  return line;
}

/** Whether processes can be kept on one core here, and there are two. */
export function canPin(): boolean {
  try {
    return new Deno.Command("taskset", { args: ["-c", "1", "true"], stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Resident memory of a process in MB, as `ps` tells. */
export async function residentMb(pid: number): Promise<number> {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "rss=", "-p", String(pid)] }).output();
  return Number(new TextDecoder().decode(stdout)) * 1024 / 1e6;
}

/** The most memory that a process has had resident so far, in MB, as Linux tells; NaN elsewhere. */
export function peakMb(pid: number): number {
  if (Deno.build.os !== "linux") return NaN;
  // By a command, since Deno itself reads /proc only with every permission.
  const { stdout } = new Deno.Command("grep", { args: ["VmHWM", `/proc/${pid}/status`] }).outputSync();
  return Number(/(\d+) kB/.exec(new TextDecoder().decode(stdout))?.[1]) * 1024 / 1e6;
}
