import { Buffer } from "node:buffer";
import krpc from "k-rpc";
import { MAX_DHT_BOOTSTRAP } from "../base/limits.ts";
import type { Endpoint } from "./address.ts";
import { compactAddress } from "./dht_packet.ts";
import { DhtSocket, type DhtSocketParts } from "./dht_socket.ts";

/** BEP 5: so many of the nodes that are nearest to an info hash are told who is there. */
const ANNOUNCED_TO_NODES = 8;
/** How long a question may take: some rounds of nodes that do not answer. */
const QUERY_TIMEOUT_MS = 30_000;

interface Node {
  readonly id?: Uint8Array;
  readonly host: string;
  readonly port: number;
  readonly token?: Uint8Array;
}

interface Answer {
  readonly r?: { readonly id: Uint8Array; readonly token?: Uint8Array; readonly values?: readonly Uint8Array[] };
}

interface Question {
  readonly q: string;
  readonly a: Record<string, unknown>;
}

/** What of k-rpc is used here; it comes without types. */
interface Krpc {
  readonly id: Uint8Array;
  readonly bootstrap: { readonly host: string; readonly port: number }[];
  readonly nodes: { toArray(): readonly unknown[] };
  closest(
    target: Uint8Array,
    question: Question,
    visit: (
      answer: Answer,
      from: { readonly host?: string; readonly address?: string; readonly port: number },
    ) => boolean,
    done: (error: Error | null, answers: number) => void,
  ): void;
  queryAll(
    nodes: readonly Node[],
    question: Question,
    visit: null,
    done: (error: Error | null, answers: number) => void,
  ): void;
  on(event: "warning" | "error", heard: (error: Error) => void): void;
  destroy(done: () => void): void;
}

/** What a question to the DHT came to. */
export interface DhtOutcome {
  /** How many nodes answered. */
  readonly answers: number;
  /** How many of them keep that this peer is there. */
  readonly told: number;
}

/** Asks the Mainline DHT (BEP 5), as a peer that answers nobody's questions (BEP 43). IPv4 alone. */
export class DhtClient {
  readonly #krpc: Krpc;

  private constructor(rpc: Krpc) {
    this.#krpc = rpc;
  }

  /** @param bootstrap the nodes that are asked first, by IP address. @throws where the system has no socket for it. */
  static async open(bootstrap: readonly Endpoint[], parts: DhtSocketParts): Promise<DhtClient> {
    const socket = new DhtSocket(parts);
    await socket.open();
    const rpc = (krpc as unknown as (options: object) => Krpc)({ socket, bootstrap: false });
    rpc.on("warning", (error) => parts.dropped(error.message.replace(/: .*/, "")));
    rpc.on("error", (error) => parts.dropped(error.message));
    const client = new DhtClient(rpc);
    client.askFirst(bootstrap);
    return client;
  }

  /** From now on these nodes are asked first as well. */
  askFirst(nodes: readonly Endpoint[]): void {
    const { bootstrap } = this.#krpc;
    const more = nodes.slice(0, Math.max(0, MAX_DHT_BOOTSTRAP - bootstrap.length));
    bootstrap.push(...more.map(({ hostname: host, port }) => ({ host, port })));
  }

  /** Nodes that it knows. */
  get nodes(): number {
    return this.#krpc.nodes.toArray().length;
  }

  /**
   * Asks who is there under an info hash.
   *
   * @param port where to say that this peer is there as well; null: it only asks.
   * @param found is told addresses `host:port` as they come. Anybody may have made them up.
   */
  async query(
    key: Uint8Array,
    port: number | null,
    found: (addresses: readonly string[]) => void,
    signal: AbortSignal,
  ): Promise<DhtOutcome> {
    const target = Buffer.from(key);
    const tellable: Node[] = [];
    const question = { q: "get_peers", a: { id: this.#krpc.id, info_hash: target } };
    const answers = await this.#inTime(signal, (isOver, done) => {
      this.#krpc.closest(target, question, ({ r }, { host, address = host, port }) => {
        if (isOver()) return false;
        if (r?.values !== undefined) found(r.values.map(compactAddress));
        if (r?.token !== undefined) tellable.push({ id: r.id, host: address as string, port, token: r.token });
        return true;
      }, (_, count) => done(count));
    });
    if (port === null || tellable.length === 0 || signal.aborted) return { answers, told: 0 };
    const nearest = tellable.sort((a, b) => compareDistance(target, a, b)).slice(0, ANNOUNCED_TO_NODES);
    const told = await this.#inTime(signal, (_, done) => {
      const a = { id: this.#krpc.id, info_hash: target, port, implied_port: 0 };
      this.#krpc.queryAll(nearest, { q: "announce_peer", a }, null, (_, count) => done(count));
    });
    return { answers, told };
  }

  /** Ends it; questions under way come to nothing. */
  close(): Promise<void> {
    return new Promise((resolve) => this.#krpc.destroy(resolve));
  }

  #inTime(signal: AbortSignal, act: (isOver: () => boolean, done: (count: number) => void) => void): Promise<number> {
    return new Promise((resolve) => {
      let isOver = false;
      let timer: ReturnType<typeof setTimeout> | undefined = undefined;
      const done = (count: number) => {
        isOver = true;
        clearTimeout(timer);
        signal.removeEventListener("abort", aborted);
        resolve(count);
      };
      const aborted = () => done(0);
      timer = setTimeout(() => done(0), QUERY_TIMEOUT_MS);
      signal.addEventListener("abort", aborted);
      act(() => isOver, done);
    });
  }
}

/** Which of two nodes is nearer to an info hash: by the XOR of their ids with it. */
function compareDistance(target: Uint8Array, a: Node, b: Node): number {
  for (const [i, byte] of target.entries()) {
    const difference = ((a.id?.[i] ?? 0) ^ byte) - ((b.id?.[i] ?? 0) ^ byte);
    if (difference !== 0) return difference;
  }
  return 0;
}
