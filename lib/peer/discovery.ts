import type { Now } from "../base/clock.ts";
import type { CloseReason } from "../base/errors.ts";
import type { LanDiscovery } from "./lan_discovery.ts";
import type { Connection } from "./links.ts";
import type { Stage } from "./stage.ts";
import type { Effect, TicketKeys } from "./machine.ts";
import type { RelayClient } from "./relay_client.ts";
import type { RendezvousDiscovery } from "./rendezvous_discovery.ts";

/** How long doors are looked for on the local network at least, where the addresses that a join knows lead to none. */
const LEAST_LAN_SEARCH_MS = 5000;
/** The same in the DHT, whose nodes have to be found first, or at a relay, which has to be linked first. */
const LEAST_DHT_SEARCH_MS = 20_000;

/** The ways by which peers are found without an address: on the local network, in the DHT, and at a public relay. */
export class Discovery {
  readonly #lan: LanDiscovery;
  readonly #rendezvous: RendezvousDiscovery;
  /** The link to the public relay. */
  readonly relay: RelayClient;

  constructor(lan: LanDiscovery, rendezvous: RendezvousDiscovery, relay: RelayClient) {
    this.#lan = lan;
    this.#rendezvous = rendezvous;
    this.relay = relay;
  }

  /** How long doors are looked for at least, in ms, though others are known that are none; 0 where there is no way to. */
  get leastSearchMs(): number {
    if (this.#rendezvous.isOn || this.relay.isOn) return LEAST_DHT_SEARCH_MS;
    return this.#lan.isOn ? LEAST_LAN_SEARCH_MS : 0;
  }

  /** Looks for the doors of a ticket; null: not any more. */
  seek(keys: TicketKeys | null, now: Now): void {
    this.#lan.seek(keys, now);
    this.#rendezvous.seek(keys, now);
    this.relay.seek(keys, now);
  }

  /** What was tried to find a door, and what seems to fail: a part of a sentence. */
  findings(): string {
    return [this.#lan.findings(), this.#rendezvous.findings()].filter((part) => part !== null).join("; ");
  }

  /** Members, invites or epochs may have changed. */
  membershipChanged(now: Now): void {
    this.#lan.membershipChanged(now);
    this.#rendezvous.changed(now);
    this.relay.changed(now);
  }

  /** This machine's addresses changed, or it woke. */
  networkChanged(now: Now): void {
    this.relay.networkChanged(now);
  }

  /** A link or an attempt at one ended. */
  closed(connection: Connection, stageBefore: Stage, reason: CloseReason, now: Now): void {
    this.#rendezvous.closed(connection.address, stageBefore, reason, now);
    this.relay.closed(connection, stageBefore, reason, now);
  }

  /** Does what is due. */
  tick(now: Now): void {
    this.#lan.tick(now);
    this.#rendezvous.tick(now);
    this.relay.tick(now);
  }

  /** The monotonic time in ms at which `tick` is due. */
  deadline(): number {
    return Math.min(this.#lan.deadline(), this.#rendezvous.deadline(), this.relay.deadline());
  }

  /** What is to be sent, asked and dialled. */
  takeEffects(now: Now): Effect[] {
    return [...this.#lan.takeEffects(), ...this.#rendezvous.takeEffects(), ...this.relay.takeEffects(now)];
  }
}
