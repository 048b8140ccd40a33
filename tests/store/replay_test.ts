import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { DatabaseSync } from "node:sqlite";
import { toHex } from "../../lib/base/bytes.ts";
import type { CheckedTransaction } from "../../lib/data/transaction.ts";
import type { Replay } from "../../lib/store/replay.ts";
import { Store } from "../../lib/store/store.ts";
import type { Frontier } from "../../lib/wire/frontier.ts";
import { Writer } from "../peer/transactions.ts";
import { chains, countingRandom, histories, transactionOf, versionOf } from "./histories.ts";
import { Model } from "./model.ts";

function open(database = new DatabaseSync(":memory:")): Store {
  return Store.open(database, { random: countingRandom() });
}

/** A part of a history in which each transaction's parents are: what some peer may hold. */
function closedPart(history: readonly CheckedTransaction[], picks: readonly boolean[]): CheckedTransaction[] {
  const held: CheckedTransaction[] = [];
  const ids = new Set<string>();
  for (const [i, transaction] of history.entries()) {
    const { previous, parents } = transaction.header;
    const parentsHeld = [...previous === null ? [] : [previous], ...parents].every((id) => ids.has(toHex(id)));
    if (picks[i] !== true || !parentsHeld) continue;
    ids.add(toHex(transaction.id));
    held.push(transaction);
  }
  return held;
}

function keysOf(transactions: readonly CheckedTransaction[]): Set<string> {
  return new Set(
    transactions.flatMap(({ operations }) =>
      operations.flatMap(({ operation }) => "key" in operation ? [operation.key] : [])
    ),
  );
}

/** Everything that a replay tells, with the position behind each page. */
function drain(replay: Replay, operations: number): { keys: Set<string>; positions: Frontier[] } {
  const keys = new Set<string>();
  const positions: Frontier[] = [];
  for (let page = replay.next(operations); page !== null; page = replay.next(operations)) {
    assert(page !== "incomplete");
    for (const key of page) keys.add(key);
    positions.push(replay.frontier());
  }
  return { keys, positions };
}

function without(history: readonly CheckedTransaction[], part: readonly CheckedTransaction[]): CheckedTransaction[] {
  const ids = new Set(part.map(({ id }) => toHex(id)));
  return history.filter(({ id }) => !ids.has(toHex(id)));
}

const RUNS = 200;

Deno.test("from whatever frontier, also another peer's, a replay tells each key that was touched outside of it", () => {
  let forked = 0;
  let resumed = 0;
  let runs = 0;
  fc.assert(
    fc.property(
      histories,
      fc.array(fc.nat(9).map((n) => n > 0), { minLength: 25, maxLength: 25 }),
      fc.nat(25),
      fc.integer({ min: 1, max: 6 }),
      (history, picks, late, operations) => {
        runs++;
        const store = open();
        const early = history.slice(0, Math.max(0, history.length - late));
        for (const transaction of early) store.append(transaction, 0);
        const part = closedPart(early, picks);
        const frontier = new Model(part).frontier();
        if (frontier.some(({ heads }) => heads.length > 1)) forked++;
        const replay = store.replay(frontier) as Replay;
        const { keys, positions } = drain(replay, operations);
        assertEquals(keys, keysOf(without(early, part)));
        assertEquals(replay.frontier(), store.frontier());
        // What comes later is told as well.
        for (const transaction of history.slice(early.length)) store.append(transaction, 0);
        assertEquals(drain(replay, operations).keys, keysOf(history.slice(early.length)));
        assertEquals(replay.frontier(), store.frontier());
        // From each position on the way, the rest can be told; what was told before it need not be.
        for (const position of positions) {
          const rest = drain(store.replay(position) as Replay, 9);
          resumed++;
          for (const key of keysOf(without(history, part))) assert(keys.has(key) || rest.keys.has(key));
        }
        assertEquals(store.replay(store.frontier())?.next(9), null);
        const last = positions.at(-1);
        if (last !== undefined) {
          assertEquals(drain(store.replay(last) as Replay, 3).keys, keysOf(history.slice(early.length)));
        }
        store.close();
      },
    ),
    { numRuns: RUNS },
  );
  assertEquals(runs, RUNS);
  assert(forked > RUNS / 20 && resumed > RUNS, `${forked} forked, ${resumed} resumed`);
});

Deno.test("a frontier with a head that is not held can't be gone on from", () => {
  const store = open();
  const first = transactionOf({ operations: [{ put: "k" }] });
  store.append(first, 0);
  const ahead = transactionOf({ previous: first, operations: [{ put: "k" }] });
  const stranger = transactionOf({ writer: 1, operations: [{ put: "k" }] });
  assertEquals(store.replay(new Model([first, ahead]).frontier()), null);
  assertEquals(store.replay(new Model([first, stranger]).frontier()), null);
  assertEquals(store.replay([])?.next(9), new Set(["k"]));
  store.close();
});

Deno.test("where an operation is no longer held, a replay tells what comes before it, and then says so", () => {
  const database = new DatabaseSync(":memory:");
  const store = open(database);
  const first = transactionOf({ operations: [{ put: "a" }] });
  const second = transactionOf({ previous: first, operations: [{ put: "b" }] });
  const third = transactionOf({
    previous: second,
    operations: [{ del: "b", names: [versionOf(second)] }, { put: "c" }],
  });
  for (const transaction of [first, second, third]) store.append(transaction, 0);
  store.commit();
  database.exec("DELETE FROM operations WHERE state = 3");
  const replay = store.replay([]) as Replay;
  assertEquals(replay.next(99), new Set(["a", "b"]));
  assertEquals(replay.frontier(), new Model([first, second]).frontier());
  assertEquals([replay.next(99), replay.next(99)], ["incomplete", "incomplete"]);
  assertEquals(store.replay(new Model([first, second, third]).frontier())?.next(99), null);
  database.close();
});

