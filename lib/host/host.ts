import { toBase32 } from "../base/base32.ts";
import type { Now } from "../base/clock.ts";
import { KithError } from "../base/errors.ts";
import { countedNames, type PeerEvent } from "../base/event.ts";
import { MAX_EVENT_NAMES } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import { spokenPeerName } from "../base/spoken_name.ts";
import { deriveTicketKeysInBackground } from "../crypto/ticket_keys.ts";
import type { Reply, Request, TicketKeys } from "../peer/machine.ts";
import { Peer } from "../peer/peer.ts";
import { Store } from "../store/store.ts";
import type { BackupNote } from "./backup.ts";
import { settleCarried } from "./carried.ts";
import { CommitCounter } from "./commit_counter.ts";
import { type Config, readConfig, writeConfig } from "./config.ts";
import { connectControl, serveControl } from "./control.ts";
import type { DhtState } from "./dht_service.ts";
import { Driver } from "./driver.ts";
import { isSystemError } from "./file_error.ts";
import { type HomePaths, homePaths, prepareHome, prepareStore, resolveHome } from "./home.ts";
import type { HostApi, Unsubscribe } from "./host_api.ts";
import { checkedName, type HostOptions, type HostSettings, openListeners, settingsOf } from "./host_options.ts";
import { IdleCheckpoint } from "./idle_checkpoint.ts";
import { openIdentity } from "./identity_file.ts";
import type { LanState } from "./lan_service.ts";
import { DEFAULT_PORT } from "./listen.ts";
import { lockHome } from "./lock.ts";
import { type Log, openLog } from "./log.ts";
import { NetworkServices } from "./network_services.ts";
import { openStore } from "./open_store.ts";
import { OwnAddresses } from "./own_addresses.ts";
import type { PortMapState } from "./port_mapper.ts";
import { settleStaged } from "./staged_home.ts";
import { StoreCopier } from "./store_copier.ts";
import { OwnNote, runningPeers } from "./runtime_notes.ts";

interface Parts {
  readonly settings: HostSettings;
  readonly options: HostOptions;
  readonly paths: HomePaths;
  readonly peer: Peer;
  readonly store: Store;
  readonly log: Log;
  readonly addresses: OwnAddresses;
  readonly otherPort: boolean;
  readonly services: NetworkServices;
  readonly notices: readonly PeerEvent[];
  readonly resources: AsyncDisposableStack;
}

const random: Random = { bytes: (size) => crypto.getRandomValues(new Uint8Array(size)) };

const readClocks = (): Now => ({ monotonicMs: performance.now(), wallMs: Date.now() });

/**
 * A peer with everything around it: home, sockets, timers, log and control channel. Members without a comment are
 * those of `HostApi`.
 */
export class Host implements HostApi {
  readonly version: string;
  readonly peer: Peer;
  readonly paths: HomePaths;
  readonly random = random;
  readonly running: boolean;
  readonly notices: readonly PeerEvent[];
  readonly startedMs = Date.now();
  /** Whether the default port was busy, so that another one was taken. */
  readonly otherPort: boolean;
  readonly #copier: StoreCopier;
  readonly #store: Store;
  readonly #driver: Driver;
  readonly #addresses: OwnAddresses;
  readonly #services: NetworkServices;
  readonly #checkpoint: IdleCheckpoint;
  readonly #counter: CommitCounter;
  readonly #log: Log;
  readonly #resources: AsyncDisposableStack;
  readonly #stop = new AbortController();
  readonly #counters = new Map<string, number>();
  readonly #changedHeard = new Set<(keys: readonly string[]) => void>();
  readonly #turnHeard = new Set<() => void>();
  readonly #eventHeard = new Set<(event: PeerEvent) => void>();
  readonly #ended = Promise.withResolvers<string>();
  #note: OwnNote | null = null;
  #stopped: Promise<void> | null = null;
  #failure: unknown = null;

