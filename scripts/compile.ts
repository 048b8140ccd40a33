import { parseArgs } from "@std/cli/parse-args";
import { runtimeFlags } from "./flags.ts";

/**
 * Builds the one executable, with the permissions of the task `hooks` built in: it gives up to run programs at its start,
 * unless it is asked to by `--exec`.
 *
 * Usage: compile.ts [--target TRIPLE] [--output PATH] [--entry FILE]. Default: main.ts, for this system, into dist/kith.
 */
const { target, entry, ...flags } = parseArgs(Deno.args, {
  string: ["target", "output", "entry"],
  default: { entry: "main.ts" },
});
const output = String(flags.output ?? (target === undefined ? "dist/kith" : `dist/kith-${target}`));
const args = ["compile", "--quiet", "--no-check", ...runtimeFlags("hooks"), "--output", output];
if (typeof target === "string") args.push("--target", target);
const { code } = await new Deno.Command(Deno.execPath(), { args: [...args, String(entry)] }).spawn().status;
if (code !== 0) Deno.exit(code);
const path = String(target ?? Deno.build.target).includes("windows") ? `${output}.exe` : output;
console.log(`${path}  ${(Deno.statSync(path).size / 1e6).toFixed(1)} MB`);
