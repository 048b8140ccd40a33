import { assertEquals } from "@std/assert";
import { type Pair, runNatScenario } from "./nat_scenario.ts";
import { NO_UPNP } from "./upnp_router.ts";
import { NO_ROUTER } from "./virtual_switch.ts";

const NO_MATRIX = NO_ROUTER || NO_UPNP;

Deno.test({
  name: `behind whatever routers, each links with each: directly where one can be reached, else relayed${NO_MATRIX}`,
  ignore: NO_MATRIX !== "",
  fn: async () => {
    const expected = ["mapped by_port: direct", "mapped symmetric: direct", "by_port symmetric: relayed"];
    const pathsOf = (pairs: readonly Pair[]) => pairs.map(({ between, path }) => `${between.join(" ")}: ${path}`);
    const isSettled = (pairs: readonly Pair[]) => pathsOf(pairs).join() === expected.join();
    assertEquals(pathsOf(await runNatScenario(["mapped", "by_port", "symmetric"], isSettled)), expected);
  },
});