  /**
   * Opens the home and runs its peer.
   *
   * @throws {KithError} `home_owned`, `home_…`, `key_…`, `config_invalid`, `store_…`, `port_in_use`,
   * `address_unusable`, `usage`; nothing is left open then.
   */
  static async start(options: HostOptions): Promise<Host> {
    await using resources = new AsyncDisposableStack();
    const home = options.ephemeral ? await Deno.makeTempDir({ prefix: "kith-" }) : resolveHome(options.home);
    if (options.ephemeral) resources.defer(() => Deno.remove(home, { recursive: true }));
    const paths = homePaths(home);
    prepareHome(home);
    const lock = await lockHome(paths);
    resources.defer(() => lock.release());
    const settled = [settleStaged(paths), options.carrying ? null : settleCarried(paths)];
    const config = readConfig(paths);
    const identity = openIdentity(paths, random);
    const name = checkedName(options.name ?? config.name ?? spokenPeerName(toBase32(identity.peerId)));
    const log = openLog(options.offline ? null : paths.log, options.logLine);
    resources.defer(() => log.close());
    prepareStore(paths);
    const settings = settingsOf(options, config);
    const listeners = options.offline ? [] : openListeners(settings.listen);
    for (const listener of listeners) resources.use(listener);
    const { historyMs, maxLinks, servesRelay, publicRelay } = settings;
    const addresses = new OwnAddresses(listeners.map((listener) => listener.addr));
    const { store, peer, notices } = openStore(paths, random, options.offline !== true, (store) =>
      new Peer({
        ...{ identity, store, random, name, version: options.version, now: readClocks() },
        ...{ historyMs, maxLinks, servesRelay, publicRelay },
        // Read again whenever the peer signs its record, since they change with the network.
        get addresses() {
          return addresses.dialable;
        },
      }));
    resources.defer(() => store.close());
    const otherPort = settings.listen === undefined && addresses.port !== null && addresses.port !== DEFAULT_PORT;
    notices.unshift(...settled.filter((notice) => notice !== null));
    const services = new NetworkServices({
      ...{ settings, addresses, driver: () => host.#driver, event: (event) => host.event(event) },
    });
    const parts = { settings, services, options, paths, peer, store, log, addresses, otherPort, notices };
    const host: Host = new Host({ ...parts, resources: resources.move() });
    for (const notice of notices) host.event(notice);
    host.#driver.network.listen(listeners);
    try {
      if (!options.offline) await host.#open(options.api);
    } catch (error) {
      await host.stop("could not start");
      throw error;
    }
    return host;
  }

  private constructor(parts: Parts) {
    const { settings, options, paths, peer, store, log, addresses, otherPort, notices, resources } = parts;
    this.version = options.version;
    this.peer = peer;
    this.paths = paths;
    this.running = options.offline !== true;
    this.#addresses = addresses;
    this.otherPort = otherPort;
    this.notices = notices;
    this.#store = store;
    this.#copier = resources.use(new StoreCopier(paths, store));
    this.#counter = new CommitCounter(paths, store, (event) => this.event(event));
    this.#checkpoint = new IdleCheckpoint(() => store.file.checkpointWhenIdle(), (event) => this.event(event));
    this.#log = log;
    this.#resources = resources;
    this.#driver = new Driver(peer, {
      now: readClocks,
      event: (event) => this.#tell(event),
      ownEvent: (event) => this.event(event),
      changed: (keys) => this.#changedHeard.forEach((heard) => heard(keys)),
      lanSend: (interfaceName, message) => this.#services.lan.send(interfaceName, message),
      dhtQuery: (query) => this.#services.dht.query(query),
      quicAsk: (addresses) => this.#services.quic.ask(addresses),
      turned: () => this.#turned(),
      stopped: (reason, error) => this.#machineStopped(reason, error),
    }, { offline: !this.running, maxLinks: settings.maxLinks });
    this.#driver.network.useQuic((to, signal) => parts.services.quic.dial(to, signal));
    this.#services = parts.services;
    resources.defer(async () => {
      this.#checkpoint.stop();
      await this.#driver.stop();
      await this.#services.stop();
      if (this.#failure === null) await this.#counter.stop();
    });
  }

  /** Resolves with the reason once the host has stopped, by whomever. */
  get stopped(): Promise<string> {
    return this.#ended.promise;
  }

  /** What stopped it, a broken invariant or a disk that failed; null where it was neither. */
  get failure(): unknown {
    return this.#failure;
  }

