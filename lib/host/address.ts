import { canonicalAddress, ipBytes } from "../base/ip_address.ts";
import { MAX_ADDRESS_BYTES } from "../base/limits.ts";

/** A TCP endpoint. */
export interface Endpoint {
  /** A name or an address, without brackets. */
  readonly hostname: string;
  /** 0 to 65,535; 0 lets the system choose when listening. */
  readonly port: number;
}

/** An endpoint as `host:port`, in the one spelling for all that mean the same (`canonicalAddress`). */
export function addressText({ hostname, port }: Endpoint): string {
  return canonicalAddress(`${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`);
}

/**
 * The endpoint of a text: `host:port`, `[v6]:port`, or with `defaultPort` also `host`, `[v6]` and `:port` (all
 * interfaces). An IPv4 address may be in brackets, a name may not.
 *
 * @returns null for anything else.
 */
export function parseAddress(text: string, defaultPort?: number): Endpoint | null {
  if (text.length === 0 || text.length > MAX_ADDRESS_BYTES) return null;
  const match = /^(?:\[([0-9a-fA-F:.]+)(%[\w.-]+)?\]|([^\s\p{Cc}:\[\]/@?#]*))(?::(\d{1,5}))?$/u.exec(text);
  if (match === null) return null;
  const [, inBrackets, zone = "", name = "", portText] = match;
  if (inBrackets !== undefined) {
    const ip = ipBytes(inBrackets);
    // An IPv4 address has no zone.
    if (ip === null || (ip.length === 4 && zone !== "")) return null;
  }
  const port = portText === undefined ? defaultPort : Number(portText);
  const hostname = inBrackets === undefined ? name : inBrackets + zone;
  if (port === undefined || port > 65535) return null;
  if (hostname !== "") return { hostname, port };
  return defaultPort === undefined ? null : { hostname: "::", port };
}

/** The endpoint of a text `host:port` to which something can be sent; null where it lacks either. */
export function parseTarget(text: string): Endpoint | null {
  const endpoint = parseAddress(text);
  return endpoint !== null && endpoint.hostname !== "" && endpoint.port > 0 ? endpoint : null;
}
