import { assert, assertEquals, assertMatch } from "@std/assert";
import { type CampaignOptions, runCampaign, type TriedPoint } from "./campaign.ts";
import { NO_STRACE } from "./strace.ts";

/** The calls that are tried here; `deno task torture` tries all. */
const CALLS = ["write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "unlink"];
/** Points tried at once: most of the time they wait for a process. */
const JOBS = 4;

/** Some points of a call, spread evenly: a quarter of the square root of their number. */
function spread(total: number): number[] {
  const count = Math.ceil(Math.sqrt(total) / 4);
  return Array.from({ length: count }, (_, i) => 1 + Math.floor((i + 0.5) * total / count));
}

async function hurt(options: Omit<CampaignOptions, "jobs">): Promise<TriedPoint[]> {
  const points = await runCampaign({ ...options, jobs: JOBS });
  const wrong = points.filter(({ losses, failures }) => losses.length + failures.length > 0);
  assertEquals(wrong, []);
  const struck = points.filter(({ struckAt }) => struckAt !== null);
  assert(struck.length > 0.8 * points.length, `${struck.length} of ${points.length} points were reached`);
  return struck;
}

for (
  const [scenario, does] of [
    ["create", "makes a home and writes to it"],
    ["reopen", "goes on after a kill"],
    ["upgrade", "brings a store to a new data version"],
    ["receive", "joins and receives a space"],
  ] as const
) {
  Deno.test({
    name: `a peer killed at a system call while it ${does} has lost nothing${NO_STRACE}`,
    ignore: NO_STRACE !== "",
    fn: async () => {
      const points = await hurt({ scenarios: [scenario], calls: CALLS, troubles: ["kill"], pick: spread });
      const files = new Set(points.map(({ struckAt }) => struckAt));
      for (const file of ["store.sqlite-wal", "store.sqlite-commits"]) {
        assert([...files].some((name) => name?.startsWith(file)), `a kill at ${file}: ${[...files].join(" ")}`);
      }
    },
  });
}

Deno.test({
  name: `what was acknowledged is on the disk, whatever a power cut takes of the rest${NO_STRACE}`,
  ignore: NO_STRACE !== "",
  fn: async () => {
    const calls = ["pwrite64", "fsync", "rename"];
    await hurt({ scenarios: ["create"], calls, troubles: ["cut"], pick: spread });
  },
});

Deno.test({
  name: `a disk that fails at a system call, or is full from there on, loses nothing and is told of${NO_STRACE}`,
  ignore: NO_STRACE !== "",
  fn: async () => {
    const middle = (total: number) => [Math.ceil(total / 2)];
    const calls = ["pwrite64", "fsync", "rename", "unlink"];
    const points = await hurt({ scenarios: ["create"], calls, troubles: ["eio", "full"], pick: middle });
    const toldAt = (trouble: string, call: string) => {
      const found = points.filter(({ fault, struckAt }) =>
        fault.trouble === trouble && fault.call === call && struckAt === "store.sqlite-wal"
      );
      assert(found.length > 0, `${trouble} at ${call}`);
      return found.map(({ told }) => told);
    };
    const failed = /The disk failed under the store .*store\.sqlite .*; check the disk, then start kith again\./;
    for (const told of toldAt("eio", "fsync")) assertMatch(told, failed);
    for (const told of toldAt("full", "pwrite64")) assertMatch(told, /The disk is full: .* free some space/);
  },
});
