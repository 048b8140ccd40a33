import { ipBytes, ipText } from "../base/ip_address.ts";

/** What an address begins with at which is spoken by QUIC. */
export const QUIC_PREFIX = "quic:";

/** An address `host:port`, also one of QUIC, without its port. */
export function hostOf(address: string): string {
  return address.replace(/^quic:/, "").replace(/:\d{1,5}$/, "");
}

/** The port of an address `host:port`, as it is written. */
export function portOf(address: string): string {
  return address.slice(address.lastIndexOf(":") + 1);
}

/**
 * What one attacker has at hand at least: an IPv4 address, or a network of IPv6, of which everybody gets a /64.
 *
 * @param address `host:port`, an IPv6 address in brackets.
 */
export function sourceOf(address: string): string {
  const host = hostOf(address);
  const ip = ipBytes(host.replace(/^\[([^%\]]*).*$/, "$1"));
  if (ip === null || ip.length === 4) return host;
  return `[${ipText(ip.map((byte, i) => i < 8 ? byte : 0))}]`;
}

/** Whether an address `host:port` is one of this machine alone. */
export function isLoopback(address: string): boolean {
  const host = hostOf(address);
  return host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
