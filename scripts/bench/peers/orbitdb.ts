import type { Entry } from "./entries.ts";
import { load, run } from "./tool.ts";

/** OrbitDB's key-value database upon Helia: libp2p over TCP with Noise, Bitswap for blocks, LevelDB below both. */

interface Libp2p {
  getMultiaddrs(): { toString(): string }[];
  dial(address: unknown): Promise<unknown>;
}

interface Database {
  readonly address: string;
  readonly events: { on(event: "update", listener: (entry: { hash: string; payload: { key: string } }) => void): void };
  put(key: string, value: string): Promise<string>;
  all(): Promise<{ key: string; value: string }[]>;
}

interface OrbitDb {
  open(address: string, options?: unknown): Promise<Database>;
}

type Make<Made = unknown> = (options?: unknown) => Made;

await run({
  async serve(folder, entries) {
    const { libp2p, orbit } = await start(`${folder}/a`);
    const database = await orbit.open("bench", { type: "keyvalue" });
    let head = "";
    for (const [key, value] of entries) head = await database.put(key, value);
    return {
      address: `${libp2p.getMultiaddrs()[0]} ${database.address} ${head}`,
      put: (key, value) => database.put(key, value),
    };
  },

  async join(folder, _count, address, seen) {
    const [peer, databaseAddress = "", head] = address.split(" ");
    const { libp2p, orbit } = await start(`${folder}/b`);
    const { multiaddr } = await load<{ multiaddr: Make }>("@multiformats/multiaddr");
    await libp2p.dial(multiaddr(peer));
    const database = await orbit.open(databaseAddress);
    // It tells of an entry when all that the entry builds on is held and verified.
    await new Promise<void>((resolve) => {
      database.events.on("update", ({ hash, payload }) => {
        if (hash === head) resolve();
        else seen(payload.key);
      });
    });
    return { entries: async () => (await database.all()).map(({ key, value }): Entry => [key, value]) };
  },
});

async function start(folder: string): Promise<{ libp2p: Libp2p; orbit: OrbitDb }> {
  const { createLibp2p } = await load<{ createLibp2p: Make<Promise<Libp2p>> }>("libp2p");
  const { tcp } = await load<{ tcp: Make }>("@libp2p/tcp");
  const { noise } = await load<{ noise: Make }>("@chainsafe/libp2p-noise");
  const { yamux } = await load<{ yamux: Make }>("@chainsafe/libp2p-yamux");
  const { identify } = await load<{ identify: Make }>("@libp2p/identify");
  const { gossipsub } = await load<{ gossipsub: Make }>("@libp2p/gossipsub");
  const { createHelia } = await load<{ createHelia: Make<Promise<unknown>> }>("helia");
  const { bitswap } = await load<{ bitswap: Make }>("@helia/block-brokers");
  const { LevelBlockstore } = await load<{ LevelBlockstore: new (path: string) => unknown }>("blockstore-level");
  const { createOrbitDB } = await load<{ createOrbitDB: Make<Promise<OrbitDb>> }>("@orbitdb/core");
  const libp2p = await createLibp2p({
    addresses: { listen: ["/ip4/127.0.0.1/tcp/0"] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), pubsub: gossipsub({ allowPublishToZeroTopicPeers: true }) },
  });
  const blockstore = new LevelBlockstore(`${folder}/blocks`);
  const ipfs = await createHelia({ libp2p, blockstore, blockBrokers: [bitswap()], routers: [] });
  return { libp2p, orbit: await createOrbitDB({ ipfs, directory: `${folder}/orbitdb` }) };
}
