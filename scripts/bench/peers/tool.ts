import process from "node:process";
import { createInterface } from "node:readline";
import { digestOf, entriesOf, type Entry, WRITTEN_VALUE } from "./entries.ts";

/**
 * What every competitor's program does, each a process of Node, since that is what they are made for. tool_pair.ts
 * drives them: a question is a line of words on standard input, an answer a line of JSON on standard output. The end
 * of the input ends the process.
 *
 * Usage: NAME.ts serve FOLDER COUNT · NAME.ts join FOLDER COUNT ADDRESS
 *
 * The first holds COUNT entries and says `ready`. The second begins with nothing, says `synced` as soon as it holds
 * COUNT entries, and then which ones. What the first is told to `put KEY` is `put` there and `seen` by the second, each
 * with the time on Node's clock, which processes share. `write COUNT` has the first write entries one after the other,
 * after some to warm up.
 */
export interface Tool {
  /** Fills an empty folder with entries and lets others replicate them. */
  serve(folder: string, entries: readonly Entry[]): Promise<Serving>;
  /** Replicates from there into an empty folder. Ends when all entries are held. @param seen is told what comes later. */
  join(folder: string, count: number, address: string, seen: (key: string) => void): Promise<Joined>;
}

/** The side that has something. */
export interface Serving {
  /** What the other side needs in order to connect. */
  readonly address: string;
  /** Writes one entry. Ends when the tool says that it is kept, as far as it keeps anything. */
  put(key: string, value: string): unknown;
}

/** The side that had nothing. */
export interface Joined {
  /** What it holds. */
  entries(): Promise<Iterable<Entry>>;
}

/** As many as kith is given, by write_client.ts, before it is measured. */
const WARM_UP_WRITES = 50;

/** Runs a tool as the arguments say. */
export async function run(tool: Tool): Promise<void> {
  const [role, folder = "", count, address = ""] = process.argv.slice(2);
  if (role === "serve") await serve(tool, folder, Number(count));
  else await join(tool, folder, Number(count), address);
}

/** A package by its name; in a variable, since the project's type-check does not know it. */
export async function load<Module>(name: string): Promise<Module> {
  return await import(name);
}

async function serve(tool: Tool, folder: string, count: number): Promise<void> {
  const serving = await tool.serve(folder, entriesOf(count));
  say({ event: "ready", address: serving.address });
  for await (const line of createInterface(process.stdin)) {
    const [question, word = ""] = line.split(" ");
    if (question === "put") {
      const startNs = process.hrtime.bigint();
      await serving.put(word, WRITTEN_VALUE);
      say({ event: "put", key: word, microseconds: microseconds(startNs) });
    } else {
      await write(serving, "warm", WARM_UP_WRITES);
      const startNs = process.hrtime.bigint();
      await write(serving, "entry", Number(word));
      say({ event: "written", microseconds: microseconds(process.hrtime.bigint() - startNs) });
    }
  }
  process.exit(0);
}

async function write(serving: Serving, prefix: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await serving.put(`${prefix}/${i}`, WRITTEN_VALUE);
}

async function join(tool: Tool, folder: string, count: number, address: string): Promise<void> {
  const joined = await tool.join(folder, count, address, (key) => {
    say({ event: "seen", key, microseconds: microseconds(process.hrtime.bigint()) });
  });
  say({ event: "synced" });
  const entries = Array.from(await joined.entries());
  say({ event: "held", count: entries.length, digest: digestOf(entries) });
  for await (const _ of createInterface(process.stdin));
  process.exit(0);
}

function microseconds(nanoseconds: bigint): number {
  return Number(nanoseconds) / 1000;
}

function say(answer: Record<string, unknown>): void {
  process.stdout.write(JSON.stringify(answer) + "\n");
}
