import { assertEquals } from "@std/assert";
import { MAX_KEPT_POSTS_BYTES, MAX_SEEN_BATCHES } from "../../lib/base/limits.ts";
import type { Connection } from "../../lib/peer/links.ts";
import { Spread } from "../../lib/peer/spread.ts";

const NOW = { monotonicMs: 0, wallMs: 0 };
const link = (number: number) => ({ number }) as Connection;
const LINKS = [1, 2, 3, 4].map(link);

function batch(sizeBytes = 10) {
  const message = { type: "posts", batch: new Uint8Array(sizeBytes), signature: new Uint8Array(64) } as const;
  return { message, posts: 1 };
}

/** Spread over links of which some are of a tree, which sends at once to a few of them. */
function spreadOver(tree: number[], atOnce: number[]) {
  const useless: number[] = [];
  const spread = new Spread({
    has: (number) => tree.includes(number),
    spread: () => new Set(atOnce),
    useless: (number) => useless.push(number),
  });
  return { spread, useless };
}

Deno.test("without a tree a batch goes on to all but who sent it, and is not kept", () => {
  const { spread } = spreadOver([], []);
  assertEquals(spread.onward("m", batch(), LINKS, LINKS[1]!, NOW), [1, 3, 4].map(link));
  assertEquals(spread.onward("n", batch(), LINKS, null, NOW), LINKS);
  assertEquals(spread.kept("m"), null);
});

Deno.test("on a tree it goes to those that the tree says and to links that are none of it, and is kept for the others", () => {
  const { spread } = spreadOver([1, 2, 3], [3]);
  const made = batch();
  assertEquals(spread.onward("m", made, LINKS, LINKS[0]!, NOW), [3, 4].map(link));
  assertEquals(spread.kept("m"), made);
});

Deno.test("what was seen is useless the next time", () => {
  const { spread, useless } = spreadOver([1], []);
  assertEquals(spread.isNew("m", link(1)), true);
  spread.seen("m");
  assertEquals([spread.isNew("m", link(2)), spread.isSeen("m"), useless], [false, true, [2]]);
});

Deno.test("no more is kept than its bound, the latest", () => {
  const { spread } = spreadOver([1], []);
  const size = 60_000;
  const count = Math.floor(MAX_KEPT_POSTS_BYTES / size) + 2;
  for (let i = 0; i < count; i++) spread.onward(`m${i}`, batch(size), LINKS, null, NOW);
  const kept = Array.from({ length: count }, (_, i) => spread.kept(`m${i}`) !== null);
  assertEquals(kept.filter((is) => is).length, count - 2);
  assertEquals([kept[0], kept.at(-1)], [false, true]);
});

Deno.test("posts: what was seen is remembered for long, but not for ever", () => {
  const { spread } = spreadOver([], []);
  spread.seen("first");
  assertEquals([spread.isNew("first", link(1)), spread.isNew("second", link(1))], [false, true]);
  for (let i = 0; i < MAX_SEEN_BATCHES / 2; i++) spread.seen(`b${i}`);
  assertEquals(spread.isNew("first", link(1)), false);
  for (let i = 0; i < MAX_SEEN_BATCHES; i++) spread.seen(`c${i}`);
  assertEquals(spread.isNew("first", link(1)), true);
});
