import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { partialHashes } from "../../lib/data/merkle.ts";
import type { CheckedPartial } from "../../lib/data/partial.ts";
import type { CheckedTransaction } from "../../lib/data/transaction.ts";
import type { PartialBytes } from "../../lib/wire/partial.ts";
import { Store } from "../../lib/store/store.ts";
import { countingRandom, histories, transactionOf, versionOf } from "./histories.ts";
import { Model } from "./model.ts";

/** A transaction without some of its operations. */
function partOf(whole: CheckedTransaction, isHere: (index: number) => boolean): CheckedPartial {
  const leaves = whole.operations.map(({ leaf }, index) => ({ index, leaf }));
  const operations = whole.operations.map((record, index) => ({ index, ...record })).filter(({ index }) =>
    isHere(index)
  );
  return {
    ...whole,
    operations,
    hashes: partialHashes(leaves.length, leaves, [], operations.map(({ index }) => index)),
  };
}

function bytesOf({ headerBytes, signature, operations, hashes }: CheckedPartial): PartialBytes {
  const placed = operations.map(({ index, leaf, value }) => ({ index, leaf, value }));
  return { header: headerBytes, signature, operations: placed, hashes };
}

function stateOf(store: Store) {
  const keys = store.list({ limit: 100 }).map(({ winner }) => winner.key);
  return {
    digest: store.digest(),
    frontier: store.frontierHash(),
    entries: store.entries,
    conflicts: store.conflictKeys(null, 100),
    live: keys.map((key) => store.live(key).map(({ versionId, value }) => ({ versionId, value }))),
    dels: ["a", "a/b", "a/ü", "b", "zz/\u{1f600}"].map((key) => store.openDels(key).map(({ versionId }) => versionId)),
  };
}

const choices = fc.infiniteStream(fc.nat(3));

Deno.test("a history that comes in parts, and the rest later in any order, gives the state that it gives whole", () => {
  fc.assert(
    fc.property(histories, choices, (history, choices) => {
      const store = Store.open(":memory:", { random: countingRandom() });
      const later: CheckedPartial[] = [];
      for (const whole of history) {
        const choice = whole.header.class === "data" ? choices.next().value : 0;
        if (choice === 0) {
          store.append(whole, 0);
          continue;
        }
        const first = new Set(whole.operations.keys().filter(() => choices.next().value === 0));
        store.partials.append(partOf(whole, (index) => first.has(index)), 0);
        const row = store.transaction(whole.id)?.row as number;
        assertEquals(store.partials.isWhole(row), first.size === whole.operations.length);
        assertEquals(store.partials.load(row, null), bytesOf(partOf(whole, (index) => first.has(index))));
        const one = new Set([...first].slice(0, 1));
        assertEquals(store.partials.load(row, one), bytesOf(partOf(whole, (index) => one.has(index))));
        const second = new Set(whole.operations.keys().filter(() => choices.next().value < 2));
        later.push(partOf(whole, (index) => second.has(index)), partOf(whole, (index) => !second.has(index)));
        if (choices.next().value === 0) store.commit();
      }
      while (later.length > 0) {
        const [part] = later.splice(choices.next().value % later.length, 1) as [CheckedPartial];
        store.partials.supplement(part);
        assertEquals(store.partials.supplement(part), new Set());
      }
      store.commit();
      const whole = Store.open(":memory:", { random: countingRandom() });
      for (const transaction of history) whole.append(transaction, 0);
      assertEquals(stateOf(store), stateOf(whole));
      assertEquals(store.digest(), new Model(history).digest());
      for (const { id } of history) {
        const row = store.transaction(id)?.row as number;
        assert(store.partials.isWhole(row));
        assertEquals(store.load(row), whole.load(row));
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("a version whose replacing operation is absent stands until that comes", () => {
  const store = Store.open(":memory:", { random: countingRandom() });
  const first = transactionOf({ operations: [{ put: "a", value: "1" }] });
  const second = transactionOf({
    previous: first,
    operations: [{ put: "b" }, { put: "a", value: "2", names: [versionOf(first)] }, { put: "c" }],
  });
  const third = transactionOf({ previous: second, operations: [{ del: "a", names: [versionOf(second, 1)] }] });
  store.append(first, 0);
  assertEquals(store.partials.hasOpen, false);
  store.partials.append(partOf(second, (index) => index === 0), 0);
  assertEquals(store.partials.hasOpen, true);
  store.append(third, 0);
  const keys = () => store.list({ limit: 9 }).map(({ winner }) => winner.key);
  assertEquals(keys(), ["a", "b"]);
  assertEquals(store.partials.supplement(partOf(second, (index) => index === 1)), new Set(["a"]));
  assertEquals(keys(), ["b"]);
  assertEquals(store.versionState(versionOf(second, 1)), "replaced");
  assertEquals([store.partials.hasOpen, store.replay(new Model([first]).frontier())?.next(9)], [true, "incomplete"]);
  store.partials.supplement(partOf(second, (index) => index === 2));
  assertEquals([store.partials.hasOpen, store.replay(new Model([first]).frontier())?.next(9)], [
    false,
    new Set(["a", "b", "c"]),
  ]);
  store.close();
});
