import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { toHex } from "../../lib/base/bytes.ts";
import { type Benchmark, measure, percentile, summarise, type Summary } from "../../scripts/bench/figure.ts";
import { sampleOf } from "../../scripts/bench/compare_figure.ts";
import { KithPair } from "../../scripts/bench/kith_pair.ts";
import type { Pair } from "../../scripts/bench/pair.ts";
import { BLOCK_BYTES, blocks, expectedDigest, Receiver } from "../../scripts/bench/payload.ts";
import { digestOf, entriesOf } from "../../scripts/bench/peers/entries.ts";
import { markdownOf, tableOf } from "../../scripts/bench/table.ts";
import { ToolPair } from "../../scripts/bench/tool_pair.ts";
import { Child } from "../../scripts/child.ts";
import { exportLine, generatedLines } from "../../scripts/entries.ts";

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

Deno.test("bench: Markdown has what was measured, what is known, and what each does", () => {
  const lines = markdownOf({
    name: "wait",
    title: "waiting",
    columns: [{ name: "rate", unit: "1/s", digits: 0 }],
    facts: ["signed"],
    rows: [
      row("ours", "yes", { rate: { median: 12345, min: 9999.6, max: 20000 } }),
      row("theirs", "no", {}),
    ],
    goals: [],
  });
  assertEquals(lines, [
    "|        | rate (1/s)             | signed |",
    "| ------ | ---------------------- | ------ |",
    "| ours   | 12,345 (10,000–20,000) | yes    |",
    "| theirs | –                      | no     |",
    "",
    "- ours: waits.",
    "- theirs: waits.",
  ]);
  function row(contender: string, signed: string, summaries: Record<string, Summary>) {
    return { contender, does: "waits", facts: { signed }, samples: [], summaries };
  }
});

Deno.test("bench: entries to compare with have 100 bytes, and their digest tells sets apart, not orders", () => {
  const entries = entriesOf(100);
  assertEquals(new Set(entries.map(([key]) => key)).size, 100);
  assertEquals([...new Set(entries.map(([key, value]) => key.length + value.length))], [100]);
  assertEquals(digestOf(entries.toReversed()), digestOf(entries));
  assertEquals(digestOf(entries.slice(1)) === digestOf(entries), false);
});

Deno.test("bench: a competitor's two processes sync, are measured, and what the second holds is checked", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "kith-test-" });
  try {
    const children: Child[] = [];
    const starter = (args: readonly string[]) => {
      const program = `${import.meta.dirname}/plain_tool.ts`;
      const run = ["run", "--quiet", "--no-prompt", "--allow-net=127.0.0.1", program, ...args];
      const child = new Child(Deno.execPath(), run, { listens: true });
      children.push(child);
      return child;
    };
    const pair = await ToolPair.start(starter, `${folder}/pair`, 5);
    await assertMeasured(pair, 5);
    await pair[Symbol.asyncDispose]();
    assertEquals(await Promise.all(children.map((child) => child.ended())), [137, 137], "processes are left");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("bench: two peers of kith are measured like a competitor's", async () => {
  const path = Deno.makeTempFileSync({ prefix: "kith-test-" });
  try {
    Deno.writeTextFileSync(path, entriesOf(5).map(([key, value]) => exportLine(key, value) + "\n").join(""));
    await using pair = await KithPair.start(path);
    await assertMeasured(pair, 5);
  } finally {
    Deno.removeSync(path);
  }
});

async function assertMeasured(pair: Pair, count: number): Promise<void> {
  const task = { count, digest: digestOf(entriesOf(count)), seen: 3, written: 3 };
  await assertRejects(() => sampleOf(pair, { ...task, digest: digestOf([]) }), Error, "does not hold");
  const sample = await sampleOf(pair, task);
  const names = ["first sync", "peak, first", "peak, second", "seen, p50", "seen, p99", "single writes"];
  assertEquals(Object.keys(sample).sort(), names);
  for (const name of names) assertEquals([name, Number.isFinite(sample[name])], [name, true]);
}