Deno.test("a store that was cleared can't go on with what it began", () => {
  const store = open();
  const first = transactionOf({ operations: [{ put: "a" }] });
  store.append(first, 0);
  const replay = store.replay([]) as Replay;
  store.clear();
  store.append(first, 0);
  assertEquals(replay.next(9), "incomplete");
  store.close();
});

const marks = fc.array(
  fc.record({ comes: fc.nat(4), row: fc.nat(), undone: fc.boolean(), takes: fc.nat(2).map((n) => n === 0) }),
  { minLength: 15, maxLength: 20, size: "max" },
);

Deno.test("from whatever position this peer had, a replay tells each key whose versions an act undid or took back since", () => {
  let told = 0;
  fc.assert(
    fc.property(chains, marks, fc.integer({ min: 1, max: 6 }), (history, steps, operations) => {
      const store = open();
      const known = new Map<string, { frontier: Frontier; live: Map<string, string> }>();
      const waiting = [...history];
      let acts = 0;
      for (const { comes, row, undone, takes } of steps) {
        for (const transaction of waiting.splice(0, comes)) store.append(transaction, 0);
        // Whatever changes is changed by an act.
        acts++;
        store.append(transactionOf({ writer: 9 + acts, operations: [{ genesis: acts }] }), 0);
        store.undoing.set(new Map([[1 + row % store.transactionsTotal, undone]]));
        if (takes) known.set(`${acts}`, { frontier: store.frontier(), live: liveOf(store) });
      }
      const now = liveOf(store);
      for (const { frontier, live } of known.values()) {
        const { keys, positions } = drain(store.replay(frontier) as Replay, operations);
        const changed = [...new Set([...live.keys(), ...now.keys()])].filter((key) => live.get(key) !== now.get(key));
        for (const key of changed) assert(keys.has(key), key);
        told += changed.length;
        // Half-way it can be gone on from as well.
        const middle = positions[positions.length >> 1];
        if (middle === undefined) continue;
        const before = new Set<string>();
        const first = store.replay(frontier) as Replay;
        for (let i = 0; i <= positions.length >> 1; i++) {
          for (const key of first.next(operations) as Set<string>) before.add(key);
        }
        const rest = drain(store.replay(middle) as Replay, operations).keys;
        for (const key of changed) assert(before.has(key) || rest.has(key), key);
      }
      store.close();
    }),
    { numRuns: 40 },
  );
  assert(told > 40, `${told} changes`);
});

function liveOf(store: Store): Map<string, string> {
  return new Map(
    store.list({ limit: 99 }).map(({ winner: { key } }) => [
      key,
      store.live(key).map(({ row }) => row).join(),
    ]),
  );
}

Deno.test("what is undone step by step is told by a replay that begins before it or half-way", () => {
  for (const [operations, comesBetween] of [[1, false], [1, true], [3, true], [99, false]] as const) {
    const store = open();
    const act = (writer: number) => transactionOf({ writer, operations: [{ genesis: writer }] });
    for (const writer of [1, 2, 3, 4]) store.append(transactionOf({ writer, operations: [{ put: `k${writer}` }] }), 0);
    const before = store.replay(store.frontier()) as Replay;
    store.append(act(8), 0);
    store.undoing.isUnderWay = true;
    store.undoing.set(new Map([[1, true]]));
    const between = store.replay(store.frontier()) as Replay;
    const told = [before, between].map(() => new Set<string>());
    const step = (row: number, takes: number) => {
      store.undoing.set(new Map([[row, true]]));
      for (const [i, replay] of [before, between].entries()) {
        for (let left = takes; left > 0; left--) {
          for (const key of (replay.next(operations) ?? []) as Set<string>) told[i]?.add(key);
        }
      }
    };
    step(2, 3);
    if (comesBetween) store.append(act(9), 0);
    step(3, 1);
    step(4, 0);
    store.undoing.isUnderWay = false;
    for (const [i, replay] of [before, between].entries()) {
      for (const key of drain(replay, operations).keys) told[i]?.add(key);
      assertEquals(replay.frontier(), store.frontier());
    }
    assertEquals(told.map((keys) => [...keys].sort()), [["k1", "k2", "k3", "k4"], ["k1", "k2", "k3", "k4"]]);
    store.close();
  }
});

Deno.test("from a position with another history of removals what was undone in it can't be told", () => {
  const founder = new Writer();
  const put = founder.put("k");
  const target = { kind: "peer", peer: new Uint8Array(32) } as const;
  const removal = founder.write([{ operation: { kind: "revoke", target, frontier: [], sealed: [] }, value: null }]);
  const other = transactionOf({ writer: 1, operations: [{ genesis: 2 }] });
  const store = open();
  for (const transaction of [founder.genesis, put, removal, other]) store.append(transaction, 0);
  const held = [founder.genesis, put];
  assertEquals(store.replay(new Model([...held, other]).frontier())?.next(9), "incomplete");
  assertEquals(store.replay(new Model([...held, removal]).frontier())?.next(9), new Set());
  assertEquals(store.replay(new Model(held).frontier())?.next(9), new Set());
  store.close();
});
