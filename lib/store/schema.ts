import { equal } from "../base/bytes.ts";
import { KithError } from "../base/errors.ts";
import { Database } from "./database.ts";
import { recordHash } from "./record_hash.ts";
import { sealRecords, sealSchema } from "./seal.ts";

/** Pages of the write-ahead log above which a commit moves them into the database file. */
export const LOG_PAGES = 8192;
/** SQLite's application_id of a kith store: "kith". */
export const APPLICATION_ID = 0x6b697468;

/**
 * The schema, one entry for each data version: migration n takes a store of version n to version n + 1. What was
 * released is never changed here; a change is a new entry.
 */
export const MIGRATIONS: readonly string[] = [
  `
-- What the store knows of itself: one row.
CREATE TABLE store (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  instance BLOB NOT NULL,           -- random, 16 bytes: a part of this peer's writer id
  entries INTEGER NOT NULL,         -- keys with a live version
  conflicts INTEGER NOT NULL        -- keys with more than one
) STRICT;

-- What the peer keeps beside the space's data, by name.
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE writers (
  id INTEGER PRIMARY KEY,
  peer BLOB NOT NULL,
  instance BLOB NOT NULL
) STRICT;

-- In the order in which they were taken in: parents before children.
CREATE TABLE transactions (
  row INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  writer INTEGER NOT NULL,
  sequence INTEGER NOT NULL,        -- not unique: a fork has two transactions with one number
  first_operation INTEGER NOT NULL, -- operations of this writer before it
  operation_count INTEGER NOT NULL,
  first_row INTEGER NOT NULL,       -- of its operation 0; the others follow
  class INTEGER NOT NULL,           -- 0 data, 1 membership
  context INTEGER NOT NULL,         -- the membership acts in its past
  header BLOB NOT NULL,
  signature BLOB NOT NULL,
  record_hash BLOB NOT NULL
) STRICT;
CREATE INDEX transactions_by_writer ON transactions (writer);
CREATE INDEX transactions_by_sequence ON transactions (writer, sequence);
CREATE INDEX transactions_by_operation ON transactions (writer, first_operation);
CREATE INDEX transactions_of_members ON transactions (class) WHERE class = 1;

-- No index in random-id order: rows are found by transaction and index.
CREATE TABLE operations (
  row INTEGER PRIMARY KEY,
  transaction_row INTEGER NOT NULL,
  state INTEGER NOT NULL,           -- 0 live, 1 replaced, 2 undone, 3 open del, 4 membership
  record_hash BLOB NOT NULL,
  key BLOB,                         -- UTF-8; null for a membership operation
  leaf BLOB NOT NULL,               -- the operation as in the Merkle tree
  value BLOB
) STRICT;
CREATE INDEX operations_live ON operations (key) WHERE state = 0;
CREATE INDEX operations_open_dels ON operations (key) WHERE state = 3;
CREATE INDEX operations_past ON operations (key) WHERE state IN (1, 2);

-- Which operation names which version of its key.
CREATE TABLE replacements (
  named_row INTEGER NOT NULL,
  by_row INTEGER NOT NULL,
  PRIMARY KEY (named_row, by_row)
) STRICT, WITHOUT ROWID;

-- The same for versions that are not held yet.
CREATE TABLE dangling (
  named_transaction BLOB NOT NULL,
  named_index INTEGER NOT NULL,
  by_row INTEGER NOT NULL,
  PRIMARY KEY (named_transaction, named_index, by_row)
) STRICT, WITHOUT ROWID;

-- Transactions that no other of their writer names as previous.
CREATE TABLE heads (
  writer INTEGER NOT NULL,
  transaction_row INTEGER NOT NULL,
  PRIMARY KEY (writer, transaction_row)
) STRICT, WITHOUT ROWID;

-- Transactions that no other names as previous or parent.
CREATE TABLE tips (
  transaction_row INTEGER PRIMARY KEY
) STRICT;

-- Sets of membership transactions, as rows.
CREATE TABLE contexts (
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,        -- SHA-256 of rows
  rows BLOB NOT NULL
) STRICT;

-- Keys with more than one live version.
CREATE TABLE conflicts (
  key BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Leaves of the digest tree that are not empty; null where the hash must be computed again.
CREATE TABLE digest_leaves (
  writer INTEGER NOT NULL,
  leaf INTEGER NOT NULL,
  hash BLOB,
  PRIMARY KEY (writer, leaf)
) STRICT, WITHOUT ROWID;
`,
  `
-- What stands for the absent operations of a transaction that is not whole, in its Merkle tree.
CREATE TABLE proofs (
  transaction_row INTEGER PRIMARY KEY,
  dead INTEGER NOT NULL,            -- 1 where a final checkpoint shows that what is absent is dead
  hashes BLOB NOT NULL              -- 32 bytes each; they give the header's root with what is here
) STRICT;
CREATE INDEX proofs_open ON proofs (transaction_row) WHERE dead = 0;

-- How far the store has come, and how far it had come when that was last noted outside of it.
ALTER TABLE store ADD COLUMN commits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE store ADD COLUMN chain BLOB NOT NULL DEFAULT x'';        -- a hash that runs over all commits
ALTER TABLE store ADD COLUMN mark_commits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE store ADD COLUMN mark_chain BLOB NOT NULL DEFAULT x'';
ALTER TABLE store ADD COLUMN meta_names TEXT NOT NULL DEFAULT '';    -- names in meta, a line each
ALTER TABLE store ADD COLUMN schema_hash BLOB NOT NULL DEFAULT x'';  -- of the texts of this schema
-- Hashes of records, as those of transactions and operations.
ALTER TABLE store ADD COLUMN record_hash BLOB NOT NULL DEFAULT x'';
ALTER TABLE meta ADD COLUMN record_hash BLOB NOT NULL DEFAULT x'';
ALTER TABLE writers ADD COLUMN record_hash BLOB NOT NULL DEFAULT x'';
ALTER TABLE contexts ADD COLUMN record_hash BLOB NOT NULL DEFAULT x'';
CREATE INDEX dangling_by ON dangling (by_row);

-- Leaves of the digest tree over what is live inside the past of the last compaction.
CREATE TABLE past_leaves (
  writer INTEGER NOT NULL,
  leaf INTEGER NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (writer, leaf)
) STRICT, WITHOUT ROWID;
`,
  `
-- Transactions that a removal has undone, now or once.
CREATE TABLE undoings (
  transaction_row INTEGER PRIMARY KEY,
  undone INTEGER NOT NULL,          -- 0 where that was taken back
  cause INTEGER NOT NULL            -- row of the last membership transaction by then
) STRICT;
CREATE INDEX undoings_by_cause ON undoings (cause);
`,
];

