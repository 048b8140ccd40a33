import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { DatabaseSync } from "node:sqlite";
import { toHex } from "../../lib/base/bytes.ts";
import { DIGEST_LEAF_OPERATIONS } from "../../lib/base/limits.ts";
import { shortIdOf, ShortIds } from "../../lib/data/short_ids.ts";
import { Store } from "../../lib/store/store.ts";
import { countingRandom, histories, transactionOf, versionOf } from "./histories.ts";
import { Model } from "./model.ts";

function newStore(source: string | DatabaseSync = ":memory:"): Store {
  return Store.open(source, { random: countingRandom() });
}

function idsOf(store: Store): string[] {
  const ids = new ShortIds();
  for (const reader = store.liveSet().ids(); reader.next(ids););
  return Array.from({ length: ids.size }, (_, i) => toHex(ids.at(i)));
}

function isSet(bits: Uint8Array, bit: number): boolean {
  return (((bits[bit >> 3] as number) >> (bit & 7)) & 1) === 1;
}

Deno.test("the set holds the short ids of the live versions, and finds each by its id and by its number", () => {
  fc.assert(
    fc.property(histories, (history) => {
      const store = newStore();
      for (const transaction of history) store.append(transaction, 0);
      const set = store.liveSet();
      const live = [...new Model(history).live().values()].flat();
      assertEquals(idsOf(store).sort(), live.map(({ id }) => toHex(shortIdOf(id))).sort());
      const liveIds = new Set(live.map(({ id }) => toHex(shortIdOf(id))));
      const atNumber = Map.groupBy(
        history.flatMap((transaction) =>
          transaction.operations.map((_, index) => {
            const { header, id } = transaction;
            const number = header.firstOperation + index;
            return { header, number, index, id, text: `${toHex(header.peer)} ${number}` };
          })
        ),
        ({ text }) => text,
      );
      for (const places of atNumber.values()) {
        const { header, number } = places[0] as (typeof places)[number];
        const writer = { peer: header.peer, instance: header.instance };
        const leaf = Math.floor(number / DIGEST_LEAF_OPERATIONS);
        const expected = places.map(({ id, index }) => ({
          transactionRow: store.transaction(id)?.row as number,
          index,
        }));
        assertEquals(set.byNumber(writer, number).toSorted((a, b) => a.transactionRow - b.transactionRow), expected);
        const bit = number % DIGEST_LEAF_OPERATIONS;
        const states = places.map(({ id, index }) => liveIds.has(toHex(shortIdOf({ transaction: id, index }))));
        assertEquals(isSet(set.bits(writer, leaf), bit), states.includes(true));
        assertEquals(isSet(set.forkedBits(writer, leaf), bit), places.length > 1);
        for (const [i, { id, index }] of places.entries()) {
          const place = { transactionRow: store.transaction(id)?.row as number, index };
          assertEquals(set.byShortId(shortIdOf({ transaction: id, index })), [place]);
          assertEquals(set.stateOf(place) === "live", states[i]);
        }
      }
    }),
    { numRuns: 100 },
  );
});

Deno.test("more live versions than a page holds are all read, many of one key and of one transaction too", () => {
  const store = newStore();
  const expected: string[] = [];
  for (let writer = 0; writer < 40; writer++) {
    const operations = [
      { put: "one" },
      ...Array.from({ length: 150 }, (_, i) => ({ put: `${writer}/${i}` })),
    ];
    const transaction = transactionOf({ writer, operations });
    store.append(transaction, 0);
    for (const index of operations.keys()) expected.push(toHex(shortIdOf(versionOf(transaction, index))));
  }
  assertEquals(idsOf(store).sort(), expected.sort());
});

Deno.test("an operation that is gone from its row is absent, and what replaced a version is found", () => {
  const database = new DatabaseSync(":memory:");
  const store = newStore(database);
  const first = transactionOf({ operations: [{ put: "a" }, { put: "b" }, { put: "c" }] });
  const second = transactionOf({ previous: first, operations: [{ del: "a", names: [versionOf(first, 0)] }] });
  for (const transaction of [first, second]) store.append(transaction, 0);
  store.commit();
  const set = store.liveSet();
  const [a, b, c] = [0, 1, 2].map((index) => ({ transactionRow: 1, index })) as [Place, Place, Place];
  assertEquals([a, b, c].map((place) => set.stateOf(place)), ["replaced", "live", "live"]);
  assertEquals([set.replacersOf(a), set.replacersOf(b)], [[{ transactionRow: 2, index: 0 }], []]);
  assertEquals(set.stateOf({ transactionRow: 2, index: 0 }), "other");
  assertEquals(set.prove(1, new Set([1]))?.operations.map(({ index }) => index), [1]);
  assertEquals([store.partials.lacks(1, [0, 1, 2]), set.byShortId(shortIdOf(versionOf(first, 3)))], [false, []]);
  database.exec("DELETE FROM operations WHERE row = 2");
  assertEquals([set.stateOf(b), store.partials.lacks(1, [0, 2]), store.partials.lacks(1, [2, 1])], [
    "absent",
    false,
    true,
  ]);
  // The others of the transaction come without a proof: who has the rest can check them.
  const unproven = set.prove(1, new Set([2]));
  assertEquals([unproven?.operations.map(({ index }) => index), unproven?.hashes], [[2], []]);
});

type Place = { transactionRow: number; index: number };

Deno.test("what replaced a version through an undone one is shown with it", () => {
  const store = newStore();
  const first = transactionOf({ operations: [{ put: "a" }] });
  const undone = transactionOf({ writer: 1, parents: [first], operations: [{ put: "a", names: [versionOf(first)] }] });
  const last = transactionOf({ writer: 2, parents: [undone], operations: [{ del: "a", names: [versionOf(undone)] }] });
  for (const transaction of [first, undone, last]) store.append(transaction, 0);
  const set = store.liveSet();
  const [one, two, three] = [1, 2, 3].map((transactionRow) => ({ transactionRow, index: 0 })) as [Place, Place, Place];
  assertEquals(set.replacersOf(one), [two]);
  store.undoing.set(new Map([[2, true]]));
  assertEquals(set.replacersOf(one), [two, three]);
  assertEquals([one, two, three].map((place) => set.stateOf(place)), ["replaced", "other", "other"]);
});
