import type { Target } from "./target.ts";

/** Every target, by parts; loaded only now, since coverage sees what is loaded behind its start. */
const PARTS: readonly (() => Promise<{ readonly TARGETS: readonly Target[] }>)[] = [
  () => import("./targets/wire.ts"),
  () => import("./targets/data.ts"),
  () => import("./targets/link.ts"),
  () => import("./targets/people.ts"),
];

/** Loads all targets. */
export async function loadTargets(): Promise<Target[]> {
  const targets: Target[] = [];
  for (const load of PARTS) targets.push(...(await load()).TARGETS);
  return targets;
}

/** Whether a script is one of those that are fuzzed. */
export function isFuzzed(url: string): boolean {
  return /^file:.*\/lib\/[a-z]+\/[a-z_0-9]+\.ts$/.test(url);
}
