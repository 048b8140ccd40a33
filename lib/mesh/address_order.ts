import { ipOfEndpoint, isInSubnet, isPrivate } from "../base/ip_address.ts";

/** Bits of an address that machines of one network mostly share; what its true size is, only the system knows. */
const NETWORK_BITS = { 4: 24, 16: 64 } as const;

/**
 * The addresses that a peer tells of itself, the most promising first: those on this machine's own networks, then those
 * of the public net and names, last those of private networks that are elsewhere, and this machine's own. Among equals
 * IPv6 and IPv4 take turns (RFC 8305, 4), beginning with what the peer names first, so that a family that does not work
 * here holds up nothing.
 *
 * @param own where this machine can be dialled; as the others `host:port`.
 */
export function byPromise(addresses: readonly string[], own: readonly string[]): string[] {
  if (addresses.length < 2) return [...addresses];
  const ownHosts = own.flatMap((address) => ipOfEndpoint(address) ?? []);
  const groups: string[][] = [[], [], []];
  for (const address of addresses) groups[rankOf(address, own, ownHosts)]?.push(address);
  return groups.flatMap(takingTurns);
}

function rankOf(address: string, own: readonly string[], ownHosts: readonly Uint8Array[]): 0 | 1 | 2 {
  const ip = ipOfEndpoint(address);
  if (own.includes(address)) return 2;
  if (ip === null) return 1;
  const bits = NETWORK_BITS[ip.length as 4 | 16];
  if (ownHosts.some((host) => isInSubnet(ip, host, bits))) return 0;
  return isPrivate(ip) ? 2 : 1;
}

function takingTurns(addresses: readonly string[]): string[] {
  const isIpv6 = (address: string) => address.startsWith("[");
  const [first = ""] = addresses;
  const some = addresses.filter((address) => isIpv6(address) === isIpv6(first));
  const others = addresses.filter((address) => isIpv6(address) !== isIpv6(first));
  return some.flatMap((address, i) => [address, ...others.slice(i, i + 1)]).concat(others.slice(some.length));
}
