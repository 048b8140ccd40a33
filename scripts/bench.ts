import { parseArgs } from "@std/cli/parse-args";
import { Competitors } from "./bench/competitors.ts";
import { bulk, roundTrip } from "./bench/connection_figures.ts";
import { type Benchmark, type Figure, measure } from "./bench/figure.ts";
import { firstSync } from "./bench/first_sync_figure.ts";
import { million } from "./bench/million_figure.ts";
import { ready } from "./bench/ready_figure.ts";
import { tableOf } from "./bench/table.ts";
import { watch } from "./bench/watch_figure.ts";
import { writes } from "./bench/writes_figure.ts";

/**
 * Measures kith against the numbers to reach: each figure beside a baseline or a competitor in the same run, the
 * contenders interleaved, the results verified. One table on standard output, and all samples as JSON.
 *
 * Usage: bench.ts [--only NAME[,NAME...]] [--repeat N] [--scale X] [--out FILE]
 * --repeat: repetitions, default 5. --scale: how much is sent and how often, as a part of the default.
 */
const options = parseArgs(Deno.args, { string: ["only", "repeat", "scale", "out"] });
const repeat = Number(options.repeat ?? 5);
const scale = Number(options.scale ?? 1);
const out = String(options.out ?? "dist/bench.json");
const competitors = await Competitors.install();
// Homes, entries and databases of the runs.
const folder = Deno.makeTempDirSync({ prefix: "kith-bench-" });

const benchmarks: Record<string, () => Benchmark> = {
  "bulk": () => bulk(competitors, 400 * scale),
  "round-trip": () => roundTrip(competitors, Math.ceil(10_000 * scale)),
  "ready": () => ready(competitors, folder),
  "first-sync": () => firstSync(folder, Math.ceil(60_000 * scale)),
  "writes": () => writes(folder, Math.ceil(2000 * scale)),
  "watch": () => watch(folder, Math.ceil(1000 * scale)),
  "million": () => million(folder, Math.ceil(1_000_000 * scale)),
};
const names = options.only === undefined ? Object.keys(benchmarks) : String(options.only).split(",");

const machine = {
  deno: Deno.version.deno,
  system: `${Deno.build.os} ${Deno.build.arch}, ${navigator.hardwareConcurrency} cores`,
  date: new Date().toISOString(),
};
console.log(`Deno ${machine.deno}, ${machine.system}; median (least–greatest) of ${repeat} interleaved repetitions\n`);
const figures: Figure[] = [];
try {
  for (const name of names) {
    const benchmark = benchmarks[name];
    if (benchmark === undefined) {
      console.error(`There is no benchmark "${name}"; there are ${Object.keys(benchmarks).join(", ")}.`);
      Deno.exit(2);
    }
    const figure = await measure(benchmark(), repeat, (text) => console.error(text));
    figures.push(figure);
    console.log(tableOf(figure).join("\n"));
  }
} finally {
  Deno.removeSync(folder, { recursive: true });
}
Deno.mkdirSync(out.replace(/[^/]*$/, "") || ".", { recursive: true });
Deno.writeTextFileSync(out, JSON.stringify({ v: 1, ...machine, repeat, scale, figures }, null, 2) + "\n");
console.log(`all samples: ${out}`);
