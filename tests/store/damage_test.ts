import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { KithError } from "../../lib/base/errors.ts";
import { DamagedError } from "../../lib/store/damaged_error.ts";
import { Store } from "../../lib/store/store.ts";
import { countingRandom, transactionOf, versionOf } from "./histories.ts";
import { damageIn, mendAll } from "./verified.ts";

/** A store with a live put, a replaced one, a del and a membership operation, one to a row. */
function damagedBy(statement: string): { store: Store; database: DatabaseSync } {
  const database = new DatabaseSync(":memory:");
  const random = countingRandom();
  const store = Store.open(database, { random });
  const first = transactionOf({ operations: [{ put: "a", value: "first" }] });
  const second = transactionOf({
    previous: first,
    operations: [{ put: "a", value: "second", names: [versionOf(first)] }, { del: "b" }],
  });
  const third = transactionOf({ previous: second, operations: [{ genesis: 1 }] });
  for (const transaction of [first, second, third]) store.append(transaction, store.internContext([7]));
  store.commit();
  assertEquals(damageIn(store), []);
  assert(Number(database.prepare(statement).run().changes) > 0);
  return { store: Store.open(database, { random }), database };
}

/** SQL for the blob in `column` with the byte at `at` (from 1) flipped. */
function flipped(column: string, at: number): string {
  const hex = `hex(${column})`;
  const digit = `substr(${hex}, ${2 * at}, 1)`;
  return `unhex(substr(${hex}, 1, ${2 * at - 1}) || iif(${digit} = '0', '1', '0') || substr(${hex}, ${2 * at + 1}))`;
}

const OPERATION_DAMAGE: readonly (readonly [string, string])[] = [
  ["a byte of the leaf", `leaf = ${flipped("leaf", 5)}`],
  ["the last byte of the leaf", `leaf = ${flipped("leaf", 60)}`],
  ["a byte of the record hash", `record_hash = ${flipped("record_hash", 16)}`],
  ["a byte of the value", `value = ${flipped("value", 1)}`],
  ["a longer value", "value = CAST(value || x'00' AS BLOB)"],
  ["no value", "value = NULL"],
  ["another transaction", "transaction_row = 3"],
];

for (const [what, change] of OPERATION_DAMAGE) {
  Deno.test(`a damaged operation is noticed wherever it is read: ${what}`, () => {
    const { store, database } = damagedBy(`UPDATE operations SET ${change} WHERE row = 2`);
    for (
      const read of [
        () => store.live("a"),
        () => store.winner("a"),
        () => store.list({ limit: 9 }),
        () => store.load(2),
      ]
    ) {
      const error = assertThrows(read, DamagedError);
      assertEquals([error.table, error.row, error.key], ["operations", 2, "a"]);
    }
    assertEquals(store.load(1).operations.length, 1);
    assertEquals(damageIn(store).map(({ table, row, key }) => [table, row, key]), [["operations", 2, "a"]]);
    database.close();
  });
}

Deno.test("a damaged state or key is noticed", () => {
  for (const change of ["state = 1", "state = 2", "key = CAST('z' AS BLOB)", "key = NULL"]) {
    const { store, database } = damagedBy(`UPDATE operations SET ${change} WHERE row = 2`);
    assertThrows(() => store.load(2), DamagedError);
    const records = damageIn(store).filter(({ table }) => table === "operations");
    assertEquals(records.map(({ row }) => row), [2]);
    database.close();
  }
  const { store, database } = damagedBy("UPDATE operations SET key = CAST('z' AS BLOB) WHERE row = 2");
  assertThrows(() => store.list({ limit: 9 }), DamagedError);
  database.close();
});

Deno.test("an operation that is gone is noticed", () => {
  const { store, database } = damagedBy("DELETE FROM operations WHERE row = 2");
  assertThrows(() => store.load(2), DamagedError);
  assertThrows(() => store.versionState(versionOf2(store)), DamagedError);
  database.close();
});

