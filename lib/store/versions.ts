import { assert } from "../base/assert.ts";
import { compare, concat, equal, toHex, utf8Decode, utf8Encode } from "../base/bytes.ts";
import { compareStamps, compareVersionIds, type VersionId } from "../wire/transaction.ts";
import { DamagedError } from "./damaged_error.ts";
import type { Database } from "./database.ts";
import { operationOf, type OperationRow, type Operations } from "./operations.ts";
import type { Proofs } from "./proofs.ts";
import type { DeletedBesidePut, DelRow, ListedEntry, TransactionRow, VersionRow, VersionState } from "./rows.ts";
import type { Transactions } from "./transactions.ts";

/** The names of `STATES` on keys, by number. */
export const STATE_NAMES: readonly VersionState[] = ["live", "replaced", "undone", "del"];
/** Sorts behind every byte of UTF-8. */
const BEHIND_UTF8 = new Uint8Array([0xff]);
const NOTHING = new Uint8Array(0);

/** The state of the space as it is read: versions by key, in key order, and by id. */
export class Versions {
  readonly #transactions: Transactions;
  readonly #operations: Operations;
  readonly #proofs: Proofs;
  readonly #conflictKeys;
  readonly #delsBesidePut;

  constructor(database: Database, transactions: Transactions, operations: Operations, proofs: Proofs) {
    this.#proofs = proofs;
    this.#transactions = transactions;
    this.#operations = operations;
    this.#conflictKeys = database.statement("SELECT key FROM conflicts WHERE key > ? ORDER BY key LIMIT ?");
    this.#delsBesidePut = database.statement(`
      SELECT d.row FROM operations AS d INDEXED BY operations_open_dels
      WHERE d.state = 3 AND EXISTS (SELECT 1 FROM operations AS o WHERE o.key = d.key AND o.state = 0)
      ORDER BY d.key, d.row LIMIT ?`);
  }

  /** Those of some distinct keys under which something stands: a live version, or a del that nothing names. */
  keysInUse(keys: readonly string[]): Set<string> {
    const encoded = keys.map(utf8Encode);
    const live = this.#operations.countLive(encoded);
    const openDels = this.#operations.countOpenDels(encoded);
    if (live.size + openDels.size === 0) return new Set();
    return new Set(keys.filter((_, i) => {
      const hex = toHex(encoded[i] as Uint8Array);
      return live.has(hex) || openDels.has(hex);
    }));
  }

  /** The puts on a key that stand, the winner first. */
  live(key: string): VersionRow[] {
    return this.#operations.liveOf(utf8Encode(key)).map((row) => this.#version(row)).sort(compareForWinner);
  }

  /** Winners in key order. */
  list({ prefix = "", after, limit }: { prefix?: string; after?: string; limit: number }): ListedEntry[] {
    const start = utf8Encode(prefix);
    const end = concat([start, BEHIND_UTF8]);
    let from = start;
    if (after !== undefined) {
      const behind = nextKey(utf8Encode(after));
      if (compare(behind, from) > 0) from = behind;
    }
    const entries: ListedEntry[] = [];
    while (entries.length < limit) {
      const asked = limit - entries.length;
      const rows = this.#operations.livePage(from, end, asked);
      for (const [i, row] of rows.entries()) {
        if (i > 0 && hasKeyOf(rows[i - 1] as OperationRow, row)) continue;
        const next = rows[i + 1];
        // Behind a full page there may be more of its last key.
        const isAlone = next === undefined ? rows.length < asked : !hasKeyOf(next, row);
        entries.push(isAlone ? { winner: this.#version(row), conflicts: 0 } : this.#entryOf(row));
      }
      if (rows.length < asked) break;
      from = nextKey(rows.at(-1)?.key as Uint8Array);
    }
    return entries;
  }

  /** Keys with more than one live version, in key order. */
  conflictKeys(after: string | null, limit: number): string[] {
    const rows = this.#conflictKeys.all(after === null ? NOTHING : utf8Encode(after), limit) as [Uint8Array][];
    return rows.map(([key]) => utf8Decode(key));
  }

  /** What became of a version; null where its transaction is not held, or it is no operation on a key. */
  stateOf({ transaction, index }: VersionId): VersionState | "gone" | null {
    const place = this.#transactions.byId(transaction);
    if (place === null || index >= place.header.operationCount) return null;
    const row = this.#operations.find(place.firstRow + index);
    if (row === null) {
      if (this.#proofs.of(place.row) === null) throw new DamagedError("operations", place.firstRow + index, null);
      return "gone";
    }
    return row.key === null ? null : STATE_NAMES[row.state] as VersionState;
  }

  /** The dels on a key that nothing names, oldest row first. */
  openDels(key: string): DelRow[] {
    return this.#operations.openDelsOf(utf8Encode(key)).map((row) => this.#del(row));
  }

  /** Dels beside a put that stands, in key order; each with the winner of its key. */
  deletedBesidePut(limit: number): DeletedBesidePut[] {
    return (this.#delsBesidePut.all(limit) as [number][]).map(([row]) => {
      const del = this.#del(this.#operations.byRow(row));
      const put = this.live(del.key)[0];
      if (put === undefined) throw new DamagedError("operations", row, del.key);
      return { del, put };
    });
  }

  /** The entry of a key that may have several versions. */
  #entryOf(row: OperationRow): ListedEntry {
    const key = utf8Decode(row.key as Uint8Array);
    const versions = this.live(key);
    const winner = versions[0];
    if (winner === undefined) throw new DamagedError("operations", row.row, key);
    return { winner, conflicts: versions.length - 1 };
  }

  #version(row: OperationRow): VersionRow {
    const operation = operationOf(row);
    assert(operation.kind === "put" && row.value !== null, "a version is a put with its value");
    return {
      ...this.#placed(row),
      key: operation.key,
      media: operation.media,
      value: row.value,
      names: operation.names,
    };
  }

  #del(row: OperationRow): DelRow {
    const operation = operationOf(row);
    assert(operation.kind === "del", "the row is a del");
    return { ...this.#placed(row), key: operation.key, names: operation.names };
  }

  #placed(
    { row, transactionRow }: OperationRow,
  ): Pick<VersionRow, "versionId" | "row" | "transactionRow" | "stamp" | "peer"> {
    const transaction = this.#transactions.byRow(transactionRow);
    return {
      versionId: versionIdIn(transaction, row),
      row,
      transactionRow,
      stamp: transaction.header.clock,
      peer: transaction.header.peer,
    };
  }
}

function versionIdIn(transaction: TransactionRow, row: number): VersionId {
  return { transaction: transaction.id, index: row - transaction.firstRow };
}

/** The winner is the highest (clock, id). */
function compareForWinner(a: VersionRow, b: VersionRow): number {
  return compareStamps(b.stamp, a.stamp) || compareVersionIds(b.versionId, a.versionId);
}

function hasKeyOf(a: OperationRow, b: OperationRow): boolean {
  return equal(a.key as Uint8Array, b.key as Uint8Array);
}

/** The first key behind another one. */
function nextKey(key: Uint8Array): Uint8Array {
  return concat([key, Uint8Array.of(0)]);
}