/**
 * Prepares the connection and brings the schema to this version.
 *
 * @param instance the instance id that a new store gets.
 * @throws {KithError} `store_not_kith`, `store_too_new`, `store_damaged`, `store_busy`, `store_io`.
 */
export function openSchema(database: Database, instance: () => Uint8Array): void {
  const applicationId = pragma(database, "application_id");
  const version = pragma(database, "user_version");
  const tables = database.statement("SELECT count(*) FROM sqlite_schema").get()?.[0] as number;
  const isNew = tables === 0 && applicationId === 0;
  if (!isNew && applicationId !== APPLICATION_ID) {
    throw new KithError("store_not_kith", { path: database.path, detail: `application id ${applicationId}` });
  }
  if (version > MIGRATIONS.length) {
    throw new KithError("store_too_new", { path: database.path, theirs: version, ours: MIGRATIONS.length });
  }
  // An empty file has nothing that a journal on the disk could bring back; what is written to it is synced all the same.
  if (isNew) {
    database.execute("PRAGMA journal_mode = MEMORY; PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL");
  }
  database.execute(`
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA cache_size = -16384;
    PRAGMA temp_store = MEMORY;
    PRAGMA trusted_schema = OFF;
    PRAGMA wal_autocheckpoint = ${LOG_PAGES};
  `);
  if (version === MIGRATIONS.length) return checkSchema(database);
  // Not even the schema's version is beyond a fault of the disk.
  if (!isNew && version < 1) throw damaged(database, `data version ${version}`);
  if (version >= 2) checkSchema(database);
  database.begin();
  for (const migration of MIGRATIONS.slice(version)) database.execute(migration);
  if (isNew) {
    database.statement("INSERT INTO store (id, instance, entries, conflicts) VALUES (1, ?, 0, 0)").run(instance());
  }
  if (version < 2) sealRecords(database, schemaHash(database));
  else if (!sealSchema(database, schemaHash(database))) throw damaged(database, "its own row");
  database.execute(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}`);
  database.commit();
}

/**
 * The data version of a store that opening it would migrate; null where it would not. Whoever asks has the home to
 * itself. Where there is room, what the store's log holds is in the database file afterwards.
 *
 * @throws {KithError} `store_not_kith`, `store_damaged`, `store_io`, `store_full`.
 */
export function versionToMigrate(path: string): number | null {
  const database = new Database(path);
  try {
    if (pragma(database, "application_id") !== APPLICATION_ID) return null;
    const version = pragma(database, "user_version");
    return version >= 1 && version < MIGRATIONS.length ? version : null;
  } finally {
    database.close();
  }
}

/** A schema that is not the one that was made would have statements mean something else. */
function checkSchema(database: Database): void {
  let kept: unknown;
  try {
    kept = database.statement("SELECT schema_hash FROM store").get()?.[0];
  } catch (error) {
    if (error instanceof KithError) throw error;
    throw damaged(database, String(error));
  }
  if (!(kept instanceof Uint8Array && equal(kept, schemaHash(database)))) throw damaged(database, "its schema");
}

function schemaHash(database: Database): Uint8Array {
  return recordHash(...database.statement("SELECT name, sql FROM sqlite_schema ORDER BY name").all().flat());
}

function damaged(database: Database, detail: string): KithError {
  return new KithError("store_damaged", { path: database.path, detail });
}

/** The number that a pragma reports. */
export function pragma(database: Database, name: string): number {
  return database.statement(`PRAGMA ${name}`).get()?.[0] as number;
}
