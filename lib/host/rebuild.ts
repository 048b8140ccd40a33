import { KithError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import type { Random } from "../base/random.ts";
import { verifySigned } from "../crypto/identity.ts";
import { DamagedError } from "../store/damaged_error.ts";
import { salvage } from "../store/salvage.ts";
import { Store } from "../store/store.ts";
import { noteCommits } from "./commit_counter.ts";
import { fileError } from "./file_error.ts";
import type { HomePaths } from "./home.ts";
import { abandonStaged, decideStaged, dropStaged, settleStaged, stagedPaths } from "./staged_home.ts";

/** Whether an error is of a store that can be made anew from what is left of it. */
export function isStoreDamage(error: unknown): boolean {
  return error instanceof DamagedError || (error instanceof KithError && error.code === "store_damaged");
}

/**
 * Makes the store of a home anew from what is intact in it; the damaged one is kept beside it. It begins another life,
 * since own transactions may be among those that are lost here and held by others. Until the new one is whole and
 * durable the home stays as it is; a process that is killed after that leaves it to `settleStaged`.
 *
 * @returns what to tell of it.
 * @throws {KithError} `store_…`, `home_…`; the damaged one is then still in its place.
 */
export function rebuildStore(paths: HomePaths, random: Random): PeerEvent {
  const staged = stagedPaths(paths);
  try {
    dropStaged(paths);
    Deno.openSync(staged.store, { write: true, createNew: true, mode: 0o600 }).close();
    const target = Store.open(staged.store, { random });
    let mark;
    let salvaged;
    try {
      salvaged = salvage(paths.store, target, verifySigned);
      target.file.moveLog();
      mark = target.lastCommit;
    } finally {
      target.close();
    }
    // An empty store would be taken for a home in no space.
    if (salvaged.kept === 0) {
      throw new KithError("store_damaged", { path: paths.store, detail: "nothing in it can be read" });
    }
    noteCommits(staged, mark);
    decideStaged(paths);
    const { kept, lost, lostNames } = salvaged;
    const told = settleStaged(paths) as PeerEvent;
    const alsoLost = lostNames.length > 0 ? { also_lost: lostNames.join(" ") } : {};
    return { ...told, fields: { kept, lost, ...alsoLost, ...told.fields } };
  } catch (error) {
    abandonStaged(paths);
    throw error instanceof KithError ? error : fileError(error, paths.home);
  }
}
