import type { PeerEvent } from "../base/event.ts";
import type { TextExchange } from "../text/text_exchange.ts";
import type { Carried, Carrying } from "../api/carry.ts";
import type { Privilege } from "../host/privileges.ts";
import type { NetworkCheck } from "../host/network_check.ts";
import type { ProgramEnd, ProgramRun } from "../host/program.ts";
import type { Restored } from "../host/restore.ts";
import type { Transport } from "./client.ts";

/** How a peer is to be run. */
export interface StartOptions {
  /** The home; undefined: the usual one. */
  readonly home?: string;
  /** What other members call it. */
  readonly name?: string;
  /** Where to listen; none: as the home's settings say, else by default. */
  readonly listen?: readonly string[];
  /** Where to speak the text protocol, "" for the default; undefined: as the home's settings say. */
  readonly text?: string;
  /** How long what was replaced is kept, in ms; undefined: as the home's settings say, else by default. */
  readonly historyMs?: number;
  /** Links to members at a time. Default: as configured, else DEFAULT_MAX_LINKS. */
  readonly maxLinks?: number;
  /** Whether peers are looked for on the local network; undefined: as the home's settings say, else yes. */
  readonly lan?: boolean;
  /** Whether the DHT is used; undefined: as the home's settings say, else yes. */
  readonly dht?: boolean;
  /** Whether the router is asked to pass connections on; undefined: as the home's settings say, else yes. */
  readonly portMap?: boolean;
  /** The nodes of the DHT that are asked first; undefined: as the home's settings say, else those of the public one. */
  readonly dhtBootstrap?: readonly string[];
  /** Whether links of others are relayed; undefined: as the home's settings say, else yes. */
  readonly relay?: boolean;
  /** Whether to use a home that is removed when the peer stops. */
  readonly ephemeral?: boolean;
  /** Whether the home's data was just taken out of it by `carryOut`. */
  readonly carrying?: boolean;
  /** Only open the store, for one command: no network, no control socket. */
  readonly offline?: boolean;
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
  /** Resolves once no process uses a home any more. @throws {KithError} `timed_out`. */
  untilFree(home: string | undefined): Promise<void>;
  /** Takes the data out of a home whose peer does not run, to join with it. @throws {KithError} */
  carryOut(home: string | undefined): Promise<Carrying>;
  /** What waits to be brought into the space of a home; null where nothing does. */
  carriedIn(home: string | undefined): Carried | null;
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
