import type { PeerEvent } from "../base/event.ts";
import { ipBytes, isLinkLocal, isPublic, isUnicast } from "../base/ip_address.ts";
import {
  MAPPING_LIFETIME_S,
  MAPPING_TRY_AGAIN_MS,
  MAPPING_TRY_SOON_MS,
  MAX_LAN_INTERFACES,
  UNMAP_TIMEOUT_MS,
} from "../base/limits.ts";
import { addressText } from "./address.ts";
import { type Mapping, MappingRefused, type MappingRequest } from "./mapping.ts";

/** RFC 6887, 11.1. */
const NONCE_BYTES = 12;

/** How it stands with the router. */
export interface PortMapState {
  /** Where connections are passed on to this peer from, `host:port`; null where there is no mapping. */
  readonly address: string | null;
  /** The protocol by which that was made. */
  readonly by: Mapping["by"] | null;
  /** Why there is none, or why it is of no use far away: a part of a sentence; null where all is well. */
  readonly problem: string | null;
}

/** An interface of this machine, as `Deno.networkInterfaces` has it. */
export type Interface = Pick<Deno.NetworkInterfaceInfo, "address" | "cidr">;

/** What port mapping works upon. */
export interface PortMapperParts {
  readonly isOn: boolean;
  /** The port that this peer listens at on an IPv4 address; null for none. */
  readonly portAt: (address: string) => number | null;
  readonly interfaces: () => readonly Interface[];
  /** Others can dial an address from now on, or no longer (null). */
  readonly mapped: (address: string | null) => void;
  readonly event: (event: PeerEvent) => void;
  /** Asks the routers of a network. Default: `mapByRouters`. */
  readonly map?: (request: MappingRequest, routers: readonly string[], signal: AbortSignal) => Promise<Mapping | null>;
}

/** A mapping, and what it is for. */
interface Held {
  readonly mapping: Mapping;
  readonly localAddress: string;
  /** Until when the router keeps it, by the monotonic clock. */
  readonly untilMs: number;
}

/** Has the router of this machine's network pass connections on to a peer, for as long as that runs. */
export class PortMapper {
  readonly #parts: PortMapperParts;
  readonly #stopping = new AbortController();
  readonly #nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  #state: PortMapState;
  #held: Held | null = null;
  #wake = Promise.withResolvers<void>();
  #running: Promise<void> = Promise.resolve();

  constructor(parts: PortMapperParts) {
    this.#parts = parts;
    this.#state = none(parts.isOn ? "no router has answered yet" : "it is switched off (--no-port-map)");
  }

  /** How it stands. */
  get state(): PortMapState {
    return this.#state;
  }

