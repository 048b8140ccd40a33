import { equal } from "../base/bytes.ts";
import type { Database, SqlValue } from "./database.ts";
import { namesText } from "./meta.ts";
import { recordHash } from "./record_hash.ts";
import { STORE_COLUMNS } from "./store_row.ts";

/** Tables whose records got a hash with data version 2, and what it covers. The first column is the row's name. */
const SEALED: readonly (readonly [table: string, columns: string])[] = [
  ["meta", "key, value"],
  ["writers", "id, peer, instance"],
  ["contexts", "id, hash, rows"],
];

/** Gives each record of a store that is new or comes from data version 1 its hash, by its commit 1. @param schemaHash of the new schema. */
export function sealRecords(database: Database, schemaHash: Uint8Array): void {
  for (const [table, columns] of SEALED) {
    const name = columns.slice(0, columns.indexOf(","));
    const update = database.statement(`UPDATE ${table} SET record_hash = ? WHERE ${name} = ?`);
    for (const row of database.statement(`SELECT ${columns} FROM ${table} WHERE record_hash = x''`).all()) {
      update.run(recordHash(...row), row[0] as SqlValue);
    }
  }
  const names = database.statement("SELECT key FROM meta").all() as [string][];
  database.statement("UPDATE store SET commits = 1, meta_names = ?, schema_hash = ?")
    .run(namesText(names.map(([name]) => name)), schemaHash);
  const row = database.statement(`SELECT ${STORE_COLUMNS} FROM store`).get() as SqlValue[];
  database.statement("UPDATE store SET record_hash = ?").run(recordHash(...row));
}

/**
 * Notes the hash of a schema that a migration has changed.
 *
 * @returns false where the store's own row is damaged, and nothing was done.
 */
export function sealSchema(database: Database, schemaHash: Uint8Array): boolean {
  const select = database.statement(`SELECT ${STORE_COLUMNS}, record_hash FROM store`);
  const columns = select.get() ?? [];
  const hash = columns.at(-1);
  if (!(hash instanceof Uint8Array && equal(hash, recordHash(...columns.slice(0, -1))))) return false;
  database.statement("UPDATE store SET schema_hash = ?").run(schemaHash);
  const changed = (select.get() as SqlValue[]).slice(0, -1);
  database.statement("UPDATE store SET record_hash = ?").run(recordHash(...changed));
  return true;
}
