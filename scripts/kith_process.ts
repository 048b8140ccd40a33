import { runtimeFlags } from "./flags.ts";

/**
 * The program under test: that of KITH_EXE, else main.ts with the flags of the task `start`.
 *
 * @param task whose flags they are, where it is another one.
 */
export function kithCommand(task: "start" | "hooks" = "start"): string[] {
  const exe = Deno.env.get("KITH_EXE");
  if (exe !== undefined && exe !== "") return [exe];
  return [Deno.execPath(), "run", "--quiet", ...runtimeFlags(task), `${import.meta.dirname}/../main.ts`];
}
