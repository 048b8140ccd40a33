import { isCore } from "./ranks.ts";

/**
 * Folders of tests/ whose files run side by side in one process, since their tests leave alone what a process has one
 * of: its environment, its working directory, its umask. Peers and scripts run in processes of their own there, and
 * wait more than they work.
 */
export const SIDE_BY_SIDE: ReadonlySet<string> = new Set(["e2e", "guards", "scripts"]);

/** Whether a folder's tests run without permissions: those of the core, and the simulator's, which drive nothing else. */
export function needsNothing(folder: string): boolean {
  return isCore(folder) || folder === "sim";
}
