import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { compare, toHex, utf8Encode } from "../../lib/base/bytes.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import { verifySigned } from "../../lib/crypto/identity.ts";
import { HybridClock } from "../../lib/data/clock.ts";
import { type CheckedTransaction, toBytes } from "../../lib/data/transaction.ts";
import { Applier } from "../../lib/peer/applier.ts";
import { LocalWriter } from "../../lib/peer/local_writes.ts";
import type { Write } from "../../lib/peer/machine.ts";
import { Membership, type Standing } from "../../lib/space/membership.ts";
import { removalPort } from "../../lib/peer/removal_port.ts";
import { Store } from "../../lib/store/store.ts";
import type { Operation } from "../../lib/wire/operation.ts";
import { compareVersionIds, type VersionId } from "../../lib/wire/transaction.ts";
import { damageIn } from "../store/verified.ts";
import { Writer } from "./transactions.ts";

const WALL_MS = 1000;
const KEYS = ["a", "b", "c"];

/** A store behind the one way into it, in the space of a founder. */
function setUp(founder: Writer) {
  const store = Store.open(":memory:", { random: founder.random });
  const membership = new Membership((context) => store.context(context), verifySigned, removalPort(store));
  const clock = new HybridClock();
  const applier = new Applier({ store, membership, clock, verify: verifySigned, emit: () => {}, received: () => {} });
  applier.receive(toBytes(founder.genesis), founder.space, 1, WALL_MS);
  return { store, membership, clock, applier };
}

const steps = fc.array(
  fc.record({
    life: fc.nat(2),
    /** Which of the others' last transactions it has seen, as bits. */
    seen: fc.nat(7),
    operations: fc.uniqueArray(
      fc.record({ key: fc.nat(KEYS.length - 1), isDel: fc.boolean(), names: fc.array(fc.nat(), { maxLength: 3 }) }),
      { maxLength: 3, selector: ({ key }) => key },
    ),
    ms: fc.nat(20),
  }),
  { minLength: 2, maxLength: 20, size: "max" },
);

/** Signed transactions of three lives of a founder, concurrent where none has seen the other. */
function written(founder: Writer, choices: typeof steps extends fc.Arbitrary<infer T> ? T : never) {
  const last = new Map<number, CheckedTransaction>();
  const versions = KEYS.map((): VersionId[] => []);
  return choices.map(({ life, seen, operations, ms }, i) => {
    const previous = last.get(life) ?? null;
    const entries = operations.map(({ key, isDel, names: picks }) => {
      const known = versions[key] as VersionId[];
      const names = [...new Set(picks.flatMap((n) => known[n % Math.max(1, known.length)] ?? []))];
      const common = { key: KEYS[key] as string, names: names.sort(compareVersionIds) };
      const value = utf8Encode(`${i}`);
      const put: Operation = { kind: "put", ...common, media: "a/b", length: value.length, hash: sha256(value) };
      return isDel ? { operation: { kind: "del" as const, ...common }, value: null } : { operation: put, value };
    });
    const others = [...last].filter(([other]) => other !== life && (seen & (1 << other)) !== 0).map(([, { id }]) => id);
    const made = founder.write(entries, {
      instance: new Uint8Array(16).fill(life + 1),
      sequence: (previous?.header.sequence ?? 0) + 1,
      previous: previous?.id ?? null,
      parents: [...others, ...previous === null ? [founder.space] : []].sort(compare),
      firstOperation: previous === null ? 0 : previous.header.firstOperation + previous.header.operationCount,
      clock: { ms: 1 + ms, count: 0 },
    });
    last.set(life, made);
    operations.forEach(({ key }, index) => versions[key]?.push({ transaction: made.id, index }));
    return made;
  });
}

function stateOf(store: Store) {
  const text = ({ versionId }: { versionId: VersionId }) => `${toHex(versionId.transaction)} ${versionId.index}`;
  return {
    digest: toHex(store.digest()),
    frontier: toHex(store.frontierHash()),
    conflicts: store.conflictKeys(null, 9),
    live: KEYS.map((key) => store.live(key).map(text)),
    openDels: KEYS.map((key) => store.openDels(key).map(text).sort()),
  };
}

const ARRIVAL_RUNS = 150;

