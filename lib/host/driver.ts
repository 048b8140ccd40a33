import type { Now } from "../base/clock.ts";
import { KithError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import {
  DEFAULT_MAX_LINKS,
  MAX_OTHER_CONNECTIONS,
  MAX_PENDING_LINKS,
  MAX_PENDING_REQUEST_BYTES,
  MAX_PENDING_REQUESTS,
} from "../base/limits.ts";
import type { LanMessage } from "../mesh/lan_message.ts";
import type { RendezvousQuery } from "../mesh/rendezvous.ts";
import type { Effect, Input, Machine, Reply, Request } from "../peer/machine.ts";
import { Network } from "./network.ts";
import { TurnLoop } from "./turn.ts";

/** What a driver tells whoever started it. */
export interface DriverHooks {
  /** Reads both clocks. */
  now(): Now;
  /** Something of the machine's to log; it counts these itself. */
  event(event: PeerEvent): void;
  /** Something of the host's own to log and count. */
  ownEvent(event: PeerEvent): void;
  /** Keys whose winner or whose conflicts changed. */
  changed(keys: readonly string[]): void;
  /** Something to say by multicast DNS on an interface. Default: it is not said. */
  lanSend?(interfaceName: string, message: LanMessage): void;
  /** Something to ask the DHT. Default: it is not asked, and nothing answered. */
  dhtQuery?(query: RendezvousQuery): void;
  /** At what address those see this peer who take QUIC there is to be asked. Default: nobody tells. */
  quicAsk?(addresses: readonly string[]): void;
  /** A turn is over, and its effects are performed. */
  turned(): void;
  /** The machine asks to stop, or broke an invariant (`error`); nothing more is handled in that case. */
  stopped(reason: string, error?: unknown): void;
}

/** Runs a machine over real sockets: the turn loop, the network and the local requests, put together. */
export class Driver {
  readonly #machine: Machine;
  readonly #hooks: DriverHooks;
  readonly #turns: TurnLoop;
  readonly #pending = new Map<number, { readonly sizeBytes: number; readonly resolve: (reply: Reply) => void }>();
  #pendingBytes = 0;
  #nextRequestId = 1;
  #failed = false;
  #stopped = false;
  readonly #offline: boolean;
  /** The sockets. */
  readonly network: Network;

  /**
   * @param options.offline whether dials lead nowhere, for a host without a network. Default: false.
   * @param options.maxLinks links that the machine keeps. Default: DEFAULT_MAX_LINKS.
   */
  constructor(
    machine: Machine,
    hooks: DriverHooks,
    options: { readonly offline?: boolean; readonly maxLinks?: number } = {},
  ) {
    this.#machine = machine;
    this.#offline = options.offline === true;
    this.#hooks = hooks;
    this.#turns = new TurnLoop(machine, {
      now: hooks.now,
      perform: (effects) => this.#perform(effects),
      refused: (error, requestIds) => this.#refused(error, requestIds),
      failed: (error) => {
        this.#failed = true;
        hooks.stopped("broken invariant", error);
      },
    });
    this.network = new Network({
      push: (input, sizeBytes, taken) => this.#turns.push(input, sizeBytes, taken),
      pull: (connection, maxBytes) => this.#pull(connection, maxBytes),
      event: hooks.ownEvent,
      nowMs: () => hooks.now().monotonicMs,
      isKnown: (address) => machine.isKnown(address, hooks.now()),
    }, (options.maxLinks ?? DEFAULT_MAX_LINKS) + MAX_PENDING_LINKS + MAX_OTHER_CONNECTIONS);
    this.#turns.rearm();
  }

  /** Queues an input that needs no answer. */
  push(input: Input): void {
    this.#turns.push(input);
  }

  /** Asks the machine for something; resolves once the answer is durable. Never rejects. */
  request(request: Request): Promise<Reply> {
    if (this.#stopped) return Promise.resolve({ ok: false, code: "stopping", values: {} });
    const sizeBytes = requestSizeBytes(request);
    if (
      this.#pending.size >= MAX_PENDING_REQUESTS || this.#pendingBytes + sizeBytes > MAX_PENDING_REQUEST_BYTES
    ) {
      return Promise.resolve({ ok: false, code: "busy", values: { limit: MAX_PENDING_REQUESTS } });
    }
    const id = this.#nextRequestId++;
    return new Promise((resolve) => {
      this.#pending.set(id, { sizeBytes, resolve });
      this.#pendingBytes += sizeBytes;
      this.#turns.push({ type: "request", id, request }, sizeBytes, undefined);
    });
  }

  /** Says farewell on every link, closes all sockets and ends the loop; requests without a reply get `stopping`. */
  async stop(): Promise<void> {
    if (!this.#failed) {
      await new Promise<void>((resolve) => this.#turns.push({ type: "stopping" }, 0, resolve));
    }
    await this.network.stop();
    this.#turns.stop();
    this.#stopped = true;
    for (const id of [...this.#pending.keys()]) this.#reply(id, { ok: false, code: "stopping", values: {} });
  }

  #pull(connection: number, maxBytes: number): Uint8Array | null {
    if (this.#failed) return null;
    try {
      const bytes = this.#machine.pull(connection, maxBytes, this.#hooks.now());
      this.#turns.rearm();
      return bytes;
    } catch (error) {
      this.#failed = true;
      this.#turns.stop();
      this.#hooks.stopped("broken invariant", error);
      return null;
    }
  }

  #perform(effects: readonly Effect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case "dial":
          if (!this.#offline) this.network.dial(effect.address);
          break;
        case "dial_quic":
          if (!this.#offline) this.network.dialQuic(effect.address);
          break;
        case "output":
          this.network.output(effect.connection);
          break;
        case "close":
          this.network.close(effect.connection, effect.atOnce);
          break;
        case "lan_send":
          this.#hooks.lanSend?.(effect.interface, effect.message);
          break;
        case "dht_query":
          this.#hooks.dhtQuery?.(effect.query);
          break;
        case "quic_ask":
          this.#hooks.quicAsk?.(effect.addresses);
          break;
        case "reply":
          this.#reply(effect.id, effect.reply);
          break;
        case "event":
          this.#hooks.event(effect.event);
          break;
        case "changed":
          this.#hooks.changed(effect.keys);
          break;
        case "stop":
          this.#hooks.stopped(effect.reason);
          break;
      }
    }
    this.#hooks.turned();
  }

  #refused(error: KithError, requestIds: readonly number[]): void {
    this.#hooks.event({ name: "turn_refused", level: "error", reason: error.code, fields: { message: error.message } });
    // A request that an earlier turn left open is not this turn's, and still gets its reply.
    for (const id of requestIds) this.#reply(id, { ok: false, code: error.code, values: error.values });
  }

  #reply(id: number, reply: Reply): void {
    const pending = this.#pending.get(id);
    // A refused turn answered its requests already; the machine may still come to one of them.
    if (pending === undefined) return;
    this.#pending.delete(id);
    this.#pendingBytes -= pending.sizeBytes;
    pending.resolve(reply);
  }
}

/** What a request counts towards a turn's bytes: the values and keys that it writes, or what it sends. */
function requestSizeBytes(request: Request): number {
  if (request.type === "post") return request.posts.reduce((size, { payload }) => size + payload.length, 0);
  if (request.type !== "write") return 0;
  let sizeBytes = 0;
  for (const write of request.writes) {
    sizeBytes += write.key.length + (write.kind === "put" ? write.value.length : 0);
  }
  return sizeBytes;
}
