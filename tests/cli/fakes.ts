import type { Backend, RunningPeer, RunningRelay, StartOptions } from "../../lib/cli/backend.ts";
import type { Transport } from "../../lib/cli/client.ts";
import type { NetworkCheck } from "../../lib/host/network_check.ts";
import type { ProgramEnd, ProgramRun } from "../../lib/host/program.ts";
import { ClosedPipeError, type Console } from "../../lib/host/console.ts";
import { runCommandLine } from "../../lib/cli/run.ts";

/** A console whose output is kept, and whose input is given. */
export class FakeConsole implements Console {
  words: readonly string[] = [];
  stdoutBytes: Uint8Array[] = [];
  stderrBytes: Uint8Array[] = [];
  stdinIsTerminal = false;
  stdinText = "";
  variables: Record<string, string> = {};
  files: Record<string, string> = {};
  clockMs = 1_000_000;
  /** Number of writes to standard output after which nobody reads any more. */
  readsLeft = Infinity;
  readonly stdout;
  readonly stderr;

  constructor(terminal = false) {
    this.stdout = {
      isTerminal: terminal,
      write: (bytes: Uint8Array) => {
        if (this.readsLeft-- <= 0) throw new ClosedPipeError("nobody reads");
        this.stdoutBytes.push(bytes.slice());
      },
    };
    this.stderr = { isTerminal: terminal, write: (bytes: Uint8Array) => void this.stderrBytes.push(bytes.slice()) };
    this.stdinIsTerminal = terminal;
  }

  get out(): string {
    return this.stdoutBytes.map((bytes) => new TextDecoder().decode(bytes)).join("");
  }

  get err(): string {
    return this.stderrBytes.map((bytes) => new TextDecoder().decode(bytes)).join("");
  }

  stdin(): ReadableStream<Uint8Array> {
    return ReadableStream.from([new TextEncoder().encode(this.stdinText)]);
  }

  variable = (name: string) => this.variables[name];
  columns = () => 80;
  rows = () => 24;
  nowMs = () => this.clockMs;
  listFolder = (path: string) => path === "." ? ["cat.jpg", "dir/"] : ["in.txt"];
  onSignal = () => () => {};
  readTextFile = (path: string) => this.files[path] ?? null;

  writeTextFile(path: string, text: string): void {
    this.files[path] = text;
  }

  openFile(path: string) {
    const text = this.files[path];
    if (text === undefined) return Promise.reject(new Error("No such file or directory"));
    const bytes = new TextEncoder().encode(text);
    return Promise.resolve({ stream: ReadableStream.from([bytes]), sizeBytes: bytes.length });
  }

  exit(code: number): never {
    throw new Error(`exit ${code}`);
  }
}

/** A backend whose peer is a function. */
export class FakeBackend implements Backend {
  version = "9.9.9";
  versions = { wire: 1, store: 1 };
  started: StartOptions[] = [];
  givenUp: string[] = [];
  stops = 0;
  closes = 0;
  #ended = Promise.withResolvers<string>();

  constructor(readonly transport: Transport, public running = true) {}

  paths(home: string | undefined) {
    const root = home ?? "/home/me/.local/share/kith";
    return { home: root, store: `${root}/store.sqlite` };
  }

  connect() {
    const close = () => void this.closes++;
    return Promise.resolve(this.running ? { transport: this.transport, pid: "7", close } : null);
  }

  start(options: StartOptions): Promise<RunningPeer> {
    this.started.push(options);
    return Promise.resolve({
      transport: this.transport,
      home: this.paths(options.home).home,
      addresses: ["192.168.1.10:5484"],
      text: null,
      otherPort: false,
      notices: [],
      onEvent: () => () => {},
      stopped: this.#ended.promise,
      failure: null,
      stop: () => {
        this.stops++;
        this.#ended.resolve("test");
        return Promise.resolve();
      },
    });
  }

  startRelay(): Promise<RunningRelay> {
    return Promise.reject(new Error("there is no network"));
  }

  untilFree() {
    return Promise.resolve();
  }

  carryOut(): Promise<never> {
    return Promise.reject(new Error("there is nothing to carry"));
  }

  carriedIn(): Promise<null> {
    return Promise.resolve(null);
  }

  giveUp(privileges: readonly string[]): void {
    this.givenUp.push(...privileges);
  }

  mayRun = (_program: string) => true;

  run(_run: ProgramRun): Promise<ProgramEnd> {
    return Promise.reject(new Error("there is nothing to run"));
  }

  absolutePath(path: string) {
    return `/here/${path}`;
  }

  restore(): Promise<never> {
    return Promise.reject(new Error("there is nothing to restore"));
  }

  network: NetworkCheck = {
    addresses: [],
    ports: [],
    multicast: { interfaces: [], problem: null, self: false, peers: false, others: false },
  };

  checkNetwork() {
    return Promise.resolve(this.network);
  }

  textExchange() {
    return Promise.resolve({ pulled: 2, pushed: 1, skipped: 0 });
  }
}

/** A transport that answers by `METHOD /path`, and keeps what was asked. */
export function fakeTransport(
  answers: Record<string, (request: Request) => Response | Promise<Response>>,
): { transport: Transport; asked: Request[] } {
  const asked: Request[] = [];
  const transport = (request: Request) => {
    asked.push(request);
    const answer = answers[`${request.method} ${new URL(request.url).pathname}`];
    return Promise.resolve(answer?.(request) ?? apiError("unknown_path", 2, "There is no such path.", 404));
  };
  return { transport, asked };
}

/** An object as the API answers with it. */
export function apiObject(fields: Record<string, unknown>, status = 200): Response {
  return Response.json({ v: 1, ...fields }, { status });
}

/** An error as the API answers with it. */
export function apiError(error: string, exit: number, message: string, status = 400): Response {
  return apiObject({ error, exit, message }, status);
}

/** Lines as the API answers with them. */
export function apiLines(objects: readonly unknown[]): Response {
  return new Response(objects.map((object) => JSON.stringify(object) + "\n").join(""));
}

/** Runs a command line against fake answers. */
export async function run(
  words: readonly string[],
  answers: Record<string, (request: Request) => Response | Promise<Response>> = {},
  change: (console: FakeConsole, backend: FakeBackend) => void = () => {},
  terminal = false,
) {
  const { transport, asked } = fakeTransport(answers);
  const console = new FakeConsole(terminal);
  const backend = new FakeBackend(transport);
  change(console, backend);
  const code = await runCommandLine(words, { console, backend, prompted: null }, new AbortController().signal);
  return { code, out: console.out, err: console.err, asked, backend, console };
}
