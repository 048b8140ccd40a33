import { DatabaseSync } from "node:sqlite";

/**
 * The baseline of a first sync: the same rows into a table of their own, durably.
 *
 * Usage: sqlite_rows.ts ENTRIES DATABASE
 */
const BATCH = 1000;
const [entriesPath = "", databasePath = ""] = Deno.args;
const rows = Deno.readTextFileSync(entriesPath).trimEnd().split("\n").map((line) => {
  const { key, json } = JSON.parse(line);
  return { key: String(key), value: new TextEncoder().encode(JSON.stringify(json)) };
});
const database = new DatabaseSync(databasePath);
database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
database.exec("CREATE TABLE entry (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT");
const insert = database.prepare("INSERT INTO entry VALUES (?, ?)");
const startMs = performance.now();
for (let start = 0; start < rows.length; start += BATCH) {
  database.exec("BEGIN");
  for (const { key, value } of rows.slice(start, start + BATCH)) insert.run(key, value);
  database.exec("COMMIT");
}
const seconds = (performance.now() - startMs) / 1000;
const count = database.prepare("SELECT count(*) AS count FROM entry").get()?.["count"];
database.close();
console.log(JSON.stringify({ seconds, rows: count }));
