import { Machine } from "../../tests/e2e/kith.ts";
import { Child, lastLine } from "../child.ts";
import { runtimeFlags } from "../flags.ts";
import type { Benchmark, Sample } from "./figure.ts";

const WARM_UP = 100;

/** The time from the request to write on A to the event at a watcher on B; the write is durable at both by then. */
export function watch(folder: string, count: number): Benchmark {
  let databases = 0;
  return {
    name: "watch",
    title: `${count} writes on A, one after the other, each seen by a watcher on B`,
    columns: [{ name: "p50", unit: "ms", digits: 2 }, { name: "p99", unit: "ms", digits: 2 }],
    contenders: [
      {
        name: "kith",
        does: "fetch to A, signed, durable on A, encrypted, verified, durable on B, event by HTTP; three processes",
        measure: () => watchOnce(count),
      },
      {
        name: "SQLite",
        does: "a commit, TCP, a commit, TCP; WAL with FULL; two processes",
        measure: async () => {
          const flags = [`--allow-read=${folder}`, `--allow-write=${folder}`, "--allow-net=127.0.0.1"];
          const path = () => `${folder}/pair-${++databases}.sqlite`;
          const server = Child.script("bench/sqlite_pair.ts", flags, ["serve", path()]);
          const { address } = await server.line();
          const args = ["ask", path(), String(address), String(count), String(WARM_UP)];
          const { p50, p99 } = await lastLine(Child.script("bench/sqlite_pair.ts", flags, args));
          await server.ended();
          return { p50: Number(p50), p99: Number(p99) };
        },
      },
    ],
    goals: [
      { says: "kith: p50 at most 2 ms", reached: (median) => median("kith", "p50") <= 2 },
      { says: "kith: p99 at most 10 ms", reached: (median) => median("kith", "p99") <= 10 },
    ],
  };
}

async function watchOnce(count: number): Promise<Sample> {
  await using machine = new Machine();
  const [a, b] = [machine.home("a"), machine.home("b")];
  const peerA = await a.up();
  const { words } = await a.object("invite");
  const peerB = await b.up(["join", "-", "--at", peerA.address], { stdin: String(words) });
  await b.ok("wait", "--synced", "--timeout", "1m");
  const env = { KITH_RUNTIME_DIR: `${machine.folder}/run` };
  const args = [a.path, b.path, String(count), String(WARM_UP)];
  const { p50, p99 } = await lastLine(Child.script("bench/watch_client.ts", runtimeFlags(), args, { env }));
  for (const peer of [peerA, peerB]) await peer.stop("SIGKILL");
  for (const home of [a, b]) {
    const { entries } = await home.object("status");
    if (entries !== count + WARM_UP) throw new Error(`of ${count + WARM_UP} entries ${entries} were kept`);
  }
  return { p50: Number(p50), p99: Number(p99) };
}
