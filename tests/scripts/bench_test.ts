import { assertEquals, assertThrows } from "@std/assert";
import { toHex } from "../../lib/base/bytes.ts";
import { type Benchmark, measure, percentile, summarise } from "../../scripts/bench/figure.ts";
import { BLOCK_BYTES, blocks, expectedDigest, Receiver } from "../../scripts/bench/payload.ts";
import { tableOf } from "../../scripts/bench/table.ts";
import { generatedLines } from "../../scripts/entries.ts";

Deno.test("bench: contenders take turns, and medians, ranges and goals follow from all repetitions", async () => {
  const order: string[] = [];
  const times: Record<string, number[]> = { ours: [3, 1, 2], theirs: [9, 8, 10] };
  const contender = (name: string) => ({
    name,
    does: "waits",
    measure: () => {
      order.push(name);
      return Promise.resolve({ time: times[name]?.shift() ?? NaN });
    },
  });
  const benchmark: Benchmark = {
    name: "wait",
    title: "waiting",
    columns: [{ name: "time", unit: "ms", digits: 0 }],
    contenders: [contender("ours"), contender("theirs")],
    goals: [
      { says: "a quarter", reached: (median) => 4 * median("ours", "time") <= median("theirs", "time") },
      { says: "a fifth", reached: (median) => 5 * median("ours", "time") <= median("theirs", "time") },
    ],
  };
  const figure = await measure(benchmark, 3, () => {});
  assertEquals(order, ["ours", "theirs", "ours", "theirs", "ours", "theirs"]);
  assertEquals(figure.rows.map(({ summaries }) => summaries["time"]), [
    { median: 2, min: 1, max: 3 },
    { median: 9, min: 8, max: 10 },
  ]);
  assertEquals(figure.goals, [{ says: "a quarter", reached: true }, { says: "a fifth", reached: false }]);
  assertEquals(tableOf(figure), [
    "wait: waiting",
    "           time (ms)   what it does",
    "  ours       2 (1–3)   waits",
    "  theirs    9 (8–10)   waits",
    "  reached  a quarter",
    "  MISSED   a fifth",
    "",
  ]);
});

Deno.test("bench: median and percentile of few numbers", () => {
  assertEquals(summarise([4, 1, 3, 2]), { median: 2.5, min: 1, max: 4 });
  assertEquals([percentile([1, 2, 3, 4], 0.5), percentile([1, 2, 3, 4], 0.99), percentile([1], 0)], [3, 4, 1]);
  assertThrows(() => summarise([]), Error, "nothing was measured");
});

Deno.test("bench: the receiver's digest tells a round that came in order from one that did not", () => {
  const [first, second] = blocks() as [Uint8Array, Uint8Array];
  const inOrder = new Receiver(2, true);
  assertEquals(inOrder.take(first), null);
  assertEquals(inOrder.take(second.subarray(0, 100)), null);
  assertEquals(toHex(inOrder.take(second.subarray(100)) ?? new Uint8Array()), expectedDigest(2));
  const swapped = new Receiver(2, true);
  swapped.take(second);
  assertEquals(toHex(swapped.take(first) ?? new Uint8Array()) === expectedDigest(2), false);
  assertThrows(() => swapped.take(new Uint8Array(2 * BLOCK_BYTES + 1)), Error, "more bytes");
});

Deno.test("bench: generated entries are the same each time, with values of 100 to 1000 bytes", () => {
  const lines = generatedLines(300);
  assertEquals(lines, generatedLines(300));
  const sizes = lines.map((line) => JSON.stringify(JSON.parse(line).json).length);
  assertEquals([Math.min(...sizes) >= 100, Math.max(...sizes) <= 1000, new Set(lines).size], [true, true, 300]);
});
