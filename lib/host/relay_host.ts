import { utf8Encode } from "../base/bytes.ts";
import type { PeerEvent } from "../base/event.ts";
import { KithError } from "../base/errors.ts";
import { ipOfEndpoint, isPublic } from "../base/ip_address.ts";
import { MAX_RELAY_CLIENTS, RELAY_ACCESS_KEY_BYTES } from "../base/limits.ts";
import { hmacSha256 } from "../crypto/hash.ts";
import type { Identity } from "../crypto/identity.ts";
import { relayText } from "../mesh/relay_address.ts";
import { PublicRelay, type PublicRelayCounts } from "../peer/public_relay.ts";
import { addressText, parseAddress, parseTarget } from "./address.ts";
import { Driver } from "./driver.ts";
import { homePaths, prepareHome, resolveHome } from "./home.ts";
import { openIdentity } from "./identity_file.ts";
import { listenOn } from "./listen.ts";
import { lockHome } from "./lock.ts";
import { type Log, openLog } from "./log.ts";
import { networkInterfaces } from "./network_watch.ts";
import { dialableAddresses } from "./own_addresses.ts";

/** Where a relay listens unless told otherwise: beside a peer, and always there, since its text says so. */
export const DEFAULT_RELAY_PORT = 5485;

/** How a public relay is to be run. */
export interface RelayHostOptions {
  /** The home, in which the relay has a folder of its own. Default: as for a peer. */
  readonly home?: string;
  /** Where to listen, `HOST:PORT`. Default: all interfaces, DEFAULT_RELAY_PORT. */
  readonly listen?: readonly string[];
  /** Where others reach it, `HOST:PORT`. Default: the public addresses of this machine, or all where it has none. */
  readonly addresses?: readonly string[];
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
  readonly #log: Log;
  readonly #resources: AsyncDisposableStack;
  readonly #heard = new Set<(event: PeerEvent) => void>();
  readonly #ended = Promise.withResolvers<string>();
  #stopped: Promise<void> | null = null;
  #failure: unknown = null;

  /**
   * Runs the relay of a home. Its identity, from which its access key follows, is made where there is none.
   *
   * @throws {KithError} `usage`, `home_…`, `key_damaged`, `port_in_use`, `address_unusable`; nothing is left open then.
   */
  static async start(options: RelayHostOptions): Promise<RelayHost> {
    await using resources = new AsyncDisposableStack();
    const separator = Deno.build.os === "windows" ? "\\" : "/";
    const paths = homePaths(`${resolveHome(options.home)}${separator}relay`);
    prepareHome(paths.home);
    const lock = await lockHome(paths);
    resources.defer(() => lock.release());
    const random = { bytes: (size: number) => crypto.getRandomValues(new Uint8Array(size)) };
    const identity = openIdentity(paths, random);
    const log = openLog(paths.log);
    resources.defer(() => log.close());
    const listeners = listenOn((options.listen ?? [`:${DEFAULT_RELAY_PORT}`]).map((text) => {
      return endpointOf(text, parseAddress(text, DEFAULT_RELAY_PORT));
    }));
    for (const listener of listeners) resources.use(listener);
    const named = options.addresses?.map((text) => addressText(endpointOf(text, parseTarget(text))));
    const addresses = named ?? reachedAt(listeners.map(({ addr }) => addr));
    const host = new RelayHost(identity, random, addresses, paths.home, log, resources.move());
    host.#driver.network.listen(listeners);
    host.#tell({ name: "started", level: "info", fields: { addresses: addresses.join(" ") } });
    return host;
  }

  private constructor(
    identity: Identity,
    random: { bytes(size: number): Uint8Array },
    addresses: readonly string[],
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
    resources.defer(() => this.#driver.stop());
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

  /** Says goodbye to all that are linked, and stops. Idempotent. */
  stop(reason = "asked to stop"): Promise<void> {
    this.#stopped ??= this.#close(reason);
    return this.#stopped;
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

  #tell(event: PeerEvent): void {
    this.#log.write(event);
    this.#heard.forEach((heard) => heard(event));
  }
}

/** The access key follows from the identity, so that there is one secret to be kept, and both change together. */
function accessKeyOf(identity: Identity): Uint8Array {
  return hmacSha256(identity.toBytes(), utf8Encode("kith relay access key 1")).subarray(0, RELAY_ACCESS_KEY_BYTES);
}

function reachedAt(listening: Parameters<typeof dialableAddresses>[0]): readonly string[] {
  const all = dialableAddresses(listening, networkInterfaces());
  const open = all.filter((address) => {
    const ip = ipOfEndpoint(address);
    return ip !== null && isPublic(ip);
  });
  return open.length > 0 ? open : all;
}

function endpointOf<T>(text: string, endpoint: T | null): T {
  if (endpoint !== null) return endpoint;
  throw new KithError("usage", { detail: `'${text}' is not an address HOST:PORT.` });
}
