import { arrivals, type Made } from "./arrivals.ts";
import { Crowd, type CrowdPeer, put, untilAlike } from "./crowd.ts";

/** How large a crowd is, and what it does. */
export interface CrowdSize {
  readonly peers: number;
  /** Writes one after the other, each at another peer, whose arrival is timed; and as many messages. */
  readonly seen: number;
  /** Writes at once, and how many of the peers make them. */
  readonly writes: number;
  readonly writers: number;
}

/** What was seen of a crowd. Times in seconds or ms as named, memory in MB. */
export interface CrowdFigures extends CrowdSize {
  readonly gatheredSeconds: number;
  /** Proportional and resident memory of a process; NaN where the system does not tell. */
  readonly pssMb: { readonly median: number; readonly max: number };
  readonly rssMb: { readonly median: number; readonly max: number };
  /** From before a write until one other peer's watcher has it, and until the last one's has. */
  readonly seenMs: { readonly p50: number; readonly p99: number };
  readonly seenByAllMs: { readonly p50: number; readonly p99: number };
  /** The same of messages on a topic, and how often one did not come to somebody. */
  readonly readMs: { readonly p50: number; readonly p99: number };
  readonly readByAllMs: { readonly p50: number; readonly p99: number };
  readonly missed: number;
  readonly convergedSeconds: number;
  readonly killed: number;
  /** From the kill until what each of the others wrote then is held by all of them. */
  readonly wentOnSeconds: number;
}

/** Gathers a crowd, has it do all that, and checks what it holds. @throws {Error} where something is not as it has to be. */
export async function measureCrowd(size: CrowdSize, tell: (line: string) => void): Promise<CrowdFigures> {
  const { peers: count, seen, writes, writers } = size;
  const { crowd, seconds: gatheredSeconds } = await Crowd.gather(count);
  await using _crowd = crowd;
  tell(`${count} peers are members after ${gatheredSeconds.toFixed(1)} s`);
  const memory = await Promise.all(crowd.peers.map(({ process }) => memoryMb(process.pid)));
  const pssMb = spread(memory.map(({ pss }) => pss));
  const rssMb = spread(memory.map(({ rss }) => rss));
  tell(`memory: ${pssMb.median.toFixed(0)} MB each (proportional), ${rssMb.median.toFixed(0)} MB resident`);

  const expected = new Map<string, string>();
  const written = await arrivals(crowd.peers, seen, writesTo(expected));
  if (written.missed > 0) throw new Error(`${written.missed} times a write was not told of in time`);
  const [seenMs, seenByAllMs] = [percentiles(written.one), percentiles(written.all)];
  tell(`a write is seen by another after ${text(seenMs)}, by all after ${text(seenByAllMs)}`);
  const sent = await arrivals(crowd.peers, seen, MESSAGES);
  const [readMs, readByAllMs, { missed }] = [percentiles(sent.one), percentiles(sent.all), sent];
  tell(`a message is read by another after ${text(readMs)}, by all after ${text(readByAllMs)}`);
  const came = sent.one.length;
  tell(
    `${seen} messages, each to ${count - 1} readers: ${came} came, ${
      missed === 0 ? "none missed" : `${missed} MISSED`
    }`,
  );

  const convergedSeconds = await writeAtOnce(crowd.peers, writes, writers, expected);
  await check(crowd.peers, expected);
  tell(
    `${writes} writes by ${writers} are everywhere after ${convergedSeconds.toFixed(1)} s: ${
      heldText(count, expected)
    }`,
  );

  const chosen = crowd.peers.filter((_, index) => index % 2 === 0);
  const startMs = performance.now();
  const left = await crowd.kill(chosen);
  await Promise.all(left.map(async (peer) => {
    expected.set(`after/${peer.name}`, peer.name);
    await put(peer, `after/${peer.name}`, peer.name);
  }));
  await untilAlike(left, expected.size);
  const wentOnSeconds = (performance.now() - startMs) / 1000;
  await check(left, expected);
  tell(
    `${chosen.length} are killed at once; what each of the others writes then is everywhere after ` +
      `${wentOnSeconds.toFixed(1)} s: ${heldText(left.length, expected)}`,
  );
  return {
    ...{ ...size, gatheredSeconds, pssMb, rssMb, seenMs, seenByAllMs, readMs, readByAllMs, missed },
    ...{ convergedSeconds, killed: chosen.length, wentOnSeconds },
  };
}

