import { homePaths } from "../../lib/host/home.ts";
import { connectControl, type ControlClient } from "../../lib/host/control.ts";
import { DEADLINE_MS, type Home } from "./kith.ts";

const LOOK_AGAIN_MS = 5;

/** What a peer held when it was killed. */
export interface Killed {
  /** Entries when it was last asked. */
  readonly seen: number;
  /** Entries in its store, once it was dead. */
  readonly held: number;
}

/**
 * Starts a peer, and kills it by SIGKILL as soon as it holds so many entries, while more come in.
 *
 * @param args of the command, such as `up` or `join`.
 * @throws {Error} when it does not come to hold them in time.
 */
export async function killAt(
  home: Home,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  entries: number,
): Promise<Killed> {
  const words = [...args, "--json", "--listen", "127.0.0.1:0"];
  const process = home.machine.spawn(words, { KITH_HOME: home.path, ...env }, "null");
  const output = process.output();
  let ended = false;
  void process.status.then(() => ended = true);
  let seen = 0;
  let control: ControlClient | null = null;
  const endMs = performance.now() + DEADLINE_MS;
  while (seen < entries) {
    if (ended || performance.now() > endMs) {
      if (!ended) process.kill("SIGKILL");
      const { stdout, stderr } = await output;
      const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      throw new Error(`a peer to be killed at ${entries} entries held ${seen}, ended: ${ended}. It said: ${said}`);
    }
    control ??= await connectControl(homePaths(home.path));
    if (control === null) await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    else seen = await entriesOf(control);
  }
  process.kill("SIGKILL");
  await output;
  control?.close();
  const { running, entries: held } = await home.object("status");
  if (running) throw new Error("a killed peer still runs");
  return { seen, held };
}

/** How many entries a running peer holds; asked without starting a process, which would take too long. */
async function entriesOf(control: ControlClient): Promise<number> {
  const response = await control.request(new Request("http://localhost/v1/status"));
  return Number((await response.json()).entries);
}
