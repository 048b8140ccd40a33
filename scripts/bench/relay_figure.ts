import { runRelayScenario } from "../../tests/e2e/relay_scenario.ts";
import type { Benchmark } from "./figure.ts";

const NAME = "kith";

/** Messages to one member through a relay, and to the same one directly, with a change from the one to the other. */
export function relay(sizeBytes: number): Benchmark {
  return {
    name: "relay",
    title: `${sizeBytes / 1e6} MB of messages to one member through another one, then directly`,
    columns: [
      { name: "relayed", unit: "MB/s", digits: 1 },
      { name: "direct", unit: "MB/s", digits: 1 },
      { name: "changed", unit: "s", digits: 2 },
      { name: "streamed", unit: "messages", digits: 0 },
    ],
    contenders: [{
      name: NAME,
      does:
        "three machines on a virtual switch; streamed: while the path changed, each came once, and so did all writes",
      measure: async () => {
        const { relayedBytesPerS, directBytesPerS, changedMs, streamed } = await runRelayScenario({
          sizeBytes,
          text: "x",
        });
        return { relayed: relayedBytesPerS / 1e6, direct: directBytesPerS / 1e6, changed: changedMs / 1000, streamed };
      },
    }],
    goals: [],
  };
}
