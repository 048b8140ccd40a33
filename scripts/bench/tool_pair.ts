import { type Child, type Line, peakMb } from "../child.ts";
import { percentile, type Sample } from "./figure.ts";
import type { Pair } from "./pair.ts";

/** Starts a process with arguments; one that listens. */
export type Starter = (args: readonly string[]) => Child;

/** Two processes of a competitor, as peers/tool.ts says. */
export class ToolPair implements Pair {
  readonly #first: Child;
  readonly #second: Child;

  private constructor(
    first: Child,
    second: Child,
    readonly syncSeconds: number,
    readonly digest: string,
  ) {
    this.#first = first;
    this.#second = second;
  }

  /** Has the first hold entries, and the second get them. @param folder of both, which is not there yet. */
  static async start(starter: Starter, folder: string, count: number): Promise<ToolPair> {
    Deno.mkdirSync(folder);
    const children: Child[] = [];
    try {
      const first = starter(["serve", folder, String(count)]);
      children.push(first);
      const { address } = await first.lineWith("event", "ready");
      const second = starter(["join", folder, String(count), String(address)]);
      children.push(second);
      await second.lineWith("event", "synced");
      const syncSeconds = (performance.now() - second.startedMs) / 1000;
      const held = await second.lineWith("event", "held");
      return new ToolPair(first, second, syncSeconds, String(held.digest));
    } catch (error) {
      for (const child of children) await child.kill();
      throw error;
    }
  }

  peaksMb(): readonly [number, number] {
    return [peakMb(this.#first.pid), peakMb(this.#second.pid)];
  }

  async seen(count: number, warmUp: number): Promise<Sample> {
    const trips: number[] = [];
    for (let number = 0; number < count + warmUp; number++) {
      const ms = await this.#seenMs(`watched/${number}`);
      if (number >= warmUp) trips.push(ms);
    }
    trips.sort((a, b) => a - b);
    return { p50: percentile(trips, 0.5), p99: percentile(trips, 0.99) };
  }

  async writeSeconds(count: number): Promise<number> {
    await this.#second.kill();
    await this.#first.tell(`write ${count}`);
    return microseconds(await this.#first.lineWith("event", "written")) / 1e6;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#second.kill();
    await this.#first.kill();
  }

  async #seenMs(key: string): Promise<number> {
    await this.#first.tell(`put ${key}`);
    const [put, seen] = await Promise.all([
      this.#first.lineWith("event", "put"),
      this.#second.lineWith("event", "seen"),
    ]);
    if (seen.key !== key) throw new Error(`${seen.key} was seen instead of ${key}`);
    return (microseconds(seen) - microseconds(put)) / 1000;
  }
}

function microseconds(line: Line): number {
  return Number(line.microseconds);
}
