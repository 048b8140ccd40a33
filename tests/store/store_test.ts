import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { utf8Encode } from "../../lib/base/bytes.ts";
import { KithError } from "../../lib/base/errors.ts";
import { openHeader } from "../../lib/data/transaction.ts";
import { Store } from "../../lib/store/store.ts";
import { writerKey } from "../../lib/wire/transaction.ts";
import { countingRandom, transactionOf, versionOf, writerOf } from "./histories.ts";
import { Model } from "./model.ts";
import { damageIn } from "./verified.ts";

function openStore(database = new DatabaseSync(":memory:")): Store {
  return Store.open(database, { random: countingRandom() });
}

Deno.test("a new store is empty and agrees with the empty model", () => {
  const store = openStore();
  assertEquals(store.digest(), new Model([]).digest());
  assertEquals(store.frontierHash(), new Model([]).frontierHash());
  assertEquals(store.tips(), []);
  assertEquals(store.entries, 0);
  assertEquals(store.list({ limit: 10 }), []);
  assertEquals(store.winner("a"), null);
  assertEquals(store.writers.stateOf(writerOf(0)), null);
  assertEquals(store.writers.numberOf(writerOf(0)), null);
  assertEquals(store.lackingRows(new Map(), 0, 10), []);
  store.close();
});

Deno.test("the instance id stays until it is renewed, and a rollback takes the renewal back", () => {
  const database = new DatabaseSync(":memory:");
  const store = openStore(database);
  const first = store.instance;
  assertEquals(first.length, 16);
  store.renewInstance();
  store.rollback();
  assertEquals(store.instance, first);
  const second = store.renewInstance();
  store.commit();
  assertNotEquals(second, first);
  assertEquals(openStore(database).instance, second);
  database.close();
});

Deno.test("meta values are kept, replaced, removed and rolled back", () => {
  const store = openStore();
  assertEquals(store.getMeta("epoch"), null);
  store.setMeta("epoch", new Uint8Array([1]));
  store.commit();
  store.setMeta("epoch", new Uint8Array([2]));
  assertEquals(store.getMeta("epoch"), new Uint8Array([2]));
  store.rollback();
  assertEquals(store.getMeta("epoch"), new Uint8Array([1]));
  store.setMeta("epoch", null);
  store.commit();
  assertEquals(store.getMeta("epoch"), null);
  store.close();
});

Deno.test("a context is kept once, and its number is free again after a rollback", () => {
  const store = openStore();
  assertEquals(store.internContext([]), 0);
  assertEquals(store.context(0), []);
  const rolledBack = store.internContext([1, 2, 70_000]);
  store.rollback();
  const one = store.internContext([3]);
  const two = store.internContext([1, 2, 70_000]);
  store.commit();
  assertEquals(one, rolledBack);
  assertEquals(store.context(one), [3]);
  assertEquals(store.context(two), [1, 2, 70_000]);
  assertEquals(store.internContext([1, 2, 70_000]), two);
  const transaction = transactionOf({ operations: [{ put: "a" }] });
  store.append(transaction, two);
  assertEquals(store.transactionByRow(1).context, two);
  store.close();
});

Deno.test("a writer's next operation follows its highest head", () => {
  const store = openStore();
  const first = transactionOf({ operations: [{ put: "a" }, { put: "b" }] });
  const second = transactionOf({ previous: first, operations: [{ put: "c" }] });
  const fork = transactionOf({ previous: first, operations: [{ put: "d" }, { put: "e" }] });
  const third = transactionOf({ previous: second, operations: [] });
  for (const transaction of [first, second, fork, third]) store.append(transaction, 0);
  const state = store.writers.stateOf(writerOf(0));
  assertEquals([state?.sequence, state?.id, state?.nextOperation], [3, third.id, 3]);
  assertEquals(store.writers.headsOf(writerOf(0)).map(({ sequence }) => sequence), [2, 3]);
  assertEquals(store.writers.transactionsAt(writerOf(0), 2), [2, 3]);
  assertEquals(store.writers.transactionsAt(writerOf(1), 2), []);
  store.close();
});

Deno.test("a transaction is appended once, and after its parents", () => {
  const store = openStore();
  const first = transactionOf({ operations: [{ put: "a" }] });
  const second = transactionOf({ previous: first, operations: [] });
  assertThrows(() => store.append(second, 0), Error, "parents are held");
  store.append(first, 0);
  assertThrows(() => store.append(first, 0), Error, "UNIQUE constraint failed: transactions.id");
  store.close();
});

