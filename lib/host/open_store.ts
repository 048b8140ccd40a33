import { KithError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import type { Random } from "../base/random.ts";
import type { Peer } from "../peer/peer.ts";
import { Store } from "../store/store.ts";
import { findOlderStore, noteCommits } from "./commit_counter.ts";
import type { HomePaths } from "./home.ts";
import { keepBeforeMigration } from "./migration_copy.ts";
import { isStoreDamage, rebuildStore } from "./rebuild.ts";

/**
 * Opens the store and makes its peer. A store that is damaged beyond what can be put right while it is used is made
 * anew first, for a peer that is going to run.
 *
 * @param mayRebuild whether it may be made anew.
 * @param make makes the peer over a store.
 * @returns with what a person should know of the store.
 * @throws {KithError} `store_…`, `home_…`.
 */
export function openStore(
  paths: HomePaths,
  random: Random,
  mayRebuild: boolean,
  make: (store: Store) => Peer,
): { store: Store; peer: Peer; notices: PeerEvent[] } {
  const open = (notices: PeerEvent[]) => {
    const migrated = keepBeforeMigration(paths);
    if (migrated !== null) notices.push(migrated);
    const store = Store.open(paths.store, { random });
    try {
      notices.push(...settleOlderStore(paths, store));
      return { store, peer: make(store), notices };
    } catch (error) {
      store.close();
      throw error;
    }
  };
  try {
    const opened = open([]);
    if (!mayRebuild || !opened.peer.needsNewStore) return opened;
    opened.store.close();
  } catch (error) {
    if (!isStoreDamage(error)) throw error;
    if (!mayRebuild) throw error instanceof KithError ? error : damagedStore(paths, error);
  }
  return open([rebuildStore(paths, random)]);
}

function damagedStore(paths: HomePaths, error: unknown): KithError {
  const detail = error instanceof Error ? error.message : "";
  return new KithError("store_damaged", { path: paths.store, detail }, error);
}

/** A store that may be older than what others have seen of it begins another life before anything is written. */
function settleOlderStore(paths: HomePaths, store: Store): PeerEvent[] {
  const found = findOlderStore(paths, store);
  if (found === null) return [];
  store.renewInstance();
  store.commit();
  noteCommits(paths, store.lastCommit);
  store.notedCommit = store.lastCommit;
  return [found];
}
