import { Child, residentMb } from "../child.ts";
import { kithCommand } from "../kith_process.ts";
import { type Competitors, LIBP2P } from "./competitors.ts";
import type { Benchmark, Sample } from "./figure.ts";

/** From the start of the process until it says that it is ready, and its memory then. */
export function ready(competitors: Competitors, folder: string): Benchmark {
  let homes = 0;
  const up = (home: string) => {
    const [command = "", ...before] = kithCommand();
    const env = { KITH_HOME: `${folder}/${home}`, KITH_RUNTIME_DIR: `${folder}/run` };
    return readyOf(new Child(command, [...before, "up", "--json", "--listen", "127.0.0.1:0"], { env }));
  };
  return {
    name: "ready",
    title: "start of the process until it listens and says so; resident memory then",
    columns: [{ name: "time", unit: "ms", digits: 0 }, { name: "memory", unit: "MB", digits: 0 }],
    contenders: [
      {
        name: "kith, new home",
        does: "makes identity, store and space",
        measure: () => up(`new-${++homes}`),
      },
      {
        name: "kith, same home",
        does: "opens identity, store and space",
        measure: () => up("new-1"),
      },
      {
        name: LIBP2P,
        does: "new identity, listens, keeps nothing",
        measure: () => readyOf(competitors.libp2p(["listen"])),
      },
      {
        name: "Deno alone",
        does: "listens",
        measure: () => readyOf(Child.script("bench/listen.ts", ["--allow-net=127.0.0.1"], [])),
      },
    ],
    goals: [
      {
        says: "kith ready within 200 ms, with a new home and with an existing one",
        reached: (median) => median("kith, new home", "time") <= 200 && median("kith, same home", "time") <= 200,
      },
      {
        says: "kith below 80 MB then",
        reached: (median) => median("kith, new home", "memory") < 80 && median("kith, same home", "memory") < 80,
      },
    ],
  };
}

async function readyOf(child: Child): Promise<Sample> {
  try {
    await child.lineWith("event", "ready");
    const time = performance.now() - child.startedMs;
    return { time, memory: await residentMb(child.pid) };
  } finally {
    await child.kill("SIGTERM");
  }
}
