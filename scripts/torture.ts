import { runCampaign, type TriedPoint } from "../tests/torture/campaign.ts";
import { NO_STRACE, type Trouble } from "../tests/torture/strace.ts";

/**
 * Hurts peers at every system call by which they change a file, one after the other, and looks at what they hold when
 * they are run again: SIGKILL in the place of the call (kill), the same with all that was not synced yet taken from the
 * files, as by a power cut (cut), or the call fails.
 *
 * Usage: torture.ts [--calls fsync,write,…] [--scenarios create,reopen,…] [--from N] [--to N] [--every N]
 *   [--errors] [--troubles kill,cut,eio,full] [--jobs N] [--verbose]
 *
 * Scenarios: create, reopen, upgrade, receive, backup, restore, mend (damaged records), rebuild and salvage (a damaged
 * store, with another member and without), compact.
 *
 * Default: every point, kill and cut; with --errors instead an input/output error at the point (eio), and a disk that is
 * full from there on (full). Needs strace. Exits with 1 where anything was lost, or went wrong otherwise.
 */

const TROUBLES: readonly string[] = ["kill", "cut", "eio", "full"] satisfies Trouble[];

interface Flags {
  calls?: readonly string[];
  scenarios?: readonly string[];
  troubles: Trouble[];
  from: number;
  to: number;
  every: number;
  jobs: number;
  verbose: boolean;
}

function parse(args: readonly string[]): Flags {
  const flags: Flags = { troubles: ["kill", "cut"], from: 1, to: Infinity, every: 1, jobs: 4, verbose: false };
  for (let i = 0; i < args.length; i++) {
    const name = args[i] as string;
    if (name === "--verbose") flags.verbose = true;
    else if (name === "--errors") flags.troubles = ["eio", "full"];
    else {
      const value = args[++i] ?? "";
      const list = value.split(",");
      if (name === "--calls" && value !== "") flags.calls = list;
      else if (name === "--scenarios" && value !== "") flags.scenarios = list;
      else if (name === "--troubles" && list.every((trouble) => TROUBLES.includes(trouble))) {
        flags.troubles = list as Trouble[];
      } else if (/^--(from|to|every|jobs)$/.test(name) && Number(value) >= 1) {
        flags[name.slice(2) as "from" | "to" | "every" | "jobs"] = Number(value);
      } else throw new Error(`unknown: ${name} ${value}`);
    }
  }
  return flags;
}

function isWrong({ losses, failures }: TriedPoint): boolean {
  return losses.length + failures.length > 0;
}

function describe({ scenario, fault, struckAt, acknowledged, told, losses, failures }: TriedPoint): string {
  const where = struckAt === null ? "not reached" : `at ${struckAt}`;
  const call = `${fault.call} ${fault.number} (${fault.files})`;
  const head = `${scenario} ${fault.trouble} ${call} ${where}: ${acknowledged} acknowledged`;
  const wrong = [...losses.map((loss) => `LOST ${loss}`), ...failures.map((failure) => `WRONG ${failure}`)];
  return [told === "" ? head : `${head}, ${told}`, ...wrong].join("\n  ");
}

function printTable(points: readonly TriedPoint[]): void {
  const rows = [["scenario", "trouble", "files", "call", "points", "not reached", "losses", "other failures"]];
  const groups = Map.groupBy(
    points,
    ({ scenario, fault }) => `${scenario} ${fault.trouble} ${fault.files} ${fault.call}`,
  );
  const row = (name: string, group: readonly TriedPoint[]) => {
    const reached = group.filter(({ struckAt }) => struckAt !== null);
    const sum = (count: (point: TriedPoint) => number) => String(group.reduce((sum, point) => sum + count(point), 0));
    const missed = String(group.length - reached.length);
    const wrong = [sum(({ losses }) => losses.length), sum(({ failures }) => failures.length)];
    return [...name.split(" "), String(reached.length), missed, ...wrong];
  };
  for (const [name, group] of groups) rows.push(row(name, group));
  rows.push(row("all - - -", points));
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of rows) console.log(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd());
}

const flags = parse(Deno.args);
if (NO_STRACE !== "") {
  console.error("strace is not here, or may not trace; on Debian 'apt-get install strace' brings it.");
  Deno.exit(1);
}
const startMs = performance.now();
const { from, to, every, calls, scenarios, troubles, jobs } = flags;
const points = await runCampaign({
  ...(calls === undefined ? {} : { calls }),
  ...(scenarios === undefined ? {} : { scenarios }),
  ...{ troubles, jobs },
  pick: (total) =>
    Array.from({ length: total }, (_, i) => i + 1).filter((n) => n >= from && n <= to && (n - from) % every === 0),
  tried(point, done, total) {
    if (flags.verbose || isWrong(point)) console.log(describe(point));
    if (done % 50 === 0 || done === total) {
      console.log(`${done} of ${total} points after ${((performance.now() - startMs) / 1000).toFixed(0)} s`);
    }
  },
});
printTable(points);
Deno.exit(points.length > 0 && !points.some(isWrong) ? 0 : 1);
