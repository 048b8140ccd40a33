import { KithError } from "../../lib/base/errors.ts";
import { verifySigned } from "../../lib/crypto/identity.ts";
import { findOlderStore, noteCommits } from "../../lib/host/commit_counter.ts";
import { homePaths } from "../../lib/host/home.ts";
import { openIdentity } from "../../lib/host/identity_file.ts";
import { DamagedError } from "../../lib/store/damaged_error.ts";
import { Store } from "../../lib/store/store.ts";
import { countingRandom } from "../store/histories.ts";

/** How a flipped bit came to light; "missed" where it changed what is read and nothing told of it. */
export type Outcome = "at open" | "by verify" | "at read" | "harmless" | "missed";

/** What can be read of a home, as text. */
export function stateOf(store: Store, space: Uint8Array | null): string {
  const entries = store.list({ limit: 1_000_000 }).map(({ winner, conflicts }) => [
    ...[winner.key, winner.media, winner.value.toHex(), winner.versionId.transaction.toHex(), winner.versionId.index],
    ...[winner.stamp.ms, winner.stamp.count, winner.peer.toHex(), conflicts],
  ]);
  const transactions = Array.from({ length: store.transactionsTotal }, (_, i) => {
    const { header, signature, operations } = store.load(i + 1);
    return [header.toHex(), signature.toHex(), operations.map(({ leaf, value }) => [leaf.toHex(), value?.toHex()])];
  });
  return JSON.stringify([
    ...[
      entries,
      transactions,
      store.digest().toHex(),
      store.frontierHash().toHex(),
      store.tips().map((id) => id.toHex()),
    ],
    ...[store.entries, store.conflictCount, store.conflictKeys(null, 1000), store.deletedBesidePut(1000).length],
    ...["space", "epochs", "admission", "invites"].map((name) => store.getMeta(name)?.toHex()),
    ...[store.instance.toHex(), store.lastCommit.commits, space?.toHex()],
  ]);
}

/** Opens a home of which something may be damaged, and reads and checks everything. */
export function lookInto(home: string, expected: string | null): { outcome: Outcome; state: string } {
  const paths = homePaths(home);
  const random = countingRandom();
  let store: Store | null = null;
  let state = "";
  try {
    const identity = openIdentity(paths, random);
    store = Store.open(paths.store, { random });
    if (findOlderStore(paths, store) !== null) return { outcome: "at open", state };
    const space = store.getMeta("space");
    let isRead = true;
    try {
      state = stateOf(store, space) + identity.peerId.toHex();
    } catch (error) {
      if (!isTold(error)) throw error;
      isRead = false;
    }
    const verifier = store.upkeep.verifier({ space, verify: verifySigned, structure: true });
    while (!verifier.step(10_000));
    if (verifier.damageCount > 0) return { outcome: "by verify", state };
    if (!isRead) return { outcome: "at read", state };
    return { outcome: expected === null || state === expected ? "harmless" : "missed", state };
  } catch (error) {
    if (!isTold(error)) throw error;
    return { outcome: "at open", state };
  } finally {
    store?.close();
  }
}

/** Whether the last commit of a home's store is noted beside it. Opens the store. */
export function isNoted(home: string): boolean {
  const paths = homePaths(home);
  const store = Store.open(paths.store, { random: countingRandom() });
  try {
    return store.lastCommit.commits === JSON.parse(Deno.readTextFileSync(paths.counter)).commits;
  } finally {
    store.close();
  }
}

/** Copies the files of a home, and lets the copy pass for the home itself. */
export function copyFiles(from: string, to: string): void {
  Deno.mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const { name } of [...Deno.readDirSync(to)]) Deno.removeSync(`${to}/${name}`);
  for (const { name, isFile } of Deno.readDirSync(from)) {
    if (isFile && /^(store\.sqlite|identity)/.test(name) && !name.endsWith("-shm")) {
      Deno.copyFileSync(`${from}/${name}`, `${to}/${name}`);
    }
  }
  const { commits, chain } = JSON.parse(Deno.readTextFileSync(homePaths(from).counter));
  noteCommits(homePaths(to), { commits, chain: Uint8Array.fromHex(chain) });
}

function isTold(error: unknown): boolean {
  return error instanceof DamagedError || error instanceof KithError;
}
