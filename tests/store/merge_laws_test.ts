import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { DatabaseSync } from "node:sqlite";
import { fromHex, toHex } from "../../lib/base/bytes.ts";
import type { CheckedTransaction } from "../../lib/data/transaction.ts";
import { Store } from "../../lib/store/store.ts";
import { chains, countingRandom, histories } from "./histories.ts";
import { Model, textOf } from "./model.ts";
import { damageIn } from "./verified.ts";

const KEYS = ["a", "a/b", "a/ü", "b", "zz/\u{1f600}"];

/** A store as a peer drives it: what is held already is passed over, and what lacks a parent waits for it. */
class Replica {
  readonly #database = new DatabaseSync(":memory:");
  #store = open(this.#database);
  #waiting = new Map<string, CheckedTransaction>();
  /** What came since the last commit: a turn that fails is taken back, and pulled again. */
  #turn: CheckedTransaction[] = [];
  /** Ids of the transactions that are undone in the end, and of those of which that is known only at the end of a turn. */
  readonly #undone: ReadonlySet<string>;
  readonly #undoneLate: ReadonlySet<string>;
  /** Deliveries that were passed over, or had to wait. */
  duplicates = 0;
  waited = 0;

  constructor(undone: ReadonlySet<string> = new Set(), undoneLate: ReadonlySet<string> = new Set()) {
    this.#undone = undone;
    this.#undoneLate = undoneLate;
  }

  get store(): Store {
    return this.#store;
  }

