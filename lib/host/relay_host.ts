import { utf8Encode } from "../base/bytes.ts";
import type { PeerEvent } from "../base/event.ts";
import { KithError } from "../base/errors.ts";
import { ipBytes, ipOfEndpoint, isPublic } from "../base/ip_address.ts";
import { MAX_ADDRESS_BYTES, MAX_ADDRESSES, MAX_RELAY_CLIENTS, RELAY_ACCESS_KEY_BYTES } from "../base/limits.ts";
import { hmacSha256 } from "../crypto/hash.ts";
import type { Identity } from "../crypto/identity.ts";
import { relayText } from "../mesh/relay_address.ts";
import { PublicRelay, type PublicRelayCounts } from "../peer/public_relay.ts";
import { addressText, type Endpoint, parseAddress, parseTarget } from "./address.ts";
import { Driver } from "./driver.ts";
import { type HomePaths, homePaths, prepareHome, resolveHome } from "./home.ts";
import { openIdentity } from "./identity_file.ts";
import { listenOn } from "./listen.ts";
import { type HomeLock, lockHome } from "./lock.ts";
import { type Log, openLog } from "./log.ts";
import { networkInterfaces } from "./network_watch.ts";
import { dialableAddresses } from "./own_addresses.ts";
import { QuicService } from "./quic_service.ts";

/** Where a relay listens unless told otherwise: beside a peer, and always there, since its text says so. */
export const DEFAULT_RELAY_PORT = 5485;

/** How a public relay is to be run. */
export interface RelayHostOptions {
  /** The home, in which the relay has a folder of its own. Default: as for a peer. */
  readonly home?: string;
  /** Where to listen, `HOST:PORT`. Default: all interfaces, DEFAULT_RELAY_PORT. */
  readonly listen?: readonly string[];
  /** Where others reach it, `HOST:PORT`, 1 to MAX_ADDRESSES. Default: this machine's public addresses, or all of them. */
  readonly addresses?: readonly string[];
  /** Whether clients are told by QUIC where they are seen, so that they can open their routers. Default: true. */
  readonly punch?: boolean;
}

/** Whether a relay tells its clients by UDP where it sees them. */
export interface RelayUdp {
  /** At which port; null where it does not. */
  readonly port: number | null;
  /** Why it does not, as a part of a sentence; null where it does. */
  readonly problem: string | null;
}

/** Where a relay is. */
interface Place {
  /** Where others reach it. */
  readonly addresses: readonly string[];
  /** Where it listens. */
  readonly listening: readonly Endpoint[];
  /** Whether clients are told where they are seen. */
  readonly isWitness: boolean;
}

/** A relay that belongs to no space, with what is around it: its identity, sockets, timers and log. */
export class RelayHost {
  /** Where others reach it, `host:port`. */
  readonly addresses: readonly string[];
  /** What peers have to be told to use it; it holds the access key. */
  readonly text: string;
  /** The folder that holds its identity and its log. */
  readonly home: string;
  readonly #relay: PublicRelay;
  readonly #driver: Driver;
  readonly #quic: QuicService;
  readonly #log: Log;
  readonly #resources: AsyncDisposableStack;
  readonly #heard = new Set<(event: PeerEvent) => void>();
  readonly #heardUdp = new Set<(udp: RelayUdp) => void>();
  /** Null until that is known. */
  #udp: RelayUdp | null = null;
  readonly #ended = Promise.withResolvers<string>();
  #stopped: Promise<void> | null = null;
  #failure: unknown = null;

  /**
   * Runs the relay of a home. Its identity, from which its access key follows, is made where there is none.
   *
   * @throws {KithError} `usage`, `relay_running`, `home_…`, `key_damaged`, `port_in_use`, `address_unusable`; nothing is
   *   left open then.
   */
  static async start(options: RelayHostOptions): Promise<RelayHost> {
    await using resources = new AsyncDisposableStack();
    const separator = Deno.build.os === "windows" ? "\\" : "/";
    const named = options.addresses === undefined ? null : namedAddresses(options.addresses);
    const home = resolveHome(options.home);
    const paths = homePaths(`${home}${separator}relay`);
    prepareHome(paths.home);
    const lock = await lockRelay(paths, home);
    resources.defer(() => lock.release());
    const random = { bytes: (size: number) => crypto.getRandomValues(new Uint8Array(size)) };
    const identity = openIdentity(paths, random);
    const log = openLog(paths.log);
    resources.defer(() => log.close());
    const listeners = listenOn((options.listen ?? [`:${DEFAULT_RELAY_PORT}`]).map((text) => {
      return endpointOf(text, parseAddress(text, DEFAULT_RELAY_PORT));
    }));
    for (const listener of listeners) resources.use(listener);
    const listening = listeners.map(({ addr }) => addr);
    const addresses = named ?? reachedAt(listening, networkInterfaces());
    const place = { addresses, listening, isWitness: options.punch ?? true };
    const host = new RelayHost(identity, random, place, paths.home, log, resources.move());
    host.#driver.network.listen(listeners);
    host.#quic.start();
    host.#tell({ name: "started", level: "info", fields: { addresses: addresses.join(" ") } });
    return host;
  }

