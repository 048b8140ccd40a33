import type { PeerEvent } from "../base/event.ts";
import type { TextExchange } from "../text/text_exchange.ts";
import type { Carried, Carrying } from "../api/carry.ts";
import type { HostOptions } from "../host/host_options.ts";
import type { RelayHostOptions, RelayUdp } from "../host/relay_host.ts";
import type { PublicRelayCounts } from "../peer/public_relay.ts";
import type { Privilege } from "../host/privileges.ts";
import type { NetworkCheck } from "../host/network_check.ts";
import type { ProgramEnd, ProgramRun } from "../host/program.ts";
import type { Restored } from "../host/restore.ts";
import type { Transport } from "./client.ts";

/** How a peer is to be run: what a person may say of it. */
export interface StartOptions extends Omit<HostOptions, "version" | "api" | "logLine"> {
  /** Where to speak the text protocol, "" for the default; undefined: as the home's settings say. */
  readonly text?: string;
}

/** The way to the API of a peer. */
export interface Connection {
  readonly transport: Transport;
  /** The peer's process id; "unknown" where it is not told. */
  readonly pid: string;
  /** Ends it. */
  close(): void;
}

/** A peer that runs in this process. */
export interface RunningPeer {
  readonly transport: Transport;
  /** Its home, as an absolute path. */
  readonly home: string;
  /** Where others can dial it, `host:port`. */
  readonly addresses: readonly string[];
  /** Where it speaks the text protocol; null: nowhere. */
  readonly text: string | null;
  /** Whether the usual port was busy, so that another one was taken. */
  readonly otherPort: boolean;
  /** What a person should know of its store as it was found at the start. */
  readonly notices: readonly PeerEvent[];
  /** Calls back on what happens; returns how to stop that. */
  onEvent(heard: (event: PeerEvent) => void): () => void;
  /** Resolves with the reason once it stopped, by whomever. */
  readonly stopped: Promise<string>;
  /** What stopped it where nobody asked it to: a failed disk, or a defect; null where there was none. */
  readonly failure: unknown;
  /** Stops it cleanly. */
  stop(): Promise<void>;
}

/** A relay that runs in this process. */
export interface RunningRelay {
  /** What peers have to be told to use it, a secret. */
  readonly text: string;
  /** Where they reach it, `host:port`. */
  readonly addresses: readonly string[];
  /** The folder that holds its identity and log. */
  readonly home: string;
  counts(): PublicRelayCounts;
  /** As `RelayHost.onUdp`. */
  onUdp(heard: (udp: RelayUdp) => void): void;
  /** Resolves with the reason once it stopped, by whomever. */
  readonly stopped: Promise<string>;
  /** What stopped it where nobody asked it to; null where there was none. */
  readonly failure: unknown;
  /** Stops it cleanly. */
  stop(): Promise<void>;
}

/** Where kith keeps what, by name. */
export interface Paths {
  readonly home: string;
  readonly [name: string]: string;
}

/** What the commands need of the rest of kith. */
export interface Backend {
  /** kith's version. */
  readonly version: string;
  /** Versions of what is kept and spoken, by name. */
  readonly versions: Readonly<Record<string, string | number>>;
  /** The paths of a home; undefined: of the usual one. */
  paths(home: string | undefined): Paths;
  /** The API of the peer that runs in a home; null when none runs. */
  connect(home: string | undefined): Promise<Connection | null>;
  /** Runs a peer in this process. @throws {KithError} */
  start(options: StartOptions): Promise<RunningPeer>;
  /** Runs a relay that belongs to no space in this process. @throws {KithError} */
  startRelay(options: RelayHostOptions): Promise<RunningRelay>;
  /** Resolves once no process uses a home any more. @throws {KithError} `timed_out`. */
  untilFree(home: string | undefined): Promise<void>;
  /** Takes the data out of a home whose peer does not run, to join with it. @throws {KithError} */
  carryOut(home: string | undefined): Promise<Carrying>;
  /** What waits to be brought into the space of a home; null where nothing does. */
  carriedIn(home: string | undefined): Promise<Carried | null>;
  /** Gives up what the rest of this process does not need. */
  giveUp(privileges: readonly Privilege[]): void;
  /** Whether this process may run a program. */
  mayRun(program: string): boolean;
  /** Runs a program to its end. @throws {KithError} `program_unusable`. */
  run(run: ProgramRun): Promise<ProgramEnd>;
  /** A path as an absolute one. */
  absolutePath(path: string): string;
  /** Makes a home from a backup. @throws {KithError} */
  restore(file: string, home: string | undefined): Promise<Restored>;
  /** Looks at the network of this machine. @throws {KithError} */
  checkNetwork(
    home: string | undefined,
    options: { readonly lan: boolean; readonly running: boolean },
  ): Promise<NetworkCheck>;
  /** Exchanges values with a program that speaks the text protocol. */
  textExchange(address: string, transport: Transport, signal: AbortSignal): Promise<TextExchange>;
}
