import { runRelayScenario } from "../../tests/e2e/relay_scenario.ts";
import type { Benchmark } from "./figure.ts";

const NAME = "kith";

/** Messages to one member through a relay, through a hole in routers, and directly, with a change from one to the other. */
export function relay(sizeBytes: number): Benchmark {
  return {
    name: "relay",
    title: `${sizeBytes / 1e6} MB of messages to one member through another one, then directly, or through a hole`,
    columns: [
      { name: "relayed", unit: "MB/s", digits: 1 },
      { name: "punched", unit: "MB/s", digits: 1 },
      { name: "direct", unit: "MB/s", digits: 1 },
      { name: "to punched", unit: "s", digits: 2 },
      { name: "to direct", unit: "s", digits: 2 },
      { name: "streamed", unit: "messages", digits: 0 },
    ],
    contenders: [{
      name: NAME,
      does:
        "three machines on a virtual switch, or two behind routers; streamed: while the path changed, each came once, and so did all writes",
      measure: async () => {
        const direct = await runRelayScenario({ sizeBytes, text: "x" });
        const punched = await runRelayScenario({ sizeBytes, text: "x", way: "punched" });
        return {
          relayed: direct.relayedBytesPerS / 1e6,
          punched: punched.openBytesPerS / 1e6,
          direct: direct.openBytesPerS / 1e6,
          "to punched": punched.changedMs / 1000,
          "to direct": direct.changedMs / 1000,
          streamed: direct.streamed + punched.streamed,
        };
      },
    }],
    goals: [],
  };
}
