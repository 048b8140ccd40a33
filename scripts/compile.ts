import { parseArgs } from "@std/cli/parse-args";
import { compileModulesEarly, precede } from "./bundle_edits.ts";
import { runtimeFlags } from "./flags.ts";

/**
 * Builds the one executable, with the permissions of the task `hooks` built in: it gives up to run programs at its start,
 * unless it is asked to by `--exec`. All modules are put into one first, and that is made small: an executable of hundreds
 * of them, and of packages with all their files, needs nearly twice as long to start. What a line and column of it stand
 * for is in the source map beside the executable.
 *
 * Usage: compile.ts [--target TRIPLE] [--output PATH] [--entry FILE]. Default: main.ts, for this system, into dist/kith.
 */

/** By which packages of CommonJS find what is built in; a bundle that is made small has nothing of its own for that. */
const REQUIRE = 'import { createRequire as requireAt } from "node:module";const require = requireAt(import.meta.url);';

const { target, entry, ...flags } = parseArgs(Deno.args, {
  string: ["target", "output", "entry"],
  default: { entry: "main.ts" },
});
const output = String(flags.output ?? (target === undefined ? "dist/kith" : `dist/kith-${target}`));
const folder = Deno.makeTempDirSync({ prefix: "kith-compile-" });
try {
  const bundle = `${folder}/kith.js`;
  await deno("bundle", "--quiet", "--minify", "--sourcemap=external", "--output", bundle, String(entry));
  const bundled = { source: Deno.readTextFileSync(bundle), map: Deno.readTextFileSync(`${bundle}.map`) };
  const { source, map } = precede(compileModulesEarly(bundled), REQUIRE);
  Deno.writeTextFileSync(bundle, source);
  const targets = typeof target === "string" ? ["--target", target] : [];
  const flags = ["--quiet", "--no-check", "--no-config", ...runtimeFlags("hooks"), "--output", output, ...targets];
  await deno("compile", ...flags, bundle);
  Deno.writeTextFileSync(`${output}.js.map`, map);
} finally {
  Deno.removeSync(folder, { recursive: true });
}
const path = String(target ?? Deno.build.target).includes("windows") ? `${output}.exe` : output;
console.log(`${path}  ${(Deno.statSync(path).size / 1e6).toFixed(1)} MB`);

async function deno(...args: string[]): Promise<void> {
  const { code } = await new Deno.Command(Deno.execPath(), { args }).spawn().status;
  if (code !== 0) throw new Error(`deno ${args[0]} ended with ${code}`);
}
