import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { DatabaseSync } from "node:sqlite";
import { sha256 } from "../../lib/crypto/hash.ts";
import type { PastOperation } from "../../lib/store/rows.ts";
import { Store } from "../../lib/store/store.ts";
import { countingRandom, histories, transactionOf, versionOf } from "./histories.ts";
import { Model, textOf } from "./model.ts";

function open(database = new DatabaseSync(":memory:")): Store {
  return Store.open(database, { random: countingRandom() });
}

function told({ versionId, put, state, names, missing }: PastOperation) {
  return [textOf(versionId), put === null ? "del" : "put", state, names.map(textOf), missing.map(textOf)];
}

Deno.test("a key's history is what was written to it, newest first, with what each replaced", () => {
  const store = open();
  const first = transactionOf({ operations: [{ put: "other" }, { put: "k", value: "1" }] });
  const second = transactionOf({
    previous: first,
    // The version of another key is named, and not replaced by that.
    operations: [{ put: "k", value: "22", names: [versionOf(first, 1), versionOf(first, 0), versionOf(first, 7)] }],
  });
  const gone = transactionOf({
    writer: 1,
    ms: 9,
    parents: [second],
    operations: [{ del: "k", names: [versionOf(second)] }],
  });
  const beside = transactionOf({ writer: 2, parents: [second], operations: [{ put: "k" }] });
  for (const transaction of [first, second, gone, beside]) store.append(transaction, 0);
  const [v1, v2, v3, v4] = [versionOf(first, 1), versionOf(second), versionOf(gone), versionOf(beside)].map(textOf);
  const past = store.history.page("k", Infinity, 10);
  assertEquals(past.map(told), [
    [v4, "put", "live", [], []],
    [v3, "del", "del", [v2], []],
    [v2, "put", "replaced", [v1], []],
    [v1, "put", "replaced", [], []],
  ]);
  assertEquals(past.map(({ put }) => put), [
    { media: "text/plain", sizeBytes: 1 },
    null,
    { media: "text/plain", sizeBytes: 2 },
    { media: "text/plain", sizeBytes: 1 },
  ]);
  assertEquals([past[1]?.peer, past[1]?.stamp.ms], [gone.header.peer, 9]);
  assertEquals(store.history.page("none", Infinity, 10), []);
  store.close();
});

Deno.test("pages of any size give every operation on a key once, newest first", () => {
  let runs = 0;
  fc.assert(
    fc.property(histories, fc.integer({ min: 1, max: 4 }), (history, limit) => {
      runs++;
      const store = open();
      for (const transaction of history) store.append(transaction, 0);
      const byKey = Map.groupBy(
        new Model(history).versions().filter(({ operation }) => "key" in operation),
        ({ operation }) => "key" in operation ? operation.key : "",
      );
      for (const [key, versions] of byKey) {
        const seen: string[] = [];
        let before = Infinity;
        for (;;) {
          const page = store.history.page(key, before, limit);
          assert(page.length <= limit);
          for (const past of page) {
            assertEquals(past.state, store.versionState(past.versionId));
            assert(past.row < before);
            before = past.row;
            seen.push(textOf(past.versionId));
          }
          if (page.length < limit) break;
        }
        assertEquals(seen, versions.map(({ id }) => textOf(id)).reverse());
      }
      store.close();
    }),
    { numRuns: 150 },
  );
  assertEquals(runs, 150);
});

Deno.test("what is not held, or no longer, is told as such", () => {
  const database = new DatabaseSync(":memory:");
  const store = open(database);
  const elsewhere = transactionOf({ writer: 5, operations: [{ put: "k" }] });
  const first = transactionOf({ operations: [{ put: "a" }, { put: "k" }] });
  const second = transactionOf({
    previous: first,
    operations: [{ put: "k", names: [versionOf(elsewhere), versionOf(first, 1)] }],
  });
  for (const transaction of [first, second]) store.append(transaction, 0);
  store.commit();
  const never = textOf(versionOf(elsewhere));
  assertEquals(store.history.page("k", Infinity, 9).map(told)[0]?.[4], [never]);
  assertEquals(store.history.operation(versionOf(elsewhere)), "not_held");
  assertEquals(store.history.operation(versionOf(first, 2)), "no_version");
  // As after compaction: the header stays, the operation went.
  database.exec("DELETE FROM operations WHERE key = CAST('k' AS BLOB) AND state = 1");
  const [only, ...others] = store.history.page("k", Infinity, 9).map(told);
  assertEquals(others, []);
  assertEquals(new Set(only?.[4] as string[]), new Set([never, textOf(versionOf(first, 1))]));
  assertEquals(store.history.operation(versionOf(first, 1)), "not_held");
  database.close();
});

Deno.test("a membership operation is no version of any key", () => {
  const store = open();
  const genesis = transactionOf({ operations: [{ genesis: 1 }] });
  store.append(genesis, 0);
  assertEquals(store.history.operation(versionOf(genesis)), "no_version");
  assertEquals(store.history.operation({ transaction: sha256(new Uint8Array()), index: 0 }), "not_held");
  store.close();
});
