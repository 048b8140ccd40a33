import { assertEquals } from "@std/assert";
import {
  cutToWidth,
  formatAge,
  formatCount,
  formatDuration,
  formatName,
  formatNumber,
  formatPath,
  formatSize,
  formatTable,
  shortId,
} from "../../lib/cli/format.ts";
import { progressLine } from "../../lib/cli/progress.ts";

Deno.test("sizes, numbers and times are for people", () => {
  assertEquals([0, 1023, 1024, 1536, 150 * 1024, 3 * 1024 ** 3].map(formatSize), [
    "0 B",
    "1023 B",
    "1.0 KiB",
    "1.5 KiB",
    "150 KiB",
    "3.0 GiB",
  ]);
  assertEquals([0, 999, 1000, 63666, 1234567].map(formatNumber), ["0", "999", "1,000", "63,666", "1,234,567"]);
  assertEquals([formatCount(1, "member"), formatCount(2000, "member")], ["1 member", "2,000 members"]);
  assertEquals([0.42, 42, 12_000, 150_000, 86_400_000, 8 * 86_400_000].map(formatDuration), [
    "0.4 ms",
    "42 ms",
    "12 s",
    "3 min",
    "24 h",
    "8 d",
  ]);
  assertEquals(formatAge(1000, 61_000), "60 s ago");
  assertEquals(formatAge(90_000, 60_000), "in 30 s");
});

Deno.test("a long name or cell hides nothing behind it, and neither does an id", () => {
  assertEquals(formatName("otter-7f2k"), "otter-7f2k");
  assertEquals(formatName("x".repeat(64)), "x".repeat(31) + "…");
  assertEquals(formatName("\u202e".repeat(21)).length, 32);
  const [long, short] = formatTable([["\u202e".repeat(100), "b", "c"], ["k".repeat(48), "b", "c"]], 80) as [
    string,
    string,
  ];
  assertEquals(long.slice(48), "  b  c");
  assertEquals(short, `${"k".repeat(48)}  b  c`);
  assertEquals(formatTable([["k".repeat(60), "b"]])[0], `${"k".repeat(60)}  b`);
  assertEquals(shortId("\x1b]0;abcdef"), "\\x1b]0;abcd");
});

Deno.test("paths below the user's folder are shortened, others are not", () => {
  assertEquals(formatPath("/home/me/.local/share/kith", "/home/me"), "~/.local/share/kith");
  assertEquals(formatPath("/home/meadow", "/home/me"), "/home/meadow");
  assertEquals(formatPath("/srv/kith", undefined), "/srv/kith");
});

Deno.test("tables align by columns, escape cells, and end where the terminal does", () => {
  assertEquals(formatTable([["a", "b"], ["家家", "x\x1b"]]), ["a     b", "家家  x\\x1b"]);
  assertEquals(formatTable([["key", "v".repeat(40)]], 20), [`key  ${"v".repeat(14)}…`]);
  assertEquals(cutToWidth("家家家", 5), "家家…");
  assertEquals(cutToWidth("abc", 3), "abc");
});

Deno.test("a progress line shows how far, how much, how fast and how long", () => {
  assertEquals(
    progressLine("importing", 0.5, 12_000, "entries", 3000),
    "importing  [############            ]   50%  12,000 entries  4,000/s  3 s left".replace("   50%", "   50%"),
  );
  assertEquals(progressLine("receiving", null, 7, "operations", 10), "receiving  7 operations");
  assertEquals(progressLine("x", 7, 1, "n", 1), `x  [${"#".repeat(24)}]  100%  1 n`);
});
