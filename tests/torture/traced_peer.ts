import { kithCommand } from "../../scripts/kith_process.ts";
import { connectControl, type ControlClient } from "../../lib/host/control.ts";
import { isThere } from "../../lib/host/file_error.ts";
import { homePaths } from "../../lib/host/home.ts";
import { homeTag } from "../../lib/host/runtime_folder.ts";
import { type Fault, straceWords, tracedPid } from "./strace.ts";

/** Longest that anything of one point may take: a machine under load is slow, a hang is for ever. */
const DEADLINE_SECONDS = 180;
/** An idle checkpoint has begun by then, also on a machine that is slow. */
const CHECKPOINT_WAIT_MS = 20_000;
const LOOK_AGAIN_MS = 10;

// deno-lint-ignore no-explicit-any
type Printed = Record<string, any>;

/** What became of a request. */
export type Answer =
  | { readonly kind: "ok"; readonly object: Printed }
  | { readonly kind: "refused"; readonly code: string; readonly message: string }
  /** The peer is no more; what was asked may have been done. */
  | { readonly kind: "gone" };

/** How the process ended. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Whether it had to be ended, since it did nothing any more. */
  readonly hung: boolean;
}

/** How a peer is started. */
export interface TracedPeerOptions {
  readonly home: string;
  /** Where running peers leave their notes. */
  readonly runFolder: string;
  /** The file that receives the calls. */
  readonly log: string;
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Files beside those of a home in use whose calls count. */
  readonly files: readonly string[];
  readonly fault: Fault | null;
}

/** A peer in a process of its own, which is hurt at one system call. */
export class TracedPeer {
  readonly #options: TracedPeerOptions;
  readonly #process: Deno.ChildProcess;
  readonly #out: Promise<string>;
  readonly #err: Promise<string>;
  readonly #ready = Promise.withResolvers<Printed | null>();
  readonly #deadline: ReturnType<typeof setInterval>;
  #control: ControlClient | null = null;
  #hung = false;
  /** Codes of the refusals so far. */
  readonly refusals: string[] = [];

  constructor(options: TracedPeerOptions) {
    const { home, runFolder, log, words, env, files, fault } = options;
    const [program = "", ...args] = [
      ...straceWords(log, watchedPaths(home, runFolder, files, fault), fault),
      ...kithCommand(),
    ];
    this.#options = options;
    this.#process = new Deno.Command(program, {
      args: [...args, ...words, "--json"],
      env: { KITH_HOME: home, KITH_RUNTIME_DIR: runFolder, NO_COLOR: "1", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#err = this.#readErr();
    this.#out = this.#readOut();
    // By seconds in which this process runs too: a machine that is halted for a while halts both.
    let seconds = 0;
    this.#deadline = setInterval(() => ++seconds === DEADLINE_SECONDS && this.#giveUp(), 1000);
  }

  /** Where its home is. */
  get home(): string {
    return this.#options.home;
  }

  /** Size of its database without the write-ahead log. */
  get storeBytes(): number {
    return Deno.statSync(homePaths(this.#options.home).store).size;
  }

  /** What it printed once it listened; null where it ended before, or waits for room on a full disk. */
  get ready(): Promise<Printed | null> {
    return this.#ready.promise;
  }

  /** Asks it for something. Of an answer in lines the last one counts. */
  async ask(method: string, path: string, body?: string): Promise<Answer> {
    try {
      this.#control ??= await connectControl(homePaths(this.#options.home));
      if (this.#control === null) return { kind: "gone" };
      const init = body === undefined ? {} : { body };
      const response = await this.#control.request(new Request(`http://localhost/v1/${path}`, { method, ...init }));
      const text = await response.text();
      const object = JSON.parse(text.trimEnd().split("\n").at(-1) ?? "");
      if (typeof object.error !== "string") return { kind: "ok", object };
      const code = object.cause ?? object.error;
      this.refusals.push(code);
      return { kind: "refused", code, message: object.message };
    } catch {
      // It was killed meanwhile, or said nothing that can be read: how it ended tells which.
      return { kind: "gone" };
    }
  }

  /** Waits until the store's log was moved into its file, or could not be. */
  async untilCheckpoint(): Promise<void> {
    const { store, log } = homePaths(this.#options.home);
    const changedMs = () => Deno.statSync(store).mtime?.getTime();
    const before = changedMs();
    const hasFailed = () => isThere(log) && Deno.readTextFileSync(log).includes('"checkpoint_failed"');
    await this.until(() => changedMs() !== before || hasFailed(), CHECKPOINT_WAIT_MS);
  }

  /** Waits until something holds, or the process has ended, or so much time is over. */
  async until(holds: () => boolean | Promise<boolean>, waitMs: number): Promise<void> {
    let ended = false;
    void this.#process.status.then(() => ended = true);
    const endMs = performance.now() + waitMs;
    while (!ended && performance.now() < endMs && !await holds()) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
  }

  /** Asks it to end, as whoever gives up waiting does. */
  interrupt(): void {
    this.#signal("SIGTERM");
  }

  /** Ends it by SIGKILL. */
  kill(): void {
    this.#signal("SIGKILL");
  }

  #signal(signal: Deno.Signal): void {
    const pid = tracedPid(this.#log());
    try {
      if (pid === null) this.#process.kill("SIGTERM");
      else Deno.kill(pid, signal);
    } catch (error) {
      // It has just ended, which is what was asked for.
      if (!(error instanceof Deno.errors.NotFound || error instanceof TypeError)) throw error;
    }
  }

  /** Waits until it has ended. */
  async ended(): Promise<Ended> {
    const { code } = await this.#process.status;
    clearInterval(this.#deadline);
    this.#control?.close();
    return { code, out: await this.#out, err: await this.#err, hung: this.#hung };
  }

  #giveUp(): void {
    this.#hung = true;
    this.kill();
  }

  #log(): string {
    try {
      return Deno.readTextFileSync(this.#options.log);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    }
  }

  async #readErr(): Promise<string> {
    let text = "";
    for await (const chunk of this.#process.stderr.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (text.includes("The disk is full")) this.#ready.resolve(null);
    }
    return text;
  }

  async #readOut(): Promise<string> {
    let text = "";
    for await (const chunk of this.#process.stdout.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const line = text.split("\n").slice(0, -1).find((line) => JSON.parse(line).event === "ready");
      if (line !== undefined) this.#ready.resolve(JSON.parse(line));
    }
    this.#ready.resolve(null);
    return text;
  }
}

/** The files that a peer has, and its folders; with a fault those that it is about. */
function watchedPaths(home: string, runFolder: string, files: readonly string[], fault: Fault | null): string[] {
  const { counter, ...paths } = homePaths(home);
  const ofCounter = [counter, `${counter}.new`];
  if (fault?.files === "counter") return ofCounter;
  const note = `${runFolder}/${homeTag(home)}.json`;
  const whole = [paths.identity, paths.config, note].map((path) => `${path}.new`);
  const ofStore = ["-wal", "-shm", "-journal"].map((suffix) => paths.store + suffix);
  const others = [...Object.values(paths), ...whole, ...ofStore, note, runFolder, `${home}/control.sock`, ...files];
  return fault === null ? [...others, ...ofCounter] : others;
}
