import { parseArgs } from "@std/cli/parse-args";
import { dirname } from "node:path";
import { CACHE_FILE, PROGRAM_FILE, programOf } from "./executable/program.ts";
import { runtimeFlags } from "./flags.ts";

/**
 * Builds the one executable, with the permissions of the task `hooks` built in: it gives up to run programs at its start,
 * unless it is asked to by `--exec`. All modules are put into one first, and that is made small: an executable of hundreds
 * of them, and of packages with all their files, needs nearly twice as long to start. What a line and column of it stand
 * for is in the source map beside the executable.
 *
 * With the program comes its code cache, made in a rehearsal. An executable for another system, or of another module than
 * kith's own, has none, and starts slower.
 *
 * Usage: compile.ts [--target TRIPLE] [--output PATH] [--entry FILE], a module that exports `main` and awaits nothing at
 * its top level. Default: kith, for this system, into dist/kith.
 */

/** How long the rehearsal may take. It needs a second. */
const REHEARSAL_TIMEOUT_MS = 120_000;

const args = parseArgs(Deno.args, { string: ["target", "output", "entry"] });
const target = args.target === Deno.build.target ? undefined : asText(args.target);
const output = asText(args.output) ?? (args.target === undefined ? "dist/kith" : `dist/kith-${args.target}`);
Deno.mkdirSync(dirname(output), { recursive: true });
// Where what is built is going to be run, the rehearsal can be.
const folder = Deno.realPathSync(Deno.makeTempDirSync({ dir: dirname(output), prefix: ".build-" }));
for (const signal of Deno.build.os === "windows" ? ["SIGINT" as const] : ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => {
    Deno.removeSync(folder, { recursive: true });
    Deno.exit(1);
  });
}
try {
  const bundle = await makeBundle(asText(args.entry) ?? "lib/cli/main.ts", "--format=cjs", "--sourcemap=external");
  Deno.writeTextFileSync(`${folder}/${PROGRAM_FILE}`, programOf(Deno.readTextFileSync(bundle)));
  const files = [PROGRAM_FILE];
  if (target === undefined && args.entry === undefined) {
    await makeCache();
    files.push(CACHE_FILE);
  }
  await makeExecutable("start.ts", output, files);
  Deno.writeTextFileSync(`${output}.js.map`, movedMap(Deno.readTextFileSync(`${bundle}.map`)));
} finally {
  Deno.removeSync(folder, { recursive: true });
}
const path = (target ?? Deno.build.target).includes("windows") ? `${output}.exe` : output;
console.log(`${path}  ${(Deno.statSync(path).size / 1e6).toFixed(1)} MB`);

/** Makes one file of a module and of all that it needs. @returns its path. */
async function makeBundle(module: string, ...flags: string[]): Promise<string> {
  const file = `${folder}/${module.slice(module.lastIndexOf("/") + 1).replace(/ts$/, "js")}`;
  await run(Deno.execPath(), ["bundle", "--quiet", "--minify", ...flags, "--output", file, module]);
  return file;
}

/** @param first its first module. @param files what lies beside that. */
async function makeExecutable(first: string, output: string, files: readonly string[]): Promise<void> {
  const flags = [
    ...["--quiet", "--no-check", "--no-config", "--no-code-cache", ...runtimeFlags("hooks")],
    ...(target === undefined ? [] : ["--target", target]),
    ...files.flatMap((name) => ["--include", `${folder}/${name}`]),
  ];
  const bundle = await makeBundle(`scripts/executable/${first}`);
  await run(Deno.execPath(), ["compile", ...flags, "--output", output, bundle]);
}

async function makeCache(): Promise<void> {
  const rehearsal = `${folder}/rehearsal`;
  await makeExecutable("rehearse.ts", rehearsal, [PROGRAM_FILE]);
  await run(rehearsal, [folder], REHEARSAL_TIMEOUT_MS);
  // The second time, it sees whether V8 takes it.
  await run(rehearsal, [folder], REHEARSAL_TIMEOUT_MS);
}

/** @throws {Error} where it fails, or is ended after a time. Default: it has all the time that it needs. */
async function run(program: string, args: string[], timeoutMs = Infinity): Promise<void> {
  const child = new Deno.Command(program, { args }).spawn();
  let isLate = false;
  // Asked more kindly, a peer would first come to its own end, and it may be that which takes so long.
  const timer = timeoutMs === Infinity ? undefined : setTimeout(() => {
    isLate = true;
    child.kill("SIGKILL");
  }, timeoutMs);
  const { success, code, signal } = await child.status;
  clearTimeout(timer);
  if (success) return;
  const why = isLate ? `took longer than ${timeoutMs / 1000} s` : `ended with ${signal ?? code}`;
  throw new Error(`${program} ${args.join(" ")} ${why}`);
}

/** The source map of what is now a line later, and a folder higher. */
function movedMap(map: string): string {
  const { mappings, sources, ...rest } = JSON.parse(map);
  const moved = sources.map((source: string) => source.replace("../", ""));
  return JSON.stringify({ ...rest, sources: moved, mappings: `;${mappings}` });
}

function asText(flag: unknown): string | undefined {
  return flag === undefined ? undefined : String(flag);
}
