import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { DatabaseSync } from "node:sqlite";
import { toHex } from "../../lib/base/bytes.ts";
import type { CheckedTransaction } from "../../lib/data/transaction.ts";
import { Store } from "../../lib/store/store.ts";
import { countingRandom, histories, ready } from "./histories.ts";
import { Model } from "./model.ts";
import { assertSame, assertSameInDepth } from "./same.ts";

const steps = fc.array(
  fc.record({
    pick: fc.nat(),
    end: fc.oneof(
      { weight: 4, arbitrary: fc.constant("go on") },
      { weight: 2, arbitrary: fc.constant("commit") },
      { weight: 1, arbitrary: fc.constant("rollback") },
      { weight: 1, arbitrary: fc.constant("open again") },
    ),
    compares: fc.boolean(),
  }),
  { maxLength: 60, size: "max" },
);

Deno.test("a store says what the rules say, in whatever order a history arrives, through rollbacks", () => {
  fc.assert(
    fc.property(
      histories,
      steps,
      fc.array(fc.nat(6), { minLength: 4, maxLength: 4 }),
      fc.integer({ min: 1, max: 7 }),
      (history, steps, numbers, page) => {
        const database = new DatabaseSync(":memory:");
        let store = Store.open(database, { random: countingRandom() });
        let held: CheckedTransaction[] = [];
        let committed: CheckedTransaction[] = [];
        for (const { pick, end, compares } of steps) {
          const choice = ready(history, held);
          const next = choice[pick % Math.max(1, choice.length)];
          if (next !== undefined) {
            const keys = store.append(next, 0);
            assertEquals(
              keys,
              new Set(next.operations.flatMap(({ operation }) => "key" in operation ? [operation.key] : [])),
            );
            held = [...held, next];
          }
          if (end === "commit" || end === "open again") {
            store.commit();
            committed = held;
          } else if (end === "rollback") {
            store.rollback();
            held = committed;
          }
          if (end === "open again") store = Store.open(database, { random: countingRandom() });
          if (compares) assertSame(store, new Model(held));
        }
        store.commit();
        const model = new Model(held);
        const writers = model.frontier().map(({ writer }) => toHex(writer.peer) + toHex(writer.instance));
        const theirs = new Map(writers.map((key, i) => [key, numbers[i] as number]));
        assertSame(store, model);
        assertSameInDepth(store, model, theirs, page);
        // What was kept in memory and what is on disk must be the same.
        const again = Store.open(database, { random: countingRandom() });
        assertSame(again, model);
        assertSameInDepth(again, model, theirs, page);
        database.close();
      },
    ),
    { numRuns: 200 },
  );
});
