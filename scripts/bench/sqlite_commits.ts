import { DatabaseSync } from "node:sqlite";

/**
 * The baseline of durable writes: one row a commit, WAL with FULL.
 *
 * Usage: sqlite_commits.ts DATABASE COUNT
 */
const [path = "", count = "0"] = Deno.args;
const database = new DatabaseSync(path);
database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
database.exec("CREATE TABLE entry (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT");
const insert = database.prepare("INSERT INTO entry VALUES (?, ?)");
const value = new Uint8Array(100).fill(120);
for (let i = 0; i < 50; i++) insert.run(`warm/${i}`, value);
const startMs = performance.now();
for (let i = 0; i < Number(count); i++) insert.run(`entry/${i}`, value);
const seconds = (performance.now() - startMs) / 1000;
const rows = database.prepare("SELECT count(*) AS count FROM entry").get()?.["count"];
database.close();
console.log(JSON.stringify({ seconds, rows }));
