import { Machine } from "../../tests/e2e/kith.ts";
import { Child, residentMb } from "../child.ts";
import { runtimeFlags } from "../flags.ts";
import { type Competitors, LIBP2P } from "./competitors.ts";
import type { Benchmark, Contender } from "./figure.ts";

const KITH = "kith";
/** How often, and after what pause, memory is looked at: garbage is let go in between, and the least counts. */
const LOOKS = 4;
const LOOK_EVERY_MS = 3000;
/** Links that are tried beyond the limit. */
const BEYOND = 20;
/** What a peer keeps of its links for those that it dials itself. */
const KEPT_FOR_DIALS = 12;

/** What an authenticated link that does nothing costs the peer that is dialled. @param count of links. */
export function idle(competitors: Competitors, count: number): Benchmark {
  const measure = async (pid: number, open: () => Promise<Child>) => {
    const before = await leastMb(pid);
    const client = await open();
    const after = await leastMb(pid);
    return { client, sample: { before, after, "a link": (after - before) * 1000 / count } };
  };
  return {
    name: "idle",
    title: `${count} authenticated idle links on one peer, resident memory of its process`,
    columns: [
      { name: "before", unit: "MB", digits: 1 },
      { name: "after", unit: "MB", digits: 1 },
      { name: "a link", unit: "kB", digits: 1 },
      { name: "refused beyond the limit", unit: `of ${BEYOND}`, digits: 0 },
    ],
    contenders: [
      {
        name: KITH,
        does: "a running peer with its store; each link proven to be a member's, with its keepalive",
        measure: () =>
          withPeer(count + KEPT_FOR_DIALS, async ({ pid, address, home }) => {
            const { client, sample } = await measure(pid, async () => {
              const client = linkClient(["idle", address, home, String(count), String(BEYOND)]);
              await client.lineWith("open", count);
              return client;
            });
            const { refused, reasons } = await client.line();
            await client.kill();
            if (reasons !== "too_many_links") throw new Error(`refused for ${reasons}, not for too_many_links`);
            return { ...sample, "refused beyond the limit": Number(refused) };
          }),
      },
      {
        name: LIBP2P,
        does: "a node (TCP, Noise, Yamux) with nothing else, and its connection monitor",
        measure: () =>
          withLibp2p(competitors, async (server, address) => {
            const { client, sample } = await measure(server.pid, async () => {
              const client = competitors.libp2p(["idle", address, String(count)], { listens: true });
              await client.lineWith("open", count);
              return client;
            });
            await client.tell("count");
            const { open } = await client.line();
            await client.kill();
            if (open !== count) throw new Error(`only ${open} connections were left`);
            return sample;
          }),
      },
    ],
    goals: [
      { says: "kith at most 60 kB a link", reached: (median) => median(KITH, "a link") <= 60 },
      {
        says: `kith's link at most ${LIBP2P}'s`,
        reached: (median) => median(KITH, "a link") <= median(LIBP2P, "a link"),
      },
      {
        says: "kith refuses all beyond its limit, with the reason",
        reached: (median) => median(KITH, "refused beyond the limit") === BEYOND,
      },
    ],
  };
}

/** Connections with their handshakes, eight at a time, between two processes. @param count of one repetition. */
export function handshakes(competitors: Competitors, count: number): Benchmark {
  const warmUp = Math.ceil(count / 10);
  const contender = (name: string, does: string, seconds: () => Promise<unknown>): Contender => ({
    name,
    does,
    measure: async () => ({ rate: count / Number(await seconds()) }),
  });
  const args = [String(count), String(warmUp)];
  const secondsOf = async (client: Child) => {
    const { seconds } = await client.line();
    await client.kill();
    return seconds;
  };
  return {
    name: "handshakes",
    title: `${count} connections with their handshakes, one after the other in eight rows, two processes`,
    columns: [{ name: "rate", unit: "1/s", digits: 0 }],
    contenders: [
      contender(
        KITH,
        "TCP, Noise XX with signed keys, the proof of the space, and the first message of the running peer",
        () => withPeer(64, ({ address, home }) => secondsOf(linkClient(["handshakes", address, home, ...args]))),
      ),
      contender(
        LIBP2P,
        "TCP, Noise XX with signed keys, and Yamux negotiated",
        () =>
          withLibp2p(
            competitors,
            (_server, address) => secondsOf(competitors.libp2p(["handshakes", address, ...args])),
          ),
      ),
    ],
    goals: [{ says: `kith at least ${LIBP2P}`, reached: (median) => median(KITH, "rate") >= median(LIBP2P, "rate") }],
  };
}

interface Running {
  readonly pid: number;
  readonly address: string;
  /** The folder of a member's home, which does not run. */
  readonly home: string;
}

/** Runs a peer that may have so many links, with another member that does not run. */
async function withPeer<T>(maxLinks: number, run: (peer: Running) => Promise<T>): Promise<T> {
  await using machine = new Machine();
  const [a, b] = [machine.home("a"), machine.home("b")];
  const peer = await a.up(["--max-links", String(maxLinks)]);
  const { words } = await a.object("invite");
  const member = await b.up(["join", "--at", peer.address], { env: { KITH_TICKET: words } });
  await b.ok("wait", "--synced", "--timeout", "1m");
  await member.stop();
  return await run({ pid: peer.process.pid, address: peer.address, home: b.path });
}

async function withLibp2p<T>(
  competitors: Competitors,
  run: (server: Child, address: string) => Promise<T>,
): Promise<T> {
  const server = competitors.libp2p(["listen"]);
  try {
    const { address } = await server.line();
    return await run(server, String(address));
  } finally {
    await server.kill();
  }
}

function linkClient(args: readonly string[]): Child {
  return Child.script("bench/link_client.ts", runtimeFlags(), args);
}

async function leastMb(pid: number): Promise<number> {
  let least = Infinity;
  for (let look = 0; look < LOOKS; look++) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    least = Math.min(least, await residentMb(pid));
  }
  return least;
}