Deno.test("what a store keeps does not hold on to the buffer that it came in", () => {
  const store = openStore();
  const transaction = transactionOf({ operations: [{ put: "a" }] });
  const kept = { id: transaction.id, header: transaction.headerBytes, peer: transaction.header.peer };
  const received = transaction.headerBytes.slice();
  store.append({ ...transaction, ...openHeader(received) }, 0);
  received.fill(0);
  assertEquals(store.transactionByRow(1).id, kept.id);
  assertEquals(store.transactionByRow(1).headerBytes, kept.header);
  assertEquals(store.transactionByRow(1).header.peer, kept.peer);
  assertEquals(store.frontier()[0]?.writer.peer, kept.peer);
  assertEquals(store.tips(), [kept.id]);
  store.close();
});

Deno.test("one transaction with more operations than a leaf of the digest covers", () => {
  const store = openStore();
  const keys = Array.from({ length: 2500 }, (_, i) => `key ${i}`);
  const first = transactionOf({ operations: [{ put: "first" }] });
  const large = transactionOf({ previous: first, operations: keys.map((put) => ({ put })) });
  const names = [versionOf(large, 1500)];
  const third = transactionOf({ previous: large, operations: [{ del: "key 1500", names }] });
  const held = [first, large, third];
  for (let i = 0; i < held.length; i++) {
    store.append(held[i]!, 0);
    store.commit();
    assertEquals(store.digest(), new Model(held.slice(0, i + 1)).digest());
  }
  assertEquals(store.entries, 2500);
  assertEquals(store.load(2).operations.length, 2500);
  store.close();
});

Deno.test("the digest can be computed in parts, and what an import touched is hashed at its commit", () => {
  const store = openStore();
  const operations = Array.from({ length: 4000 }, (_, i) => ({ put: `k${i}` }));
  const put = transactionOf({ operations });
  store.append(put, 0);
  assertEquals(store.prepareDigest(1), false);
  store.commit();
  assertEquals(store.prepareDigest(1), true);
  const model = new Model([put]);
  assertEquals(store.digest(), model.digest());
  // One change in each of the four leaves.
  const names = [0, 1500, 2500, 3999].map((index) => ({ put: `k${index}`, names: [versionOf(put, index)] }));
  const replacing = transactionOf({ writer: 1, parents: [put], operations: names });
  store.append(replacing, 0);
  store.commit();
  let parts = 1;
  while (!store.prepareDigest(1)) parts++;
  assertEquals(parts, 5);
  assertEquals(store.digest(), new Model([put, replacing]).digest());
  assertEquals(damageIn(store), []);
  store.close();
});

Deno.test("many keys of one transaction are looked up at once, whatever is under them", () => {
  const store = openStore();
  // Long keys as well, whose length takes two bytes in a leaf.
  const keys = Array.from({ length: 150 }, (_, i) => `${i}`.padStart(i % 2 === 0 ? 3 : 200, "ü"));
  const put = transactionOf({ operations: keys.slice(0, 100).map((key) => ({ put: key })) });
  const rival = transactionOf({ writer: 1, operations: keys.slice(50).map((key) => ({ put: key })) });
  const dels = transactionOf({
    previous: put,
    operations: keys.slice(0, 70).map((key, i) => ({ del: key, names: [versionOf(put, i)] })),
  });
  for (const transaction of [put, rival, dels]) store.append(transaction, 0);
  assertEquals([store.entries, store.conflictCount], [100, 30]);
  assertEquals(store.conflictKeys(null, 100), keys.slice(70, 100).sort());
  assertEquals(store.keysInUse([...keys, "none"]), new Set(keys));
  assertEquals(store.keysInUse(["none"]), new Set());
  assertEquals(store.digest(), new Model([put, rival, dels]).digest());
  store.close();
});

