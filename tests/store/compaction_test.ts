import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { equal, toHex } from "../../lib/base/bytes.ts";
import { partialHashes, partialRoot } from "../../lib/data/merkle.ts";
import type { CheckedPartial } from "../../lib/data/partial.ts";
import type { CheckedTransaction } from "../../lib/data/transaction.ts";
import { versionText } from "../../lib/data/version_text.ts";
import type { Past } from "../../lib/store/past.ts";
import { PastTrees } from "../../lib/store/past_trees.ts";
import { Store } from "../../lib/store/store.ts";
import type { VersionId } from "../../lib/wire/transaction.ts";
import { chains, countingRandom, histories, transactionOf, versionOf } from "./histories.ts";
import { Model } from "./model.ts";
import { damageIn } from "./verified.ts";

function storeOf(history: readonly CheckedTransaction[], undone: ReadonlySet<string> = new Set()): Store {
  const store = Store.open(":memory:", { random: countingRandom() });
  for (const transaction of history) store.append(transaction, 0, { undone: undone.has(toHex(transaction.id)) });
  store.commit();
  return store;
}

/** Histories, mostly in long chains, and ids of transactions of them that are undone: half of the time none. */
const undoneHistories = fc.tuple(
  fc.oneof({ weight: 1, arbitrary: histories }, { weight: 2, arbitrary: chains }),
  fc.oneof(fc.constant([]), fc.array(fc.nat(2).map((n) => n === 0), { minLength: 25, maxLength: 25 })),
).map(([history, picks]) => ({ history, undone: idsOf(history.filter((_, i) => picks[i])) }));

function idsOf(transactions: readonly CheckedTransaction[]): ReadonlySet<string> {
  return new Set(transactions.map(({ id }) => toHex(id)));
}

function pastAt(store: Store, row: number): Past {
  const past = store.pasts.of(store.pasts.frontierAt(row));
  assert(past !== null);
  return past;
}

function digestAt(store: Store, past: Past): Uint8Array {
  const state = store.pasts.state(past);
  const leaves = new PastTrees();
  for (const transaction of state.transactions()) leaves.add(transaction);
  leaves.end();
  return state.digestOf(leaves);
}

function compact(store: Store, past: Past): number {
  const compaction = store.pasts.compaction(past);
  while (!compaction.step(2)) store.commit();
  store.commit();
  return compaction.dropped;
}

/** Dels that go with a past, though a put that came later stands beside them: nothing in that past was beside them. */
function unsettled(past: Model): (del: VersionId) => boolean {
  const live = past.live();
  const inPast = new Set(past.versions().map(({ id }) => versionText(id)));
  const kept = [...past.unnamed("del")].flatMap(([key, dels]) =>
    live.has(key) ? dels.map(({ id }) => versionText(id)) : []
  );
  return (del) => !inPast.has(versionText(del)) || kept.includes(versionText(del));
}

/** What a person sees, and what others compare. @param stays which dels beside a put are still told of. */
function stateOf(store: Store, stays: (del: VersionId) => boolean = () => true) {
  const keys = store.list({ limit: 100 }).map(({ winner }) => winner.key);
  return {
    digest: store.digest(),
    frontier: store.frontierHash(),
    tips: store.tips(),
    entries: store.entries,
    conflicts: store.conflictKeys(null, 100),
    live: keys.map((key) => store.live(key).map(({ versionId, value }) => ({ versionId, value }))),
    // In the order of rows, which differs with the order of arrival.
    deleted: store.deletedBesidePut(100).filter(({ del }) => stays(del.versionId)).map(({ del, put }) =>
      `${versionText(del.versionId)} ${versionText(put.versionId)}`
    )
      .sort(),
  };
}

function wholeOf(transaction: CheckedTransaction): CheckedPartial {
  const operations = transaction.operations.map((record, index) => ({ index, ...record }));
  return { ...transaction, operations, hashes: [] };
}

Deno.test("the state inside any past is that of a space in which nothing else ever happened", () => {
  fc.assert(
    fc.property(undoneHistories, fc.nat(), ({ history, undone }, cut) => {
      const row = cut % (history.length + 1);
      const model = new Model(history.slice(0, row), undone);
      const store = storeOf(history, undone);
      assertEquals(store.pasts.frontierAt(row), model.frontier());
      assertEquals(digestAt(store, pastAt(store, row)), model.digest());
    }),
    { numRuns: 300 },
  );
});

Deno.test("compaction changes nothing that is live, whatever comes before, behind and after it", () => {
  let dropped = 0;
  fc.assert(
    fc.property(undoneHistories, fc.nat(), fc.nat(), fc.nat(), ({ history, undone }, cut, more, later) => {
      const row = cut % (history.length + 1);
      const held = row + more % (history.length + 1 - row);
      // Outside of what is compacted it is decided later as well, and otherwise.
      const undoneThen = idsOf(
        history.filter(({ id }, i) => undone.has(toHex(id)) && (i < row || (later >> i & 1) > 0)),
      );
      const store = storeOf(history.slice(0, held), undoneThen);
      const past = pastAt(store, row);
      const before = digestAt(store, past);
      dropped += compact(store, past);
      const stays = unsettled(new Model(history.slice(0, row), undone));
      assertEquals(stateOf(store), stateOf(storeOf(history.slice(0, held), undoneThen), stays));
      store.undoing.set(
        new Map(history.slice(row, held).map(({ id }, i) => [row + i + 1, undone.has(toHex(id))])),
      );
      for (const transaction of history.slice(held)) {
        store.append(transaction, 0, { undone: undone.has(toHex(transaction.id)) });
      }
      // What went does not come back.
      for (const transaction of history.slice(0, row)) {
        if (transaction.header.class === "data") store.partials.supplement(wholeOf(transaction));
      }
      store.commit();
      const whole = storeOf(history, undone);
      assertEquals(stateOf(store), stateOf(whole, stays));
      assertEquals(digestAt(store, pastAt(store, row)), before);
      assertEquals(compact(store, pastAt(store, row)), 0);
      compact(store, pastAt(store, history.length));
      assertEquals(stateOf(store), stateOf(whole, stays));
      for (const { id, header } of history) {
        if (header.class === "membership") continue;
        const { operations, hashes } = store.partials.load(store.transaction(id)?.row as number, null);
        assert(equal(partialRoot(header.operationCount, operations, hashes) as Uint8Array, header.root));
      }
    }),
    { numRuns: 300 },
  );
  assert(dropped > 300, `${dropped} operations went`);
});

