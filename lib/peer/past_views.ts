import { toBase32 } from "../base/base32.ts";
import { KithError } from "../base/errors.ts";
import { MAX_ABBREVIATED_VERSIONS, MIN_ABBREVIATION_LETTERS } from "../base/limits.ts";
import { versionFromText, versionText } from "../data/version_text.ts";
import type { PastOperation } from "../store/rows.ts";
import type { Store } from "../store/store.ts";
import type { VersionId } from "../wire/transaction.ts";
import type { PastView, VersionView } from "./reads.ts";

/** The first letters of a transaction id, as `versionText` spells it. */
const ABBREVIATION = /^[a-z2-7]{1,52}$/;

/**
 * The puts and dels on a key, newest first.
 *
 * @throws {KithError} as `findVersion`, of the version to begin behind.
 */
export function historyOf(store: Store, key: string, before: string | undefined, limit: number): PastView[] {
  const beforeRow = before === undefined ? Infinity : findVersion(store, key, before).row;
  const past = store.history.page(key, beforeRow, limit);
  const winner = past.some(({ state }) => state === "live") ? store.winner(key)?.row : undefined;
  return past.map((operation) => ({
    version: versionText(operation.versionId),
    kind: operation.put === null ? "del" : "put",
    media: operation.put?.media ?? null,
    sizeBytes: operation.put?.sizeBytes ?? null,
    peer: toBase32(operation.peer),
    timeMs: operation.stamp.ms,
    replaced: operation.names.map(versionText),
    missing: operation.missing.map(versionText),
    state: operation.state === "del" ? "open" : operation.state,
    winner: operation.row === winner,
  }));
}

/** One version of a key with its value. @throws {KithError} as `findVersion`, `version_is_delete`, `version_not_held`. */
export function versionOf(store: Store, key: string, text: string): VersionView {
  const operation = findVersion(store, key, text);
  const version = versionText(operation.versionId);
  if (operation.put === null) throw new KithError("version_is_delete", { key, version });
  const value = store.history.value(operation);
  if (value === null) throw new KithError("version_not_held", { key, version });
  const { put, peer, stamp, state } = operation;
  return {
    ...{ key, version, media: put.media, value, peer: toBase32(peer), timeMs: stamp.ms },
    state: state === "del" ? "open" : state,
  };
}

/**
 * A version of a key by its text, or by the first letters of it.
 *
 * @throws {KithError} `version_invalid`, `version_unknown`, `version_ambiguous`, `version_not_held`.
 */
export function findVersion(store: Store, key: string, text: string): PastOperation {
  const id = versionFromText(text);
  const found = id === null ? findAbbreviated(store, key, text) : store.history.operation(id);
  if (found === "not_held") throw new KithError("version_not_held", { key, version: text });
  if (found === "no_version" || found.key !== key) throw new KithError("version_unknown", { key, version: text });
  return found;
}

/** The version that a text spells whole. @throws {KithError} `version_invalid`. */
export function wholeVersion(text: string): VersionId {
  const id = versionFromText(text);
  if (id === null) throw new KithError("version_invalid", { version: text });
  return id;
}

/** Checks that a text may be the beginning of a version. @throws {KithError} `version_invalid`. */
export function checkAbbreviation(text: string): void {
  if (text.length >= MIN_ABBREVIATION_LETTERS && ABBREVIATION.test(text)) return;
  throw new KithError("version_invalid", { version: text });
}

function findAbbreviated(store: Store, key: string, text: string): PastOperation | "no_version" {
  checkAbbreviation(text);
  const newest = store.history.page(key, Infinity, MAX_ABBREVIATED_VERSIONS);
  const fitting = newest.filter(({ versionId }) => versionText(versionId).startsWith(text));
  if (fitting.length > 1) throw new KithError("version_ambiguous", { key, version: text });
  return fitting[0] ?? "no_version";
}
