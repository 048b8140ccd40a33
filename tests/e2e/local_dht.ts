import BittorrentDht from "bittorrent-dht";

/** What of bittorrent-dht is used here; it comes without types. */
interface DhtNode {
  listen(port: number, address: string, listening: () => void): void;
  address(): { readonly port: number };
  once(event: "ready", heard: () => void): void;
  on(event: "announce", heard: (peer: { readonly host: string; readonly port: number }) => void): void;
  destroy(done: () => void): void;
}

const Node = BittorrentDht as unknown as new (
  options: { readonly bootstrap: false | readonly string[]; readonly timeBucketOutdated?: number },
) => DhtNode;

/** A Mainline DHT of nodes of another implementation, on this machine alone. */
export class LocalDht implements AsyncDisposable {
  readonly #nodes: DhtNode[];
  /** The first node, `HOST:PORT`, which stays. */
  readonly bootstrap: string;
  /** Whom nodes were told of, `HOST:PORT`. */
  readonly announced: string[] = [];

  private constructor(nodes: DhtNode[]) {
    this.#nodes = nodes;
    this.bootstrap = addressOf(nodes[0] as DhtNode);
    for (const node of nodes) node.on("announce", ({ host, port }) => this.announced.push(`${host}:${port}`));
  }

  /** Starts so many nodes, which then know each other. */
  static async start(count: number): Promise<LocalDht> {
    const first = await started(false);
    const others = await Promise.all(Array.from({ length: count - 1 }, () => started([addressOf(first)])));
    return new LocalDht([first, ...others]);
  }

  /** A share of the nodes leaves without a word. */
  async leave(share: number): Promise<void> {
    const leaving = this.#nodes.splice(1, Math.round(this.#nodes.length * share));
    await Promise.all(leaving.map(destroyed));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#nodes.map(destroyed));
  }
}

async function started(bootstrap: false | readonly string[]): Promise<DhtNode> {
  const node = new Node({ bootstrap });
  const ready = new Promise<void>((resolve) => node.once("ready", resolve));
  await new Promise<void>((resolve) => node.listen(0, "127.0.0.1", resolve));
  await ready;
  return node;
}

function addressOf(node: DhtNode): string {
  return `127.0.0.1:${node.address().port}`;
}

function destroyed(node: DhtNode): Promise<void> {
  return new Promise((resolve) => node.destroy(resolve));
}