function writesTo(expected: Map<string, string>): Made {
  return {
    path: "/v1/watch?prefix=seen/",
    begins: "watching",
    async make(peer, name) {
      expected.set(`seen/${name}`, peer.name);
      await put(peer, `seen/${name}`, peer.name);
    },
    nameOf: ({ event, key }) => event === "put" ? String(key).slice("seen/".length) : null,
  };
}

const MESSAGES: Made = {
  path: "/v1/messages?topic=crowd",
  begins: "subscribed",
  async make({ client }, name) {
    await client.object("POST", "/v1/messages", { query: { topic: "crowd" }, body: new TextEncoder().encode(name) });
  },
  nameOf: ({ event, text }) => event === "message" ? String(text) : null,
};

/** What `check` has found. */
function heldText(peers: number, { size }: ReadonlyMap<string, string>): string {
  return `all ${peers} hold the same ${size} entries by their digests, none is lost`;
}

/** Writes many keys at once at some of the peers. @returns how long it took until all peers hold them. */
async function writeAtOnce(
  peers: readonly CrowdPeer[],
  writes: number,
  writers: number,
  expected: Map<string, string>,
): Promise<number> {
  const startMs = performance.now();
  await Promise.all(
    peers.slice(0, writers).map(async (peer, index) => {
      for (let i = index; i < writes; i += writers) {
        expected.set(`many/${i}`, `${i} of ${peer.name}`);
        await put(peer, `many/${i}`, `${i} of ${peer.name}`);
      }
    }),
  );
  await untilAlike(peers, expected.size);
  return (performance.now() - startMs) / 1000;
}

/** Whether some of the peers hold exactly what was written; by the digest the others do then too. */
async function check(peers: readonly CrowdPeer[], expected: ReadonlyMap<string, string>): Promise<void> {
  for (const peer of [peers[0], peers[peers.length >> 1], peers.at(-1)]) {
    if (peer === undefined) continue;
    const held = new Map<string, string>();
    for await (const { key, text } of peer.client.objects("GET", "/v1/export")) held.set(String(key), String(text));
    for (const [key, text] of expected) {
      if (held.get(key) !== text) throw new Error(`${peer.name} holds ${held.get(key)} at ${key}, not ${text}`);
    }
    if (held.size !== expected.size) throw new Error(`${peer.name} holds ${held.size} keys, not ${expected.size}`);
  }
}

async function memoryMb(pid: number): Promise<{ readonly pss: number; readonly rss: number }> {
  if (Deno.build.os !== "linux") return { pss: NaN, rss: NaN };
  // By a command, since Deno itself reads /proc only with every permission.
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${pid}/smaps_rollup`] }).output();
  const lines = new TextDecoder().decode(stdout);
  const mb = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB`, "m").exec(lines)?.[1]) * 1024 / 1e6;
  return { pss: mb("Pss"), rss: mb("Rss") };
}

function spread(values: readonly number[]): { readonly median: number; readonly max: number } {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: sorted[sorted.length >> 1] as number, max: sorted.at(-1) as number };
}

function percentiles(values: readonly number[]): { readonly p50: number; readonly p99: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number;
  return { p50: at(0.5), p99: at(0.99) };
}

function text({ p50, p99 }: { readonly p50: number; readonly p99: number }): string {
  return `${p50.toFixed(0)} ms (p50) and ${p99.toFixed(0)} ms (p99)`;
}
