import { Child, type Line } from "./child.ts";
import { runtimeFlags } from "./flags.ts";

/** The program under test: that of KITH_EXE, else main.ts with the flags of the task `start`. */
export function kithCommand(): string[] {
  const exe = Deno.env.get("KITH_EXE");
  if (exe !== undefined && exe !== "") return [exe];
  return [Deno.execPath(), "run", "--quiet", ...runtimeFlags(), `${import.meta.dirname}/../main.ts`];
}

/** kith with one home, in processes of their own. */
export class Kith {
  readonly #environment: Readonly<Record<string, string>>;

  /** @param folder where it keeps its home; peers of other folders are not found by words alone. */
  constructor(folder: string) {
    this.#environment = { KITH_HOME: `${folder}/home`, KITH_RUNTIME_DIR: `${folder}/run`, NO_COLOR: "1" };
  }

  /** Starts a command that goes on; `--json` is added. */
  start(args: readonly string[], input = ""): Child {
    const [command = "", ...before] = kithCommand();
    return new Child(command, [...before, ...args, "--json"], { input, env: this.#environment });
  }

  /** Starts the peer on a free port of loopback. @returns it and its ready line. */
  async up(): Promise<{ readonly peer: Child; readonly ready: Line; readonly readyMs: number }> {
    const peer = this.start(["up", "--listen", "127.0.0.1:0"]);
    const ready = await peer.lineWith("event", "ready");
    return { peer, ready, readyMs: performance.now() - peer.startedMs };
  }

  /** Runs a command to its end. @returns what it printed. @throws {Error} when it fails, with what it said. */
  async run(args: readonly string[]): Promise<Uint8Array> {
    const [command = "", ...before] = kithCommand();
    const output = await new Deno.Command(command, {
      args: [...before, ...args],
      env: this.#environment,
      stdin: "null",
    }).output();
    if (output.success) return output.stdout;
    throw new Error(`kith ${args[0]} ended with ${output.code}: ${new TextDecoder().decode(output.stderr)}`);
  }

  /** Runs a command with `--json` to its end. @returns its one line. */
  async ask(args: readonly string[]): Promise<Line> {
    return JSON.parse(new TextDecoder().decode(await this.run([...args, "--json"])));
  }
}

/** The first address of a ready line. */
export function addressOf(ready: Line): string {
  return String((ready["addresses"] as string[])[0]);
}