function versionOf2(store: Store): { transaction: Uint8Array; index: number } {
  return { transaction: store.transactionByRow(2).id, index: 0 };
}

Deno.test("damaged dels and membership operations are noticed", () => {
  const del = damagedBy(`UPDATE operations SET leaf = ${flipped("leaf", 4)} WHERE row = 3`);
  assertThrows(() => del.store.openDels("b"), DamagedError);
  del.database.close();
  const genesis = damagedBy(`UPDATE operations SET leaf = ${flipped("leaf", 4)} WHERE row = 4`);
  assertEquals(assertThrows(() => genesis.store.membershipRows(), DamagedError).key, null);
  genesis.database.close();
});

Deno.test("a damaged transaction is noticed, in each of its columns", () => {
  const changes = [
    `id = ${flipped("id", 9)}`,
    "writer = 9",
    "sequence = 9",
    "first_operation = 9",
    "operation_count = 9",
    "first_row = 1",
    "class = 1",
    "context = 9",
    `header = ${flipped("header", 40)}`,
    `signature = ${flipped("signature", 64)}`,
    `record_hash = ${flipped("record_hash", 1)}`,
  ];
  for (const change of changes) {
    const { store, database } = damagedBy(`UPDATE transactions SET ${change} WHERE row = 2`);
    for (const read of [() => store.transactionByRow(2), () => store.load(2), () => store.live("a")]) {
      const error = assertThrows(read, DamagedError);
      assertEquals([error.table, error.row], ["transactions", 2]);
    }
    const records = damageIn(store).filter(({ table }) => table !== "structure");
    assertEquals(records.map(({ table, row }) => [table, row]), [["transactions", 2]]);
    database.close();
  }
});

Deno.test("a damaged context is noticed", () => {
  const { store, database } = damagedBy(`UPDATE contexts SET rows = ${flipped("rows", 1)}`);
  assertEquals(assertThrows(() => store.context(1), DamagedError).table, "contexts");
  assertThrows(() => store.context(2), DamagedError);
  database.close();
});

Deno.test("a damaged number of a context is noticed", () => {
  const { store, database } = damagedBy("UPDATE contexts SET id = 3");
  assertThrows(() => store.context(1), DamagedError);
  assertEquals(assertThrows(() => store.context(3), DamagedError).row, 3);
  database.close();
});

Deno.test("what a peer keeps of its own is noticed where it is damaged, gone, renamed or added", () => {
  const changes: readonly (readonly [string, string])[] = [
    [`UPDATE meta SET value = ${flipped("value", 1)} WHERE key = 'space'`, "space"],
    [`UPDATE meta SET record_hash = ${flipped("record_hash", 16)} WHERE key = 'space'`, "space"],
    ["DELETE FROM meta WHERE key = 'space'", "space"],
    ["UPDATE meta SET key = 'spice' WHERE key = 'space'", "spice"],
    ["INSERT INTO meta VALUES ('spice', x'00', x'00')", "spice"],
  ];
  for (const [change, name] of changes) {
    const database = new DatabaseSync(":memory:");
    const store = Store.open(database, { random: countingRandom() });
    store.setMeta("space", new Uint8Array([1, 2]));
    store.setMeta("gone", new Uint8Array([3]));
    store.setMeta("gone", null);
    store.commit();
    assertEquals(Store.open(database, { random: countingRandom() }).getMeta("gone"), null);
    database.exec(change);
    const damaged = Store.open(database, { random: countingRandom() });
    const error = assertThrows(() => damaged.getMeta("space"), DamagedError);
    assertEquals([error.table, error.key], ["meta", name]);
    database.close();
  }
});

