import { parseArgs } from "@std/cli/parse-args";
import { CACHE_FILE, PROGRAM_FILE, programOf } from "./executable/program.ts";
import { runtimeFlags } from "./flags.ts";

/**
 * Builds the one executable, with the permissions of the task `hooks` built in: it gives up to run programs at its start,
 * unless it is asked to by `--exec`. All modules are put into one first, and that is made small: an executable of hundreds
 * of them, and of packages with all their files, needs nearly twice as long to start. What a line and column of it stand
 * for is in the source map beside the executable.
 *
 * With the program comes its code cache, made in a rehearsal. An executable for another system, or of another entry, has
 * none, and starts slower.
 *
 * Usage: compile.ts [--target TRIPLE] [--output PATH] [--entry FILE]. Default: main.ts, for this system, into dist/kith.
 */

/** What any of the steps may take. */
const STEP_TIMEOUT_MS = 300_000;

const flags = parseArgs(Deno.args, { string: ["target", "output", "entry"] });
const [target, entry] = [flags.target, flags.entry].map((flag) => flag === undefined ? undefined : String(flag));
const output = String(flags.output ?? (target === undefined ? "dist/kith" : `dist/kith-${target}`));
const folder = Deno.makeTempDirSync({ prefix: "kith-compile-" });
try {
  const file = await bundle(entry ?? "main.ts", "bundle.js", "--format=cjs", "--sourcemap=external");
  Deno.writeTextFileSync(`${folder}/${PROGRAM_FILE}`, programOf(Deno.readTextFileSync(file)));
  const isRehearsed = target === undefined && entry === undefined;
  if (isRehearsed) await makeCache();
  const files = isRehearsed ? [PROGRAM_FILE, CACHE_FILE] : [PROGRAM_FILE];
  await compile("start.ts", output, files, target === undefined ? [] : ["--target", target]);
  Deno.writeTextFileSync(`${output}.js.map`, aLineLater(Deno.readTextFileSync(`${file}.map`)));
} finally {
  Deno.removeSync(folder, { recursive: true });
}
const path = (target ?? Deno.build.target).includes("windows") ? `${output}.exe` : output;
console.log(`${path}  ${(Deno.statSync(path).size / 1e6).toFixed(1)} MB`);

/** Makes one file of a module and of all that it needs. @returns its path. */
async function bundle(module: string, name: string, ...flags: string[]): Promise<string> {
  const file = `${folder}/${name}`;
  await run(Deno.execPath(), "bundle", "--quiet", "--minify", ...flags, "--output", file, module);
  return file;
}

/** Makes an executable. @param first its first module. @param files what lies beside that. */
async function compile(first: string, output: string, files: string[], flags: string[]): Promise<void> {
  const file = await bundle(`scripts/executable/${first}`, "first.js");
  const included = files.flatMap((name) => ["--include", `${folder}/${name}`]);
  const all = [
    "--quiet",
    "--no-check",
    "--no-config",
    "--no-code-cache",
    ...runtimeFlags("hooks"),
    ...flags,
    ...included,
  ];
  await run(Deno.execPath(), "compile", ...all, "--output", output, file);
}

async function makeCache(): Promise<void> {
  const rehearsal = `${folder}/rehearsal`;
  await compile("rehearse.ts", rehearsal, [PROGRAM_FILE], []);
  await run(rehearsal, folder);
  // The second time, it sees whether V8 takes it.
  await run(rehearsal, folder);
}

async function run(program: string, ...args: string[]): Promise<void> {
  const signal = AbortSignal.timeout(STEP_TIMEOUT_MS);
  const { success, stderr } = await new Deno.Command(program, { args, stdout: "null", signal }).output();
  if (success) return;
  throw new Error(
    `${program} ${args.join(" ")} failed${signal.aborted ? ", by its time" : ""}: ${new TextDecoder().decode(stderr)}`,
  );
}

/** The source map of what is now a line later. */
function aLineLater(map: string): string {
  const { mappings, ...rest } = JSON.parse(map);
  return JSON.stringify({ ...rest, mappings: `;${mappings}` });
}
