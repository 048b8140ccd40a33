import { KithError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import { ipBytes, isPublic } from "../base/ip_address.ts";
import { MAX_DHT_BOOTSTRAP } from "../base/limits.ts";
import type { RendezvousQuery } from "../mesh/rendezvous.ts";
import type { Input } from "../peer/machine.ts";
import { isLoopback } from "../peer/source_address.ts";
import { type Endpoint, parseAddress, parseTarget } from "./address.ts";
import type { DhtClient } from "./dht_client.ts";
import { messageOf } from "./message_of.ts";
import type { OwnAddresses } from "./own_addresses.ts";

/** Nodes of the public DHT that others begin with too. */
const PUBLIC_BOOTSTRAP: readonly string[] = [
  "router.bittorrent.com:6881",
  "dht.transmissionbt.com:6881",
  "router.utorrent.com:6881",
  "dht.libtorrent.org:25401",
];

/** How long is waited for the addresses of further first nodes, once there is one. */
const FURTHER_NAMES_MS = 500;

/** How it stands with the DHT. */
export interface DhtState {
  /** Why it is not used, or what failed last: a part of a sentence; null where nothing did. */
  readonly problem: string | null;
  /** Nodes that are known; 0 before it was needed. */
  readonly nodes: number;
  /** When this peer was announced last, ms since 1970; null: never. */
  readonly announcedMs: number | null;
  /** When a question was answered last, ms since 1970; null: never. */
  readonly answeredMs: number | null;
}

/** What the service of the DHT works upon. */
export interface DhtServiceParts {
  /** Whether it is to be used. */
  readonly isOn: boolean;
  /** The nodes that are asked first, `HOST:PORT`; none: those of the public DHT. */
  readonly bootstrap: readonly string[];
  readonly addresses: Pick<OwnAddresses, "dialable" | "port">;
  readonly push: (input: Input) => void;
  readonly event: (event: PeerEvent) => void;
  /** The IPv4 addresses of a name. Default: as the system knows them. */
  readonly lookup?: (hostname: string) => Promise<readonly string[]>;
}

/** Asks the DHT for a peer. What is needed for that is loaded and opened by the first question. */
export class DhtService {
  readonly #parts: DhtServiceParts;
  readonly #bootstrap: readonly Endpoint[];
  readonly #isPrivate: boolean;
  #client: Promise<DhtClient> | null = null;
  #opened: DhtClient | null = null;
  #abort = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #problem: string | null;
  #announcedMs: number | null = null;
  #answeredMs: number | null = null;

  /** @throws {KithError} `usage` where a node is no address. */
  constructor(parts: DhtServiceParts) {
    this.#parts = parts;
    this.#bootstrap = parts.bootstrap.map((text) => {
      const endpoint = parseTarget(text);
      if (endpoint !== null) return endpoint;
      throw new KithError("usage", { detail: `'${text}' is not an address HOST:PORT of a node of the DHT.` });
    }).slice(0, MAX_DHT_BOOTSTRAP);
    this.#isPrivate = this.#bootstrap.length > 0 && this.#bootstrap.every(({ hostname }) => {
      const ip = ipBytes(hostname);
      return ip !== null && !isPublic(ip);
    });
    this.#problem = this.#refusal();
  }

  /** How it stands. */
  get state(): DhtState {
    return {
      ...{ problem: this.#problem, nodes: this.#opened?.nodes ?? 0 },
      ...{ announcedMs: this.#announcedMs, answeredMs: this.#answeredMs },
    };
  }

  /** Tells the peer how it stands; nothing else is done before it asks. */
  start(): void {
    const { addresses, push } = this.#parts;
    const [first] = addresses.dialable;
    const reached = addresses.dialable.find((address) => !isLoopback(address)) ?? (this.#isPrivate ? first : undefined);
    const port = reached === undefined ? null : parseTarget(reached)?.port ?? null;
    push({ type: "dht_network", network: { problem: this.#refusal(), port, isPrivate: this.#isPrivate } });
  }

  /** The networks changed: it begins anew there. */
  networkChanged(): void {
    this.#close();
    this.#problem = this.#refusal();
    this.start();
  }

  /** Asks for the peer. */
  query(query: RendezvousQuery): void {
    const running = this.#query(query, this.#abort.signal);
    this.#running.add(running);
    void running.then(() => this.#running.delete(running));
  }

  /** Ends it. */
  async stop(): Promise<void> {
    this.#close();
    await Promise.all(this.#running);
  }

  #close(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    const client = this.#client;
    const isOpen = this.#opened !== null;
    this.#client = null;
    this.#opened = null;
    if (client === null) return;
    // Where it could not be opened, that was told.
    const closing = client.then((opened) => opened.close(), () => {});
    // What is not open yet may wait for long for the addresses of the first nodes: nobody waits for that.
    if (!isOpen) return;
    this.#running.add(closing);
    void closing.then(() => this.#running.delete(closing));
  }

  #refusal(): string | null {
    if (!this.#parts.isOn) return "it is switched off (--no-dht)";
    // The runtime would refuse it where nobody can catch that.
    if (Deno.permissions.querySync({ name: "net" }).state === "granted") return null;
    return "this process may not use all of the network, by --allow-net";
  }

  async #query({ key, port }: RendezvousQuery, signal: AbortSignal): Promise<void> {
    const { push } = this.#parts;
    let problem: string | null = null;
    try {
      const client = await unlessAborted(this.#client ??= this.#open(signal), signal);
      if (client === null) return;
      const { answers, told } = await client.query(key, port, (addresses) => {
        if (!signal.aborted) push({ type: "dht_found", key, addresses });
      }, signal);
      if (answers === 0) problem = "no node of the DHT answers";
      else if (port !== null && told === 0) problem = "no node of the DHT keeps where this peer is";
      if (answers > 0) this.#answeredMs = Date.now();
      if (told > 0) this.#announcedMs = Date.now();
    } catch (error) {
      // Much of it is other people's code; whatever fails there is told, and everything else goes on without the DHT.
      if (!(error instanceof Error)) throw error;
      problem = error.message;
      // The next question tries it again.
      if (!signal.aborted) this.#client = null;
    }
    if (signal.aborted) return;
    this.#problem = problem;
    push({ type: "dht_done", key, problem });
  }

  async #open(signal: AbortSignal): Promise<DhtClient> {
    const late: Endpoint[] = [];
    const later = (found: readonly Endpoint[]) => {
      if (this.#opened === null) late.push(...found);
      else this.#opened.askFirst(found);
    };
    const [{ DhtClient }, nodes] = await Promise.all([import("./dht_client.ts"), this.#resolve(later)]);
    const client = await DhtClient.open(nodes, {
      allowsPrivate: this.#isPrivate,
      nowMs: () => performance.now(),
      dropped: (reason) => this.#parts.event({ name: "dht_packet_dropped", level: "debug", reason }),
    });
    client.askFirst(late);
    if (!signal.aborted) this.#opened = client;
    return client;
  }

  /**
   * The first nodes by IP address, those whose names are known soon.
   *
   * @param later is told the others, once theirs are.
   * @throws {Error} where none has any.
   */
  async #resolve(later: (found: readonly Endpoint[]) => void): Promise<Endpoint[]> {
    const named = this.#bootstrap.length > 0
      ? this.#bootstrap
      : PUBLIC_BOOTSTRAP.map((text) => parseAddress(text) as Endpoint);
    const lookup = this.#parts.lookup ?? systemLookup;
    const nodes: Endpoint[] = [];
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined = undefined;
    const { promise: enough, resolve } = Promise.withResolvers<null>();
    const all = Promise.allSettled(named.map(async ({ hostname, port }) => {
      const addresses = ipBytes(hostname) === null ? await lookup(hostname) : [hostname];
      const found = addresses.map((address) => ({ hostname: address, port }));
      if (isOver) return later(found);
      nodes.push(...found);
      if (found.length > 0) timer ??= setTimeout(() => resolve(null), FURTHER_NAMES_MS);
    }));
    const outcomes = await Promise.race([all, enough]) ?? [];
    isOver = true;
    clearTimeout(timer);
    if (nodes.length > 0) return nodes;
    const failed = outcomes.flatMap((one) => one.status === "rejected" ? messageOf(one.reason) : []);
    throw new Error(`the first nodes of the DHT are not found (${failed[0] ?? "they have no address"})`);
  }
}

async function systemLookup(hostname: string): Promise<string[]> {
  const { lookup } = await import("node:dns/promises");
  return (await lookup(hostname, { all: true, family: 4 })).map(({ address }) => address);
}

/** What a promise gives; null where it is called off first. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | null> {
  const aborted = Promise.withResolvers<null>();
  const abort = () => aborted.resolve(null);
  signal.addEventListener("abort", abort);
  try {
    const value = await Promise.race([promise, aborted.promise]);
    return signal.aborted ? null : value;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
