import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { DatabaseSync } from "node:sqlite";
import { toHex } from "../../lib/base/bytes.ts";
import { partialHashes } from "../../lib/data/merkle.ts";
import type { CheckedPartial } from "../../lib/data/partial.ts";
import type { CheckedTransaction } from "../../lib/data/transaction.ts";
import { Store } from "../../lib/store/store.ts";
import { chains, countingRandom, ready, transactionOf, versionOf } from "./histories.ts";
import { Model, textOf } from "./model.ts";
import { assertSame, assertSameInDepth } from "./same.ts";
import { damageIn } from "./verified.ts";

function open(database = new DatabaseSync(":memory:")): Store {
  return Store.open(database, { random: countingRandom() });
}

function rowOf(store: Store, transaction: CheckedTransaction): number {
  return store.transaction(transaction.id)?.row as number;
}

const steps = fc.array(
  fc.record({
    pick: fc.nat(),
    /** What becomes of the one that comes, and of some that are held. */
    undone: fc.boolean(),
    changes: fc.array(fc.tuple(fc.nat(), fc.boolean()), { maxLength: 4 }),
    end: fc.oneof(
      { weight: 4, arbitrary: fc.constant("go on") },
      { weight: 2, arbitrary: fc.constant("commit") },
      { weight: 1, arbitrary: fc.constant("rollback") },
      { weight: 1, arbitrary: fc.constant("open again") },
    ),
    compares: fc.nat(7).map((n) => n === 0),
  }),
  { minLength: 15, maxLength: 40, size: "max" },
);

const RUNS = 300;

Deno.test("undone and taken back in any order, a store says what the rules say", () => {
  const seen = { runs: 0, undone: 0, takenBack: 0, passedThrough: 0, ends: 0 };
  fc.assert(
    fc.property(chains, steps, (history, steps) => {
      const database = new DatabaseSync(":memory:");
      let store = open(database);
      let held: CheckedTransaction[] = [];
      let undone = new Set<string>();
      let committed = { held, undone };
      for (const { pick, undone: comesUndone, changes, end, compares } of steps) {
        const choice = ready(history, held);
        const next = choice[pick % Math.max(1, choice.length)];
        if (next !== undefined) {
          store.append(next, 0, { undone: comesUndone });
          held = [...held, next];
          if (comesUndone) undone = new Set([...undone, toHex(next.id)]);
        }
        const decided = new Map<number, boolean>();
        for (const [which, isUndone] of held.length === 0 ? [] : changes) {
          const transaction = held[which % held.length] as CheckedTransaction;
          if (decided.has(rowOf(store, transaction))) continue;
          decided.set(rowOf(store, transaction), isUndone);
          const before = undone.size;
          undone = new Set(undone);
          if (isUndone) undone.add(toHex(transaction.id));
          else undone.delete(toHex(transaction.id));
          seen.undone += Math.max(0, undone.size - before);
          seen.takenBack += Math.max(0, before - undone.size);
        }
        store.undoing.set(decided);
        if (end === "commit" || end === "open again") {
          store.commit();
          committed = { held, undone };
        } else if (end === "rollback") {
          store.rollback();
          ({ held, undone } = committed);
        }
        if (end === "open again") store = open(database);
        if (compares) assertSame(store, new Model(held, undone));
      }
      store.commit();
      const model = new Model(held, undone);
      assertSame(store, model);
      store = open(database);
      assertSame(store, model);
      assertSameInDepth(store, model, new Map(), 7);
      assertEquals([...store.undoing.rows()], held.flatMap(({ id }, i) => undone.has(toHex(id)) ? [i + 1] : []));
      seen.runs++;
      seen.ends += model.undoneEnds().length;
      seen.passedThrough += passedThrough(model);
      database.close();
    }),
    { numRuns: RUNS },
  );
  console.log(`undoing: ${JSON.stringify(seen)}`);
  assertEquals(seen.runs, RUNS);
  const { runs: _, ...others } = seen;
  for (const [what, count] of Object.entries(others)) assert(count > RUNS / 10, `too few ${what}: ${count}`);
});

/** How many versions that are not undone are replaced through undone ones alone. */
function passedThrough(model: Model): number {
  const namers = model.namers();
  const standing = [...model.unnamed("put").values(), ...model.unnamed("del").values()].flat();
  const stands = new Set(standing.map(({ id }) => textOf(id)));
  return model.versions().filter(({ id, transaction }) => {
    const by = namers.get(textOf(id)) ?? [];
    return by.length > 0 && !stands.has(textOf(id)) && !model.isUndone(transaction) &&
      by.every((one) => model.isUndone(one.transaction));
  }).length;
}

Deno.test("what a removed member replaced stands again, and what it deleted", () => {
  const store = open();
  const first = transactionOf({ operations: [{ put: "k", value: "old" }, { put: "gone" }] });
  const removed = transactionOf({
    writer: 1,
    parents: [first],
    operations: [{ put: "k", names: [versionOf(first)] }, { del: "gone", names: [versionOf(first, 1)] }, {
      put: "own",
    }],
  });
  for (const transaction of [first, removed]) store.append(transaction, 0);
  assertEquals(store.undoing.set(new Map([[2, true]])), new Set(["k", "gone", "own"]));
  assertEquals(store.list({ limit: 9 }).map(({ winner }) => winner.versionId), [versionOf(first, 1), versionOf(first)]);
  assertEquals(store.undoing.set(new Map([[2, true]])), new Set());
  assertEquals(store.undoing.set(new Map([[2, false]])), new Set(["k", "gone", "own"]));
  assertEquals(store.list({ limit: 9 }).map(({ winner }) => winner.versionId), [
    versionOf(removed),
    versionOf(removed, 2),
  ]);
  store.close();
});