  private constructor(
    identity: Identity,
    random: { bytes(size: number): Uint8Array },
    { addresses, listening, isWitness }: Place,
    home: string,
    log: Log,
    resources: AsyncDisposableStack,
  ) {
    const accessKey = accessKeyOf(identity);
    this.addresses = addresses;
    this.home = home;
    this.text = relayText({ peer: identity.peerId, accessKey, addresses });
    this.#relay = new PublicRelay({ identity, accessKey, random });
    this.#log = log;
    this.#resources = resources;
    this.#driver = new Driver(this.#relay, {
      now: () => ({ monotonicMs: performance.now(), wallMs: Date.now() }),
      event: (event) => this.#tell(event),
      ownEvent: (event) => this.#tell(event),
      changed: () => {},
      turned: () => {},
      stopped: (reason, error) => {
        this.#failure = error ?? null;
        void this.stop(reason);
      },
    }, { maxLinks: MAX_RELAY_CLIENTS });
    this.#quic = new QuicService({
      isOn: isWitness,
      listening,
      network: () => ({
        isFull: this.#driver.network.isFull,
        refusesUnproven: () => this.#driver.network.refusesUnproven(),
        refuses: (address) => !this.#isOfClient(address) || this.#driver.network.refuses(address),
      }),
      push: (input) => {
        if (input.type === "quic") this.#udpIs(input);
        this.#driver.push(input);
      },
      event: (event) => this.#tell(event),
    });
    resources.defer(async () => {
      await this.#driver.stop();
      await this.#quic.stop();
    });
  }

  /** What it carries. */
  get counts(): PublicRelayCounts {
    return this.#relay.counts;
  }

  /** Resolves with the reason once it has stopped, by whomever. */
  get stopped(): Promise<string> {
    return this.#ended.promise;
  }

  /** What stopped it where nobody asked it to: a defect; null where there was none. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Calls back with every event; returns how to stop that. */
  onEvent(heard: (event: PeerEvent) => void): () => void {
    this.#heard.add(heard);
    return () => this.#heard.delete(heard);
  }

  /** Calls back with how it stands with UDP, which is known soon after the start, and whenever it was tried again. */
  onUdp(heard: (udp: RelayUdp) => void): void {
    this.#heardUdp.add(heard);
    if (this.#udp !== null) heard(this.#udp);
  }

  /** Says goodbye to all that are linked, and stops. Idempotent. */
  stop(reason = "asked to stop"): Promise<void> {
    this.#stopped ??= this.#close(reason);
    return this.#stopped;
  }

  /** Whether a question comes from where a client is linked from; what comes from elsewhere is told of. */
  #isOfClient(address: string): boolean {
    if (this.#relay.isKnown(address)) return true;
    this.#tell({ name: "connection_refused", level: "warning", reason: "not_a_member", fields: { address } });
    return false;
  }

  async #close(reason: string): Promise<void> {
    // It may be a turn that asked: let it come to its end.
    await Promise.resolve();
    this.#tell({ name: "stopped", level: this.#failure === null ? "info" : "error", reason });
    try {
      await this.#resources.disposeAsync();
    } finally {
      this.#ended.resolve(reason);
    }
  }

  #udpIs({ port, problem }: RelayUdp): void {
    const udp = { port, problem };
    this.#udp = udp;
    this.#heardUdp.forEach((heard) => heard(udp));
  }

  #tell(event: PeerEvent): void {
    this.#log.write(event);
    this.#heard.forEach((heard) => heard(event));
  }
}

/** The access key follows from the identity, so that there is one secret to be kept, and both change together. */
function accessKeyOf(identity: Identity): Uint8Array {
  return hmacSha256(identity.toBytes(), utf8Encode("kith relay access key 1")).subarray(0, RELAY_ACCESS_KEY_BYTES);
}

/** As `lockHome`; whoever has the folder is another relay, which no command stops. @throws {KithError} `relay_running`. */
async function lockRelay(paths: HomePaths, home: string): Promise<HomeLock> {
  try {
    return await lockHome(paths);
  } catch (error) {
    if (!(error instanceof KithError && error.code === "home_owned")) throw error;
    throw new KithError("relay_running", { ...error.values, home }, error);
  }
}

/** The addresses that were named, each once. @throws {KithError} `usage` where a text cannot hold them. */
function namedAddresses(texts: readonly string[]): readonly string[] {
  const named = new Set(texts.map((text) => {
    const address = addressText(endpointOf(text, parseTarget(text)));
    // Its one spelling may be the longer one.
    return endpointOf(text, utf8Encode(address).length > MAX_ADDRESS_BYTES ? null : address);
  }));
  if (named.size <= MAX_ADDRESSES) return [...named];
  throw new KithError("usage", {
    detail: `A relay has at most ${MAX_ADDRESSES} addresses; name fewer with --address.`,
  });
}

/**
 * Where a relay is reached that was not told: at the public addresses of what it listens on, or at all where there is
 * none. The others are left out first, so that they take no public one's place.
 */
export function reachedAt(
  listening: Parameters<typeof dialableAddresses>[0],
  interfaces: Parameters<typeof dialableAddresses>[1],
): readonly string[] {
  const open = dialableAddresses(listening, interfaces.filter(({ address }) => isOpen(ipBytes(address))));
  const reached = open.filter((address) => isOpen(ipOfEndpoint(address)));
  return reached.length > 0 ? reached : dialableAddresses(listening, interfaces);
}

function isOpen(ip: Uint8Array | null): boolean {
  return ip !== null && isPublic(ip);
}

function endpointOf<T>(text: string, endpoint: T | null): T {
  if (endpoint !== null) return endpoint;
  throw new KithError("usage", { detail: `'${text}' is not an address HOST:PORT.` });
}
