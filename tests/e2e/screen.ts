import { kithCommand } from "../../scripts/kith_process.ts";
import { type Home, until } from "./kith.ts";

const COLUMNS = 120;
const ROWS = 50;
/** So long the last screen can be looked at: longer than anything waits. */
const OPEN_AFTER_END_S = 600;

/** Whether there is a tmux to run terminals in. */
export function hasTmux(): boolean {
  try {
    return new Deno.Command("tmux", { args: ["-V"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** A command of kith in a terminal of its own, as a person sees it. */
export class Screen implements AsyncDisposable {
  readonly #socket: string;

  private constructor(socket: string) {
    this.#socket = socket;
  }

  /** Runs a command in a new terminal; behind it, its exit code is printed as `exit N`. */
  static async open(home: Home, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Screen> {
    const screen = new Screen(`${home.machine.folder}/${crypto.randomUUID().slice(0, 8)}`);
    const line = [...kithCommand(), ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
    const size = ["-x", String(COLUMNS), "-y", String(ROWS)];
    await screen.#tmux(["new-session", "-d", ...size, `${line}; echo "exit $?"; exec sleep ${OPEN_AFTER_END_S}`], {
      KITH_HOME: home.path,
      KITH_RUNTIME_DIR: `${home.machine.folder}/run`,
      NO_COLOR: "1",
      ...env,
    });
    return screen;
  }

  /** Types a text, as fast as a person would not: key by key. */
  async type(text: string): Promise<void> {
    for (const character of text) await this.#tmux(["send-keys", "-l", character]);
  }

  /** Presses keys by tmux's names, such as `Enter`, `Tab`, `Up`, `C-c`. */
  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.#tmux(["send-keys", key]);
  }

  /** What is on the screen, without the empty lines at its end. */
  async text(): Promise<string> {
    return (await this.#tmux(["capture-pane", "-p"])).trimEnd();
  }

  /** Waits until the screen matches. @returns it. */
  async shows(pattern: RegExp): Promise<string> {
    let last = "";
    try {
      return await until(String(pattern), async () => {
        last = await this.text();
        return pattern.test(last) ? last : null;
      });
    } catch (error) {
      throw new Error(`the screen never showed ${pattern}:\n${last}`, { cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux(["kill-server"]);
  }

  async #tmux(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
    const command = new Deno.Command("tmux", {
      args: ["-f", "/dev/null", "-S", this.#socket, ...args],
      env: { ...env },
    });
    const { success, stdout, stderr } = await command.output();
    const decoder = new TextDecoder();
    if (!success) throw new Error(`tmux ${args[0]}: ${decoder.decode(stderr)}`);
    return decoder.decode(stdout);
  }
}
