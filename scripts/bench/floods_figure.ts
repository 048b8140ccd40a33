import { type Flood, flooded } from "../../tests/e2e/flooded.ts";
import type { Benchmark, Contender } from "./figure.ts";

/** Seconds for which a flood goes on that has no other end. */
const FLOOD_SECONDS = 30;
const GREW = "memory grew by";
const SLOWEST = "slowest link";

/**
 * How a peer fares while it is flooded. What it acknowledged meanwhile is found at both ends, else nothing is measured.
 *
 * @param scale part of the 10,000 strangers in a row, and of the 1,000 slow ones.
 */
export function floods(scale: number): Benchmark {
  const contender = (name: string, does: string, flood: Flood): Contender => ({
    name,
    does,
    measure: async () => {
      const { grewMb, linkMs, kept, did } = await flooded(flood, 10);
      console.error(JSON.stringify(did));
      return { [GREW]: grewMb, links: linkMs.length, [SLOWEST]: Math.max(...linkMs), kept };
    },
  });
  const contenders = [
    contender("strangers in a row", "gone at once, with garbage, or with a false proof", [
      "row",
      Math.ceil(10_000 * scale),
    ]),
    contender("slow strangers", "at once, a byte a second each, back when thrown out", [
      "slow",
      Math.ceil(1000 * scale),
      FLOOD_SECONDS,
    ]),
    contender("a member", "frontiers, wants, transactions without parents, pings, unknown messages", [
      "member",
      "HOME",
      FLOOD_SECONDS,
    ]),
  ];
  return {
    name: "floods",
    title: "a peer that is flooded, and what a known member finds meanwhile",
    columns: [
      { name: GREW, unit: "MB", digits: 1 },
      { name: "links", unit: "times", digits: 0 },
      { name: SLOWEST, unit: "ms", digits: 0 },
      { name: "kept", unit: "values", digits: 0 },
    ],
    contenders,
    goals: contenders.flatMap(({ name }) => [
      { says: `${name}: memory grows by less than 64 MB`, reached: (median) => median(name, GREW) < 64 },
      { says: `${name}: a known member links within 2 s`, reached: (median) => median(name, SLOWEST) <= 2000 },
    ]),
  };
}
