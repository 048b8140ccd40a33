import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { compare, equal, toHex } from "../../lib/base/bytes.ts";
import { CodedSymbols } from "../../lib/sync/coded_symbols.ts";
import { decodeDifference } from "../../lib/sync/decode_difference.ts";
import { estimateDifference } from "../../lib/sync/sketch_size.ts";
import { shortIdOf } from "../../lib/data/short_ids.ts";
import { SHORT_ID_BYTES } from "../../lib/wire/reconciliation.ts";
import { Prng } from "../sim/prng.ts";
import { decode, packed, randomIds, symbolsOf, texts } from "./short_id_sets.ts";

const keys = fc.uint8Array({ minLength: 8, maxLength: 8 }) as fc.Arbitrary<Uint8Array>;
/** Ids of a few transactions, so that many share their beginning, and of any. */
const ids = fc.oneof(
  fc.uint8Array({ minLength: SHORT_ID_BYTES, maxLength: SHORT_ID_BYTES }) as fc.Arbitrary<Uint8Array>,
  fc.tuple(fc.nat(3), fc.nat(4095)).map(([transaction, index]) =>
    shortIdOf({ transaction: new Uint8Array(32).fill(transaction), index })
  ),
);
const sets = fc.uniqueArray(ids, { maxLength: 60, comparator: equal });

/** Doubles the number of symbols until they decode. */
function decodeAll(key: Uint8Array, first: readonly Uint8Array[], second: readonly Uint8Array[]) {
  for (let size = 1; size < 100_000; size *= 2) {
    const decoded = decode(key, size, first, second);
    if (typeof decoded !== "string") return { decoded, size };
    assertEquals(decoded, "short");
  }
  throw new Error("it does not decode");
}

Deno.test("symbols of any two sets decode to exactly the ids in one of them only", () => {
  let long = 0;
  fc.assert(
    fc.property(keys, sets, sets, sets, (key, shared, one, other) => {
      const first = union(shared, one);
      const second = union(shared, other);
      const { decoded, size } = decodeAll(key, first, second);
      assertEquals(texts(decoded.first), texts(without(first, second)));
      assertEquals(texts(decoded.second), texts(without(second, first)));
      const d = decoded.first.length + decoded.second.length;
      // Two ids may be in the same symbols for long, though that is rare: gaps grow with the place.
      if (size > 16 * d + 16) long++;
    }),
    { numRuns: 3000 },
  );
  assert(long <= 5, `${long} of 3000 took far more symbols than ids`);
});

Deno.test("differences of any size decode with about 1.4 symbols for each id, and with 3 for each where they are few", () => {
  const prng = new Prng(1);
  const shared = randomIds(prng, 2000);
  for (
    const [d, runs, perId] of [[1, 50, 1], [2, 200, 9], [10, 200, 5], [100, 40, 2], [1000, 6, 1.6], [5000, 2, 1.45]]
  ) {
    for (let run = 0; run < (runs as number); run++) {
      const differing = randomIds(prng, d as number);
      const split = prng.below(differing.length + 1);
      const [one, other] = [differing.slice(0, split), differing.slice(split)];
      const decoded = decode(prng.bytes(8), Math.ceil((d as number) * (perId as number)), [...shared, ...one], [
        ...other,
        ...shared,
      ]);
      assert(typeof decoded !== "string", `run ${run} of ${d}: ${decoded}`);
      assertEquals([texts(decoded.first), texts(decoded.second)], [texts(one), texts(other)]);
    }
  }
});

Deno.test("more symbols begin with the same ones", () => {
  fc.assert(fc.property(keys, sets, fc.nat(50), fc.nat(50), (key, set, some, more) => {
    const few = symbolsOf(key, some, set);
    const many = symbolsOf(key, some + more, set);
    for (let i = 0; i < some; i++) assertEquals(many.at(i), few.at(i));
  }));
});

Deno.test("the order of ids means nothing, and what is added in parts is what is added at once", () => {
  fc.assert(fc.property(keys, sets, fc.nat(60), (key, set, at) => {
    const { words } = packed(set.toReversed());
    const parts = new CodedSymbols(key, 20);
    const split = Math.min(at, set.length);
    parts.add(words, split, set.length);
    parts.add(words, 0, split);
    const whole = symbolsOf(key, 20, set);
    for (let i = 0; i < 20; i++) assertEquals(parts.at(i), whole.at(i));
    assertEquals(parts.count(0), set.length);
  }));
});

Deno.test("a symbol that travels is put back as it was", () => {
  fc.assert(fc.property(keys, sets, (key, set) => {
    const symbols = symbolsOf(key, 10, set);
    const copy = new CodedSymbols(key, 10);
    for (let i = 0; i < 10; i++) copy.set(i, symbols.at(i));
    const difference = copy.minus(symbols);
    for (let i = 0; i < 10; i++) assert(difference.isEmpty(i));
  }));
});

Deno.test("an id is in symbol i with a probability of 1 / (1 + i/2)", () => {
  const prng = new Prng(2);
  const key = prng.bytes(8);
  // Counts are told modulo 256: of so few ids at a time they are what they say.
  const parts = Array.from({ length: 200 }, () => symbolsOf(key, 200, randomIds(prng, 100)));
  for (const i of [0, 1, 2, 3, 7, 30, 199]) {
    const count = parts.reduce((sum, symbols) => sum + symbols.count(i), 0);
    const expected = 20_000 * CodedSymbols.density(i);
    // Six standard deviations.
    const most = 6 * Math.sqrt(expected * (1 - CodedSymbols.density(i))) + 1e-9;
    assert(Math.abs(count - expected) <= most, `symbol ${i} has ${count}, not ${expected}`);
  }
});

