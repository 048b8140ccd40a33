import { KithError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import type { Random } from "../base/random.ts";
import { verifySigned } from "../crypto/identity.ts";
import { DamagedError } from "../store/damaged_error.ts";
import { salvage } from "../store/salvage.ts";
import { Store } from "../store/store.ts";
import { noteCommits } from "./commit_counter.ts";
import { fileError, removeIfThere } from "./file_error.ts";
import type { HomePaths } from "./home.ts";
import { setStoreAside } from "./set_aside.ts";

/** Whether an error is of a store that can be made anew from what is left of it. */
export function isStoreDamage(error: unknown): boolean {
  return error instanceof DamagedError || (error instanceof KithError && error.code === "store_damaged");
}

/**
 * Makes the store of a home anew from what is intact in it; the damaged one is kept beside it. It begins another life,
 * since own transactions may be among those that are lost here and held by others.
 *
 * @param nowMs wall clock, for the name of what is kept.
 * @returns what to tell of it.
 * @throws {KithError} `store_…`, `home_…`; the damaged one is then still in its place.
 */
export function rebuildStore(paths: HomePaths, random: Random, nowMs: number): PeerEvent {
  const draft = `${paths.store}.rebuilt`;
  const remove = () => ["", "-wal", "-shm"].forEach((companion) => removeIfThere(draft + companion));
  try {
    remove();
    Deno.openSync(draft, { write: true, createNew: true, mode: 0o600 }).close();
    const target = Store.open(draft, { random });
    let mark;
    let salvaged;
    try {
      salvaged = salvage(paths.store, target, verifySigned);
      mark = target.lastCommit;
    } finally {
      target.close();
    }
    // An empty store would be taken for a home in no space.
    if (salvaged.kept === 0) {
      throw new KithError("store_damaged", { path: paths.store, detail: "nothing in it can be read" });
    }
    const { path } = setStoreAside(paths, nowMs);
    Deno.renameSync(draft, paths.store);
    noteCommits(paths, mark);
    const { kept, lost, lostNames } = salvaged;
    return {
      name: "store_rebuilt",
      level: "warning",
      reason: "it was damaged and was made anew from what is intact; other members may have what is lost",
      fields: { kept, lost, ...(lostNames.length > 0 ? { also_lost: lostNames.join(" ") } : {}), damaged_store: path },
    };
  } catch (error) {
    remove();
    throw error instanceof KithError ? error : fileError(error, paths.home);
  }
}
