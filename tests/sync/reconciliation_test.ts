import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { sha256 } from "../../lib/crypto/hash.ts";
import type { Place } from "../../lib/data/version_set.ts";
import type { Message } from "../../lib/wire/message.ts";
import { Prng } from "../sim/prng.ts";
import { type Batch, keyOf, MemorySet } from "./memory_set.ts";
import { TwoSides } from "./two_sides.ts";

/** A history: writers in turn, batches of some operations, each replacing some of what was there. */
function history(prng: Prng, batches: number, size: number, forks = false): Batch[] {
  const out: Batch[] = [];
  const next = new Map<number, number>();
  for (let i = 0; i < batches; i++) {
    const writer = prng.below(3);
    const first = next.get(writer) ?? 0;
    const operations = Array.from({ length: prng.between(1, size) }, () => {
      const names: Place[] = [];
      if (out.length > 0 && prng.chance(0.3)) {
        const transactionRow = prng.between(1, out.length);
        names.push({ transactionRow, index: prng.below(out[transactionRow - 1]!.operations.length) });
      }
      return { isPut: names.length === 0 || prng.chance(0.6), names };
    });
    out.push({
      id: prng.bytes(32),
      writer: { peer: sha256(new Uint8Array([writer])), instance: new Uint8Array(16) },
      firstOperation: first,
      operations,
    });
    if (!forks || prng.chance(0.8)) next.set(writer, first + operations.length);
  }
  return out;
}

function placesOf(batches: readonly Batch[]): Place[] {
  return batches.flatMap(({ operations }, i) => operations.map((_, index) => ({ transactionRow: i + 1, index })));
}

function full(batches: readonly Batch[]): MemorySet {
  const set = new MemorySet(batches);
  for (const place of placesOf(batches)) set.take(place);
  return set;
}

/** Two sets that both were full, and lost something each, but nothing that the other lost too. */
function damaged(prng: Prng, batches: readonly Batch[], share: number): [MemorySet, MemorySet] {
  const a = full(batches);
  const b = full(batches);
  for (const place of placesOf(batches)) {
    if (!prng.chance(share)) continue;
    (prng.chance(0.5) ? a : b).lose(place, prng.chance(0.5));
  }
  return [a, b];
}

Deno.test("two sets that lost anything come to be equal, and hold what either of them held", () => {
  let runs = 0;
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 12 }), fc.constantFrom(1, 3, 40, 700), fc.boolean(), (
      seed,
      batches,
      size,
      forks,
    ) => {
      const prng = new Prng(seed);
      const all = history(prng, size > 100 ? Math.min(batches, 5) : batches, size, forks);
      const [a, b] = damaged(prng, all, prng.pick([0.01, 0.1, 0.5]));
      const held = placesOf(all).filter((place) => a.holds(place) || b.holds(place));
      const replaced = new Set(placesOf(all).filter((place) => a.isReplaced(place) || b.isReplaced(place)).map(keyOf));
      const sides = new TwoSides(a, b, prng);
      for (let round = 0; a.live().join() !== b.live().join(); round++) {
        assert(round < 4, "they stay different");
        sides.run();
        assertEquals(sides.outcomes, ["done", "done"]);
      }
      for (const place of held) {
        if (!all[place.transactionRow - 1]!.operations[place.index]!.isPut) continue;
        const expected = replaced.has(keyOf(place)) ? ["replaced", "absent"] : ["live"];
        for (const set of [a, b]) {
          assert(expected.includes(set.stateOf(place)), `${keyOf(place)} ${set.stateOf(place)}`);
        }
      }
      runs++;
    }),
    { numRuns: 400 },
  );
  assertEquals(runs, 400);
});

Deno.test("one difference takes a round trip and a half, and 210 bytes at the most", () => {
  const prng = new Prng(1);
  const all = history(prng, 50, 20);
  for (let run = 0; run < 20; run++) {
    const [a, b] = [full(all), full(all)];
    const live = placesOf(all).filter((place) => a.stateOf(place) === "live");
    (run % 2 === 0 ? a : b).lose(prng.pick(live), false);
    const sides = new TwoSides(a, b, prng);
    const cost = sides.run();
    assertEquals(a.live(), b.live());
    assert(cost.bytes < 210, `${cost.bytes} bytes`);
    assertEquals([cost.messages["sketch"], cost.messages["sketch_more"], cost.turns], [1, undefined, 3]);
  }
});

Deno.test("ten differences take a round trip more", () => {
  const prng = new Prng(2);
  const all = history(prng, 100, 40);
  const places = placesOf(all);
  let within = 0;
  for (let run = 0; run < 20; run++) {
    const [a, b] = [full(all), full(all)];
    const live = places.filter((place) => a.stateOf(place) === "live");
    for (let i = 0; i < 10; i++) (i % 2 === 0 ? a : b).lose(live[prng.below(live.length)] as Place, false);
    const sides = new TwoSides(a, b, prng);
    const cost = sides.run();
    assertEquals(a.live(), b.live());
    if (cost.turns <= 5 && cost.bytes < 1000) within++;
  }
  assert(within >= 16, `${within} of 20`);
});

