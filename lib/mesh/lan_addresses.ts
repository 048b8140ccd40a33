import { ipBytes, ipText, isInSubnet, isLinkLocal, isPrivate, isUnicast } from "../base/ip_address.ts";
import { MAX_LAN_ADDRESSES } from "../base/limits.ts";
import type { LanInterface, LanRecord } from "./lan_message.ts";

/** Below are the system's services, which nobody runs a peer at; who is told to speak kith to one would harm it. */
const LEAST_PORT = 1024;
/** Printers print what they are sent there. */
const PRINTER_PORTS: readonly [least: number, greatest: number] = [9100, 9109];

/** Whether nobody runs a peer at a port, so that whoever is told to dial it is sent to something else. */
export function isPortOfOthers(port: number): boolean {
  return port < LEAST_PORT || (port >= PRINTER_PORTS[0] && port <= PRINTER_PORTS[1]);
}

interface Network {
  readonly name: string;
  readonly address: Uint8Array;
  readonly prefixBits: number;
}

/** Where addresses that were found on a network may be dialled: on this machine's own networks, or on private ones. */
export class LanAddresses {
  #networks: readonly Network[] = [];

  /** Sets the interfaces of this machine. */
  set(interfaces: readonly LanInterface[]): void {
    this.#networks = interfaces.flatMap(({ name, addresses }) =>
      addresses.flatMap(({ address, prefixBits }) => {
        const bytes = ipBytes(address);
        return bytes === null ? [] : [{ name, address: bytes, prefixBits }];
      })
    );
  }

  /**
   * Where a record says that its peer can be dialled, `host:port`, the nearest first; and why the rest was refused.
   *
   * @param on the interface on which it came; null where that is not known.
   */
  dialable(
    { port, addresses }: Pick<LanRecord, "port" | "addresses">,
    on: string | null,
  ): { readonly dialable: readonly string[]; readonly refused: readonly string[] } {
    if (isPortOfOthers(port)) return { dialable: [], refused: ["a port of other services"] };
    const refused: string[] = [];
    const found: { readonly text: string; readonly rank: number }[] = [];
    for (const text of addresses.slice(0, MAX_LAN_ADDRESSES)) {
      const address = ipBytes(text);
      const rank = address === null ? null : this.#rank(address);
      if (address === null || rank === null) {
        refused.push("an address that is not near");
      } else if (address.length === 4) {
        found.push({ text: `${ipText(address)}:${port}`, rank });
      } else if (!isLinkLocal(address)) {
        found.push({ text: `[${ipText(address)}]:${port}`, rank: rank + 1 });
      } else {
        for (const zone of this.#zones(on)) found.push({ text: `[${ipText(address)}%${zone}]:${port}`, rank: 4 });
      }
    }
    found.sort((a, b) => a.rank - b.rank);
    const dialable = [...new Set(found.map(({ text }) => text))].slice(0, MAX_LAN_ADDRESSES);
    return { dialable, refused };
  }

  /** 0 on one of this machine's own networks, 2 on another private one; null where it may not be dialled. */
  #rank(address: Uint8Array): number | null {
    if (!isUnicast(address)) return null;
    if (this.#networks.some((network) => isInSubnet(address, network.address, network.prefixBits))) return 0;
    return isPrivate(address) ? 2 : null;
  }

  /** The interfaces on which a link-local address may be. */
  #zones(on: string | null): readonly string[] {
    if (on !== null) return [on];
    return [...new Set(this.#networks.flatMap(({ name, address }) => address.length === 16 ? name : []))];
  }
}
