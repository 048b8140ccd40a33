import type { JsonObject } from "../../lib/cli/client.ts";
import type { CrowdPeer } from "./crowd.ts";

/** How long it is waited for one thing to come to all. */
const ROUND_MS = 60_000;

/** Something that one peer makes and the others are told of, by a name that it goes by. */
export interface Made {
  /** The path of the API that tells of it, and the event by which it says that it does from now on. */
  readonly path: string;
  readonly begins: string;
  /** Makes one at a peer. */
  make(peer: CrowdPeer, name: string): Promise<void>;
  /** The name of what an event tells of; null for other events. */
  nameOf(event: JsonObject): string | null;
}

/** Times in ms from before something was made. */
export interface Arrivals {
  /** Until one other peer was told of it. */
  readonly one: readonly number[];
  /** Until the last one was, of what came to all. */
  readonly all: readonly number[];
  /** How often one was not told of something. */
  readonly missed: number;
}

interface Round {
  readonly maker: CrowdPeer;
  /** When each peer was told. */
  readonly told: Map<CrowdPeer, number>;
  readonly done: PromiseWithResolvers<void>;
}

/** Makes one thing after the other at one peer after the other. @throws {Error} where one is told of to somebody twice. */
export async function arrivals(peers: readonly CrowdPeer[], count: number, made: Made): Promise<Arrivals> {
  const rounds = new Map<string, Round>();
  const following = new AbortController();
  const others = await Promise.all(peers.map((peer) => follow(peer, made, following.signal, rounds, peers.length - 1)));
  const one: number[] = [];
  const all: number[] = [];
  let missed = 0;
  for (let i = 0; i < count; i++) {
    const maker = peers[i % peers.length] as CrowdPeer;
    const round = { maker, told: new Map<CrowdPeer, number>(), done: Promise.withResolvers<void>() };
    const name = `${i}-${maker.name}`;
    rounds.set(name, round);
    const startMs = performance.now();
    await made.make(maker, name);
    const timer = setTimeout(round.done.resolve, ROUND_MS);
    if (peers.length > 1) await round.done.promise;
    clearTimeout(timer);
    const tookMs = [...round.told.values()].map((timeMs) => timeMs - startMs);
    const lacking = peers.length - 1 - tookMs.length;
    missed += lacking;
    one.push(...tookMs);
    if (lacking === 0) all.push(Math.max(...tookMs));
  }
  following.abort();
  await Promise.all(others.map(({ ended }) => ended));
  return { one, all, missed };
}

/** Follows what a peer is told, from the time when this resolves. */
async function follow(
  peer: CrowdPeer,
  made: Made,
  signal: AbortSignal,
  rounds: ReadonlyMap<string, Round>,
  others: number,
): Promise<{ readonly ended: Promise<void> }> {
  const begun = Promise.withResolvers<void>();
  const run = async () => {
    for await (const event of peer.client.objects("GET", made.path, { signal })) {
      if (event.event === made.begins) begun.resolve();
      const name = made.nameOf(event);
      const round = name === null ? undefined : rounds.get(name);
      // Who made it knows it without the network.
      if (round === undefined || round.maker === peer) continue;
      if (round.told.has(peer)) throw new Error(`${peer.name} was told twice of ${name}`);
      round.told.set(peer, performance.now());
      if (round.told.size === others) round.done.resolve();
    }
  };
  const ended = run().catch((error) => {
    if (signal.aborted) return;
    begun.reject(error);
    throw error;
  });
  await begun.promise;
  return { ended };
}
