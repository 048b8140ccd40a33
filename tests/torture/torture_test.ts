import { assert, assertEquals, assertMatch } from "@std/assert";
import { type CampaignOptions, runCampaign, type TriedPoint } from "./campaign.ts";
import { type Files, NO_STRACE } from "./strace.ts";

/** The calls that are tried here; `deno task torture` tries all. */
const CALLS = ["write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "unlink"];
/** Those of what is rarely done, which takes longer. */
const FEW_CALLS = ["pwrite64", "fsync", "rename"];
/** Files at which each scenario is hurt. */
const FILES: Readonly<Record<string, readonly string[]>> = {
  create: ["store.sqlite-wal", "store.sqlite-commits"],
  reopen: ["store.sqlite-wal", "store.sqlite-commits"],
  upgrade: ["store.sqlite-wal", "store.sqlite-commits"],
  receive: ["store.sqlite-wal", "store.sqlite-commits"],
};
const FILES_OF_FEW: Readonly<Record<string, readonly string[]>> = {
  backup: ["store.sqlite-wal"],
  restore: ["store.sqlite.draft", "config.json.next"],
  mend: ["store.sqlite-wal"],
  salvage: ["store.sqlite.draft"],
  compact: ["store.sqlite-wal"],
};
/** Points tried at once: most of the time they wait for a process. */
const JOBS = 6;

/**
 * Some points of a call, spread evenly: an eighth of the square root of their number. Of the commit counter the first: how
 * often that is written depends on how long it all takes.
 */
function spread(total: number, files: Files): number[] {
  if (files === "counter") return [1];
  const count = Math.ceil(Math.sqrt(total) / 8);
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
  const [does, calls, filesOf] of [
    ["is made, goes on, is brought to a new data version, or joins", CALLS, FILES],
    ["is backed up, restored, mended, made anew, or lets old history go", FEW_CALLS, FILES_OF_FEW],
  ] as const
) {
  Deno.test({
    name: `a peer killed at a system call while it ${does} has lost nothing${NO_STRACE}`,
    ignore: NO_STRACE !== "",
    fn: async () => {
      const points = await hurt({ scenarios: Object.keys(filesOf), calls, troubles: ["kill"], pick: spread });
      for (const [scenario, files] of Object.entries(filesOf)) {
        const struck = points.filter((point) => point.scenario === scenario).map(({ struckAt }) => struckAt);
        for (const file of files) {
          assert(struck.some((name) => name?.startsWith(file)), `${scenario}: a kill at ${file}: ${struck.join(" ")}`);
        }
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
    const middle = (total: number, files: Files) => [files === "counter" ? 1 : Math.ceil(total / 2)];
    const calls = ["pwrite64", "fsync", "rename", "unlink"];
    const points = await hurt({ scenarios: ["create"], calls, troubles: ["eio", "full"], pick: middle });
    const toldAt = (trouble: string, call: string) => {
      const found = points.filter(({ fault, struckAt }) =>
        fault.trouble === trouble && fault.call === call && /^store\.sqlite(-wal)?$/.test(struckAt ?? "")
      );
      assert(found.length > 0, `${trouble} at ${call}`);
      return found.map(({ told }) => told);
    };
    // A slow run is idle in between: then the call may be one of the checkpoint, which is tried again later.
    const isOfCheckpoint = (told: string, code: string) => told === `logged: checkpoint_failed (${code})`;
    const failed = /The disk failed under the store .*store\.sqlite .*; check the disk, then start kith again\./;
    for (const told of toldAt("eio", "fsync")) if (!isOfCheckpoint(told, "store_io")) assertMatch(told, failed);
    const full = /The disk is full: .* free some space/;
    for (const told of toldAt("full", "pwrite64")) if (!isOfCheckpoint(told, "store_full")) assertMatch(told, full);
  },
});

Deno.test({
  name:
    `a disk that fails, or is full, under a store that is made anew leaves the damaged one in its place${NO_STRACE}`,
  ignore: NO_STRACE !== "",
  fn: async () => {
    // Somewhere there the new one's log is moved into its file.
    const pick = (total: number) => [0.62, 0.68].map((part) => Math.ceil(part * total));
    const points = await hurt({ scenarios: ["salvage"], calls: ["pwrite64"], troubles: ["eio", "full"], pick });
    assert(points.some(({ struckAt }) => struckAt === "store.sqlite.draft"));
  },
});
