import { canPin, Child, type ChildOptions, type Line } from "../child.ts";
import { type Competitors, LIBP2P } from "./competitors.ts";
import type { Benchmark, Contender, Sample } from "./figure.ts";
import { BLOCK_BYTES, expectedDigest } from "./payload.ts";

const NET = ["--allow-net=127.0.0.1"];
const ONE_CORE = "p50, one core";
const TWO_CORES = "p50, two cores";
const UNHASHED = "0".repeat(64);

type Start = (args: readonly string[], options?: ChildOptions) => Child;

/** The cores of the server and of the client; null: as the system has it. */
type Cores = readonly [number, number] | null;

const startTcp: Start = (args, options) => Child.script("bench/raw_tcp.ts", NET, args, options);
const startKith: Start = (args, options) => Child.script("bench/kith_link.ts", NET, args, options);

/** Bytes a second over one connection of two processes. @param megabytes sent in one repetition, after as many. */
export function bulk(competitors: Competitors, megabytes: number): Benchmark {
  const count = Math.max(1, Math.round(megabytes * 1e6 / BLOCK_BYTES));
  const hashed = expectedDigest(count);
  const contender = (name: string, does: string, start: Start, task: string, digest: string): Contender => ({
    name,
    does,
    measure: () =>
      betweenTwo(start, ["serve", task, String(count)], ["bulk"], [String(count)], (result) => {
        if (result["digest"] !== digest) throw new Error(`${name}: the receiver's hash is wrong`);
        return { rate: count * BLOCK_BYTES / Number(result["seconds"]) / 1e6 };
      }),
  });
  const startLibp2p: Start = (args, options) => competitors.libp2p(args, options);
  return {
    name: "bulk",
    title: `${Math.round(count * BLOCK_BYTES / 1e6)} MB over one connection, two processes, ${
      BLOCK_BYTES / 1024
    } KiB a write`,
    columns: [{ name: "rate", unit: "MB/s", digits: 0 }],
    contenders: [
      contender(
        "kith",
        "encrypted, hashed by the receiver; host, turns and link as sync uses them",
        startKith,
        "bulk",
        hashed,
      ),
      contender(LIBP2P, "encrypted (Noise, Yamux), hashed by the receiver", startLibp2p, "bulk", hashed),
      contender("raw TCP, hashed", "plain, hashed by the receiver", startTcp, "hashed", hashed),
      contender("raw TCP", "plain, only counted", startTcp, "bulk", UNHASHED),
    ],
    goals: [
      {
        says: `kith at least 2 × ${LIBP2P}`,
        reached: (median) => median("kith", "rate") >= 2 * median(LIBP2P, "rate"),
      },
      {
        says: "kith at least 0.15 × raw TCP",
        reached: (median) => median("kith", "rate") >= 0.15 * median("raw TCP", "rate"),
      },
    ],
  };
}

/**
 * Round trips of a small message between two processes: placed as the system likes, on one core, and on two. Where it
 * places them changes from run to run, and decides whether each message finds a core asleep, which can cost more than
 * all that the programs do. On one core none ever sleeps, and what is measured is the programs' work.
 *
 * @param count of one repetition, after a tenth to warm up.
 */
export function roundTrip(competitors: Competitors, count: number): Benchmark {
  const pins = canPin();
  const contender = (name: string, does: string, start: Start): Contender => {
    const run = (cores: Cores) => {
      const after = [String(count), String(Math.ceil(count / 10))];
      return betweenTwo(start, ["serve", "echo"], ["echo"], after, (line) => ({
        p50: Number(line["p50"]),
        p99: Number(line["p99"]),
      }), cores);
    };
    const measure = async () => {
      const sample = await run(null);
      if (!pins) return sample;
      return {
        ...sample,
        [ONE_CORE]: (await run([0, 0]))["p50"] ?? NaN,
        [TWO_CORES]: (await run([0, 1]))["p50"] ?? NaN,
      };
    };
    return { name, does, measure };
  };
  const pinned = pins ? [ONE_CORE, TWO_CORES] : [];
  return {
    name: "round-trip",
    title: `${count} messages of 64 bytes there and back, one at a time, two processes`,
    columns: ["p50", "p99", ...pinned].map((name) => ({ name, unit: "µs", digits: 0 })),
    contenders: [
      contender("kith", "encrypted; host, turns and link as sync uses them", startKith),
      contender(LIBP2P, "encrypted (Noise, Yamux), one stream", (args, options) => competitors.libp2p(args, options)),
      contender("raw TCP", "plain", startTcp),
    ],
    goals: ["p50", ...pinned].flatMap((column) => [
      {
        says: `kith's ${column} below ${LIBP2P}'s`,
        reached: (median) => median("kith", column) < median(LIBP2P, column),
      },
      {
        says: `kith's ${column} at most 4 × raw TCP's`,
        reached: (median) => median("kith", column) <= 4 * median("raw TCP", column),
      },
    ]),
  };
}

/** Starts a server, then a client `[...before, ADDRESS, ...after]`, and reads the client's result. */
async function betweenTwo(
  start: Start,
  serve: readonly string[],
  before: readonly string[],
  after: readonly string[],
  read: (result: Line) => Sample,
  cores: Cores = null,
): Promise<Sample> {
  const server = start(serve, cores === null ? {} : { core: cores[0] });
  try {
    const { address } = await server.line();
    const client = start([...before, String(address), ...after], cores === null ? {} : { core: cores[1] });
    try {
      return read(await client.line());
    } finally {
      await client.kill();
    }
  } finally {
    await server.kill();
  }
}
