import { Machine } from "../../tests/e2e/kith.ts";
import { Child, lastLine } from "../child.ts";
import { runtimeFlags } from "../flags.ts";
import type { Benchmark, Contender, Sample } from "./figure.ts";

const CLIENTS = 64;
const KEPT = "kith, kept connection";
const API = "kith, API";
const MANY = `kith, ${CLIENTS} clients`;

/** Durable writes a second: each client writes again once its write before is on disk. */
export function writes(folder: string, count: number): Benchmark {
  let files = 0;
  const flags = [`--allow-read=${folder}`, `--allow-write=${folder}`];
  const baseline = (name: string, does: string, script: string): Contender => ({
    name,
    does,
    measure: async () => {
      const path = `${folder}/writes-${++files}`;
      const { seconds } = await lastLine(Child.script(script, flags, [path, String(count)]));
      return { rate: count / Number(seconds) };
    },
  });
  const kith = (name: string, does: string, way: string, clients: number): Contender => ({
    name,
    does,
    measure: () => write(way, clients === 1 ? count : 4 * count, clients),
  });
  return {
    name: "writes",
    title: `single writes of 100 bytes, each durable before it is answered; the peer is killed and reread afterwards`,
    columns: [{ name: "rate", unit: "writes/s", digits: 0 }],
    contenders: [
      kith(KEPT, "signed, one client, HTTP over one connection to the control socket", "kept", 1),
      kith(API, "signed, one client, fetch as the commands do", "api", 1),
      kith(MANY, "signed, by fetch from one process; those of one turn share a signature and a commit", "api", CLIENTS),
      baseline("SQLite", "one row a commit, WAL with FULL, no other process", "bench/sqlite_commits.ts"),
      baseline("file", "4 KiB appended and fdatasync, nothing else", "bench/file_syncs.ts"),
    ],
    goals: [
      {
        says: `${KEPT}: at least SQLite / 2`,
        reached: (median) => 2 * median(KEPT, "rate") >= median("SQLite", "rate"),
      },
      {
        says: `${API}: at least SQLite / 2.5`,
        reached: (median) => 2.5 * median(API, "rate") >= median("SQLite", "rate"),
      },
      { says: `${MANY}: at least 4 × one`, reached: (median) => median(MANY, "rate") >= 4 * median(API, "rate") },
    ],
  };
}

async function write(way: string, count: number, clients: number): Promise<Sample> {
  await using machine = new Machine();
  const home = machine.home("a");
  const peer = await home.up();
  const env = { KITH_RUNTIME_DIR: `${machine.folder}/run` };
  const args = [way, home.path, String(count), String(clients)];
  const { seconds, entries } = await lastLine(Child.script("bench/write_client.ts", runtimeFlags(), args, { env }));
  await peer.stop("SIGKILL");
  const status = await home.object("status");
  if (status["entries"] !== entries) throw new Error(`of ${entries} entries ${status["entries"]} were kept`);
  return { rate: count / Number(seconds) };
}