Deno.test("a listing pages through a prefix in the order of UTF-8 bytes", () => {
  const store = openStore();
  const keys = ["a", "a/", "a/1", "a/2", "a/\u{ffff}", "a/\u{1f600}", "b", "\u{10ffff}", "\u{10ffff}x"];
  store.append(transactionOf({ operations: keys.toReversed().map((put) => ({ put })) }), 0);
  // A second writer's version of the same key: a conflict is one entry of a page, not two.
  store.append(transactionOf({ writer: 1, operations: [{ put: "a/1", value: "other" }] }), 0);
  const pages = (prefix: string, limit: number) => {
    const seen: string[] = [];
    for (;;) {
      const page = store.list({ prefix, limit, ...(seen.length === 0 ? {} : { after: seen.at(-1) as string }) });
      assert(page.length <= limit);
      if (page.length === 0) return seen;
      seen.push(...page.map(({ winner }) => winner.key));
    }
  };
  for (const limit of [1, 2, 3, 100]) {
    assertEquals(pages("", limit), keys);
    assertEquals(pages("a/", limit), keys.slice(1, 6));
    assertEquals(pages("\u{10ffff}", limit), keys.slice(7));
    assertEquals(pages("c", limit), []);
  }
  assertEquals(store.list({ prefix: "a/", after: "a/1", limit: 1 })[0]?.winner.key, "a/2");
  assertEquals(store.list({ prefix: "a/1", limit: 9 }).map(({ conflicts }) => conflicts), [1]);
  store.close();
});

Deno.test("keys in conflict are paged in key order", () => {
  const store = openStore();
  const operations = ["a", "b", "c"].map((put) => ({ put }));
  store.append(transactionOf({ operations }), 0);
  store.append(transactionOf({ writer: 1, operations }), 0);
  assertEquals(store.conflictKeys(null, 2), ["a", "b"]);
  assertEquals(store.conflictKeys("b", 2), ["c"]);
  store.close();
});

Deno.test("a del beside a concurrent put is told until somebody who saw both writes the key", () => {
  const store = openStore();
  const first = transactionOf({ operations: [{ put: "a" }, { put: "b" }] });
  const names = [versionOf(first)];
  const put = transactionOf({ previous: first, operations: [{ put: "a", value: "mine", names }] });
  const del = transactionOf({
    writer: 1,
    parents: [first],
    operations: [{ del: "a", names }, { del: "b", names: [versionOf(first, 1)] }],
  });
  for (const transaction of [first, put, del]) store.append(transaction, 0);
  const told = store.deletedBesidePut(10);
  assertEquals(told.map(({ del, put }) => [del.versionId, put.versionId]), [[versionOf(del), versionOf(put)]]);
  assertEquals(store.openDels("a").map(({ row }) => row), [4]);
  assertEquals(store.openDels("b").map(({ row }) => row), [5]);
  assertEquals(store.deletedBesidePut(0), []);
  const seen = { previous: put, parents: [del] };
  store.append(
    transactionOf({ ...seen, operations: [{ put: "a", value: "last", names: [versionOf(put), versionOf(del)] }] }),
    0,
  );
  assertEquals(store.deletedBesidePut(10), []);
  assertEquals(store.openDels("a"), []);
  assertEquals(store.winner("a")?.value, utf8Encode("last"));
  store.close();
});

Deno.test("a store that is emptied is as a new one, with another instance id", () => {
  const database = new DatabaseSync(":memory:");
  const store = openStore(database);
  const { instance } = store;
  const first = transactionOf({ operations: [{ put: "a" }] });
  const second = transactionOf({ previous: first, operations: [{ del: "b", names: [versionOf(first, 9)] }] });
  store.append(first, store.internContext([1]));
  store.append(second, 0);
  store.setMeta("name", utf8Encode("value"));
  store.commit();
  const digest = store.digest();
  store.clear();
  assertEquals(store.entries, 0);
  store.rollback();
  assertEquals([store.digest(), store.instance, store.entries], [digest, instance, 1]);
  store.clear();
  store.append(first, 0);
  store.commit();
  assertNotEquals(store.instance, instance);
  assertEquals(store.getMeta("name"), null);
  for (const same of [store, openStore(database)]) {
    assertEquals(same.digest(), new Model([first]).digest());
    assertEquals(same.frontier(), new Model([first]).frontier());
    assertEquals([same.entries, same.operationsTotal, same.transactionsTotal], [1, 1, 1]);
  }
  database.close();
});

Deno.test("what a peer lacks is found page by page, also behind many transactions of one writer", () => {
  const store = openStore();
  let previous = null;
  for (let i = 0; i < 700; i++) {
    previous = transactionOf({ previous, operations: [] });
    store.append(previous, 0);
    if (i % 100 === 0) store.append(transactionOf({ writer: 1 + i / 100, operations: [] }), 0);
  }
  const theirs = new Map([[writerKey(writerOf(0)), 650], [writerKey(writerOf(3)), 1]]);
  const all = store.lackingRows(theirs, 0, 1000);
  // Six other writers and the last 50 of the long one.
  assertEquals(all.length, 56);
  assertEquals(all, all.toSorted((a, b) => a - b));
  assertEquals(store.lackingRows(new Map(), 0, 1000).length, 707);
  assertEquals(store.lackingRows(theirs, all[9] as number, 10), all.slice(10, 20));
  store.close();
});

