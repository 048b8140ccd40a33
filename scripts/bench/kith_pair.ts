import { type Home, Machine, type UpPeer } from "../../tests/e2e/kith.ts";
import { Child, lastLine, type Line, peakMb } from "../child.ts";
import { runtimeFlags } from "../flags.ts";
import { kithCommand } from "../kith_process.ts";
import type { Sample } from "./figure.ts";
import type { Pair } from "./pair.ts";
import { digestOf, type Entry } from "./peers/entries.ts";

/** Two peers of kith in processes of their own; who writes and who watches is a third one, over the control sockets. */
export class KithPair implements Pair {
  readonly #machine: Machine;
  readonly #homes: readonly [first: Home, second: Home];
  readonly #first: UpPeer;
  readonly #second: Child;

  private constructor(
    machine: Machine,
    homes: readonly [first: Home, second: Home],
    first: UpPeer,
    second: Child,
    readonly syncSeconds: number,
    readonly digest: string,
  ) {
    this.#machine = machine;
    this.#homes = homes;
    this.#first = first;
    this.#second = second;
  }

  /** Imports entries on the first, and has the second join and sync. @param lines a file to import. */
  static async start(lines: string): Promise<KithPair> {
    const machine = new Machine();
    try {
      const [a, b] = [machine.home("a"), machine.home("b")];
      const first = await a.up();
      await a.ok("import", lines);
      const { words } = await a.object("invite");
      const second = join(b, first.address, String(words));
      await second.lineWith("event", "joined");
      await b.ok("wait", "--synced", "--timeout", "2m");
      const syncSeconds = (performance.now() - second.startedMs) / 1000;
      const digest = digestOf((await b.objects("export")).map(({ key, json }): Entry => [key, json]));
      return new KithPair(machine, [a, b], first, second, syncSeconds, digest);
    } catch (error) {
      await machine[Symbol.asyncDispose]();
      throw error;
    }
  }

  peaksMb(): readonly [number, number] {
    return [peakMb(this.#first.process.pid), peakMb(this.#second.pid)];
  }

  async seen(count: number, warmUp: number): Promise<Sample> {
    const [a, b] = this.#homes;
    const { p50, p99 } = await this.#client("watch_client.ts", [a.path, b.path, String(count), String(warmUp)]);
    return { p50: Number(p50), p99: Number(p99) };
  }

  async writeSeconds(count: number): Promise<number> {
    await this.#second.kill("SIGTERM");
    const { seconds } = await this.#client("write_client.ts", ["api", this.#homes[0].path, String(count)]);
    return Number(seconds);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#second.kill("SIGTERM");
    await this.#machine[Symbol.asyncDispose]();
  }

  async #client(name: string, args: readonly string[]): Promise<Line> {
    const env = { KITH_RUNTIME_DIR: `${this.#machine.folder}/run` };
    return await lastLine(Child.script(`bench/${name}`, runtimeFlags(), args, { env }));
  }
}

function join(home: Home, address: string, words: string): Child {
  const [command = "", ...before] = kithCommand();
  const env = { KITH_HOME: home.path, KITH_RUNTIME_DIR: `${home.machine.folder}/run` };
  const args = [...before, "join", "-", "--at", address, "--listen", "127.0.0.1:0", "--json"];
  return new Child(command, args, { input: words, env });
}
