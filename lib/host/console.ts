/** Where words go: standard output or standard error. */
export interface Sink {
  /** Whether a person reads it directly. */
  readonly isTerminal: boolean;
  /** Writes all of the bytes. @throws {ClosedPipeError} when nobody reads any more. */
  write(bytes: Uint8Array): void;
}

/** An open file and its size; 0 where the system does not tell, as for a pipe. */
export interface OpenedFile {
  readonly stream: ReadableStream<Uint8Array>;
  readonly sizeBytes: number;
}

/** What a program has of the terminal or script that started it. */
export interface Console {
  /** The words behind the program's name. */
  readonly words: readonly string[];
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Whether a person types standard input. */
  readonly stdinIsTerminal: boolean;
  /** Standard input; can be taken once. */
  stdin(): ReadableStream<Uint8Array>;
  /** An environment variable; undefined when it is not set or may not be read. */
  variable(name: string): string | undefined;
  /** Columns of the terminal; 80 when unknown. */
  columns(): number;
  /** Rows of the terminal; 24 when unknown. */
  rows(): number;
  /** Opens a file to read. @throws {Error} as the system puts it. */
  openFile(path: string): Promise<OpenedFile>;
  /** Reads a small text file; null when there is none. */
  readTextFile(path: string): string | null;
  /** Writes a small text file that only its owner may read. */
  writeTextFile(path: string, text: string): void;
  /** Names in a folder, those of folders with a `/` behind them; none when it can't be read. */
  listFolder(path: string): string[];
  /** Calls back on SIGINT, and SIGTERM or SIGHUP where there are any; returns how to stop that. */
  onSignal(handler: (signal: "SIGINT" | "SIGTERM" | "SIGHUP") => void): () => void;
  /** Wall clock, ms since 1970. */
  nowMs(): number;
  /** Ends the process. */
  exit(code: number): never;
}

/** Nobody reads what is written: the program ends quietly. */
export class ClosedPipeError extends Error {
  override readonly name = "ClosedPipeError";
}

/** The console of this process. */
export function processConsole(): Console {
  return {
    words: Deno.args,
    stdout: sink(Deno.stdout),
    stderr: sink(Deno.stderr),
    stdinIsTerminal: Deno.stdin.isTerminal(),
    stdin: () => Deno.stdin.readable,
    variable: readVariable,
    columns: () => terminalSize().columns,
    rows: () => terminalSize().rows,
    async openFile(path) {
      const file = await Deno.open(path);
      const { size, isFile } = await file.stat();
      return { stream: file.readable, sizeBytes: isFile ? size : 0 };
    },
    readTextFile(path) {
      try {
        return Deno.readTextFileSync(path);
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return null;
        throw error;
      }
    },
    writeTextFile: (path, text) => Deno.writeTextFileSync(path, text, { mode: 0o600 }),
    listFolder(path) {
      try {
        return Array.from(Deno.readDirSync(path), (entry) => entry.isDirectory ? `${entry.name}/` : entry.name);
      } catch {
        // Completion offers what it can see; a folder that can't be read offers nothing.
        return [];
      }
    },
    onSignal,
    nowMs: () => Date.now(),
    exit: (code) => Deno.exit(code),
  };
}

function terminalSize(): { readonly columns: number; readonly rows: number } {
  try {
    return Deno.consoleSize();
  } catch {
    // Not a terminal: what is written there has no size.
    return { columns: 80, rows: 24 };
  }
}

function sink(stream: typeof Deno.stdout): Sink {
  return {
    isTerminal: stream.isTerminal(),
    write(bytes) {
      let rest = bytes;
      try {
        while (rest.length > 0) rest = rest.subarray(stream.writeSync(rest));
      } catch (error) {
        if (error instanceof Deno.errors.BrokenPipe) throw new ClosedPipeError("nobody reads", { cause: error });
        throw error;
      }
    },
  };
}

function readVariable(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch (error) {
    // Without the permission it counts as not set: the program works on with its defaults.
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}

function onSignal(handler: (signal: "SIGINT" | "SIGTERM" | "SIGHUP") => void): () => void {
  // Windows knows SIGINT only, of these.
  const signals = Deno.build.os === "windows" ? ["SIGINT" as const] : ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const listeners = signals.map((signal) => ({ signal, listener: () => handler(signal) }));
  for (const { signal, listener } of listeners) Deno.addSignalListener(signal, listener);
  return () => {
    for (const { signal, listener } of listeners) Deno.removeSignalListener(signal, listener);
  };
}
