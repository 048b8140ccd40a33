import { verifySigned } from "../crypto/identity.ts";
import { KithError } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import { Store } from "../store/store.ts";
import { type BackupNote, backupTargets, readBackup } from "./backup.ts";
import { noteCommits } from "./commit_counter.ts";
import { fileError, isThere } from "./file_error.ts";
import { type HomePaths, homePaths, prepareHome } from "./home.ts";
import { lockHome } from "./lock.ts";
import { abandonStaged, decideStaged, settleStaged, stagedPaths } from "./staged_home.ts";

/** What came of a restore. */
export interface Restored {
  readonly home: string;
  readonly note: BackupNote;
  /** Records of its store that are not as they were written. */
  readonly damaged: number;
}

const CHECK_ROWS = 1000;

/**
 * Makes a home from a backup. Its store begins another life at once: others may hold what this peer wrote after the
 * backup was made, and no number of those may be used again. A crash leaves the home with nothing of it in use, or all.
 *
 * @param home where nothing is yet.
 * @throws {KithError} `home_not_empty`, `backup_damaged`, `home_…`, `store_…`; nothing of it stays then.
 */
export async function restoreBackup(path: string, home: string, random: Random): Promise<Restored> {
  const paths = homePaths(home);
  refuseUsed(paths);
  prepareHome(home);
  const lock = await lockHome(paths);
  try {
    settleStaged(paths);
    refuseUsed(paths);
    const staged = stagedPaths(paths);
    const targets = backupTargets(staged);
    const note = await readBackup(path, (name) => targets[name] as string);
    const store = Store.open(staged.store, { random });
    let damaged: number;
    try {
      const verifier = store.upkeep.verifier({ space: store.getMeta("space"), verify: verifySigned, structure: true });
      while (!verifier.step(CHECK_ROWS));
      damaged = verifier.damageCount;
      store.renewInstance();
      store.commit();
      store.file.moveLog();
      noteCommits(staged, store.lastCommit);
    } finally {
      store.close();
    }
    decideStaged(paths);
    settleStaged(paths);
    return { home, note, damaged };
  } catch (error) {
    abandonStaged(paths);
    throw error instanceof KithError ? error : fileError(error, home);
  } finally {
    lock.release();
  }
}

/** A log without its database would be taken for that of the store that is restored. */
function refuseUsed(paths: HomePaths): void {
  const { home, store } = paths;
  const used = [...Object.values(backupTargets(paths)), `${store}-wal`, `${store}-journal`];
  try {
    if (used.some(isThere)) throw new KithError("home_not_empty", { home });
  } catch (error) {
    throw fileError(error, home);
  }
}
