import type { PeerEvent } from "../base/event.ts";
import type { Random } from "../base/random.ts";
import type { Reply, Request, TicketKeys } from "../peer/machine.ts";
import type { PeerReads } from "../peer/reads.ts";
import type { BackupNote } from "./backup.ts";
import type { Config } from "./config.ts";
import type { DhtState } from "./dht_service.ts";
import type { HomePaths } from "./home.ts";
import type { LanState } from "./lan_service.ts";
import type { PortMapState } from "./port_mapper.ts";

/** Calls it off. */
export type Unsubscribe = () => void;

/** What the API, the text protocol and the commands need of a host. */
export interface HostApi {
  /** kith's version. */
  readonly version: string;
  /** What can be read of the peer, at any time but within a turn. */
  readonly peer: PeerReads;
  readonly paths: HomePaths;
  readonly random: Random;
  /** Where others can dial this peer, `host:port`; empty without a network. */
  readonly addresses: readonly string[];
  /** How it stands with looking for peers on the local network. */
  readonly lan: LanState;
  /** How it stands with the router of this machine's network. */
  readonly portMap: PortMapState;
  /** How it stands with the DHT. */
  readonly dht: DhtState;
  /** Whether this is a running peer, and not one opened for a single command. */
  readonly running: boolean;
  /** What a person should know of the store as it was found at the start. */
  readonly notices: readonly PeerEvent[];
  /** Wall clock at the start, ms since 1970. */
  readonly startedMs: number;
  /** Events of the host itself by name, besides those that the peer counts. */
  readonly counters: Readonly<Record<string, number>>;
  /** Aborted when the host begins to stop: streams then end. */
  readonly stopping: AbortSignal;
  /** Asks the peer for something; resolves once the answer is durable. Never rejects. */
  request(request: Request): Promise<Reply>;
  /** Writes the home into one file, while it is used. @param path absolute. @throws {KithError} `backup_…`, `busy`. */
  backup(path: string): Promise<BackupNote>;
  /** Has the peer do what is due now, after something was found between its turns. */
  nudge(): void;
  /** Calls back with the keys whose winner or conflicts changed, after each commit; `peer.changes` tells how. */
  onChanged(heard: (keys: readonly string[]) => void): Unsubscribe;
  /** Calls back after each turn. */
  onTurn(heard: () => void): Unsubscribe;
  /** Calls back with every event. */
  onEvent(heard: (event: PeerEvent) => void): Unsubscribe;
  /** Tells an event: it is logged and counted. */
  event(event: PeerEvent): void;
  /** The keys of a ticket, derived on another thread. */
  ticketKeys(secret: Uint8Array): Promise<TicketKeys>;
  /** Addresses of other peers of this user that run on this machine. */
  nearbyAddresses(): Promise<string[]>;
  /** What `up` does without flags. */
  config(): Config;
  /** Keeps another configuration. @throws {KithError} `home_…`. */
  saveConfig(config: Config): void;
  /** Wall clock, ms since 1970. */
  nowMs(): number;
  /** Has something ended when the host stops, before the peer is. */
  onStop(stop: () => Promise<void>): void;
  /** Stops the peer, in the background. */
  stopSoon(reason: string): void;
}
