import { concat } from "../base/bytes.ts";
import { toJsonLine } from "../base/steering.ts";
import { ClosedPipeError, type Console } from "../host/console.ts";
import { escapeText } from "./escape.ts";

const encoder = new TextEncoder();

/** The output of one command: results to standard output, words for people to standard error. */
export class Output {
  readonly #console: Console;
  /** Whether results are JSON, one object per line. */
  readonly json: boolean;
  /** Whether to leave out words that are neither results nor errors. */
  readonly quiet: boolean;
  readonly #colours: boolean;
  /** What `together` has gathered so far; null outside of it. */
  #gathered: Uint8Array[] | null = null;

  constructor(console: Console, options: { readonly json: boolean; readonly quiet: boolean }) {
    this.#console = console;
    this.json = options.json;
    this.quiet = options.quiet;
    // https://no-color.org: set and not empty, whatever its value.
    const noColour = (console.variable("NO_COLOR") ?? "") !== "" || console.variable("TERM") === "dumb";
    this.#colours = console.stdout.isTerminal && !noColour;
  }

  /** Whether a person sees the results directly. */
  get isTerminal(): boolean {
    return this.#console.stdout.isTerminal;
  }

  /** Columns for a table; Infinity where results go to a file or program. */
  get columns(): number {
    return this.isTerminal ? this.#console.columns() : Infinity;
  }

  /** A line of the result, for people. What comes from others must be escaped already. */
  line(text: string): void {
    this.bytes(encoder.encode(text + "\n"));
  }

  /** Lines of the result, written at once. */
  lines(lines: readonly string[]): void {
    if (lines.length > 0) this.line(lines.join("\n"));
  }

  /** An object of the result, under --json; `"v":1` is put first. */
  object(fields: Readonly<Record<string, unknown>>): void {
    this.line(toJsonLine({ v: 1, ...fields }));
  }

  /** Bytes of the result as they are. */
  bytes(bytes: Uint8Array): void {
    if (this.#gathered === null) this.#console.stdout.write(bytes);
    else this.#gathered.push(bytes);
  }

  /** Writes the results that `write` gives, of things that came together, at once. */
  together(write: () => void): void {
    this.#gathered = [];
    try {
      write();
    } finally {
      this.#writeGathered();
      this.#gathered = null;
    }
  }

  /** Words for people: what was done, what comes next. Left out when quiet. */
  words(text: string): void {
    if (!this.quiet) this.#toStderr(text);
  }

  /** A warning: also when quiet. */
  warning(text: string): void {
    this.#toStderr(`kith: ${escapeText(text)}`);
  }

  /** A failure: a sentence, or under --json an object. */
  failure(code: string, message: string, values: Readonly<Record<string, unknown>>): void {
    if (this.json) this.object({ error: code, message, ...values });
    else this.#toStderr(`kith: ${escapeText(message)}`);
  }

  /** Whether results are coloured. */
  get hasColours(): boolean {
    return this.#colours;
  }

  /** Black on white, whatever the colours of the terminal: by numbers that themes leave as they are. */
  blackOnWhite(text: string): string {
    return this.#styled("38;5;16;48;5;231", text);
  }

  /** Emphasised, on a terminal. */
  bold(text: string): string {
    return this.#styled("1", text);
  }

  /** Less important, on a terminal. */
  dim(text: string): string {
    return this.#styled("2", text);
  }

  /** Good, on a terminal. */
  green(text: string): string {
    return this.#styled("32", text);
  }

  /** Needs a look, on a terminal. */
  yellow(text: string): string {
    return this.#styled("33", text);
  }

  #styled(code: string, text: string): string {
    return this.#colours ? `\x1b[${code}m${text}\x1b[0m` : text;
  }

  #writeGathered(): void {
    const gathered = this.#gathered?.splice(0) ?? [];
    if (gathered.length > 0) this.#console.stdout.write(concat(gathered));
  }

  #toStderr(text: string): void {
    // On a terminal both are read in the order in which they were said.
    this.#writeGathered();
    try {
      this.#console.stderr.write(encoder.encode(text + "\n"));
    } catch (error) {
      // Results count, also where nobody reads the words beside them.
      if (!(error instanceof ClosedPipeError)) throw error;
    }
  }
}
