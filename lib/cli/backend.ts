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
  /** Whether to use a home that is removed when the peer stops. */
  readonly ephemeral?: boolean;
  /** Only open the store, for one command: no network, no control socket. */
  readonly offline?: boolean;
}

/** Something that happened in a running peer. */
export interface PeerNews {
  /** In snake_case, as `PeerEvent`. */
  readonly name: string;
  readonly level: string;
  readonly reason?: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A peer that runs in this process. */
export interface RunningPeer {
  readonly transport: Transport;
  /** Its home, as an absolute path. */
  readonly home: string;
  /** Where it listens, `host:port`: addresses that others can dial. */
  readonly addresses: readonly string[];
  /** Where it speaks the text protocol; null: nowhere. */
  readonly text: string | null;
  /** Whether the usual port was busy, so that another one was taken. */
  readonly otherPort: boolean;
  /** Calls back on what happens; returns how to stop that. */
  onNews(heard: (news: PeerNews) => void): () => void;
  /** Resolves with the reason once it stopped, by whomever. */
  readonly stopped: Promise<string>;
  /** Stops it cleanly. */
  stop(): Promise<void>;
}

/** Where kith keeps what, by name. */
export interface HomePaths {
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
  paths(home: string | undefined): HomePaths;
  /** Whether the home has nothing in it yet: neither identity nor data. */
  isNew(home: string | undefined): boolean;
  /** The API of the peer that runs in a home; null when none runs. */
  connect(home: string | undefined): Promise<Transport | null>;
  /** Runs a peer in this process. @throws {KithError} */
  start(options: StartOptions): Promise<RunningPeer>;
}
