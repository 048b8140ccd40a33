import { parseArgs } from "@std/cli/parse-args";
import { measureCrowd } from "./crowd/measure.ts";

/**
 * Runs a crowd of real peers in one space on this machine, and prints what it costs and how fast it is; fails where
 * anything that was written is not held by all.
 *
 * Usage: crowd.ts [--peers N] [--seen N] [--writes N] [--writers N]. Default: 50 peers, 50 timed writes, then 1,000 writes
 * by ten of them. The last line is an object with all figures. KITH_EXE names the program under test, as in the tests.
 */
const flags = parseArgs(Deno.args, {
  string: ["peers", "seen", "writes", "writers"],
  default: { peers: "50", seen: "50", writes: "1000", writers: "10" },
});
const size = {
  peers: Number(flags.peers),
  seen: Number(flags.seen),
  writes: Number(flags.writes),
  writers: Number(flags.writers),
};
console.log(JSON.stringify(await measureCrowd(size, (line) => console.log(line))));
