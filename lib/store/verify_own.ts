import { equal } from "../base/bytes.ts";
import { sha256 } from "../crypto/hash.ts";
import type { DamagedTable } from "./damaged_error.ts";
import { DamagedError } from "./damaged_error.ts";
import type { Database } from "./database.ts";
import type { Meta } from "./meta.ts";
import { recordHash } from "./record_hash.ts";
import type { Found } from "./rows.ts";
import type { StoreRow } from "./store_row.ts";

/** Rows that are looked at in one go, here and in the other parts of the check. */
export const VERIFY_PAGE_ROWS = 64;

/**
 * Checks the tables of which each record carries its hash and is needed by the check of the others: the store's row,
 * what the peer keeps of its own, writers and contexts. Yields how many rows it has looked at since the last yield.
 */
export function* verifyOwn(
  database: Database,
  storeRow: StoreRow,
  meta: Meta,
  found: Found,
): Generator<number> {
  const readable = (read: () => void) => {
    try {
      read();
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error;
      found({ table: error.table, row: error.row, key: error.key });
    }
  };
  readable(() => storeRow.reread());
  readable(() => {
    for (const name of meta.names()) readable(() => meta.get(name));
  });
  yield 1;
  yield* verifyHashed(database, "writers", "id, peer, instance", found);
  yield* verifyHashed(database, "contexts", "id, hash, rows", found, ([, hash, rows]) => {
    return equal(hash as Uint8Array, sha256(rows as Uint8Array));
  });
}

function* verifyHashed(
  database: Database,
  table: DamagedTable,
  columns: string,
  found: Found,
  fits: (columns: readonly unknown[]) => boolean = () => true,
): Generator<number> {
  const page = database.statement(
    `SELECT ${columns}, record_hash FROM ${table} WHERE id > ? ORDER BY id LIMIT ${VERIFY_PAGE_ROWS}`,
  );
  for (let after = 0;;) {
    const rows = page.all(after);
    for (const row of rows) {
      after = row[0] as number;
      const hash = row.at(-1);
      const rest = row.slice(0, -1);
      if (hash instanceof Uint8Array && equal(hash, recordHash(...rest)) && fits(rest)) continue;
      found({ table, row: after, key: null });
    }
    yield rows.length;
    if (rows.length < VERIFY_PAGE_ROWS) return;
  }
}
