import { assert, assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { verifySigned } from "../../lib/crypto/identity.ts";
import { partialRoot } from "../../lib/data/merkle.ts";
import { DamagedError } from "../../lib/store/damaged_error.ts";
import { Store } from "../../lib/store/store.ts";
import { Writer } from "../peer/transactions.ts";
import { countingRandom, transactionOf, versionOf } from "./histories.ts";
import { damageIn, mendAll } from "./verified.ts";

const random = countingRandom();

/** A store with a conflict, a replaced version, a del, a name of what is not held, a fork, and two tips. */
function filled(): { store: Store; database: DatabaseSync } {
  const database = new DatabaseSync(":memory:");
  const store = Store.open(database, { random });
  const lacked = transactionOf({ writer: 3, operations: [{ put: "lacked" }] });
  const first = transactionOf({ operations: [{ put: "a", value: "first" }, { put: "b" }, { put: "c" }] });
  const second = transactionOf({
    previous: first,
    operations: [{ put: "a", value: "second", names: [versionOf(first)] }, { del: "b", names: [versionOf(first, 1)] }],
  });
  const beside = transactionOf({
    writer: 1,
    operations: [{ put: "c" }, { put: "lacked", names: [versionOf(lacked)] }],
  });
  const fork = transactionOf({ previous: first, operations: [{ put: "d" }] });
  const removed = transactionOf({ writer: 2, parents: [fork], operations: [{ put: "d", names: [versionOf(fork)] }] });
  const back = transactionOf({ writer: 2, previous: removed, operations: [{ put: "e" }] });
  for (const transaction of [first, second, beside, fork, removed, back]) {
    store.append(transaction, 0, { undone: transaction === back });
    store.digest();
    store.commit();
  }
  store.undoing.set(new Map([[5, true], [6, false]]));
  store.begin();
  store.commit();
  return { store: Store.open(database, { random }), database };
}

const DERIVED: readonly (readonly [table: string, change: string])[] = [
  ["replacements", "DELETE FROM replacements WHERE named_row = 1"],
  ["replacements", "INSERT INTO replacements VALUES (3, 4)"],
  ["dangling", "DELETE FROM dangling"],
  ["dangling", "INSERT INTO dangling VALUES (x'0102', 7, 4)"],
  ["heads", "DELETE FROM heads WHERE transaction_row = 2"],
  ["heads", "INSERT INTO heads VALUES (1, 1)"],
  ["heads", "UPDATE heads SET writer = 2 WHERE transaction_row = 2"],
  ["tips", "DELETE FROM tips WHERE transaction_row = 2"],
  ["tips", "INSERT INTO tips VALUES (1)"],
  ["conflicts", "DELETE FROM conflicts"],
  ["conflicts", "INSERT INTO conflicts VALUES (x'61')"],
  ["digest", "DELETE FROM digest_leaves WHERE writer = 2"],
  ["digest", "UPDATE digest_leaves SET hash = x'00' WHERE writer = 2"],
  ["digest", "INSERT INTO digest_leaves VALUES (2, 9, x'00')"],
  ["undoings", "DELETE FROM undoings WHERE transaction_row = 5"],
  ["undoings", "UPDATE undoings SET undone = 7 WHERE transaction_row = 5"],
  ["undoings", "UPDATE undoings SET undone = 1"],
  ["undoings", "UPDATE undoings SET cause = 3 WHERE transaction_row = 6"],
  ["undoings", "INSERT INTO undoings VALUES (3, 1, 0)"],
  ["undoings", "INSERT INTO undoings VALUES (77, 1, 0)"],
];

Deno.test("what follows from the transactions is checked against them, and put right from them", () => {
  const whole = filled();
  assertEquals(damageIn(whole.store), []);
  const expected = [
    whole.store.digest(),
    whole.store.frontier(),
    whole.store.tips(),
    whole.store.conflictKeys(null, 9),
  ];
  for (const [table, change] of DERIVED) {
    const { database } = filled();
    assert(Number(database.prepare(change).run().changes) > 0);
    const store = Store.open(database, { random });
    assertEquals([...new Set(damageIn(store).map((damage) => damage.table))], [table], change);
    mendAll(store);
    assertEquals(damageIn(store), [], change);
    const again = Store.open(database, { random });
    assertEquals([again.digest(), again.frontier(), again.tips(), again.conflictKeys(null, 9)], expected, change);
  }
});

Deno.test("a check goes on while the store is written to, in steps of a row, and counts what changed meanwhile", () => {
  for (const everyRows of [1, 2, 3, 5, 8, 13]) {
    const { store } = filled();
    const verifier = store.upkeep.verifier({ space: null, verify: verifySigned, structure: false });
    let step = 0;
    let last = transactionOf({ writer: 5, operations: [{ put: "a" }] });
    store.append(last, 0);
    store.commit();
    while (!verifier.step(1)) {
      if (++step % everyRows !== 0 || step > 200) continue;
      const key = ["a", "b", "c", "d", "e"][step % 5] as string;
      const open = store.live(key).map(({ versionId }) => versionId);
      const names = step % 3 === 0 ? [] : open.slice(0, 1);
      last = transactionOf({
        writer: 5,
        previous: last,
        operations: [step % 7 === 0 ? { del: key, names } : { put: key, names }],
      });
      store.append(last, 0);
      if (step % 4 === 0) store.rollback();
      else store.commit();
      if (step % 4 === 0) break;
    }
    while (!verifier.step(1));
    assertEquals(verifier.damages, []);
    assertEquals(damageIn(store), []);
  }
});

Deno.test("headers, signatures, numbers and contexts are checked where the space is known", () => {
  const database = new DatabaseSync(":memory:");
  const store = Store.open(database, { random });
  const writer = new Writer();
  store.append(writer.genesis, 0);
  for (let i = 0; i < 3; i++) store.append(writer.put(`k${i}`), store.internContext([1]));
  store.commit();
  const options = { space: writer.space, verify: verifySigned };
  assertEquals(damageIn(store, options), []);
  const forged = damageIn(store, { space: writer.space, verify: (_domain, _key, message) => message.length % 2 === 0 });
  assert(forged.every(({ table }) => table === "transactions") && forged.length > 0);
  const wrong = new DatabaseSync(":memory:");
  const unjust = Store.open(wrong, { random });
  const again = new Writer();
  unjust.append(again.genesis, 0);
  unjust.append(again.put("a"), 0);
  unjust.append(again.put("b", "v", { sequence: 9 }), unjust.internContext([1]));
  unjust.commit();
  assertEquals(damageIn(unjust, options).map(({ table, row }) => [table, row]), [["transactions", 2], [
    "transactions",
    3,
  ]]);
});

Deno.test("a partial transaction is whole as it is, unless its hashes do not prove it", () => {
  const database = new DatabaseSync(":memory:");
  const store = Store.open(database, { random });
  const whole = transactionOf({ operations: ["a", "b", "c", "d", "e"].map((put) => ({ put })) });
  const source = Store.open(":memory:", { random });
  source.append(whole, 0);
  source.commit();
  const { operations, hashes } = source.partials.load(1, new Set([1, 4]));
  const placed = operations.map(({ index, leaf, value }) => {
    const { operation } = whole.operations[index] as (typeof whole.operations)[number];
    return { index, leaf, value, operation };
  });
  const { id, header, headerBytes, signature } = whole;
  store.append(transactionOf({ writer: 2, operations: [{ put: "x" }] }), 0);
  store.partials.append({ id, header, headerBytes, signature, operations: placed, hashes }, 0);
  store.append(transactionOf({ writer: 4, operations: [{ put: "y" }] }), 0);
  store.commit();
  assertEquals(damageIn(store), []);
  database.exec("UPDATE proofs SET hashes = zeroblob(length(hashes))");
  assertEquals(damageIn(store), [{ table: "proofs", row: 2, key: null }]);
  database.exec("DELETE FROM proofs");
  const missing = damageIn(Store.open(database, { random }));
  assertEquals(missing.map(({ table, row }) => [table, row]), [2, 4, 5].map((row) => ["operations", row]));
});

Deno.test("single operations of a large transaction are proven by its subtrees, and without them where they are damaged", () => {
  const database = new DatabaseSync(":memory:");
  const store = Store.open(database, { random });
  const large = transactionOf({ operations: Array.from({ length: 200 }, (_, i) => ({ put: `k${i}` })) });
  store.append(large, 0);
  store.append(transactionOf({ writer: 2, operations: [{ put: "x" }] }), 0);
  store.commit();
  const loaded = () => store.partials.load(1, new Set([7, 130, 199, 200]));
  const expected = loaded();
  assertEquals(expected.operations.map(({ index }) => index), [7, 130, 199]);
  const placed = expected.operations.map(({ index, leaf }) => ({ index, leaf }));
  assertEquals(partialRoot(200, placed, expected.hashes), large.header.root);
  assertEquals([store.partials.isWhole(1), store.partials.hasOpen, damageIn(store)], [true, false, []]);
  // Leaves that no subtree leads to are not read: what is damaged elsewhere is no hindrance.
  database.exec("UPDATE operations SET leaf = x'00' WHERE row = 90");
  assertEquals(loaded(), expected);
  database.exec("UPDATE operations SET leaf = x'00' WHERE row = 140");
  assertThrows(loaded, DamagedError);
  for (const [row, index] of [[90, 89], [140, 139]] as const) {
    database.prepare("UPDATE operations SET leaf = ? WHERE row = ?").run(large.operations[index]!.leaf, row);
  }
  database.exec("UPDATE proofs SET hashes = zeroblob(length(hashes))");
  assertEquals(loaded(), expected);
  const found = damageIn(store);
  assertEquals(found.map(({ table, row }) => [table, row]), [["proofs", 1]]);
  mendAll(store);
  assertEquals(damageIn(store), []);
  assertEquals(loaded(), expected);
});

Deno.test("operations of no transaction are found, and so are those behind a damaged one", () => {
  const { store, database } = filled();
  database.exec("UPDATE transactions SET sequence = 7 WHERE row = 2");
  database.exec("UPDATE operations SET leaf = x'00' WHERE row = 5");
  database.exec("DELETE FROM transactions WHERE row = 6");
  const found = damageIn(store).map(({ table, row }) => `${table} ${row}`);
  assert(
    found.includes("transactions 2") && found.includes("operations 5") && found.includes("operations 10"),
    `${found}`,
  );
});
