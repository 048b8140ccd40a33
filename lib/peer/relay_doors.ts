const PREFIX = "relay:";

/** In place of an address of a door: at a relay, for one of the keys of a ticket. @param host of the relay, `host:port`. */
export function relayDoor(host: string, index: number): string {
  return `${PREFIX}${host}/${index + 1}`;
}

/** Whether something in place of an address leads through a relay. */
export function isRelayDoor(address: string): boolean {
  return address.startsWith(PREFIX);
}