Deno.test("a full disk is told, leaves nothing of the commit, and writing goes on once there is room", () => {
  const database = new DatabaseSync(":memory:");
  const store = openStore(database);
  const first = transactionOf({ operations: [{ put: "a" }] });
  store.append(first, 0);
  store.commit();
  database.exec(`PRAGMA max_page_count = ${store.file.sizeBytes / 4096 + 2}`);
  const large = transactionOf({ previous: first, operations: [{ put: "b", value: new Uint8Array(200_000) }] });
  const error = assertThrows(() => {
    store.append(large, 0);
    store.commit();
  }, KithError);
  assertEquals(error.code, "store_full");
  store.rollback();
  assertEquals(store.frontier(), new Model([first]).frontier());
  assertEquals(store.digest(), new Model([first]).digest());
  database.exec("PRAGMA max_page_count = 1000000");
  store.append(large, 0);
  store.commit();
  assertEquals(store.digest(), new Model([first, large]).digest());
  store.close();
});

Deno.test("what is written after a full disk took a transaction back does not stand on its own", () => {
  const database = new DatabaseSync(":memory:");
  const store = openStore(database);
  database.exec(`PRAGMA max_page_count = ${store.file.sizeBytes / 4096 + 2}`);
  store.setMeta("before", new Uint8Array([1]));
  const fails = (act: () => void) => assertEquals(assertThrows(act, KithError).code, "store_full");
  fails(() => store.setMeta("large", new Uint8Array(200_000)));
  assertEquals(database.isTransaction, false);
  database.exec("PRAGMA max_page_count = 1000000");
  fails(() => store.setMeta("behind", new Uint8Array([2])));
  fails(() => store.append(transactionOf({ operations: [{ put: "a" }] }), 0));
  fails(() => store.commit());
  const held = () => ["before", "large", "behind"].filter((key) => store.getMeta(key) !== null);
  assertEquals([held(), store.transactionsTotal], [[], 0]);
  store.setMeta("behind", new Uint8Array([2]));
  store.commit();
  assertEquals(held(), ["behind"]);
  store.close();
});

/** A database whose commits fail with an error code of SQLite while it is told to. */
function failingDatabase(errcode: number): { database: DatabaseSync; fail: (fails: boolean) => void } {
  let fails = false;
  const database = new DatabaseSync(":memory:");
  const prepare = database.prepare.bind(database);
  database.prepare = (sql) => {
    const statement = prepare(sql);
    if (sql !== "COMMIT") return statement;
    const run = statement.run.bind(statement);
    statement.run = () => {
      if (!fails) return run();
      throw Object.assign(new Error("it failed"), { code: "ERR_SQLITE_ERROR", errcode });
    };
    return statement;
  };
  return { database, fail: (value) => fails = value };
}

Deno.test("a disk that is full at the commit is told, and the commit can be made again", () => {
  const { database, fail } = failingDatabase(13);
  const store = openStore(database);
  const first = transactionOf({ operations: [{ put: "a" }] });
  store.append(first, 0);
  fail(true);
  assertEquals(assertThrows(() => store.commit(), KithError).code, "store_full");
  assertEquals(store.entries, 0);
  fail(false);
  store.append(first, 0);
  store.commit();
  assertEquals(openStore(database).digest(), new Model([first]).digest());
  database.close();
});

Deno.test("after a failed fsync nothing more is written, and reads show what was held before", () => {
  const { database, fail } = failingDatabase(1034);
  const store = openStore(database);
  const first = transactionOf({ operations: [{ put: "a" }] });
  store.append(first, 0);
  store.commit();
  fail(true);
  const second = transactionOf({ previous: first, operations: [{ put: "b" }] });
  store.append(second, 0);
  assertEquals(assertThrows(() => store.commit(), KithError).code, "store_io");
  assertEquals(store.inTransaction, false);
  assertEquals(store.list({ limit: 9 }).map(({ winner }) => winner.key), ["a"]);
  assertEquals(store.frontier(), new Model([first]).frontier());
  assertEquals(assertThrows(() => store.append(second, 0), KithError).code, "store_io");
  assertEquals(assertThrows(() => store.setMeta("a", utf8Encode("b")), KithError).code, "store_io");
  store.close();
});
