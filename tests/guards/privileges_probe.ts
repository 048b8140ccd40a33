import { createRequire } from "node:module";
import { spawnSync } from "node:child_process";
import { main as runKith } from "../../lib/cli/main.ts";

const home = Deno.env.get("KITH_HOME") as string;
// Not to be seen beforehand, else the module would be loaded with this one.
const load = (specifier: string) => import(specifier);

const ATTEMPTS: Readonly<Record<string, () => unknown>> = {
  "run a program": () => new Deno.Command(Deno.execPath(), { args: ["--version"] }).outputSync(),
  "run a program as in Node": () => {
    // Where it is denied, some of these say nothing.
    if (spawnSync(Deno.execPath(), ["--version"]).status !== 0) throw new Deno.errors.NotCapable("nothing was run");
  },
  "signal a process": () => Deno.kill(Deno.ppid, "SIGCONT"),
  "load a library": () => Deno.dlopen("libc.so.6", {}),
  "load an addon": () => createRequire(Deno.mainModule)(`${home}.node`),
  "import from the network": () => load("https://127.0.0.1:1/code.ts"),
  "import from a usual host": () => load("https://deno.land/std@0.224.0/version.ts"),
  "read another variable": () => Deno.env.get("PATH"),
  "read all variables": () => Deno.env.toObject(),
  "read the host's name": () => Deno.hostname(),
  "read a variable of kith": () => Deno.env.get("KITH_HOME"),
  "read a file": () => Deno.statSync("/"),
  "write a file": () => Deno.writeTextFileSync(`${home}.probe`, ""),
  "use the network": () => Deno.listen({ hostname: "127.0.0.1", port: 0 }).close(),
};

/**
 * Runs kith's own command line in this process, then tries what code that should not be there would try. Its last line
 * is a JSON object of what each attempt came to: "done", or the name of the error.
 *
 * A peer goes on; it counts as running once its control socket is there.
 */
export async function main(): Promise<void> {
  const exit = Deno.exit;
  let ended = false;
  const running = Promise.withResolvers<void>();
  // The command ends, and not this process.
  Deno.exit = (() => {
    ended = true;
    running.resolve();
    throw new Error("the command has ended");
  }) as typeof Deno.exit;
  runKith().catch((error) => ended ? undefined : running.reject(error));
  const timer = setInterval(() => {
    try {
      Deno.lstatSync(`${home}/control.sock`);
      running.resolve();
    } catch {
      return;
    }
  }, 10);
  await running.promise;
  clearInterval(timer);

  const outcomes: Record<string, string> = {};
  for (const [what, attempt] of Object.entries(ATTEMPTS)) {
    try {
      await attempt();
      outcomes[what] = "done";
    } catch (error) {
      const { name, message } = error as Error;
      outcomes[what] = name === "TypeError" && message.includes("Requires import access") ? "NotCapable" : name;
    }
  }
  console.log("\n" + JSON.stringify(outcomes));
  exit(0);
}