Deno.test("a put by a removed member that was deleted by another before: no delete is undone with it", () => {
  const first = transactionOf({ operations: [{ put: "k" }] });
  const removed = transactionOf({ writer: 1, parents: [first], operations: [{ put: "k", names: [versionOf(first)] }] });
  const deleted = transactionOf({
    writer: 2,
    parents: [removed],
    operations: [{ del: "k", names: [versionOf(removed)] }],
  });
  for (const isUndoneBefore of [true, false]) {
    const store = open();
    store.append(first, 0);
    store.append(removed, 0, { undone: isUndoneBefore });
    store.append(deleted, 0);
    if (!isUndoneBefore) store.undoing.set(new Map([[2, true]]));
    assertEquals([store.entries, store.winner("k"), store.openDels("k").length], [0, null, 1]);
    assertEquals(store.versionState(versionOf(first)), "replaced");
    assertEquals(store.history.page("k", Infinity, 9).map(({ state }) => state), ["del", "undone", "replaced"]);
    store.close();
  }
});

Deno.test("an operation that comes late is undone with its transaction, and carries what names it", () => {
  const first = transactionOf({ operations: [{ put: "k" }] });
  const removed = transactionOf({
    writer: 1,
    parents: [first],
    operations: [{ put: "k", names: [versionOf(first)] }, { put: "own" }],
  });
  const last = transactionOf({
    writer: 2,
    parents: [removed],
    operations: [{ del: "k", names: [versionOf(removed)] }],
  });
  for (const isNamed of [false, true]) {
    const store = open();
    store.append(first, 0);
    store.partials.append(partOf(removed, [1]), 0, { undone: true });
    if (isNamed) store.append(last, 0);
    assertEquals([store.winner("own"), store.winner("k")?.versionId], [null, versionOf(first)]);
    store.partials.supplement(partOf(removed, [0]));
    assertEquals(store.winner("k")?.versionId, isNamed ? undefined : versionOf(first));
    assertEquals(
      store.digest(),
      new Model(isNamed ? [first, removed, last] : [first, removed], undoneOf(removed)).digest(),
    );
    // Damaged and dropped, it counts as what replaces; sent anew, no more.
    store.upkeep.dropOperation(2);
    for (const isUndone of [true, false]) store.undoing.set(new Map([[1, isUndone]]));
    assertEquals(store.versionState(versionOf(first)), "replaced");
    store.partials.supplement(partOf(removed, [0]));
    store.commit();
    assertSame(store, new Model(isNamed ? [first, removed, last] : [first, removed], undoneOf(removed)));
    assertEquals(damageIn(store), []);
    store.close();
  }
});

Deno.test("a mended operation is undone as it was", () => {
  const database = new DatabaseSync(":memory:");
  const store = open(database);
  const first = transactionOf({ operations: [{ put: "k" }] });
  const removed = transactionOf({ writer: 1, parents: [first], operations: [{ put: "k", names: [versionOf(first)] }] });
  store.append(first, 0);
  store.append(removed, 0, { undone: true });
  store.commit();
  database.exec("UPDATE operations SET value = x'00' WHERE row = 2");
  assertEquals(damageIn(store), [{ table: "operations", row: 2, key: "k" }]);
  assertEquals(store.upkeep.mend(removed, 0), new Set(["k"]));
  store.commit();
  assertSame(store, new Model([first, removed], undoneOf(removed)));
  assertEquals(damageIn(store), []);
  store.close();
});

Deno.test("a commit that is taken back leaves no mark, and membership acts that are undone are not in the digest", () => {
  const database = new DatabaseSync(":memory:");
  const store = open(database);
  const acts = [1, 2].map((genesis) => transactionOf({ writer: genesis, operations: [{ genesis }] }));
  for (const act of acts) store.append(act, 0);
  store.commit();
  const both = store.digest();
  assertEquals(store.undoing.set(new Map([[2, true]])), new Set());
  const one = store.digest();
  assertEquals(one, new Model(acts, undoneOf(acts[1]!)).digest());
  assert(toHex(one) !== toHex(both));
  store.rollback();
  assertEquals([store.digest(), store.undoing.any, store.undoing.isUndone(2)], [both, false, false]);
  store.undoing.set(new Map([[2, true]]));
  store.commit();
  const again = open(database);
  assertEquals([again.digest(), again.undoing.isUndone(1), again.undoing.isUndone(2)], [one, false, true]);
  again.undoing.set(new Map([[2, false]]));
  assertEquals([again.digest(), again.membershipRows().length], [both, 2]);
  again.close();
});

/** A transaction with some of its operations, of two. */
function partOf(transaction: CheckedTransaction, indices: readonly number[]): CheckedPartial {
  const leaves = transaction.operations.map(({ leaf }, index) => ({ index, leaf }));
  const operations = indices.map((index) => ({ index, ...transaction.operations[index]! }));
  return { ...transaction, operations, hashes: partialHashes(leaves.length, leaves, [], indices) };
}

function undoneOf(...transactions: CheckedTransaction[]): ReadonlySet<string> {
  return new Set(transactions.map(({ id }) => toHex(id)));
}
