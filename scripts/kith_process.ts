import { runtimeFlags } from "./flags.ts";

/** The program under test: that of KITH_EXE, else main.ts with the flags of the task `start`. */
export function kithCommand(): string[] {
  const exe = Deno.env.get("KITH_EXE");
  if (exe !== undefined && exe !== "") return [exe];
  return [Deno.execPath(), "run", "--quiet", ...runtimeFlags(), `${import.meta.dirname}/../main.ts`];
}
