import { toHex, utf8Encode } from "../../lib/base/bytes.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import { Child, residentMb } from "../child.ts";
import { generatedLines } from "../entries.ts";
import { kithCommand } from "../kith_process.ts";
import { Machine } from "../../tests/e2e/kith.ts";
import type { Benchmark, Sample } from "./figure.ts";

const GOAL_PER_SECOND = 30_000;

/**
 * What a new member takes to hold all that is there, from its process's start until `wait --synced` has ended, and
 * what the first member took to import it.
 */
export function firstSync(folder: string, count: number): Benchmark {
  const path = `${folder}/entries.ndjson`;
  const lines = generatedLines(count);
  Deno.writeTextFileSync(path, lines.join("\n") + "\n");
  const expected = toHex(sha256(utf8Encode(lines.toSorted().join("\n") + "\n")));
  let databases = 0;
  return {
    name: "first-sync",
    title: `${count} entries of 100 to 1000 bytes, durable on both sides`,
    columns: [
      { name: "sync", unit: "entries/s", digits: 0 },
      { name: "import", unit: "entries/s", digits: 0 },
      { name: "memory", unit: "MB", digits: 0 },
    ],
    contenders: [
      {
        name: "kith",
        does: "join (new process, scrypt, handshake), signed, encrypted, verified, WAL with FULL; memory of the joiner",
        measure: () => syncOnce(path, count, expected),
      },
      {
        name: "SQLite",
        does: "the rows alone into one table, in batches of 1000, WAL with FULL; one process, no network",
        measure: async () => {
          const flags = [`--allow-read=${folder}`, `--allow-write=${folder}`];
          const child = Child.script("bench/sqlite_rows.ts", flags, [path, `${folder}/rows-${++databases}.sqlite`]);
          const { seconds, rows } = await child.line();
          await child.ended();
          if (rows !== count) throw new Error(`SQLite holds ${rows} rows`);
          return { sync: count / Number(seconds) };
        },
      },
    ],
    goals: [{
      says: `kith at least ${GOAL_PER_SECOND} entries/s`,
      reached: (median) => median("kith", "sync") >= GOAL_PER_SECOND,
    }],
  };
}

async function syncOnce(path: string, count: number, expected: string): Promise<Sample> {
  await using machine = new Machine();
  const [a, b] = [machine.home("a"), machine.home("b")];
  const peerA = await a.up();
  const importMs = performance.now();
  await a.ok("import", path);
  const importSeconds = (performance.now() - importMs) / 1000;
  const { words } = await a.object("invite");
  const [command = "", ...before] = kithCommand();
  const env = { KITH_HOME: b.path, KITH_RUNTIME_DIR: `${machine.folder}/run` };
  const args = [...before, "join", "-", "--at", peerA.address, "--listen", "127.0.0.1:0", "--json"];
  const joiner = new Child(command, args, { input: String(words), env });
  try {
    await joiner.lineWith("event", "joined");
    await b.ok("wait", "--synced", "--timeout", "2m");
    const syncSeconds = (performance.now() - joiner.startedMs) / 1000;
    const memory = await residentMb(joiner.pid);
    for (const home of [a, b]) {
      const { bytes } = await home.run(["export"]);
      if (toHex(sha256(bytes)) !== expected) throw new Error("an export differs from what was imported");
    }
    return { sync: count / syncSeconds, import: count / importSeconds, memory };
  } finally {
    await joiner.kill("SIGTERM");
  }
}