Deno.test("what a store knows of itself is noticed where it is damaged", () => {
  const changes = [
    `instance = ${flipped("instance", 7)}`,
    "entries = 7",
    "conflicts = 1",
    "commits = 9",
    `chain = ${flipped("chain", 1)}`,
    "mark_commits = 4",
    "mark_chain = x'00'",
    "meta_names = 'a'",
    `record_hash = ${flipped("record_hash", 1)}`,
  ];
  for (const change of changes) {
    const { store, database } = damagedBy(`UPDATE store SET ${change}`);
    for (const read of [() => store.instance, () => store.entries, () => store.lastCommit, () => store.commit()]) {
      store.begin();
      assertEquals(assertThrows(read, DamagedError).table, "store");
    }
    database.close();
  }
});

Deno.test("a schema that is not the one that was made is noticed when the store is opened", () => {
  for (
    const change of [
      "ALTER TABLE heads RENAME COLUMN writer TO writes",
      "PRAGMA user_version = 0",
      "DROP INDEX operations_past",
    ]
  ) {
    const database = new DatabaseSync(":memory:");
    Store.open(database, { random: countingRandom() });
    database.exec(change);
    const error = assertThrows(() => Store.open(database, { random: countingRandom() }), KithError);
    assertEquals(error.code, "store_damaged");
  }
});

Deno.test("commits are counted, and their chain tells two histories of one length apart", () => {
  const chains = ["one", "two"].map((value) => {
    const database = new DatabaseSync(":memory:");
    const store = Store.open(database, { random: countingRandom() });
    store.commit();
    assertEquals(store.lastCommit.commits, 1);
    store.append(transactionOf({ operations: [{ put: "a", value }] }), 0);
    store.commit();
    const { commits, chain } = store.lastCommit;
    assertEquals(commits, 2);
    assertEquals(Store.open(database, { random: countingRandom() }).lastCommit, { commits, chain });
    return chain;
  });
  assertNotEquals(chains[0], chains[1]);
});

Deno.test("which commit is noted outside is kept with the next commit, also where a turn is taken back", () => {
  const database = new DatabaseSync(":memory:");
  const store = Store.open(database, { random: countingRandom() });
  store.setMeta("a", new Uint8Array(1));
  store.commit();
  const mark = store.lastCommit;
  store.notedCommit = mark;
  assertEquals(Store.open(database, { random: countingRandom() }).notedCommit.commits, 0);
  store.begin();
  store.rollback();
  store.setMeta("a", new Uint8Array(2));
  store.commit();
  assertEquals(Store.open(database, { random: countingRandom() }).notedCommit, mark);
  assertEquals(store.lastCommit.commits, 3);
});

Deno.test("a damaged writer is noticed", () => {
  const { store, database } = damagedBy(`UPDATE writers SET peer = ${flipped("peer", 1)}`);
  assertEquals(assertThrows(() => store.frontier(), DamagedError).table, "writers");
  database.close();
});

Deno.test("a digest that does not fit the operations is noticed, and is right from then on", () => {
  const changes = [`UPDATE digest_leaves SET hash = ${flipped("hash", 3)}`, "DELETE FROM digest_leaves"];
  for (const change of changes) {
    const { store: before, database } = damagedBy("UPDATE store SET entries = entries");
    const digest = before.digest();
    before.begin();
    before.commit();
    assert(Number(database.prepare(change).run().changes) > 0);
    const store = Store.open(database, { random: countingRandom() });
    assertNotEquals(store.digest(), digest);
    assertEquals(damageIn(store).map(({ table }) => table), ["digest"]);
    mendAll(store);
    assertEquals(damageIn(store), []);
    assertEquals(store.digest(), digest);
    store.begin();
    store.commit();
    assertEquals(Store.open(database, { random: countingRandom() }).digest(), digest);
    database.close();
  }
});

Deno.test("a damaged record says which, in words", () => {
  assertEquals(new DamagedError("operations", 7, 'a"b').message, 'damaged record: operations row 7, key "a\\"b"');
  assertEquals(new DamagedError("transactions", 7, null).message, "damaged record: transactions row 7");
});
