import { KithError } from "../base/errors.ts";
import type { Console } from "../host/console.ts";
import type { Backend, Connection, RunningPeer } from "./backend.ts";
import { Client, type Transport } from "./client.ts";
import type { CommandSpec } from "./command.ts";
import type { Flags } from "./flags.ts";
import { eventLine } from "./news.ts";
import type { Output } from "./output.ts";
import { impatient } from "./patience.ts";

/** The exit codes that no error of the registry stands for. */
export const EXIT_OK = 0;
/** A command that was interrupted. */
export const EXIT_INTERRUPTED = 130;

/** How often a home that another process has is tried again, and how long after. */
const HOME_TRIES = 50;
const HOME_RETRY_MS = 100;

/** The prompt that a command was typed at. */
export interface Prompted {
  /** The peer that runs in this process; commands talk to it. */
  readonly peer: RunningPeer;
  /** Asks on the terminal, which the prompt reads; only a yes is a yes. @throws {GivenUpError} */
  askYesNo(question: string, signal: AbortSignal): Promise<boolean>;
}

/** What commands share with each other: one process, or one prompt. */
export interface Surroundings {
  readonly console: Console;
  readonly backend: Backend;
  /** Null outside of a prompt. */
  readonly prompted: Prompted | null;
}

/** What a command has to work with. */
export class Context {
  readonly console: Console;
  readonly backend: Backend;
  readonly prompted: Prompted | null;
  #offline: RunningPeer | null = null;
  #connection: Connection | null = null;
  /** Set by a command that ends by itself when the signal is aborted, and then says with which exit code. */
  endsItself = false;

  constructor(
    surroundings: Surroundings,
    readonly output: Output,
    readonly command: CommandSpec,
    readonly args: readonly string[],
    readonly flags: Flags,
    /** Aborted when the command is to end early: Ctrl-C. */
    readonly signal: AbortSignal,
  ) {
    this.console = surroundings.console;
    this.backend = surroundings.backend;
    this.prompted = surroundings.prompted;
  }

  /** The home that was asked for; undefined: the usual one. */
  get home(): string | undefined {
    return this.flags.text("home");
  }

  /** The API of the peer that runs in the home, or with none running, of the home opened for this command. */
  async peer(): Promise<Client> {
    return new Client(await this.transport());
  }

  /** As `peer`, without the client around it. */
  async transport(): Promise<Transport> {
    for (let triesLeft = HOME_TRIES;; triesLeft--) {
      const running = await this.#running();
      if (running !== null) return running;
      try {
        if (this.#offline === null) {
          this.#offline = await this.backend.start({ ...this.homeOption(), offline: true });
          if (this.command.needs !== "network") this.backend.giveUp(["net"]);
          for (const notice of this.#offline.notices) this.output.warning(`${eventLine(notice)}.`);
        }
        return this.#offline.transport;
      } catch (error) {
        // A peer that is starting or stopping, or another command, has the home for a moment.
        if (triesLeft === 0 || !(error instanceof KithError && error.code === "home_owned")) throw error;
        await new Promise((resolve) => setTimeout(resolve, HOME_RETRY_MS));
      }
    }
  }

  /** The API of the peer that runs in the home; null when none runs. */
  async runningPeer(): Promise<Client | null> {
    const transport = await this.#running();
    return transport === null ? null : new Client(transport);
  }

  /** As `runningPeer`. @throws {KithError} `no_peer_running`. */
  async needRunningPeer(): Promise<Client> {
    const running = await this.runningPeer();
    if (running !== null) return running;
    throw new KithError("no_peer_running", { home: this.backend.paths(this.home).home });
  }

  /** The home as an option, left out when it is the usual one. */
  homeOption(): { readonly home?: string } {
    return this.home === undefined ? {} : { home: this.home };
  }

  /** Closes what the command opened. */
  async close(): Promise<void> {
    this.#connection?.close();
    this.#connection = null;
    await this.#offline?.stop();
    this.#offline = null;
  }

  async #running(): Promise<Transport | null> {
    if (this.prompted !== null) return this.prompted.peer.transport;
    // This process has the home, so no other one can.
    if (this.#offline !== null) return null;
    this.#connection ??= await this.#connect();
    return this.#connection?.transport ?? null;
  }

  async #connect(): Promise<Connection | null> {
    const connection = await this.backend.connect(this.home);
    if (connection === null) return null;
    const { pid, transport } = connection;
    const { home } = this.backend.paths(this.home);
    const silent = () => {
      this.output.warning(
        `Waiting for the peer of ${home} (process ${pid}), which does not answer; it may be suspended, or its disk slow.`,
      );
    };
    return { ...connection, transport: impatient(transport, silent) };
  }
}

/** Runs one command. @returns its exit code. */
export type Handler = (context: Context) => Promise<number>;
