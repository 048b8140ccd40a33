import { assert } from "@std/assert";
import { runPartition, settledSpace } from "./partition.ts";
import { verifyOnce } from "./verify_once.ts";

/** About 0.1 s each: half of one of CI's 15 minutes on two idle cores. */
const SEEDS = 500;

Deno.test(`removals under partition: after ${SEEDS} of them all have the same members and the same digest`, () => {
  const spaces = [settledSpace(2), settledSpace(3)] as const;
  const verify = verifyOnce();
  const happened = { removals: 0, undone: 0, mutual: 0, forks: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) runPartition(seed, spaces[seed % 4 === 0 ? 1 : 0], verify, happened);
  for (const [what, count] of Object.entries(happened)) assert(count > SEEDS / 20, `${count} ${what}`);
});
