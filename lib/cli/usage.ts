import { KithError } from "../base/errors.ts";
import { editDistance } from "../base/edit_distance.ts";

/** Names further away than this from what was typed are not suggested. */
const MAX_SUGGESTED_DISTANCE = 3;

/** A mistake in the command line, exit 2. */
export function usageError(detail: string): KithError {
  return new KithError("usage", { detail });
}

/** The name nearest to what was typed; undefined when none is near. */
export function nearestName(typed: string, names: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let nearestDistance = Math.min(MAX_SUGGESTED_DISTANCE, Math.max(1, Math.floor(typed.length / 2)));
  for (const name of names) {
    const begins = typed.length >= 2 && name.startsWith(typed);
    const distance = begins ? 0 : editDistance(typed, name);
    if (distance > nearestDistance || (distance === nearestDistance && nearest !== undefined)) continue;
    nearest = name;
    nearestDistance = distance;
  }
  return nearest;
}

/** "; did you mean 'NAME'?", or what to do when no name is near. */
export function suggestion(typed: string, names: readonly string[], otherwise: string): string {
  const nearest = nearestName(typed, names);
  return nearest === undefined ? otherwise : `did you mean '${nearest}'?`;
}