  /** Begins, and goes on by itself. */
  start(): void {
    if (this.#parts.isOn) this.#running = this.#run(this.#stopping.signal);
  }

  /** This machine's addresses changed: there may be another router. */
  networkChanged(): void {
    this.#wake.resolve();
  }

  /** Ends it, and the mapping. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake.resolve();
    await this.#running;
    const held = this.#held;
    this.#held = null;
    // A router that does not want to, or is gone, lets it expire.
    await held?.mapping.remove(AbortSignal.timeout(UNMAP_TIMEOUT_MS)).catch(() => {});
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers();
      const outcome = await this.#map(signal);
      // What there was is ended by whoever stops this.
      if (signal.aborted && !("mapping" in outcome)) return;
      let againMs = MAPPING_TRY_AGAIN_MS;
      if ("mapping" in outcome) {
        this.#held = outcome;
        this.#become(stateOf(outcome.mapping));
        againMs = renewMs(outcome.mapping);
      } else if (outcome.isSilent && this.#mayHold()) {
        againMs = MAPPING_TRY_SOON_MS;
      } else {
        this.#held = null;
        this.#become(none(outcome.problem));
      }
      const timer = setTimeout(this.#wake.resolve, againMs);
      if (!signal.aborted) await this.#wake.promise;
      clearTimeout(timer);
    }
  }

  /** Has a mapping made, or renewed. */
  async #map(signal: AbortSignal): Promise<Held | { readonly problem: string; readonly isSilent: boolean }> {
    const { interfaces, portAt } = this.#parts;
    const present = interfaces();
    const isOutside = ({ address }: Interface) => address.includes(".") && isPublic(ipBytes(address) as Uint8Array);
    if (present.some(isOutside)) return { problem: "this machine has a public address itself", isSilent: false };
    // The runtime would refuse it where nobody can catch that.
    if (Deno.permissions.querySync({ name: "net" }).state !== "granted") {
      return { problem: "this process may not use all of the network, by --allow-net", isSilent: false };
    }
    let problem = "this peer listens on no network behind a router";
    let isSilent = false;
    for (const one of present.filter(({ address }) => isInner(address)).slice(0, MAX_LAN_INTERFACES)) {
      const port = portAt(one.address);
      if (port === null) continue;
      problem = "no router answers to PCP, NAT-PMP or UPnP";
      isSilent = true;
      const ports = { port, outsidePort: this.#held?.mapping.port ?? port };
      const request = { localAddress: one.address, ...ports, lifetimeS: MAPPING_LIFETIME_S, nonce: this.#nonce };
      const untilMs = performance.now() + MAPPING_LIFETIME_S * 1000;
      const map = this.#parts.map ?? (await import("./router_mapping.ts")).mapByRouters;
      try {
        const mapping = await map(request, likelyRouters(one), signal);
        if (mapping !== null) return { mapping, localAddress: one.address, untilMs };
      } catch (error) {
        if (!(error instanceof MappingRefused)) throw error;
        return { problem: `the router refuses: ${error.message}`, isSilent: false };
      }
    }
    return { problem, isSilent };
  }

  /** Whether a mapping that was made may still be there: a router that says nothing once may have been busy. */
  #mayHold(): boolean {
    const held = this.#held;
    return held !== null && performance.now() < held.untilMs &&
      this.#parts.interfaces().some(({ address }) => address === held.localAddress);
  }

  #become(state: PortMapState): void {
    const before = this.#state;
    this.#state = state;
    if (state.address !== before.address) this.#parts.mapped(state.address);
    if (state.address === before.address && state.problem === before.problem) return;
    const { address, by, problem } = state;
    // A network without such a router is nothing to be warned of; one that takes a mapping back is.
    const name = address !== null ? "port_mapped" : before.address !== null ? "port_map_lost" : "port_not_mapped";
    this.#parts.event({
      name,
      level: name === "port_map_lost" ? "warning" : "info",
      ...(problem === null ? {} : { reason: problem }),
      fields: { address: address ?? before.address, by },
    });
  }
}

/** The routers that a network may have: by custom its first or last address. */
export function likelyRouters({ address, cidr }: Interface): string[] {
  const prefixBits = Number(cidr.split("/")[1]);
  if (!(prefixBits >= 8 && prefixBits <= 30)) return [];
  const own = new DataView((ipBytes(address) as Uint8Array).slice().buffer).getUint32(0);
  const hosts = 2 ** (32 - prefixBits);
  const base = own - own % hosts;
  const routers = [base + 1, base + hosts - 2].filter((router) => router !== own);
  return routers.map((router) => [24, 16, 8, 0].map((shift) => router >>> shift & 255).join("."));
}

function stateOf({ host, port, by }: Mapping): PortMapState {
  const outside = ipBytes(host);
  if (outside?.length !== 4 || !isUnicast(outside) || port === 0) return none("the router tells an impossible address");
  const problem = isPublic(outside) ? null : `the router is behind another one: its own address is ${host}`;
  return { address: addressText({ hostname: host, port }), by, problem };
}

function none(problem: string): PortMapState {
  return { address: null, by: null, problem };
}

function isInner(address: string): boolean {
  const bytes = address.includes(".") ? ipBytes(address) : null;
  return bytes !== null && isUnicast(bytes) && !isPublic(bytes) && !isLinkLocal(bytes);
}

/** When to renew a mapping, in ms: RFC 6886, 3.3, at half of its lifetime; one without end in case the router restarts. */
function renewMs({ lifetimeS }: Mapping): number {
  const usedS = lifetimeS === 0 ? MAPPING_LIFETIME_S : Math.min(lifetimeS, MAPPING_LIFETIME_S);
  return Math.max(usedS * 1000 / 2, MAPPING_TRY_SOON_MS);
}
