/** An IP address with the size of the network that it is in. */
export interface Subnet {
  /** As text, without brackets or zone. */
  readonly address: string;
  /** Bits that all addresses of the network share. Range: 0 to 32, or to 128. */
  readonly prefixBits: number;
}

/**
 * The 4 or 16 bytes of an IP address.
 *
 * @returns null for anything else, a zone (`%eth0`) among it.
 */
export function ipBytes(text: string): Uint8Array | null {
  return text.includes(":") ? ipv6Bytes(text) : ipv4Bytes(text);
}

/**
 * An address in one spelling for all that mean the same: that of RFC 5952, but that one which is mapped (`::ffff:…`) is
 * spelled as the IPv4 address that it stands for.
 */
export function ipText(address: Uint8Array): string {
  if (address.length === 4) return address.join(".");
  if (address.subarray(0, 12).every((byte, i) => byte === (i < 10 ? 0 : 0xff))) return address.subarray(12).join(".");
  const groups = Array.from({ length: 8 }, (_, i) => (address[2 * i] as number) << 8 | (address[2 * i + 1] as number));
  const text = groups.map((group) => group.toString(16)).join(":");
  let [zeros, at] = ["", 0];
  for (const { 0: run, index } of text.matchAll(/\b0(?::0)+\b/g)) {
    if (run.length > zeros.length) [zeros, at] = [run, index];
  }
  if (zeros === "") return text;
  return `${text.slice(0, at).replace(/:$/, "")}::${text.slice(at + zeros.length).replace(/^:/, "")}`;
}

/**
 * An address `host:port` in one spelling for all that mean the same: `ipText` of an IP address, one of IPv6 in brackets,
 * with its zone where it is link-local; of a name the letters A to Z in lower case (RFC 4343), without the dot at its end;
 * the port without zeros before it. What is no address is left as it is.
 */
export function canonicalAddress(text: string): string {
  const match = /^(?:\[([0-9a-fA-F:.]+)(%[^\[\]]+)?\]|([^\[\]:]+)):0*(\d{1,5})$/.exec(text);
  if (match === null) return text;
  const [, inBrackets, zone = "", name = "", port] = match;
  if (inBrackets === undefined) return `${canonicalName(name)}:${port}`;
  const ip = ipBytes(inBrackets);
  // An IPv4 address has no zone.
  if (ip === null || (ip.length === 4 && zone !== "")) return text;
  const host = ipText(ip);
  return host.includes(":") ? `[${host}${isLinkLocal(ip) ? zone : ""}]:${port}` : `${host}:${port}`;
}

function canonicalName(name: string): string {
  return name.replace(/([^.])\.$/, "$1").replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Addresses in that spelling, each one once. */
export function canonicalAddresses(texts: readonly string[]): string[] {
  return [...new Set(texts.map(canonicalAddress))];
}

/**
 * The address in a text `a.b.c.d:port` or `[v6]:port`, in bytes.
 *
 * @returns null for anything else: a name, a zone, the port 0.
 */
export function ipOfEndpoint(text: string): Uint8Array | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([\d.]+)):([1-9]\d{0,4})$/.exec(text);
  if (match === null || Number(match[3]) > 65_535) return null;
  const address = ipBytes((match[1] ?? match[2]) as string);
  // An IPv4 address has no brackets.
  return address?.length === (match[1] === undefined ? 4 : 16) ? address : null;
}

/** Whether an address is in a network; both in bytes. */
export function isInSubnet(address: Uint8Array, network: Uint8Array, prefixBits: number): boolean {
  if (address.length !== network.length) return false;
  for (let bit = 0; bit < prefixBits; bit += 8) {
    const mask = prefixBits - bit >= 8 ? 255 : 255 << (8 - (prefixBits - bit)) & 255;
    if (((address[bit >> 3] as number) & mask) !== ((network[bit >> 3] as number) & mask)) return false;
  }
  return true;
}

/** Whether it holds on one link only: 169.254.0.0/16, fe80::/10. */
export function isLinkLocal(address: Uint8Array): boolean {
  const [first, second = 0] = address;
  return address.length === 4 ? first === 169 && second === 254 : first === 0xfe && (second & 0xc0) === 0x80;
}

/** Whether it is never routed on the public net: RFC 1918, RFC 4193, or link-local. */
export function isPrivate(address: Uint8Array): boolean {
  const [first = 0, second = 0] = address;
  if (isLinkLocal(address)) return true;
  if (address.length === 16) return (first & 0xfe) === 0xfc;
  return first === 10 || (first === 172 && (second & 0xf0) === 16) || (first === 192 && second === 168);
}

/** Whether it is one machine's address on the public net: also none of those that providers share (RFC 6598). */
export function isPublic(address: Uint8Array): boolean {
  const [first = 0, second = 0] = address;
  const isShared = address.length === 4 && first === 100 && (second & 0xc0) === 64;
  return isUnicast(address) && !isPrivate(address) && !isShared;
}

/** Whether it can be one machine's address on a network: neither unspecified nor loopback, multicast or broadcast. */
export function isUnicast(address: Uint8Array): boolean {
  const [first = 0] = address;
  if (address.length === 4) return first !== 0 && first !== 127 && first < 224;
  // Also the mapped and compatible forms of IPv4 addresses, which have no place on a network.
  return first !== 0xff && address.subarray(0, 8).some((byte) => byte !== 0);
}

/** Whether it leads back to this machine: 127.0.0.0/8, ::1. */
export function isLoopbackIp(address: Uint8Array): boolean {
  if (address.length === 4) return address[0] === 127;
  return address.every((byte, i) => byte === (i === 15 ? 1 : 0));
}

function ipv4Bytes(text: string): Uint8Array | null {
  const parts = text.split(".");
  // With a zero before it a number is octal to some systems, and a name to others.
  const isAddress = parts.length === 4 &&
    parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
  return isAddress ? Uint8Array.from(parts, Number) : null;
}

function ipv6Bytes(text: string): Uint8Array | null {
  const [before = "", after, extra] = text.split("::");
  if (extra !== undefined || text.length > 45) return null;
  const head = groupBytes(before);
  const tail = after === undefined ? [] : groupBytes(after);
  if (head === null || tail === null) return null;
  const missing = 16 - head.length - tail.length;
  if (after === undefined ? missing !== 0 : missing < 2) return null;
  return Uint8Array.from([...head, ...new Array(missing).fill(0), ...tail]);
}

/** The bytes of groups with colons between them, the last of which may be an IPv4 address. */
function groupBytes(text: string): number[] | null {
  if (text === "") return [];
  const groups = text.split(":");
  const bytes: number[] = [];
  for (const [i, group] of groups.entries()) {
    const ipv4 = i === groups.length - 1 ? ipv4Bytes(group) : null;
    if (ipv4 !== null) bytes.push(...ipv4);
    else if (/^[0-9a-fA-F]{1,4}$/.test(group)) bytes.push(parseInt(group, 16) >> 8, parseInt(group, 16) & 255);
    else return null;
  }
  return bytes;
}
