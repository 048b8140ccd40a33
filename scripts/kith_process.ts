import { runtimeFlags } from "./flags.ts";

/**
 * The program under test: that of KITH_EXE, else main.ts with the flags of the task `start`.
 *
 * @param task whose flags they are, where it is another one.
 */
export function kithCommand(task: "start" | "hooks" = "start"): string[] {
  // No packet is to leave this machine: whatever is started from here inherits that, unless it is given something else.
  for (const name of ["KITH_NO_DHT", "KITH_NO_PORT_MAP"]) if (Deno.env.get(name) === undefined) Deno.env.set(name, "1");
  const exe = Deno.env.get("KITH_EXE");
  if (exe !== undefined && exe !== "") return [exe];
  return [Deno.execPath(), "run", "--quiet", ...runtimeFlags(task), `${import.meta.dirname}/../main.ts`];
}