  get addresses(): readonly string[] {
    return [...this.#addresses.dialable, ...this.peer.provenAddresses];
  }

  get lan(): LanState {
    return this.#services.lan.state;
  }

  get portMap(): PortMapState {
    return this.#services.portMapper.state;
  }

  get dht(): DhtState {
    return this.#services.dht.state;
  }

  get counters(): Readonly<Record<string, number>> {
    const dropped = this.#log.droppedLines;
    return { ...Object.fromEntries(this.#counters), ...(dropped > 0 ? { log_lines_dropped: dropped } : {}) };
  }

  get stopping(): AbortSignal {
    return this.#stop.signal;
  }

  request(request: Request): Promise<Reply> {
    return this.#driver.request(request);
  }

  backup(path: string): Promise<BackupNote> {
    const { peer, name, space, entries } = this.peer.status();
    return this.#copier.backup(path, { made: Date.now(), version: this.version, peer, name, space, entries });
  }

  nudge(): void {
    this.#driver.push({ type: "tick" });
  }

  onChanged(heard: (keys: readonly string[]) => void): Unsubscribe {
    return subscribe(this.#changedHeard, heard);
  }

  onTurn(heard: () => void): Unsubscribe {
    return subscribe(this.#turnHeard, heard);
  }

  onEvent(heard: (event: PeerEvent) => void): Unsubscribe {
    return subscribe(this.#eventHeard, heard);
  }

  event(event: PeerEvent): void {
    for (const name of countedNames(event)) {
      const count = this.#counters.get(name);
      if (count !== undefined || this.#counters.size < MAX_EVENT_NAMES) this.#counters.set(name, (count ?? 0) + 1);
    }
    this.#tell(event);
  }

  ticketKeys(secret: Uint8Array): Promise<TicketKeys> {
    return new Promise((resolve, reject) => {
      deriveTicketKeysInBackground(secret, (error, keys) => keys === undefined ? reject(error) : resolve(keys));
    });
  }

  async nearbyAddresses(): Promise<string[]> {
    const notes = await runningPeers(this.paths.home, async (home) => {
      try {
        const control = await connectControl(homePaths(home));
        control?.close();
        return control !== null;
      } catch (error) {
        // Somebody is there, but stops just now, say: that is no reason for this peer not to join.
        if (error instanceof KithError) return true;
        throw error;
      }
    });
    return [...new Set(notes.flatMap((note) => note.addresses))];
  }

  config(): Config {
    return readConfig(this.paths);
  }

  saveConfig(config: Config): void {
    writeConfig(this.paths, config);
  }

  nowMs(): number {
    return Date.now();
  }

  onStop(stop: () => Promise<void>): void {
    this.#resources.defer(stop);
  }

  stopSoon(reason: string): void {
    void this.stop(reason);
  }

  /** Stops everything in order: the control channel, farewells to linked peers, the store, the lock. Idempotent. */
  stop(reason = "asked to stop"): Promise<void> {
    this.#stopped ??= this.#close(reason);
    return this.#stopped;
  }

  async #open(api: HostOptions["api"]): Promise<void> {
    if (api !== undefined) {
      const control = serveControl(this.paths, api(this), random);
      this.#resources.defer(() => control.stop().catch((error) => this.#passOver("control_left", error)));
    }
    const { peer } = this.peer.status();
    const note = { peer, home: this.paths.home, pid: Deno.pid, addresses: this.#addresses.local };
    this.#note = this.#resources.use(
      new OwnNote(note, () => this.peer.isMember, (name, error) => this.#passOver(name, error)),
    );
    this.#note.leaveOnce();
    await this.#services.start();
    const addresses = this.addresses.join(" ");
    this.#tell({ name: "started", level: "info", fields: { version: this.version, peer, addresses } });
  }

  async #close(reason: string): Promise<void> {
    // It may be a turn that asked, or a request on the control channel: let them come to their end.
    await Promise.resolve();
    this.#tell({ name: "stopped", level: this.#failure === null ? "info" : "error", reason });
    this.#stop.abort();
    try {
      await this.#resources.disposeAsync();
    } finally {
      this.#ended.resolve(reason);
    }
  }

  #machineStopped(reason: string, error: unknown): void {
    if (error === undefined) return this.stopSoon(reason);
    this.#failure = error;
    if (error instanceof KithError) {
      this.#tell({ name: "failed", level: "error", reason: error.code, fields: { message: error.message } });
      return this.stopSoon(reason);
    }
    const detail = error instanceof Error ? error.stack ?? error.message : String(error);
    this.#tell({ name: "broken", level: "error", reason, fields: { detail } });
    this.stopSoon(reason);
  }

  /** Tells of a file that was refused, and without which the peer is as good. @throws what is no such refusal. */
  #passOver(name: string, error: unknown): void {
    if (!isSystemError(error)) throw error;
    this.event({ name, level: "warning", reason: error.code, fields: { detail: error.message } });
  }

  #tell(event: PeerEvent): void {
    this.#log.write(event);
    this.#eventHeard.forEach((heard) => heard(event));
  }

  #turned(): void {
    // It could go on showing what it held before, but not take anything in, nor know what is on the disk.
    if (this.#store.failure !== null && this.#failure === null) {
      this.#machineStopped("the store failed", this.#store.failure);
    }
    this.#note?.leaveOnce();
    this.#turnHeard.forEach((heard) => heard());
    this.#checkpoint.turned();
    this.#counter.turned();
  }
}

function subscribe<T>(listeners: Set<T>, heard: T): Unsubscribe {
  listeners.add(heard);
  return () => listeners.delete(heard);
}
