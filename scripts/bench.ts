import { parseArgs } from "@std/cli/parse-args";
import { compare } from "./bench/compare_figure.ts";
import { Competitors } from "./bench/competitors.ts";
import { bulk, roundTrip } from "./bench/connection_figures.ts";
import { type Benchmark, type Figure, measure } from "./bench/figure.ts";
import { dht } from "./bench/dht_figure.ts";
import { firstSync } from "./bench/first_sync_figure.ts";
import { floods } from "./bench/floods_figure.ts";
import { handshakes, idle } from "./bench/link_figures.ts";
import { messages } from "./bench/messages_figure.ts";
import { lan } from "./bench/lan_figure.ts";
import { million } from "./bench/million_figure.ts";
import { NodeCompetitors } from "./bench/node_competitors.ts";
import { reconcile } from "./bench/reconcile_figure.ts";
import { ready } from "./bench/ready_figure.ts";
import { markdownOf, tableOf } from "./bench/table.ts";
import { relay } from "./bench/relay_figure.ts";
import { watch } from "./bench/watch_figure.ts";
import { writes } from "./bench/writes_figure.ts";

/**
 * Measures kith against the numbers to reach: each figure beside a baseline or a competitor in the same run, the
 * contenders interleaved, the results verified. One table on standard output, and all samples as JSON.
 *
 * Usage: bench.ts [--only NAME[,NAME...]] [--repeat N] [--scale X] [--markdown] [--out FILE]
 * --only: figures to measure, default all: bulk, round-trip, ready, first-sync, writes, watch, million, reconcile, floods, messages, lan,
 * dht, relay, idle, handshakes, and compare,
 * which is kith beside other tools for shared data. What is measured against is installed from npm into the user's
 * cache when a figure needs it.
 * --repeat: repetitions, default 5. --scale: how much is sent and how often, as a part of the default.
 * --markdown: the tables as the README has them; `deno task bench --only compare --repeat 3 --markdown` made its own.
 */
const options = parseArgs(Deno.args, {
  string: ["only", "repeat", "scale", "out"],
  boolean: ["markdown"],
  unknown: (argument) => {
    console.error(`There is no option "${argument}"; see the beginning of scripts/bench.ts.`);
    Deno.exit(2);
  },
});
const repeat = Number(options.repeat ?? 5);
const scale = Number(options.scale ?? 1);
const out = String(options.out ?? "dist/bench.json");
// Homes, entries and databases of the runs.
const folder = Deno.makeTempDirSync({ prefix: "kith-bench-" });

const benchmarks: Record<string, () => Benchmark | Promise<Benchmark>> = {
  "bulk": async () => bulk(await Competitors.install(), 400 * scale),
  "round-trip": async () => roundTrip(await Competitors.install(), Math.ceil(10_000 * scale)),
  "ready": async () => ready(await Competitors.install(), folder),
  "first-sync": () => firstSync(folder, Math.ceil(60_000 * scale)),
  "writes": () => writes(folder, Math.ceil(2000 * scale)),
  "watch": () => watch(folder, Math.ceil(1000 * scale)),
  "million": () => million(folder, Math.ceil(1_000_000 * scale)),
  "reconcile": async () => reconcile(await Competitors.install(), folder, Math.ceil(1_000_000 * scale)),
  "floods": () => floods(scale),
  "messages": async () => messages(await Competitors.install(), folder, Math.ceil(100_000 * scale)),
  "lan": () => lan(scale),
  "dht": () => dht(Math.ceil(20 * scale)),
  "relay": () => relay(Math.ceil(40_000_000 * scale)),
  "idle": async () => idle(await Competitors.install(), Math.ceil(1000 * scale)),
  "handshakes": async () => handshakes(await Competitors.install(), Math.ceil(2000 * scale)),
  "compare": async () => compare(await NodeCompetitors.install(), folder, scale),
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
    const figure = await measure(await benchmark(), repeat, (text) => console.error(text));
    figures.push(figure);
    console.log((options.markdown ? markdownOf(figure) : tableOf(figure)).join("\n"));
  }
} finally {
  Deno.removeSync(folder, { recursive: true });
}
Deno.mkdirSync(out.replace(/[^/]*$/, "") || ".", { recursive: true });
Deno.writeTextFileSync(out, JSON.stringify({ v: 1, ...machine, repeat, scale, figures }, null, 2) + "\n");
console.log(`all samples: ${out}`);
