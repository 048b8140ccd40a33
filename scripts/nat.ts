import { type Pair, runNatScenario, type Surrounding } from "../tests/e2e/nat_scenario.ts";

/**
 * Puts machines behind routers of every kind, two of each but one, and prints for each pair by which path they came
 * together, and how long after the later of both ran. Fails where a pair has not the best path that its routers allow, or
 * where they do not hold the same; what came about by then is printed all the same.
 *
 * Usage: nat.ts. It needs ip, nft and miniupnpd, and makes a network of namespaces that nothing leaves. KITH_EXE names
 * the program under test, as in the tests.
 */
const KINDS: readonly Surrounding[] = [
  ...["open", "forwarded", "mapped", "by_address", "by_port", "symmetric", "udp_blocked"] as const,
];

const surroundings = KINDS.flatMap((kind): Surrounding[] => kind === "open" ? [kind] : [kind, kind]);
let last: readonly Pair[] = [];
try {
  await runNatScenario(surroundings, (pairs) => last = pairs);
} finally {
  for (const [name, alike] of Map.groupBy(last, ({ between }) => between.join(" with "))) {
    const paths = [...new Set(alike.map(({ path }) => path))].join(", ");
    const took = alike.map(({ tookMs }) => (tookMs / 1000).toFixed(2)).join(", ");
    console.log(`${name.padEnd(28)} ${paths.padEnd(16)} ${took} s`);
  }
}
