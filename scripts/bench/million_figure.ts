import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { type Home, Machine } from "../../tests/e2e/kith.ts";
import { Child, lastLine, peakMb } from "../child.ts";
import { smallLines } from "../entries.ts";
import { runtimeFlags } from "../flags.ts";
import { kithCommand } from "../kith_process.ts";
import type { Benchmark, Contender, Sample } from "./figure.ts";

/** Reached on the way there: what SQLite alone takes for the same rows, in keys of no order, is not much less. */
const GOAL_PER_SECOND = 40_000;
const GOAL_SINGLE_PER_SECOND = 10_000;
const GOAL_MB = 200;
const SORTED = "kith, keys in order";
const RANDOM = "kith, keys in no order";
const SINGLE = "kith, single operations";

/** What a first sync of many small entries takes, and the memory of both sides at its highest. */
export function million(folder: string, count: number): Benchmark {
  const sorted = new Lines(`${folder}/sorted.ndjson`, count, "sorted");
  const random = new Lines(`${folder}/random.ndjson`, count, "random");
  let databases = 0;
  const sqlite = (name: string, lines: Lines): Contender => ({
    name,
    does: "the rows alone into one table, in batches of 1000, WAL with FULL; one process, no network",
    measure: async () => {
      const flags = [`--allow-read=${folder}`, `--allow-write=${folder}`];
      const path = `${folder}/million-${++databases}.sqlite`;
      const { seconds, rows } = await lastLine(Child.script("bench/sqlite_rows.ts", flags, [lines.path, path]));
      if (rows !== count) throw new Error(`SQLite holds ${rows} rows`);
      return { sync: count / Number(seconds) };
    },
  });
  const does = "signed, encrypted, verified, WAL with FULL on both sides; export from both";
  return {
    name: "million",
    title: `${count} entries of 100 bytes: import on A, first sync to B (process, scrypt, handshake), export from both`,
    columns: [
      { name: "import", unit: "entries/s", digits: 0 },
      { name: "sync", unit: "entries/s", digits: 0 },
      { name: "export", unit: "entries/s", digits: 0 },
      { name: "peak A", unit: "MB", digits: 0 },
      { name: "peak B", unit: "MB", digits: 0 },
    ],
    contenders: [
      { name: SORTED, does, measure: () => whole(sorted, (home) => imported(home, sorted)) },
      { name: RANDOM, does, measure: () => whole(random, (home) => imported(home, random)) },
      {
        name: SINGLE,
        does: "the same; each entry is a transaction of its own, with its own signature",
        measure: () => whole(sorted, (home) => written(home, sorted)),
      },
      sqlite("SQLite, keys in order", sorted),
      sqlite("SQLite, keys in no order", random),
    ],
    goals: [
      {
        says: `${SORTED}: at least ${GOAL_PER_SECOND} entries/s`,
        reached: (median) => median(SORTED, "sync") >= GOAL_PER_SECOND,
      },
      {
        says: `${SINGLE}: at least ${GOAL_SINGLE_PER_SECOND} entries/s`,
        reached: (median) => median(SINGLE, "sync") >= GOAL_SINGLE_PER_SECOND,
      },
      {
        says: `both sides below ${GOAL_MB} MB all the time`,
        reached: (median) =>
          [SORTED, RANDOM, SINGLE].every((name) =>
            median(name, "peak A") < GOAL_MB && median(name, "peak B") < GOAL_MB
          ),
      },
    ],
  };
}

/** Entries in a file, and the hash that their export must have. */
class Lines {
  readonly path: string;
  readonly count: number;
  readonly exported: string;

  constructor(path: string, count: number, order: "sorted" | "random") {
    this.path = path;
    this.count = count;
    const lines = [...smallLines(count, order)];
    using file = Deno.openSync(path, { write: true, create: true });
    for (const text of inChunks(lines)) file.writeSync(text);
    const hash = createHash("sha256");
    for (const text of inChunks(lines.sort())) hash.update(text);
    this.exported = hash.digest("hex");
  }
}

async function whole(lines: Lines, fill: (home: Home) => Promise<Sample>): Promise<Sample> {
  await using machine = new Machine();
  const [a, b] = [machine.home("a"), machine.home("b")];
  const filled = await fill(a);
  const peerA = await a.up();
  const { words } = await a.object("invite");
  const startMs = performance.now();
  const peerB = await b.up(["join", "-", "--at", peerA.address], {
    stdin: String(words),
    // It is ready once it holds the space.
    deadlineMs: 10 * 60_000,
  });
  await ended(b, ["wait", "--synced", "--timeout", "10m"]);
  const sync = lines.count / ((performance.now() - startMs) / 1000);
  const exportMs = performance.now();
  for (const home of [a, b]) assertEquals(await exportHash(home), lines.exported, "an export differs");
  const exported = 2 * lines.count / ((performance.now() - exportMs) / 1000);
  const peakA = Math.max(peakMb(peerA.process.pid), filled["peak A"] ?? 0);
  return { ...filled, sync, export: exported, "peak A": peakA, "peak B": peakMb(peerB.process.pid) };
}

/** Imports by the command. */
async function imported(home: Home, lines: Lines): Promise<Sample> {
  const peer = await home.up();
  const startMs = performance.now();
  await ended(home, ["import", lines.path]);
  const seconds = (performance.now() - startMs) / 1000;
  const peak = peakMb(peer.process.pid);
  await peer.stop();
  return { import: lines.count / seconds, "peak A": peak };
}

/** Has each line written as a transaction of its own, by the peer's own code without a host. */
async function written(home: Home, lines: Lines): Promise<Sample> {
  const peer = await home.up();
  await peer.stop();
  const { count } = await lastLine(Child.script("bench/single_writes.ts", runtimeFlags(), [home.path, lines.path]));
  assertEquals(count, lines.count);
  return {};
}

async function exportHash(home: Home): Promise<string> {
  const [command = "", ...before] = kithCommand();
  const env = { KITH_HOME: home.path, KITH_RUNTIME_DIR: `${home.machine.folder}/run` };
  const args = [...before, "export"];
  const process = new Deno.Command(command, { args, env, stdin: "null", stdout: "piped" }).spawn();
  const hash = createHash("sha256");
  for await (const chunk of process.stdout) hash.update(chunk);
  assertEquals((await process.status).code, 0);
  return hash.digest("hex");
}

/** Runs a command that may take longer than those of the tests. */
async function ended(home: Home, args: readonly string[]): Promise<void> {
  const [command = "", ...before] = kithCommand();
  const env = { KITH_HOME: home.path, KITH_RUNTIME_DIR: `${home.machine.folder}/run` };
  const options: Deno.CommandOptions = { args: [...before, ...args], env, stdin: "null", stdout: "null" };
  assertEquals((await new Deno.Command(command, options).output()).code, 0, args.join(" "));
}

function* inChunks(lines: readonly string[]): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  for (let i = 0; i < lines.length; i += 1000) yield encoder.encode(lines.slice(i, i + 1000).join("\n") + "\n");
}