Deno.test("many differences are found by ranges, on several levels where the tree is high", () => {
  const prng = new Prng(3);
  const writer = { peer: prng.bytes(32), instance: prng.bytes(16) };
  // Operation numbers far apart, so that there are more leaves than fit one message.
  const all: Batch[] = Array.from({ length: 9000 }, (_, i) => ({
    id: prng.bytes(32),
    writer,
    firstOperation: i * 1024,
    operations: [{ isPut: true, names: [] }],
  }));
  const [a, b] = [full(all), full(all)];
  for (let i = 0; i < 40; i++) a.lose({ transactionRow: 1 + i, index: 0 }, false);
  const sides = new TwoSides(a, b, prng);
  sides.tamper = (message) => message.type === "sketch_more" ? { ...message, size: 20_000 } : message;
  const cost = sides.run();
  assertEquals(sides.outcomes, ["done", "done"]);
  assertEquals(a.live(), b.live());
  assertEquals(cost.messages["nodes"], 2);
});

Deno.test("what is live here and was replaced there is settled by what replaced it, and never the other way", () => {
  const prng = new Prng(4);
  const writer = { peer: prng.bytes(32), instance: prng.bytes(16) };
  const all: Batch[] = [
    { id: prng.bytes(32), writer, firstOperation: 0, operations: [{ isPut: true, names: [] }] },
    {
      id: prng.bytes(32),
      writer,
      firstOperation: 1,
      operations: [{ isPut: false, names: [{ transactionRow: 1, index: 0 }] }],
    },
  ];
  const [put, del] = [{ transactionRow: 1, index: 0 }, { transactionRow: 2, index: 0 }];
  for (const loses of ["first", "second"]) {
    const [a, b] = [full(all), full(all)];
    const loser = loses === "first" ? a : b;
    const keeper = loses === "first" ? b : a;
    loser.lose(del, true);
    assertEquals(loser.stateOf(put), "live");
    new TwoSides(a, b, prng).run();
    assertEquals([loser.stateOf(put), keeper.stateOf(put), loser.holds(del)], ["replaced", "replaced", true]);
  }
});

Deno.test("symbols that are nonsense, or never decode, end it with a reason and change nothing", () => {
  const prng = new Prng(5);
  const all = history(prng, 20, 10);
  const done = "done";
  const tampers: [string, (message: Message) => Message | null, [first: string | null, second: string | null]][] = [
    // Ranges find what such symbols do not.
    ["random symbols", (message) => message.type === "sketch" ? nonsense(message, prng) : message, [done, done]],
    ["no symbols", (message) => message.type === "sketch" ? { ...message, symbols: [] } : message, [done, done]],
    [
      "symbols out of order",
      (message) => message.type === "sketch" ? { ...message, first: message.first + 1 } : message,
      ["failed: the other gave up", "failed: symbols out of order"],
    ],
    [
      "ids that nobody has",
      (message) =>
        message.type === "lacking" ? { ...message, transactions: [{ prefix: prng.bytes(6), indices: [0] }] } : message,
      ["failed: it asked for versions that nobody has", "failed: the other gave up"],
    ],
    [
      "ever more symbols",
      (message) => message.type === "lacking" || message.type === "nodes" ? more(message.key) : message,
      ["failed: more symbols that were sent before", "failed: the other gave up"],
    ],
    [
      "nothing of the tree",
      (message) =>
        message.type === "sketch"
          ? { type: "nodes", key: message.key, level: 5, isWhole: false, writers: [] }
          : message,
      [done, done],
    ],
    ["no answer", (message) => message.type === "lacking" || message.type === "sketch_more" ? null : message, [
      null,
      null,
    ]],
  ];
  for (const [what, tamper, outcomes] of tampers) {
    const [a, b] = damaged(prng, all, 0.1);
    const sides = new TwoSides(a, b, prng);
    sides.tamper = tamper;
    sides.run();
    for (const set of [a, b]) {
      // Versions may have come, and none may have gone without what replaced it.
      for (const place of placesOf(all)) {
        if (set.isReplaced(place)) assert(full(all).isReplaced(place), what);
      }
    }
    assertEquals(sides.outcomes, outcomes, what);
  }
});

function nonsense(message: Message & { type: "sketch" }, prng: Prng): Message {
  const symbols = message.symbols.map(({ count }) => ({ sum: prng.bytes(16), check: prng.bytes(6), count }));
  return { ...message, symbols };
}

function more(key: Uint8Array): Message {
  return { type: "sketch_more", key, size: 3, total: 0, counts: new Uint8Array() };
}