Deno.test("how many ids differ is known from 45 counts, mostly within a factor of 1.5, and exactly where one side lacks", () => {
  const prng = new Prng(3);
  let [close, exact] = [0, 0];
  const runs = 200;
  for (let run = 0; run < runs; run++) {
    const d = prng.pick([10, 20, 100, 1000, 3000]);
    const differing = randomIds(prng, d);
    const key = prng.bytes(8);
    const estimate = (split: number) => {
      const symbols = symbolsOf(key, 45, differing.slice(0, split)).minus(symbolsOf(key, 45, differing.slice(split)));
      return estimateDifference(2 * split - d, Array.from({ length: 45 }, (_, i) => symbols.count(i)));
    };
    const ratio = estimate(prng.below(d + 1)) / d;
    assert(ratio > 1 / 4 && ratio < 2.5, `${ratio} × ${d}`);
    if (ratio > 1 / 1.5 && ratio < 1.5) close++;
    if (estimate(d) === d && estimate(0) === d) exact++;
  }
  assert(close > 0.85 * runs, `${close} of ${runs}`);
  assert(exact > 0.9 * runs, `${exact} of ${runs}`);
});

Deno.test("what differs in tens of thousands is taken for many", () => {
  const prng = new Prng(9);
  for (const [d, least] of [[5000, 2500], [30_000, 10_000], [100_000, 10_000]] as const) {
    const differing = randomIds(prng, d);
    const key = prng.bytes(8);
    const symbols = symbolsOf(key, 45, differing.slice(0, d / 2)).minus(symbolsOf(key, 45, differing.slice(d / 2)));
    const estimate = estimateDifference(0, Array.from({ length: 45 }, (_, i) => symbols.count(i)));
    assert(estimate > least, `${estimate} of ${d}`);
  }
});

Deno.test("ids that were chosen so that they do not decode under one key decode under another", () => {
  const prng = new Prng(4);
  const key = prng.bytes(8);
  // Two ids that are in the same ones of the first 24 symbols can't be told apart by them.
  const bySymbols = new Map<string, Uint8Array>();
  const patternOf = (id: Uint8Array) => {
    const symbols = symbolsOf(key, 24, [id]);
    return Array.from({ length: 24 }, (_, i) => symbols.count(i)).join("");
  };
  let pair: [Uint8Array, Uint8Array] | null = null;
  while (pair === null) {
    const id = prng.bytes(SHORT_ID_BYTES);
    const pattern = patternOf(id);
    const twin = bySymbols.get(pattern);
    if (twin !== undefined) pair = [id, twin];
    bySymbols.set(pattern, id);
  }
  assertEquals(decode(key, 24, pair, []), "short");
  for (let run = 0; run < 20; run++) {
    const decoded = decode(prng.bytes(8), 24, pair, []);
    assert(typeof decoded !== "string");
    assertEquals(texts(decoded.first), texts(pair));
  }
});

Deno.test("symbols of another key, or of nothing at all, end as such, with no more ids than symbols", () => {
  fc.assert(
    fc.property(
      keys,
      fc.array(
        fc.record({
          sum: fc.uint8Array({ minLength: 16, maxLength: 16 }) as fc.Arbitrary<Uint8Array>,
          check: fc.uint8Array({ minLength: 6, maxLength: 6 }) as fc.Arbitrary<Uint8Array>,
          count: fc.integer({ min: -3, max: 3 }),
        }),
        { minLength: 2, maxLength: 40 },
      ),
      (key, list) => {
        const symbols = new CodedSymbols(key, list.length);
        for (const [i, symbol] of list.entries()) symbols.set(i, symbol);
        assert(typeof decodeDifference(symbols) === "string");
      },
    ),
    { numRuns: 1000 },
  );
  const prng = new Prng(5);
  const set = randomIds(prng, 30);
  const mixed = symbolsOf(prng.bytes(8), 100, set).minus(symbolsOf(prng.bytes(8), 100, set));
  assertEquals(decodeDifference(mixed), "short");
});

Deno.test("symbols in which ids come and go for ever end as wrong", () => {
  const prng = new Prng(6);
  const key = prng.bytes(8);
  for (let run = 0; run < 300; run++) {
    const [id = new Uint8Array(), other = new Uint8Array()] = randomIds(prng, 2);
    const size = prng.between(4, 40);
    const right = symbolsOf(key, size, [id]);
    const symbols = new CodedSymbols(key, size);
    // The id is in a single symbol, where it should be in several, or in all but symbol 0.
    for (let i = prng.below(size); i < size; i += prng.between(1, size)) symbols.set(i, right.at(i));
    symbols.set(prng.below(size), symbolsOf(key, size, [other]).at(0));
    const decoded = decodeDifference(symbols);
    if (typeof decoded === "string") continue;
    assert(decoded.first.length + decoded.second.length <= size);
  }
  const lone = new CodedSymbols(key, 30);
  const [id = new Uint8Array()] = randomIds(prng, 1);
  const right = symbolsOf(key, 30, [id]);
  const last = Array.from({ length: 30 }, (_, i) => i).findLast((i) => right.count(i) === 1) as number;
  lone.set(last, right.at(last));
  assertEquals(decodeDifference(lone), "wrong");
});

function union(a: readonly Uint8Array[], b: readonly Uint8Array[]): Uint8Array[] {
  return [...a, ...without(b, a)].sort(compare);
}

function without(a: readonly Uint8Array[], b: readonly Uint8Array[]): Uint8Array[] {
  const left = new Set(b.map(toHex));
  return a.filter((id) => !left.has(toHex(id)));
}
