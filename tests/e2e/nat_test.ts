import { assertEquals } from "@std/assert";
import { runNatScenario } from "./nat_scenario.ts";
import { NO_UPNP } from "./upnp_router.ts";
import { NO_ROUTER } from "./virtual_switch.ts";

const NO_MATRIX = NO_ROUTER || NO_UPNP;

Deno.test({
  name: `behind whatever routers, each links with each: directly where one can be reached, else relayed${NO_MATRIX}`,
  ignore: NO_MATRIX !== "",
  fn: async () => {
    const pairs = await runNatScenario(["mapped", "by_port", "symmetric"]);
    assertEquals(pairs.map(({ between, path }) => `${between.join(" ")}: ${path}`), [
      "mapped by_port: direct",
      "mapped symmetric: direct",
      "by_port symmetric: relayed",
    ]);
  },
});
