import { assertEquals } from "@std/assert";
import { homePaths } from "../../lib/host/home.ts";
import { Machine } from "../../tests/e2e/kith.ts";
import { Child, lastLine } from "../child.ts";
import { smallLines } from "../entries.ts";
import { runtimeFlags } from "../flags.ts";
import type { Competitors } from "./competitors.ts";
import type { Benchmark, Contender, Sample } from "./figure.ts";

/** How many versions differ, as parts of a million. */
const DIFFERENCES = [0, 1, 10, 1000, 100_000];
/** As an import does. */
const WRITES_PER_TRANSACTION = 2000;
const SOURCES = ["by frontier, newest", "reconciled, newest", "reconciled, random"] as const;

/** What it takes two peers with so many entries to find out in what they differ. */
export async function reconcile(competitors: Competitors, folder: string, count: number): Promise<Benchmark> {
  const differences = DIFFERENCES.filter((d) => d <= count / 10);
  const stores = await prepare(folder, count, differences);
  const contenders: Contender[] = [];
  for (const d of differences) {
    for (const source of SOURCES) {
      if (d === 0 && source !== "reconciled, newest") continue;
      contenders.push({
        name: d === 0 ? "kith, 0" : `kith, ${d} ${source}`,
        does: "two processes, durable on both sides, TCP; frames without encryption (2 to 4%)",
        measure: () => kithOnce(stores, d, source),
      });
    }
    for (const which of ["newest", "random"] as const) {
      // This port takes more than five minutes for the most at random.
      if (which === "random" && (d === 0 || d > 1000)) continue;
      contenders.push({
        name: `negentropy, ${d} ${d === 0 ? "" : which}`.trim(),
        does: "ids alone, in memory; one process for both sides, no network; it does not bring the entries",
        measure: async () => {
          const line = await lastLine(competitors.negentropy([String(count), String(d), which]));
          assertEquals(line["needed"], d);
          const { bytes, trips, seconds, peakMb } = line;
          return {
            bytes: Number(bytes),
            trips: Number(trips) / 2,
            found: Number(seconds),
            peak: Number(peakMb),
          };
        },
      });
    }
  }
  const reach = (name: string, bytes: number, trips: number) => ({
    says: `kith, ${name}: at most ${bytes} bytes, found in ${trips} round trips and 2 s`,
    reached: (median: (contender: string, column: string) => number) =>
      median(`kith, ${name}`, "bytes") <= bytes && median(`kith, ${name}`, "trips") <= trips &&
      median(`kith, ${name}`, "found") < 2,
  });
  return {
    name: "reconcile",
    title: `${count} entries on A and B, which lacks some of them: the messages until both know which, and all until ` +
      "B has them",
    columns: [
      { name: "bytes", unit: "B", digits: 0 },
      { name: "trips", unit: "round trips", digits: 1 },
      { name: "found", unit: "s", digits: 2 },
      { name: "payload", unit: "B", digits: 0 },
      { name: "equal", unit: "s", digits: 2 },
      { name: "peak", unit: "MB", digits: 0 },
    ],
    contenders,
    goals: [
      reach("0", 100, 1),
      ...([[1, 300], [10, 1000], [1000, 60_000]] as const).filter(([d]) => differences.includes(d)).flatMap((
        [d, bytes],
      ) => [
        reach(`${d} by frontier, newest`, 200, 1),
        reach(`${d} reconciled, newest`, bytes, 2),
        reach(`${d} reconciled, random`, bytes, 2),
      ]),
    ],
  };
}

/** Files of stores: with all entries, and without the newest, by how many. */
interface Stores {
  readonly folder: string;
  readonly full: string;
  readonly before: ReadonlyMap<number, string>;
}

/** Writes into the home of A, which B has joined, and keeps its store as it was at each difference. */
async function prepare(folder: string, count: number, differences: readonly number[]): Promise<Stores> {
  await using machine = new Machine();
  const [a, b] = [machine.home("a"), machine.home("b")];
  const peerA = await a.up();
  const { words } = await a.object("invite");
  const peerB = await b.up(["join", "-", "--at", peerA.address], { stdin: String(words) });
  await b.ok("wait", "--synced");
  for (const peer of [peerB, peerA]) await peer.stop();
  const lines = [...smallLines(count, "random")];
  const before = new Map<number, string>();
  let done = 0;
  for (const left of [...differences].sort((x, y) => y - x)) {
    const path = `${folder}/reconcile-lines.ndjson`;
    Deno.writeTextFileSync(path, lines.slice(done, count - left).join("\n") + "\n");
    done = count - left;
    const args = [a.path, path, String(WRITES_PER_TRANSACTION)];
    await lastLine(Child.script("bench/single_writes.ts", runtimeFlags(), args));
    before.set(left, copied(homePaths(a.path).store, `${folder}/before-${left}.sqlite`));
  }
  return { folder, full: before.get(0) as string, before };
}

async function kithOnce(stores: Stores, d: number, source: typeof SOURCES[number]): Promise<Sample> {
  const { folder } = stores;
  const byFrontier = source.startsWith("by frontier");
  const first = copied(stores.full, `${folder}/run-a.sqlite`);
  const second = copied(byFrontier ? stores.before.get(d) as string : stores.full, `${folder}/run-b.sqlite`);
  if (!byFrontier && d > 0) {
    const which = source.endsWith("random") ? "random" : "newest";
    const code = await Child.script("bench/drop_versions.ts", runtimeFlags(), [second, String(d), which]).ended();
    assertEquals(code, 0);
  }
  const how = byFrontier ? "frontier" : "reconciled";
  // grep: for the peak of its memory.
  const sideFlags = [...runtimeFlags(), "--allow-run=grep"];
  const listens = Child.script("bench/reconcile_side.ts", sideFlags, [first, how, "listen"]);
  const { port } = await listens.line();
  const dials = Child.script("bench/reconcile_side.ts", sideFlags, [second, how, "dial", String(port)]);
  const [one, other] = await Promise.all([lastLine(listens), lastLine(dials)]);
  assertEquals(one["digest"], other["digest"]);
  const sum = (field: string) => Number(one[field]) + Number(other[field]);
  return {
    bytes: sum("bytes"),
    // A message there and the next one back are one round trip; the last half has no answer.
    trips: Math.ceil(Math.max(Number(one["trips"]), Number(other["trips"])) / 2),
    found: Math.max(Number(one["foundSeconds"]), Number(other["foundSeconds"])),
    payload: sum("payloadBytes"),
    equal: Math.max(Number(one["seconds"]), Number(other["seconds"])),
    peak: Math.max(Number(one["peakMb"]), Number(other["peakMb"])),
  };
}

/** A copy of a closed store. */
function copied(from: string, to: string): string {
  for (const suffix of ["-wal", "-shm"]) removed(`${to}${suffix}`);
  Deno.copyFileSync(from, to);
  return to;
}

function removed(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
