import { parseArgs } from "@std/cli/parse-args";
import { OverlayRun } from "../tests/mesh/overlay/overlay_figures.ts";
import { OVERLAY_HABITS } from "../tests/mesh/overlay/overlay_habits.ts";

/**
 * Simulates the overlay of a large space at the level of messages, and compares its figures with those of the last run.
 *
 * Usage: sim_overlay.ts [--peers N] [--seed N] [--out FILE]
 *
 * --peers: default 10,000. --seed: default 1; the same seed always gives the same. --out: where the figures are kept,
 * default dist/overlay-PEERS.json.
 */
const options = parseArgs(Deno.args, { string: ["peers", "seed", "out"] });
const peers = Number(options.peers ?? 10_000);
const out = String(options.out ?? `dist/overlay-${peers}.json`);

/** The figures by their names, those of parts as `part.name`. */
function flat(figures: object, prefix = ""): [string, number][] {
  return Object.entries(figures).flatMap(([name, value]) =>
    typeof value === "number" ? [[prefix + name, value] as [string, number]] : flat(value, `${prefix}${name}.`)
  );
}

function lastFigures(): Map<string, number> {
  try {
    return new Map(flat(JSON.parse(Deno.readTextFileSync(out))));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Map();
    throw error;
  }
}

const last = lastFigures();
const figures = new OverlayRun({ ...OVERLAY_HABITS, seed: Number(options.seed ?? 1), peers }).figures();
for (const [name, value] of flat(figures)) {
  const before = last.get(name);
  const change = before === undefined || before === value ? "" : `   before: ${Number(before.toFixed(4))}`;
  console.log(`${name.padEnd(28)}${String(Number(value.toFixed(4))).padStart(12)}${change}`);
}
const folder = out.slice(0, Math.max(0, out.lastIndexOf("/")));
if (folder !== "") Deno.mkdirSync(folder, { recursive: true });
Deno.writeTextFileSync(out, `${JSON.stringify(figures, null, 2)}\n`);
console.log(`\n${last.size === 0 ? "nothing to compare with" : "compared with the last run"}; kept in ${out}`);
