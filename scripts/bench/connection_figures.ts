import { Child, type Line } from "../child.ts";
import { type Competitors, LIBP2P } from "./competitors.ts";
import type { Benchmark, Contender, Sample } from "./figure.ts";
import { BLOCK_BYTES, expectedDigest } from "./payload.ts";

const NET = ["--allow-net=127.0.0.1"];
const UNHASHED = "0".repeat(64);

type Start = (args: readonly string[]) => Child;

const startTcp: Start = (args) => Child.script("bench/raw_tcp.ts", NET, args);
const startKith: Start = (args) => Child.script("bench/kith_link.ts", NET, args);

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
  const startLibp2p: Start = (args) => competitors.libp2p(args);
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

/** Round trips of a small message between two processes. @param count of one repetition, after a tenth to warm up. */
export function roundTrip(competitors: Competitors, count: number): Benchmark {
  const contender = (name: string, does: string, start: Start): Contender => ({
    name,
    does,
    measure: () =>
      betweenTwo(start, ["serve", "echo"], ["echo"], [String(count), String(Math.ceil(count / 10))], (line) => ({
        p50: Number(line["p50"]),
        p99: Number(line["p99"]),
      })),
  });
  return {
    name: "round-trip",
    title: `${count} messages of 64 bytes there and back, one at a time, two processes`,
    columns: [{ name: "p50", unit: "µs", digits: 0 }, { name: "p99", unit: "µs", digits: 0 }],
    contenders: [
      contender("kith", "encrypted; host, turns and link as sync uses them", startKith),
      contender(LIBP2P, "encrypted (Noise, Yamux), one stream", (args) => competitors.libp2p(args)),
      contender("raw TCP", "plain", startTcp),
    ],
    goals: [
      { says: `kith's p50 below ${LIBP2P}'s`, reached: (median) => median("kith", "p50") < median(LIBP2P, "p50") },
      {
        says: "kith's p50 at most 4 × raw TCP's",
        reached: (median) => median("kith", "p50") <= 4 * median("raw TCP", "p50"),
      },
    ],
  };
}

/** Starts a server, then a client `[...before, ADDRESS, ...after]`, and reads the client's result. */
async function betweenTwo(
  start: Start,
  serve: readonly string[],
  before: readonly string[],
  after: readonly string[],
  read: (result: Line) => Sample,
): Promise<Sample> {
  const server = start(serve);
  try {
    const { address } = await server.line();
    const client = start([...before, String(address), ...after]);
    try {
      return read(await client.line());
    } finally {
      await client.kill();
    }
  } finally {
    await server.kill();
  }
}