Deno.test("merge law: signed transactions may come in any order, from any link, and again", () => {
  const seen = { histories: 0, transactions: 0, deliveries: 0, waited: 0, conflicts: 0 };
  const arrivals = fc.array(fc.record({ order: fc.nat(), link: fc.nat(2) }), {
    minLength: 60,
    maxLength: 60,
    size: "max",
  });
  const founder = new Writer();
  fc.assert(
    fc.property(steps, arrivals, arrivals, (choices, one, other) => {
      const history = written(founder, choices);
      const [first, second] = [one, other].map((arrival) => {
        const { store, applier } = setUp(founder);
        const order = arrival.map((step, i) => ({ ...step, transaction: history[i % history.length] }))
          .sort((a, b) => a.order - b.order);
        for (const { transaction, link } of order) {
          const bytes = toBytes(transaction as CheckedTransaction);
          if (applier.receive(bytes, founder.space, link, WALL_MS)?.waits === true) seen.waited++;
          seen.deliveries++;
        }
        assertEquals([applier.counts.waiting, store.transactionsTotal], [0, history.length + 1]);
        store.commit();
        const state = stateOf(store);
        assertEquals(damageIn(store), []);
        store.close();
        return state;
      });
      assertEquals(first, second);
      seen.histories++;
      seen.transactions += history.length;
      seen.conflicts += first?.conflicts.length ?? 0;
    }),
    { numRuns: ARRIVAL_RUNS },
  );
  console.log(`merge law, arrivals: ${JSON.stringify(seen)}`);
  assertEquals(seen.histories, ARRIVAL_RUNS);
  assert(seen.waited > ARRIVAL_RUNS && seen.conflicts > ARRIVAL_RUNS / 10, JSON.stringify(seen));
});

const GROUPING_RUNS = 150;

Deno.test("merge law: local writes may be grouped into any requests and turns", () => {
  let runs = 0;
  let shared = 0;
  const writes = fc.array(
    fc.record({
      key: fc.nat(KEYS.length - 1),
      value: fc.nat(3),
      isDel: fc.boolean(),
      endsRequest: fc.boolean(),
      endsTurn: fc.nat(3),
    }),
    { minLength: 1, maxLength: 30, size: "max" },
  );
  fc.assert(
    fc.property(writes, (choices) => {
      const founder = new Writer();
      const { store, membership, clock, applier } = setUp(founder);
      const { identity, space } = founder;
      const local = new LocalWriter({
        identity,
        store,
        clock,
        space: () => space,
        standing: () => membership.standingOf(identity.peerId) as Standing,
        apply: (transaction) => applier.apply(transaction, space, null, WALL_MS),
      });
      const expected = new Map<string, string>();
      let request: Write[] = [];
      const turnEnds = (): void => {
        local.write(request, WALL_MS);
        request = [];
        local.flush(WALL_MS);
        store.commit();
      };
      for (const { key: n, value, isDel, endsRequest, endsTurn } of choices) {
        const key = KEYS[n] as string;
        if (isDel) expected.delete(key);
        else expected.set(key, `${value}`);
        request.push(isDel ? { kind: "del", key } : { kind: "put", key, media: "a/b", value: utf8Encode(`${value}`) });
        if (endsTurn === 0) {
          turnEnds();
        } else if (endsRequest) {
          local.write(request, WALL_MS);
          request = [];
        }
      }
      turnEnds();
      const listed = store.list({ limit: 9 }).map(({ winner }) => [winner.key, new TextDecoder().decode(winner.value)]);
      assertEquals(listed, [...expected].sort(([a], [b]) => a < b ? -1 : 1));
      assertEquals([store.conflictCount, store.deletedBesidePut(9)], [0, []]);
      // A history reads as it was written: each operation replaces all that stood before it.
      for (const key of KEYS) {
        const past = store.history.page(key, Infinity, 99).reverse();
        past.forEach(({ names }, i) =>
          assertEquals(names, past.slice(Math.max(0, i - 1), i).map(({ versionId }) => versionId))
        );
      }
      runs++;
      if (store.transactionsTotal - 1 < store.operationsTotal - 1) shared++;
      store.close();
    }),
    { numRuns: GROUPING_RUNS },
  );
  console.log(`merge law, grouping: ${runs} runs, ${shared} with transactions of several writes`);
  assertEquals(runs, GROUPING_RUNS);
  assert(shared > GROUPING_RUNS / 4);
});