Deno.test("a frontier whose heads are not all held has no past here", () => {
  const first = transactionOf({ operations: [{ put: "a" }] });
  const store = storeOf([first]);
  const frontier = storeOf([first, transactionOf({ previous: first, operations: [] })]).pasts.frontierAt(2);
  assertEquals(store.pasts.of(frontier), null);
  assert(store.pasts.of(store.pasts.frontierAt(1)) !== null);
});

Deno.test("a past covers a number that another transaction of the writer used", () => {
  const first = transactionOf({ operations: [{ put: "a" }] });
  const second = transactionOf({ previous: first, operations: [{ put: "b" }] });
  const fork = transactionOf({ previous: first, operations: [{ put: "c" }] });
  const store = storeOf([first, second, fork]);
  const past = pastAt(store, 2);
  assertEquals([past.has(1, 2, 2), past.has(1, 2, 3), past.covers(1, 2), past.covers(1, 3)], [
    true,
    false,
    true,
    false,
  ]);
});

Deno.test("what is left of a large transaction is sent with its proof, and dead operations with none of their bytes", () => {
  const puts = Array.from({ length: 1000 }, (_, i) => ({ put: `k/${i}`, value: new Uint8Array(300) }));
  const first = transactionOf({ operations: puts });
  const second = transactionOf({
    previous: first,
    operations: puts.slice(1).map((put, i) => ({ ...put, value: "new", names: [versionOf(first, i + 1)] })),
  });
  const store = storeOf([first, second]);
  assertEquals(compact(store, pastAt(store, 2)), 999);
  const part = store.partials.load(1, null);
  assertEquals(part.operations.map(({ index }) => index), [0]);
  assertEquals(part.hashes, partialHashes(1000, first.operations.map(({ leaf }, index) => ({ index, leaf })), [], [0]));
  assert(part.hashes.length <= 10);
});

Deno.test("a version that a checkpoint shows as dead ends without a name", () => {
  const first = transactionOf({ operations: [{ put: "a" }, { put: "b" }] });
  const other = transactionOf({ writer: 1, operations: [{ put: "a" }] });
  const store = storeOf([first, other]);
  assertEquals(store.conflictCount, 1);
  const [row] = store.live("a").filter(({ transactionRow }) => transactionRow === 1).map(({ row }) => row);
  assertEquals(store.pasts.endVersions(new Map([[1, new Set([row as number])]])), new Set(["a"]));
  assertEquals([store.versionState(versionOf(first)), store.partials.isWhole(1)], ["gone", false]);
  store.partials.supplement(wholeOf(first));
  store.commit();
  assertEquals([store.entries, store.conflictCount, store.live("a").length], [2, 0, 1]);
});

Deno.test("what is undone goes, but not while it carries a later replacement to what stands inside", () => {
  const first = transactionOf({ operations: [{ put: "k" }, { put: "other" }] });
  const removed = transactionOf({
    writer: 1,
    parents: [first],
    operations: [{ put: "k", names: [versionOf(first)] }, { put: "own" }],
  });
  const after = transactionOf({
    writer: 2,
    parents: [removed],
    operations: [{ del: "k", names: [versionOf(removed)] }],
  });
  const history = [first, removed, after];
  const undone = idsOf([removed]);
  const store = storeOf(history, undone);
  assertEquals(compact(store, pastAt(store, 2)), 1);
  assertEquals([store.versionState(versionOf(removed)), store.versionState(versionOf(removed, 1))], ["undone", "gone"]);
  assertEquals(digestAt(store, pastAt(store, 2)), new Model([first, removed], undone).digest());
  // Who gets it from here, as it travels now, comes to the same.
  const other = storeOf([first]);
  const { operations, hashes } = store.partials.load(2, null);
  assertEquals(operations.map(({ index }) => index), [0]);
  const held = operations.map(({ index }) => ({ index, ...removed.operations[index]! }));
  other.partials.append({ ...removed, operations: held, hashes }, 0, { undone: true });
  other.append(after, 0);
  other.commit();
  for (const one of [store, other]) {
    assertEquals([one.winner("k"), one.versionState(versionOf(first)), one.entries], [null, "replaced", 1]);
    assertEquals(one.digest(), new Model(history, undone).digest());
  }
  assertEquals(compact(store, pastAt(store, 3)), 3);
  assertEquals(store.digest(), new Model(history, undone).digest());
  assertEquals(damageIn(store), []);
});

Deno.test("a state inside a past is outdated once something else is undone, or the store took that back", () => {
  const store = storeOf([transactionOf({ operations: [{ put: "k" }] })]);
  const state = store.pasts.state(pastAt(store, 1));
  store.undoing.set(new Map([[1, false]]));
  assert(!state.isOutdated);
  store.undoing.set(new Map([[1, true]]));
  assert(state.isOutdated);
  const after = store.pasts.state(pastAt(store, 1));
  store.rollback();
  assert(after.isOutdated);
});
