import { runDhtScenario } from "../../tests/e2e/dht_scenario.ts";
import { type Benchmark, percentile } from "./figure.ts";

const NODES = 50;
const NAME = "kith";

/** Peers that join by six words alone through a DHT of this machine: how long each takes. */
export function dht(joins: number): Benchmark {
  return {
    name: "dht",
    title:
      `${joins} joins, one after the other, by six words alone through a DHT of ${NODES} nodes, a fifth of which left`,
    columns: [
      { name: "p50", unit: "s", digits: 2 },
      { name: "p95", unit: "s", digits: 2 },
    ],
    contenders: [{
      name: NAME,
      does:
        "from the start of the process until it is in; nodes of bittorrent-dht on loopback, no LAN, no address told",
      measure: async () => {
        const tookMs = (await runDhtScenario({ nodes: NODES, joins })).toSorted((a, b) => a - b);
        return { p50: percentile(tookMs, 0.5) / 1000, p95: percentile(tookMs, 0.95) / 1000 };
      },
    }],
    goals: [],
  };
}
