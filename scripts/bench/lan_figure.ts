import { runLanScenario } from "../../tests/e2e/lan_scenario.ts";
import type { Benchmark } from "./figure.ts";

const PEERS = 8;
/** For how long the switch is split. */
const SPLIT_MS = 60_000;
const NAME = "kith";

/** Peers on a switch without internet: how soon they find each other, after one moved, and after the switch was split. */
export function lan(scale: number): Benchmark {
  return {
    name: "lan",
    title: `${PEERS} peers on one virtual switch, started by six words alone, until all are linked and hold the same`,
    columns: [
      { name: "started", unit: "s", digits: 2 },
      { name: "found", unit: "s", digits: 2 },
      { name: "moved", unit: "s", digits: 2 },
      { name: "healed", unit: "s", digits: 2 },
    ],
    contenders: [{
      name: NAME,
      does:
        "from the start of all, from the start of the last, after a new address, after a split with writes on both sides",
      measure: async () => {
        const { startedMs, foundMs, movedMs, healedMs } = await runLanScenario({
          peers: PEERS,
          splitMs: SPLIT_MS * scale,
        });
        return { started: startedMs / 1000, found: foundMs / 1000, moved: movedMs / 1000, healed: healedMs / 1000 };
      },
    }],
    goals: [
      { says: "found within 3 s", reached: (median) => median(NAME, "found") <= 3 },
      { says: "healed within 5 s", reached: (median) => median(NAME, "healed") <= 5 },
    ],
  };
}
