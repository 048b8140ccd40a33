import { runLanScenario } from "./lan_scenario.ts";
import { NO_SWITCH } from "./virtual_switch.ts";

/** Executables that are built by a Deno before 2.9 can't take part in multicast. */
const SKIPPED = Deno.env.get("KITH_EXE") ? " (skipped: the executable may have no multicast)" : NO_SWITCH;

Deno.test({
  name: `peers on one switch find each other by six words alone, after a move, and after a split${SKIPPED}`,
  ignore: SKIPPED !== "",
  fn: async () => void await runLanScenario({ peers: 8, splitMs: 3000 }),
});
