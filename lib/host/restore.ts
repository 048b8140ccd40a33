import { verifySigned } from "../crypto/identity.ts";
import { KithError } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import { Store } from "../store/store.ts";
import { type BackupNote, backupTargets, readBackup } from "./backup.ts";
import { noteCommits } from "./commit_counter.ts";
import { fileError, removeIfThere } from "./file_error.ts";
import { homePaths, prepareHome } from "./home.ts";
import { lockHome } from "./lock.ts";

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
 * backup was made, and no number of those may be used again.
 *
 * @param home where nothing is yet.
 * @throws {KithError} `home_not_empty`, `backup_damaged`, `home_…`, `store_…`; nothing of it stays then.
 */
export async function restoreBackup(path: string, home: string, random: Random): Promise<Restored> {
  const paths = homePaths(home);
  const targets = backupTargets(paths);
  for (const target of Object.values(targets)) if (isThere(target)) throw new KithError("home_not_empty", { home });
  prepareHome(home);
  const lock = await lockHome(paths);
  try {
    const note = await readBackup(path, (name) => {
      const target = targets[name] as string;
      return Deno.openSync(target, { write: true, createNew: true, mode: 0o600 });
    });
    const store = Store.open(paths.store, { random });
    try {
      const verifier = store.upkeep.verifier({ space: store.getMeta("space"), verify: verifySigned, structure: true });
      while (!verifier.step(CHECK_ROWS));
      store.renewInstance();
      store.commit();
      noteCommits(paths, store.lastCommit);
      return { home, note, damaged: verifier.damageCount };
    } finally {
      store.close();
    }
  } catch (error) {
    for (const target of [...Object.values(targets), paths.counter]) removeIfThere(target);
    throw error instanceof KithError ? error : fileError(error, home);
  } finally {
    lock.release();
  }
}

function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw fileError(error, path);
  }
}
