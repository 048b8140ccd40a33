import { assertEquals } from "@std/assert";
import { possiblePaths, runNatScenario, type Surrounding } from "./nat_scenario.ts";
import { NO_UPNP } from "./upnp_router.ts";
import { NO_ROUTER } from "./virtual_switch.ts";

const NO_MATRIX = NO_ROUTER || NO_UPNP;

Deno.test({
  name: `behind whatever routers, each links with each: directly, through both routers, or else relayed${NO_MATRIX}`,
  ignore: NO_MATRIX !== "",
  fn: async () => {
    const pairs = await runNatScenario(["mapped", "by_port", "by_port", "symmetric"]);
    const paths = pairs.map(({ between, path }) => `${between.join(" ")}: ${path}`);
    assertEquals(paths.filter((text) => !text.startsWith("mapped by_port")), [
      "mapped symmetric: direct",
      "by_port by_port: punched",
      "by_port symmetric: relayed",
      "by_port symmetric: relayed",
    ]);
  },
});

Deno.test("the paths that routers allow", () => {
  const cases: [Surrounding, Surrounding, string][] = [
    ["open", "udp_blocked", "direct"],
    ["mapped", "symmetric", "direct"],
    ["mapped", "by_port", "direct or punched"],
    ["forwarded", "symmetric", "direct or punched"],
    ["by_port", "by_port", "punched"],
    ["by_port", "by_address", "direct or punched"],
    ["by_address", "symmetric", "direct or punched"],
    ["by_port", "symmetric", "relayed"],
    ["symmetric", "symmetric", "relayed"],
    ["udp_blocked", "by_port", "relayed"],
    ["udp_blocked", "by_address", "direct or relayed"],
  ];
  for (const [one, other, paths] of cases) {
    for (const between of [[one, other], [other, one]] as const) {
      assertEquals(possiblePaths(between).join(" or "), paths, between.join(" with "));
    }
  }
});
