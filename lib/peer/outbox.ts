import { countedNames, type PeerEvent } from "../base/event.ts";
import type { Effect, Reply } from "./machine.ts";

/** What a peer has to say at the end of its turn, and how often each of its events happened. */
export class Outbox {
  readonly #counters = new Map<string, number>();
  #effects: Effect[] = [];

  /** How often each event happened, by its name. */
  get counters(): ReadonlyMap<string, number> {
    return this.#counters;
  }

  /** Tells what happened. */
  emit(event: PeerEvent): void {
    for (const name of countedNames(event)) this.#counters.set(name, (this.#counters.get(name) ?? 0) + 1);
    this.#effects.push({ type: "event", event });
  }

  /** Answers a request. */
  reply(id: number, reply: Reply): void {
    this.#effects.push({ type: "reply", id, reply });
  }

  /** Asks for a connection to an address. */
  dial(address: string): void {
    this.#effects.push({ type: "dial", address });
  }

  /** Asks for a connection to an address by QUIC. */
  dialQuic(address: string): void {
    this.#effects.push({ type: "dial_quic", address });
  }

  /** Asks those at these addresses at what address they see this peer by QUIC. */
  quicAsk(addresses: readonly string[]): void {
    this.#effects.push({ type: "quic_ask", addresses });
  }

  /** Tells that other versions than before may be shown under keys. */
  changed(keys: ReadonlySet<string>): void {
    if (keys.size > 0) this.#effects.push({ type: "changed", keys: [...keys] });
  }

  /** All since the last time, in order. */
  take(): Effect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
