import { assertEquals } from "@std/assert";
import { kithCommand } from "../../scripts/kith_process.ts";

/** Longest that anything here may take: a machine under load is slow, a hang is for ever. */
export const DEADLINE_MS = 180_000;
/** The same as a word for --timeout: shorter, so that what was waited for in vain is told by the command. */
export const TIMEOUT = "150s";
/** What a command says where its peer is slow to answer, as on a busy machine; frozen_peer_test.ts looks at it. */
const WAITING_LINE = /^kith: Waiting for the peer of .*\n/gm;

/** What a command printed, and how it ended. */
export interface Ended {
  readonly code: number;
  readonly bytes: Uint8Array;
  readonly out: string;
  readonly err: string;
}

/** An object that a command printed. */
// deno-lint-ignore no-explicit-any
export type Printed = Record<string, any>;

/** How a command is run. */
export interface RunOptions {
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** What is done with the process while it runs. */
  readonly meanwhile?: (process: Deno.ChildProcess) => Promise<void> | void;
  /** After how long it is killed, in ms. Default: `DEADLINE_MS`. */
  readonly deadlineMs?: number;
}

/** A folder that stands for one machine: homes whose peers find each other. Removed at the end, with all it ran. */
export class Machine implements AsyncDisposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "kith-test-" });
  readonly #processes = new Set<Deno.ChildProcess>();

  /** @param wrapper words before the program, for one that runs it in surroundings of its own. Default: none. */
  constructor(readonly wrapper: readonly string[] = []) {
    Deno.mkdirSync(`${this.folder}/run`, { mode: 0o700 });
  }

  /** A home of this machine. */
  home(name: string): Home {
    return new Home(this, `${this.folder}/${name}`);
  }

  /** Starts the program under test. */
  spawn(args: readonly string[], env: Readonly<Record<string, string>>, stdin: "null" | "piped"): Deno.ChildProcess {
    const task = args.includes("--exec") ? "hooks" : "start";
    const [command = "", ...before] = [...this.wrapper, ...kithCommand(task)];
    const process = new Deno.Command(command, {
      args: [...before, ...args],
      env: { KITH_RUNTIME_DIR: `${this.folder}/run`, KITH_NO_LAN: "1", NO_COLOR: "1", ...env },
      stdin,
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#processes.add(process);
    void process.status.then(() => this.#processes.delete(process));
    return process;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const processes = [...this.#processes];
    for (const process of processes) process.kill("SIGKILL");
    await Promise.all(processes.map((process) => process.status));
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** One home, and the commands that are run in it. */
export class Home {
  constructor(readonly machine: Machine, readonly path: string) {}

  /** Runs a command to its end. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    const stdin = options.stdin === undefined ? "null" : "piped";
    const process = this.machine.spawn(args, { KITH_HOME: this.path, ...options.env }, stdin);
    const deadline = setTimeout(() => process.kill("SIGKILL"), options.deadlineMs ?? DEADLINE_MS);
    const fed = options.stdin === undefined ? Promise.resolve() : feed(process, options.stdin);
    const output = process.output();
    await options.meanwhile?.(process);
    const { code, stdout, stderr } = await output;
    await fed;
    clearTimeout(deadline);
    const decoder = new TextDecoder();
    return { code, bytes: stdout, out: decoder.decode(stdout), err: withoutWaiting(decoder.decode(stderr)) };
  }

  /** Runs a command that has to succeed. @returns what it printed. */
  async ok(...args: string[]): Promise<string> {
    const { code, out, err } = await this.run(args);
    assertEquals([code, err], [0, err], `kith ${args.join(" ")}: ${err}`);
    return out;
  }

  /** Runs a command with --json that has to succeed. @returns the objects that it printed. */
  async objects(...args: string[]): Promise<Printed[]> {
    const out = await this.ok(...args, "--json");
    return out.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  }

  /** As `objects`, of a command that prints one. */
  async object(...args: string[]): Promise<Printed> {
    const [first, ...others] = await this.objects(...args);
    assertEquals(others, []);
    return first as Printed;
  }

  /** Starts a command that goes on, and whose lines are read one by one. */
  follow(...args: string[]): Followed {
    return new Followed(this.machine.spawn(args, { KITH_HOME: this.path }, "null"));
  }

  /** Runs a peer until it says ready. */
  async up(args: readonly string[] = [], options: RunOptions = {}): Promise<UpPeer> {
    const words = args[0] === "join" ? args : ["up", ...args];
    const listen = words.includes("--listen") ? [] : ["--listen", "127.0.0.1:0"];
    const stdin = options.stdin === undefined ? "null" : "piped";
    const process = this.machine.spawn(
      [...words, "--json", ...listen],
      { KITH_HOME: this.path, ...options.env },
      stdin,
    );
    if (options.stdin !== undefined) await feed(process, options.stdin);
    return await UpPeer.ready(process, options.deadlineMs);
  }
}

/** A peer that runs in a process of its own. */
export class UpPeer {
  private constructor(
    readonly process: Deno.ChildProcess,
    readonly ready: Printed,
    readonly err: Promise<string>,
    readonly rest: Promise<void>,
  ) {}

  static async ready(process: Deno.ChildProcess, deadlineMs = DEADLINE_MS): Promise<UpPeer> {
    const err = new Response(process.stderr).text();
    const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const deadline = setTimeout(() => process.kill("SIGKILL"), deadlineMs);
    let text = "";
    try {
      while (true) {
        const found = text.split("\n").slice(0, -1).find((line) => JSON.parse(line).event === "ready");
        if (found !== undefined) return new UpPeer(process, JSON.parse(found), err, drain(reader));
        const { value, done } = await reader.read();
        if (done) throw new Error(`no peer: ${text}${await err}`);
        text += value;
      }
    } finally {
      clearTimeout(deadline);
    }
  }

  /** The first address that it listens on. */
  get address(): string {
    return this.ready.addresses[0];
  }

  /** Ends it. @returns its exit code. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<number> {
    this.process.kill(signal);
    return await this.ended();
  }

  /** Waits until it has ended. @returns its exit code. */
  async ended(): Promise<number> {
    const { code } = await this.process.status;
    await this.rest;
    await this.err;
    return code;
  }
}

/** A command that goes on. */
export class Followed {
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #err: Promise<string>;
  #text = "";

  constructor(readonly process: Deno.ChildProcess) {
    this.#reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#err = new Response(process.stderr).text();
  }

  /** The next line; null at the end. */
  async line(): Promise<string | null> {
    const deadline = setTimeout(() => this.process.kill("SIGKILL"), DEADLINE_MS);
    try {
      while (!this.#text.includes("\n")) {
        const { value, done } = await this.#reader.read();
        if (done) return null;
        this.#text += value;
      }
    } finally {
      clearTimeout(deadline);
    }
    const end = this.#text.indexOf("\n");
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 1);
    return line;
  }

  /** Stops reading, as `head` does when it has enough. */
  async stopReading(): Promise<void> {
    await this.#reader.cancel();
  }

  /** Waits until it has ended. */
  async ended(): Promise<{ readonly code: number; readonly err: string }> {
    await drain(this.#reader);
    return { code: (await this.process.status).code, err: withoutWaiting(await this.#err) };
  }
}

/** Looks until something is so. @throws {Error} with `what` when it takes too long. */
export async function until<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  const endMs = performance.now() + DEADLINE_MS;
  while (performance.now() < endMs) {
    const found = await look();
    if (found !== null) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`it did not come about: ${what}`);
}

function withoutWaiting(err: string): string {
  return err.replaceAll(WAITING_LINE, "");
}

async function feed(process: Deno.ChildProcess, input: string | Uint8Array): Promise<void> {
  const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
  try {
    await ReadableStream.from([bytes]).pipeTo(process.stdin);
  } catch (error) {
    // Who does not read its input to the end has closed it.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

async function drain(reader: ReadableStreamDefaultReader<string>): Promise<void> {
  while (!(await reader.read()).done);
}
