import { Child, residentMb } from "../child.ts";
import { kithCommand } from "../kith_process.ts";
import { type Competitors, LIBP2P } from "./competitors.ts";
import type { Benchmark, Sample } from "./figure.ts";

/** Of this machine, so that nothing leaves it: nobody listens there. */
const NO_NODE = "127.0.0.1:9";
const KITH = ["kith, new home", "kith, same home", "kith, same home, DHT on"];

/** From the start of the process until it says that it is ready, and its memory then. */
export function ready(competitors: Competitors, folder: string): Benchmark {
  let homes = 0;
  const up = (home: string, reaching: Readonly<Record<string, string>> = {}) => {
    const [command = "", ...before] = kithCommand();
    const env = { KITH_HOME: `${folder}/${home}`, KITH_RUNTIME_DIR: `${folder}/run`, ...reaching };
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
        name: "kith, same home, DHT on",
        does: "the same; asks a node of the DHT that does not answer",
        measure: () => up("new-1", { KITH_NO_DHT: "", KITH_DHT_BOOTSTRAP: NO_NODE }),
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
        reached: (median) => KITH.every((name) => median(name, "time") <= 200),
      },
      {
        says: "kith below 80 MB then",
        reached: (median) => KITH.every((name) => median(name, "memory") < 80),
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
