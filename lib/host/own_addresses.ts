import { MAX_ADDRESSES } from "../base/limits.ts";
import { addressText, type Endpoint } from "./address.ts";
import { networkInterfaces } from "./network_watch.ts";

/** The addresses of a listening peer, as this machine's interfaces are now. */
export class OwnAddresses {
  /** What is listened on. */
  readonly listening: readonly Endpoint[];
  #dialable: readonly string[];
  #mapped: string | null = null;

  constructor(listening: readonly Endpoint[]) {
    this.listening = listening;
    this.#dialable = dialableAddresses(listening, networkInterfaces());
  }

  /** Where others can dial, `host:port`, as of the last `refresh`; empty when nothing is listened on. */
  get dialable(): readonly string[] {
    if (this.#mapped === null) return this.#dialable;
    return [...this.#dialable.slice(0, MAX_ADDRESSES - 1), this.#mapped];
  }

  /** Where programs on this machine can dial, `host:port`. */
  get local(): string[] {
    const addresses = this.listening.map(({ hostname, port }) => {
      return addressText({ hostname: isWildcard(hostname) ? "127.0.0.1" : hostname, port });
    });
    return [...new Set(addresses)].slice(0, MAX_ADDRESSES);
  }

  /** The port listened on; null for none. */
  get port(): number | null {
    return this.listening[0]?.port ?? null;
  }

  /** Whether one of this machine's addresses is listened at. */
  isListeningAt(address: string): boolean {
    return this.portAt(address) !== null;
  }

  /** The port listened on at one of this machine's addresses; null for none. */
  portAt(address: string): number | null {
    const listening = this.listening.find(({ hostname }) => {
      return hostname === address || hostname === "::" || (hostname === "0.0.0.0" && !address.includes(":"));
    });
    return listening?.port ?? null;
  }

  /** A router passes on what is dialled at an address of its own, `host:port`; null for none. */
  map(address: string | null): void {
    this.#mapped = address;
  }

  /** Looks at the interfaces again. */
  refresh(): void {
    this.#dialable = dialableAddresses(this.listening, networkInterfaces());
  }
}

/**
 * Where others can dial what is listened on: a wildcard stands for all of this machine's addresses, IPv4 first,
 * without loopback and link-local ones; for loopback only where there is nothing else.
 */
export function dialableAddresses(
  listening: readonly Endpoint[],
  interfaces: readonly Pick<Deno.NetworkInterfaceInfo, "address" | "family">[],
): string[] {
  const addresses = new Set<string>();
  for (const { hostname, port } of listening) {
    if (!isWildcard(hostname)) {
      addresses.add(addressText({ hostname, port }));
      continue;
    }
    const usable = interfaces.filter(({ address, family }) => {
      return !isLocal(address) && (hostname === "::" || family === "IPv4");
    });
    const sorted = usable.toSorted((a, b) => a.family < b.family ? -1 : a.family > b.family ? 1 : 0);
    for (const { address } of sorted) addresses.add(addressText({ hostname: address, port }));
    if (sorted.length === 0) addresses.add(addressText({ hostname: "127.0.0.1", port }));
  }
  return [...addresses].slice(0, MAX_ADDRESSES);
}

/** Whether it stands for all of this machine's addresses. */
export function isWildcard(hostname: string): boolean {
  return hostname === "::" || hostname === "0.0.0.0";
}

/** Whether an address of this machine leads to itself, or holds on one link only. */
export function isLocal(address: string): boolean {
  return /^(127\.|169\.254\.|::1$|fe[89ab][0-9a-f]:)/i.test(address);
}
