import { setPriority } from "node:os";
import { stripVTControlCharacters } from "node:util";
import { needsNothing, SIDE_BY_SIDE } from "./test_folders.ts";
import { walkFiles } from "./walk.ts";

/**
 * Runs the tests: those of the core with no permissions at all, which is one of its guards, and the rest with what
 * sockets, files and child processes need, all in some processes at a time. The last line is the sum over all.
 *
 * Usage: test.ts [FOLDER...], the folders of tests/ to run. Default: all. KITH_TEST_NO_CHECK: set where types were checked
 * before. KITH_TEST_EXECUTABLE: path of kith as an executable, with which those of e2e are run once more.
 */

interface Tally {
  passed: number;
  failed: number;
  skipped: string[];
  /** Whether the process ended as a run without failures does. */
  ok: boolean;
}

interface RunOptions {
  /** Takes what the run prints. Default: to the console. */
  readonly print?: (line: string) => void;
  /** Whether it gives way to others. Default: no. */
  readonly givesWay?: boolean;
  /** Variables beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Priority of who gives way (0 is the usual one, 19 the lowest): it has a tenth of a processor that others want too. */
const GIVES_WAY = 10;

const REST_FLAGS = ["--allow-net", "--allow-read", "--allow-write", "--allow-env", "--allow-sys", "--allow-run"];

function testFolders(wanted: readonly string[]): string[] {
  const folders = new Set<string>();
  for (const path of walkFiles("tests")) {
    const [, folder] = path.split("/");
    if (folder !== undefined && path.endsWith("_test.ts")) folders.add(folder);
  }
  for (const folder of wanted) {
    if (!folders.has(folder)) throw new Error(`there are no tests in tests/${folder}`);
  }
  return [...folders].filter((folder) => wanted.length === 0 || wanted.includes(folder)).sort();
}

/** Prints lines once something is over, so that runs at a time are told one after the other. */
function printerBehind(before: Promise<unknown>): (line: string) => void {
  let held: string[] | null = [];
  void before.then(() => {
    for (const line of held ?? []) console.log(line);
    held = null;
  });
  return (line) => held === null ? console.log(line) : held.push(line);
}

async function run(
  title: string,
  flags: readonly string[],
  folders: readonly string[],
  { print = console.log, givesWay = false, env = {} }: RunOptions = {},
): Promise<Tally> {
  const tally: Tally = { passed: 0, failed: 0, skipped: [], ok: true };
  if (folders.length === 0) return tally;
  print(`${title}: ${folders.join(", ")}`);
  const startMs = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "--quiet", "--no-prompt", ...checks, ...flags, ...folders.map((folder) => `tests/${folder}`)],
    env: { ...env },
    stdin: "null",
    stdout: "piped",
  }).spawn();
  if (givesWay) setPriority(child.pid, GIVES_WAY);
  let summarised = false;
  let rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() as string;
    for (const coloured of lines) {
      print(coloured);
      const line = stripVTControlCharacters(coloured);
      const skipped = /^\s*(.+) \.\.\. ignored/.exec(line);
      if (skipped) tally.skipped.push(skipped[1] as string);
      const summary = /^(?:ok|FAILED) \| (\d+) passed.*? \| (\d+) failed/.exec(line);
      if (!summary) continue;
      summarised = true;
      tally.passed = Number(summary[1]);
      tally.failed = Number(summary[2]);
    }
  }
  tally.ok = (await child.status).success && summarised;
  // A run that broke before its summary, as by a type error, counts as one failure.
  if (!tally.ok && tally.failed === 0) tally.failed = 1;
  print(`${title}: ${((performance.now() - startMs) / 1000).toFixed(1)} s\n`);
  return tally;
}

const checks = (Deno.env.get("KITH_TEST_NO_CHECK") ?? "") === "" ? [] : ["--no-check"];
const executable = Deno.env.get("KITH_TEST_EXECUTABLE") ?? "";
const folders = testFolders(Deno.args);
const rest = folders.filter((folder) => !needsNothing(folder));
const apart = run("with permissions", REST_FLAGS, rest.filter((folder) => !SIDE_BY_SIDE.has(folder)));
const beside = run(
  "with permissions, side by side",
  ["--parallel", ...REST_FLAGS],
  rest.filter((folder) => SIDE_BY_SIDE.has(folder)),
  { print: printerBehind(apart) },
);
const built = Promise.all([apart, beside]).then(() =>
  run(
    "of the executable",
    ["--parallel", ...REST_FLAGS],
    executable === "" ? [] : folders.filter((folder) => folder === "e2e"),
    { env: { KITH_EXE: executable } },
  )
);
// The rest waits more than it works, and has deadlines: the core takes the time that is left.
const core = run("without permissions", ["--parallel"], folders.filter(needsNothing), {
  print: printerBehind(built),
  givesWay: rest.length > 0,
});
const runs = await Promise.all([apart, beside, built, core]);
const skipped = runs.flatMap((tally) => tally.skipped);
for (const name of skipped) console.log(`skipped: ${name}`);
const passed = runs.reduce((sum, tally) => sum + tally.passed, 0);
const failed = runs.reduce((sum, tally) => sum + tally.failed, 0);
console.log(`${passed} passed, ${failed} failed, ${skipped.length} skipped`);
Deno.exit(runs.every((tally) => tally.ok) && passed > 0 ? 0 : 1);