  deliver(transaction: CheckedTransaction): void {
    this.#turn.push(transaction);
    if (this.#store.hasTransaction(transaction.id)) {
      this.duplicates++;
      return;
    }
    this.#waiting.set(toHex(transaction.id), transaction);
    if (!this.#isReady(transaction)) this.waited++;
    for (let ready = this.#ready(); ready !== undefined; ready = this.#ready()) {
      this.#waiting.delete(toHex(ready.id));
      // Of some it is thought otherwise first.
      const id = toHex(ready.id);
      this.#store.append(ready, 0, { undone: this.#undone.has(id) !== this.#undoneLate.has(id) });
    }
  }

  end(how: "commit" | "fail" | "restart"): void {
    if (how === "fail") {
      this.#store.rollback();
      this.#waiting.clear();
      const turn = this.#turn;
      this.#turn = [];
      for (const transaction of turn) this.deliver(transaction);
    }
    for (const id of this.#undoneLate) {
      const held = this.#store.transaction(fromHex(id));
      if (held !== null) this.#store.undoing.set(new Map([[held.row, this.#undone.has(id)]]));
    }
    // A restart forgets what waits; it is pulled again.
    this.#store.commit();
    this.#turn = [...this.#waiting.values()];
    if (how === "restart") this.#store = open(this.#database);
  }

  /** Everything that is said of the state, but for the order in which things came. */
  state(history: readonly CheckedTransaction[]) {
    const store = this.#store;
    return {
      digest: toHex(store.digest()),
      frontier: toHex(store.frontierHash()),
      tips: store.tips().map(toHex),
      entries: store.entries,
      conflicts: store.conflictKeys(null, 100),
      winners: store.list({ limit: 100 }).map(({ winner, conflicts }) => `${textOf(winner.versionId)} +${conflicts}`),
      live: KEYS.map((key) => store.live(key).map(({ versionId, value, media }) => [textOf(versionId), media, value])),
      openDels: KEYS.map((key) => store.openDels(key).map(({ versionId }) => textOf(versionId)).sort()),
      besidePut: store.deletedBesidePut(100).map(({ del, put }) => `${textOf(del.versionId)} ${textOf(put.versionId)}`)
        .sort(),
      states: history.flatMap(({ id, operations }) =>
        operations.map((_, index) => store.versionState({ transaction: id, index }))
      ),
      past: KEYS.map((key) =>
        store.history.page(key, Infinity, 1000).map(({ versionId, names }) =>
          [versionId, ...names].map(textOf).join(" ")
        )
          .sort()
      ),
      undone: store.undoing.list(0, 100).map(({ versionId }) => textOf(versionId)).sort(),
      damage: damageIn(store),
    };
  }

  close(): void {
    this.#database.close();
  }

  #ready(): CheckedTransaction | undefined {
    return [...this.#waiting.values()].find((transaction) => this.#isReady(transaction));
  }

  #isReady({ header: { previous, parents } }: CheckedTransaction): boolean {
    return [...previous === null ? [] : [previous], ...parents].every((id) => this.#store.hasTransaction(id));
  }
}

function open(database: DatabaseSync): Store {
  return Store.open(database, { random: countingRandom() });
}

/** How a history comes: in which order, what of it more than once, and where turns end. */
const deliveries = fc.array(
  fc.record({
    order: fc.nat(),
    again: fc.nat(3),
    end: fc.oneof(
      { weight: 6, arbitrary: fc.constant(null) },
      { weight: 3, arbitrary: fc.constant("commit" as const) },
      { weight: 1, arbitrary: fc.constant("fail" as const) },
      { weight: 1, arbitrary: fc.constant("restart" as const) },
    ),
  }),
  { minLength: 80, maxLength: 80, size: "max" },
);

type Delivery = typeof deliveries extends fc.Arbitrary<infer T> ? T : never;

/** Which transactions of a history are undone, by their place. */
const picks = fc.oneof(fc.constant([]), fc.array(fc.boolean(), { minLength: 25, maxLength: 25 }));

function pickedOf(history: readonly CheckedTransaction[], picked: readonly boolean[]): ReadonlySet<string> {
  return new Set(history.filter((_, i) => picked[i]).map(({ id }) => toHex(id)));
}

/** Hands a replica every transaction, in the order, as often and in the turns that a delivery says. */
function receive(history: readonly CheckedTransaction[], delivery: Delivery, undone: ReadonlySet<string>): Replica {
  const late = new Set(history.filter((_, i) => delivery[i]?.again === 1).map(({ id }) => toHex(id)));
  const replica = new Replica(undone, late);
  const steps = delivery.map((step, i) => ({ ...step, transaction: history[i % history.length] }));
  const isFirst = new Set<string>();
  const order = steps.filter(({ transaction, again }) => {
    const id = toHex((transaction as CheckedTransaction).id);
    if (isFirst.has(id)) return again === 0;
    isFirst.add(id);
    return true;
  }).sort((a, b) => a.order - b.order);
  for (const { transaction, end } of order) {
    replica.deliver(transaction as CheckedTransaction);
    if (end !== null) replica.end(end);
  }
  replica.end("commit");
  return replica;
}

/** Hands over what one replica holds to another, in the order in which it took it in, as a link does. */
function join(into: Replica, from: readonly CheckedTransaction[]): void {
  for (const transaction of from) into.deliver(transaction);
  into.end("commit");
}

const ORDER_RUNS = 200;

Deno.test("merge law: any order, any duplicates and any turns give the same state, whatever is undone, and when", () => {
  const seen = { undone: 0, histories: 0, duplicates: 0, waited: 0, conflicts: 0, deletedBesidePut: 0, forks: 0 };
  fc.assert(
    fc.property(fc.oneof(histories, chains), deliveries, deliveries, picks, (history, one, other, picked) => {
      const undone = pickedOf(history, picked);
      const [a, b] = [receive(history, one, undone), receive(history, other, undone)];
      const state = a.state(history);
      assertEquals(state, b.state(history));
      const model = new Model(history, undone);
      assertEquals(state.digest, toHex(model.digest()));
      assertEquals(state.frontier, toHex(model.frontierHash()));
      assertEquals(state.damage, []);
      seen.histories++;
      seen.duplicates += a.duplicates + b.duplicates;
      seen.waited += a.waited + b.waited;
      seen.undone += state.undone.length;
      seen.conflicts += state.conflicts.length;
      seen.deletedBesidePut += state.besidePut.length;
      seen.forks += model.frontier().filter(({ heads }) => heads.length > 1).length;
      for (const replica of [a, b]) replica.close();
    }),
    { numRuns: ORDER_RUNS },
  );
  console.log(`merge law, order: ${JSON.stringify(seen)}`);
  assertEquals(seen.histories, ORDER_RUNS);
  const { histories: _, ...others } = seen;
  for (const [what, count] of Object.entries(others)) assert(count > ORDER_RUNS / 10, `too few ${what}: ${count}`);
});

const JOIN_RUNS = 100;

Deno.test("merge law: joining replicas is associative, commutative and idempotent", () => {
  let cases = 0;
  let differing = 0;
  fc.assert(
    fc.property(histories, fc.array(fc.nat(7), { minLength: 25, maxLength: 25 }), (history, owners) => {
      // Each of three holds some of it, with all that it follows from.
      const parts = [1, 2, 4].map((bit) => closed(history, (i) => ((owners[i] as number) & bit) !== 0));
      const [a, b, c] = parts as [CheckedTransaction[], CheckedTransaction[], CheckedTransaction[]];
      const join3 = (...order: (readonly CheckedTransaction[])[]) => {
        const replica = new Replica();
        for (const part of order) join(replica, part);
        const state = replica.state(history);
        replica.close();
        return state;
      };
      const bc = new Replica();
      join(bc, b);
      join(bc, c);
      const heldByBc = Array.from(
        { length: bc.store.transactionsTotal },
        (_, i) => history.find(({ id }) => toHex(id) === toHex(bc.store.transactionByRow(i + 1).id)),
      );
      bc.close();
      const expected = join3(a, b, c);
      assertEquals(join3(a, heldByBc as CheckedTransaction[]), expected, "(a b) c = a (b c)");
      assertEquals(join3(c, b, a), expected, "a b c = c b a");
      assertEquals(join3(a, b, c, b, a, a), expected, "what is joined again changes nothing");
      cases++;
      if (new Set(parts.map((part) => part.length)).size > 1) differing++;
    }),
    { numRuns: JOIN_RUNS },
  );
  console.log(`merge law, joins: ${cases} triples of replicas, ${differing} that differ in size`);
  assertEquals(cases, JOIN_RUNS);
  assert(differing > JOIN_RUNS / 2);
});

/** The transactions that `isOwn` picks, with all that they follow from, in order. */
function closed(history: readonly CheckedTransaction[], isOwn: (index: number) => boolean): CheckedTransaction[] {
  const wanted = new Set<string>();
  for (const [i, { id, header }] of [...history.entries()].reverse()) {
    if (!isOwn(i) && !wanted.has(toHex(id))) continue;
    for (const needed of [id, ...header.previous === null ? [] : [header.previous], ...header.parents]) {
      wanted.add(toHex(needed));
    }
  }
  return history.filter(({ id }) => wanted.has(toHex(id)));
}
