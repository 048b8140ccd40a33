import { exportLine } from "../entries.ts";
import { type Benchmark, type Contender, type Sample } from "./figure.ts";
import { KithPair } from "./kith_pair.ts";
import { type NodeCompetitors, type ToolName, versionOf } from "./node_competitors.ts";
import type { Pair } from "./pair.ts";
import { digestOf, entriesOf } from "./peers/entries.ts";
import { ToolPair } from "./tool_pair.ts";

/** What is known of each from its documentation; of what is durable, from its system calls. */
const FACTS = ["entries", "encrypted", "durable", "signed", "conflicts kept", "LAN, no server"] as const;

/** Writes that the second is shown before those that are measured. */
const SEEN_WARM_UP = 20;

/** A contender, and how many entries it can bear in some seconds. */
interface Described {
  readonly name: string;
  readonly entries: number;
  readonly does: string;
  readonly facts: Readonly<Record<Exclude<typeof FACTS[number], "entries">, string>>;
}

const KITH: Described = {
  name: "kith",
  entries: 100_000,
  does: "signed, encrypted, verified; on the disk (fsync) before a write is acknowledged or sent. Writes come from, " +
    "and are watched by, a third process over the control sockets",
  facts: {
    "encrypted": "yes",
    "durable": "yes",
    "signed": "yes",
    "conflicts kept": "yes, listed",
    "LAN, no server": "yes",
  },
};

const TOOLS: Readonly<Record<ToolName, Described>> = {
  yjs: {
    name: "Yjs",
    entries: 100_000,
    does:
      "a Y.Map over y-websocket. The first peer is its server and holds all in memory (y-leveldb can be added); of " +
      "two concurrent values of a key, one is discarded",
    facts: {
      "encrypted": "no",
      "durable": "memory only",
      "signed": "no",
      "conflicts kept": "no",
      "LAN, no server": "one is the server",
    },
  },
  hyperbee: {
    name: "Hyperbee",
    entries: 50_000,
    does:
      "a B-tree upon Hypercore, over its Noise stream on TCP, RocksDB on both sides, no fsync per write. A tree has " +
      "one writer, so there are no conflicts; Hyperswarm, which finds peers, needs bootstrap nodes",
    facts: {
      "encrypted": "yes",
      "durable": "no fsync",
      "signed": "yes",
      "conflicts kept": "one writer",
      "LAN, no server": "yes, by address",
    },
  },
  orbitdb: {
    name: "OrbitDB",
    entries: 2000,
    does:
      "its `keyvalue` upon Helia, over libp2p with Noise, LevelDB on both sides, no fsync per write. The log keeps " +
      "concurrent entries, the key-value view shows the last and lists none; Helia finds peers by mDNS",
    facts: {
      "encrypted": "yes",
      "durable": "no fsync",
      "signed": "yes",
      "conflicts kept": "in the log",
      "LAN, no server": "yes",
    },
  },
  pouchdb: {
    name: "PouchDB",
    entries: 20_000,
    does:
      "over HTTP from express-pouchdb in batches of 1000, LevelDB on both sides, no fsync per write. Conflicts are " +
      "kept as revisions and listed for each document",
    facts: {
      "encrypted": "no",
      "durable": "no fsync",
      "signed": "no",
      "conflicts kept": "yes, listed",
      "LAN, no server": "one is the server",
    },
  },
  automerge: {
    name: "Automerge-repo",
    entries: 20_000,
    does: "one document over WebSocket, files on both sides, flushed after each single write but without fsync. It " +
      "gathers changes for 100 ms before it sends them; getConflicts lists the values of a key",
    facts: {
      "encrypted": "no",
      "durable": "no fsync",
      "signed": "no",
      "conflicts kept": "yes, listed",
      "LAN, no server": "one is the server",
    },
  },
};

/**
 * kith beside other tools for data that is shared between peers, each at a size that it can bear: first sync, writes
 * one after the other, and how soon the other side sees one.
 *
 * @param scale how much of it, as a part of the default.
 */
export function compare(competitors: NodeCompetitors, folder: string, scale: number): Benchmark {
  const scaled = (count: number) => Math.max(2, Math.ceil(count * scale));
  const [seen, written] = [scaled(200), scaled(1000)];
  const contender = (described: Described, start: (count: number) => Promise<Pair>): Contender => {
    const count = scaled(described.entries);
    const digest = digestOf(entriesOf(count));
    return {
      name: described.name,
      does: described.does,
      facts: { ...described.facts, entries: count.toLocaleString("en") },
      measure: async () => {
        await using pair = await start(count);
        return await sampleOf(pair, { count, digest, seen, written });
      },
    };
  };
  let runs = 0;
  const tools = Object.entries(TOOLS).map(([tool, described]) => {
    const name = tool as ToolName;
    return contender({ ...described, name: `${described.name} ${versionOf(name)}` }, (count) => {
      return ToolPair.start((args) => competitors.start(name, args), `${folder}/${name}-${++runs}`, count);
    });
  });
  const lines = `${folder}/compare.ndjson`;
  const kith = contender(KITH, async (count) => {
    const text = entriesOf(count).map(([key, value]) => exportLine(key, value) + "\n").join("");
    await Deno.writeTextFile(lines, text);
    return await KithPair.start(lines);
  });
  return {
    name: "compare",
    title: `entries of 100 bytes, two processes on one machine; ${written} writes, ${seen} seen on the other side`,
    columns: [
      { name: "first sync", unit: "entries/s", digits: 0 },
      { name: "peak, first", unit: "MB", digits: 0 },
      { name: "peak, second", unit: "MB", digits: 0 },
      { name: "single writes", unit: "1/s", digits: 0 },
      { name: "seen, p50", unit: "ms", digits: 1 },
      { name: "seen, p99", unit: "ms", digits: 1 },
    ],
    facts: FACTS,
    contenders: [kith, ...tools],
    goals: [],
  };
}

/** What a pair is measured with. */
interface Task {
  readonly count: number;
  readonly digest: string;
  readonly seen: number;
  readonly written: number;
}

/** Measures a pair. @throws {Error} where the second does not hold exactly what the first was given. */
export async function sampleOf(pair: Pair, { count, digest, seen, written }: Task): Promise<Sample> {
  if (pair.digest !== digest) throw new Error("the second does not hold what the first was given");
  const { p50 = NaN, p99 = NaN } = await pair.seen(seen, SEEN_WARM_UP);
  const [peakFirst, peakSecond] = pair.peaksMb();
  return {
    "first sync": count / pair.syncSeconds,
    "peak, first": peakFirst,
    "peak, second": peakSecond,
    "seen, p50": p50,
    "seen, p99": p99,
    "single writes": written / await pair.writeSeconds(written),
  };
}
