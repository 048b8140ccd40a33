import { Store } from "../../lib/store/store.ts";

/**
 * Drops live versions of a store, as a check of it does with damaged ones.
 *
 * Usage: drop_versions.ts STORE COUNT newest|random
 */

const [path = "", countText = "0", which = ""] = Deno.args;
const store = Store.open(path, { random: { bytes: (size) => crypto.getRandomValues(new Uint8Array(size)) } });
const count = Number(countText);
const rows: number[] = [];
for (let row = store.transactionsTotal; row >= 1; row--) {
  const { header, firstRow } = store.transactionByRow(row);
  if (header.class !== "data") continue;
  for (let index = header.operationCount - 1; index >= 0; index--) rows.push(firstRow + index);
  if (which === "newest" && rows.length >= count) break;
}
if (which === "random") {
  // The first ones of a random order, by Fisher and Yates.
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(Math.random() * (rows.length - i));
    [rows[i], rows[j]] = [rows[j] as number, rows[i] as number];
  }
}
for (const row of rows.slice(0, count)) store.upkeep.dropOperation(row);
store.commit();
store.digest();
store.begin();
store.commit();
store.close();
