import type { PeerEvent } from "../base/event.ts";
import { MAX_QUIC_ASKS, QUIC_ASK_TIMEOUT_MS, QUIC_OPEN_AFTER_MS, QUIC_REOPEN_MS } from "../base/limits.ts";
import type { Input } from "../peer/machine.ts";
import { type Endpoint, parseTarget } from "./address.ts";
import type { ByteSocket } from "./byte_socket.ts";
import { messageOf } from "./message_of.ts";
import type { Network } from "./network.ts";
import { isWildcard } from "./own_addresses.ts";
import { type QuicApi, QuicEndpoint } from "./quic_endpoint.ts";

/** What the service of QUIC works upon. */
export interface QuicServiceParts {
  /** Whether it is to be used. */
  readonly isOn: boolean;
  /** Where this peer listens by TCP. */
  readonly listening: readonly Endpoint[];
  readonly network: () => Pick<Network, "isFull" | "refusesUnproven" | "refuses">;
  /** Takes a link that came in, from `host:port`. Default: none is taken, only questions. */
  readonly accepted?: (socket: ByteSocket, address: string) => void;
  readonly push: (input: Input) => void;
  readonly event: (event: PeerEvent) => void;
  /** Default: what this runtime has, which is nothing without --unstable-net. */
  readonly api?: Partial<QuicApi>;
}

/** Takes and makes connections by QUIC for a peer, at one UDP port: that at which it listens by TCP, where it is free. */
export class QuicService {
  readonly #parts: QuicServiceParts;
  readonly #api: Partial<QuicApi>;
  #endpoint: QuicEndpoint | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #running = new Set<Promise<void>>();
  #isStopped = false;

  constructor(parts: QuicServiceParts) {
    this.#parts = parts;
    this.#api = parts.api ?? Deno;
  }

  /** Opens the port in a moment, since other things matter more at a start, and tells the peer how it stands. */
  start(): void {
    const refusal = this.#refusal();
    if (refusal === null) return this.#openAfter(QUIC_OPEN_AFTER_MS);
    this.#parts.push({ type: "quic", port: null, problem: refusal });
    if (this.#parts.isOn) this.#failed(refusal);
  }

  /** The networks changed: what could not be opened before may be opened now. */
  networkChanged(): void {
    if (this.#timer !== undefined) this.#open();
  }

  /** Connects to somebody. Rejects where that fails, or is called off. */
  dial(to: Endpoint, signal: AbortSignal): Promise<ByteSocket> {
    if (this.#endpoint === null) return Promise.reject(new Error("no UDP port is open here"));
    return this.#endpoint.dial(to, signal);
  }

  /** Asks those at these addresses at what address they see this peer, and tells the peer what they say. */
  ask(addresses: readonly string[]): void {
    this.#track(this.#ask(addresses.slice(0, MAX_QUIC_ASKS)));
  }

  /** Ends it. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    if (this.#endpoint !== null) this.#track(this.#endpoint.stop());
    await Promise.all(this.#running);
  }

  async #ask(addresses: readonly string[]): Promise<void> {
    const seen = await Promise.all(addresses.map(async (asked) => ({ asked, address: await this.#seenBy(asked) })));
    this.#parts.push({ type: "quic_seen", seen });
  }

  async #seenBy(address: string): Promise<string | null> {
    const to = parseTarget(address);
    if (to === null || this.#endpoint === null) return null;
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), QUIC_ASK_TIMEOUT_MS);
    try {
      return await this.#endpoint.seenBy(to, abort.signal);
    } catch (error) {
      const reason = abort.signal.aborted ? `no answer in ${QUIC_ASK_TIMEOUT_MS / 1000} s` : messageOf(error);
      this.#parts.event({ name: "quic_ask_failed", level: "debug", reason, fields: { address } });
      return null;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Why it can't be used, as far as that is known without trying. */
  #refusal(): string | null {
    const { isOn, listening } = this.#parts;
    if (!isOn) return "it is switched off (--no-punch)";
    if (listening.length === 0) return "this peer listens nowhere";
    if (this.#api.QuicEndpoint === undefined) return "this runtime has no QUIC (--unstable-net)";
    if (Deno.permissions.querySync({ name: "net" }).state === "granted") return null;
    return "this process may not use all of the network, by --allow-net";
  }

  #open(): void {
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { listening, network, accepted, push, event } = this.#parts;
    let problem = "";
    for (const endpoint of endpointsToTry(listening)) {
      try {
        this.#endpoint = new QuicEndpoint(endpoint, this.#api as QuicApi, {
          isFull: () => network().isFull,
          refusesUnproven: () => network().refusesUnproven(),
          refuses: (address) => network().refuses(address),
          ...(accepted === undefined ? {} : { accepted }),
          dropped: (reason, address) => event({ name: "quic_dropped", level: "debug", reason, fields: { address } }),
          lost: () => this.#lost(),
        });
        return push({ type: "quic", port: this.#endpoint.port, problem: null });
      } catch (error) {
        problem = `UDP can't be used (${messageOf(error)})`;
      }
    }
    push({ type: "quic", port: null, problem });
    this.#failed(problem);
    this.#openAfter(QUIC_REOPEN_MS);
  }

  /** The system took the port away. */
  #lost(): void {
    if (this.#endpoint !== null) this.#track(this.#endpoint.stop());
    this.#endpoint = null;
    const problem = "the system took its UDP port away";
    this.#parts.push({ type: "quic", port: null, problem });
    this.#failed(problem);
    this.#openAfter(QUIC_REOPEN_MS);
  }

  #openAfter(delayMs: number): void {
    this.#timer = setTimeout(() => this.#open(), delayMs);
  }

  #failed(reason: string): void {
    this.#parts.event({ name: "quic_failed", level: "warning", reason });
  }

  #track(promise: Promise<void>): void {
    this.#running.add(promise);
    void promise.then(() => this.#running.delete(promise));
  }
}

/**
 * Where to open the port, in order: at the address and port at which is listened by TCP, at another port of it, and all
 * that at IPv4 alone where this machine has no IPv6. On Windows a port of IPv6 takes no IPv4.
 */
function endpointsToTry(listening: readonly Endpoint[]): Endpoint[] {
  const { hostname, port } = listening.find((one) => isWildcard(one.hostname)) ?? listening[0] as Endpoint;
  const hostnames = hostname !== "::" ? [hostname] : Deno.build.os === "windows" ? ["0.0.0.0"] : ["::", "0.0.0.0"];
  return hostnames.flatMap((hostname) => [{ hostname, port }, { hostname, port: 0 }]);
}
