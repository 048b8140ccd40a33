import { canonicalAddress } from "../base/ip_address.ts";

/** The port of the first address that a peer says it listens at; null when it listens nowhere. */
export function advertisedPort(addresses: readonly string[]): number | null {
  const match = /:(\d{1,5})$/.exec(canonicalAddress(addresses[0] ?? ""));
  return match === null ? null : Number(match[1]);
}

/** Where a peer that dialled from `address` can probably be dialled: the same host, at the port it listens at. */
export function dialableAddress(address: string, port: number | null): string | null {
  const match = /^(.+):\d{1,5}$/.exec(address);
  return match === null || port === null ? null : `${match[1]}:${port}`;
}
