import { KithError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import { versionToMigrate } from "../store/schema.ts";
import { fileError, isSystemError, isThere, removeIfThere, syncFolderOf } from "./file_error.ts";
import type { HomePaths } from "./home.ts";

/** What of a store is copied: its log comes first, so that a copy that is there is whole. */
const COPIED = ["-wal", ""];

/**
 * Keeps a copy of a store that an earlier release wrote, as it is before it is migrated: `store.sqlite.v1` beside it,
 * private (0600) and durable. Once there it is left alone. The home is the caller's own.
 *
 * @returns what to tell of it; null where nothing is migrated, or the copy is there already.
 * @throws {KithError} `store_full`, `home_…`, `store_…`; the store is then as it was.
 */
export function keepBeforeMigration(paths: HomePaths): PeerEvent | null {
  if (isYetToBeMade(paths)) return null;
  const version = versionToMigrate(paths.store);
  if (version === null) return null;
  const copy = `${paths.store}.v${version}`;
  const drafts = COPIED.map((part) => ({ from: paths.store + part, draft: `${copy}.new${part}`, to: copy + part }));
  try {
    if (isThere(copy)) return null;
    for (const { from, draft, to } of drafts) {
      removeIfThere(to);
      if (!isThere(from)) continue;
      Deno.copyFileSync(from, draft);
      Deno.chmodSync(draft, 0o600);
      using file = Deno.openSync(draft, { write: true });
      file.syncSync();
      Deno.renameSync(draft, to);
    }
    syncFolderOf(copy);
  } catch (error) {
    removeQuietly(drafts.map(({ draft }) => draft));
    if (isSystemError(error) && error.code === "ENOSPC") throw new KithError("store_full", { path: copy }, error);
    throw fileError(error, paths.home);
  }
  const reason = `an earlier kith wrote it, and it was brought to the present form; as it was it is kept in ${copy}`;
  return { name: "store_migrated", level: "warning", reason };
}

/** Of such a store there is an empty file. */
function isYetToBeMade(paths: HomePaths): boolean {
  try {
    return Deno.statSync(paths.store).size === 0;
  } catch (error) {
    throw fileError(error, paths.home);
  }
}

/** What is told is why there is no copy, not why a part of one is still there. */
function removeQuietly(paths: readonly string[]): void {
  for (const path of paths) {
    try {
      removeIfThere(path);
    } catch {
      continue;
    }
  }
}
