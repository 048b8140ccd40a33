import type { Coverage } from "./coverage.ts";
import type { Target } from "./target.ts";

/** Inputs of more bytes are found again by whoever looks for long enough. */
const MAX_KEPT_BYTES = 400;
const MAX_KEPT_INPUTS = 40;

const fileOf = (name: string) => new URL(`./corpus/${name}.json`, import.meta.url);

/** The inputs of a target that are kept in the project: each runs code that no other does. */
export function keptInputs(name: string): Uint8Array[] {
  try {
    return (JSON.parse(Deno.readTextFileSync(fileOf(name))) as string[]).map((text) => Uint8Array.fromBase64(text));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Keeps of some inputs those that run code which the target's seeds and shorter inputs do not. */
export async function keepInputs(target: Target, inputs: readonly Uint8Array[], coverage: Coverage): Promise<number> {
  const runsNew = async (input: Uint8Array) => {
    await target.reset?.();
    await coverage.look(false);
    await target.run(input.slice());
    return (await coverage.look(true)).newBlocks > 0;
  };
  for (const seed of target.seeds) await runsNew(seed);
  const kept: string[] = [];
  for (const input of inputs.toSorted((a, b) => a.length - b.length)) {
    if (input.length > MAX_KEPT_BYTES || kept.length === MAX_KEPT_INPUTS) break;
    if (await runsNew(input)) kept.push(input.toBase64());
  }
  Deno.writeTextFileSync(fileOf(target.name), JSON.stringify(kept, null, 2) + "\n");
  return kept.length;
}
