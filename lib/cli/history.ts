import type { Console } from "../host/console.ts";
import { findCommand } from "./commands.ts";
import { splitLine } from "./words.ts";

/** Lines kept: what a person may look for again. */
export const MAX_HISTORY_LINES = 1000;
/** A longer line is not kept: it is pasted data, not a command to repeat. */
const MAX_LINE_CHARACTERS = 2000;

/** The lines of a prompt, kept from one run to the next in a private file. */
export class History {
  readonly #console: Console;
  readonly #path: string;
  #lines: string[];

  constructor(console: Console, path: string) {
    this.#console = console;
    this.#path = path;
    const text = console.readTextFile(path) ?? "";
    this.#lines = text.split("\n").filter((line) => line !== "").slice(-MAX_HISTORY_LINES);
  }

  /** The lines, the newest first, as node:readline wants them. */
  get newestFirst(): string[] {
    return this.#lines.toReversed();
  }

  /** Keeps a line, once; not one that begins with a space or may hold a ticket. */
  add(line: string): void {
    if (line.trim() === "" || line.startsWith(" ") || line.length > MAX_LINE_CHARACTERS || mayHoldTicket(line)) return;
    this.#lines = [...this.#lines.filter((known) => known !== line), line].slice(-MAX_HISTORY_LINES);
    this.#console.writeTextFile(this.#path, this.#lines.join("\n") + "\n");
  }
}

/**
 * Whether a line may hold a ticket, which must not lie on disk: one with `join` in it, wherever that stands, and one
 * that begins with no command, since that may be a ticket by itself, or behind a slip of `join`; or the text of a relay.
 */
function mayHoldTicket(line: string): boolean {
  const { words } = splitLine(line);
  const first = words[0] === "kith" ? words[1] : words[0];
  const isCommand = first !== undefined && (first.startsWith("-") || findCommand(first) !== undefined);
  return !isCommand || words.includes("join") || words.some((word) => word.includes("kithrelay1"));
}
