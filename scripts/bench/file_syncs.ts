/**
 * What the disk itself allows: an append of a page and a sync, over and over.
 *
 * Usage: file_syncs.ts FILE COUNT
 */
const [path = "", count = "0"] = Deno.args;
const file = Deno.openSync(path, { write: true, create: true });
const page = new Uint8Array(4096).fill(120);
const startMs = performance.now();
for (let i = 0; i < Number(count); i++) {
  file.writeSync(page);
  file.syncDataSync();
}
const seconds = (performance.now() - startMs) / 1000;
file.close();
console.log(JSON.stringify({ seconds, rows: Deno.statSync(path).size / page.length }));
