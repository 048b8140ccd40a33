import { ipOfEndpoint, isLinkLocal, isLoopbackIp, isPublic, isUnicast } from "../base/ip_address.ts";
import { MAX_PUNCH_WITNESSES } from "../base/limits.ts";
import type { Connection, Links } from "./links.ts";
import type { Input } from "./machine.ts";
import { isPunched } from "./path.ts";
import { hostOf } from "./source_address.ts";

/**
 * What routers do with the address from which this peer sends by UDP: nothing; they show the same one to everybody, so
 * that it can be told to others; or each one sees another one, so that nobody can foresee it (RFC 4787, section 4.1).
 */
export type UdpMapping = "none" | "same" | "varies";

/** What one that was asked said. */
export interface UdpSeen {
  /** Base32 id of the member, or of the public relay. */
  readonly by: string;
  /** At what address it sees this peer, `host:port`; null where it did not answer. */
  readonly address: string | null;
}

/** What is known of UDP on this network. */
export interface UdpWitnessView {
  /** Whether somebody answered of those that were asked last; null where nobody was so far. */
  readonly works: boolean | null;
  /** Null where fewer than two tell, from outside of this network. */
  readonly mapping: UdpMapping | null;
  readonly seen: readonly UdpSeen[];
}

/** What the witnesses work upon. */
export interface UdpWitnessParts {
  readonly links: Links;
  /** The link to the public relay, which both have shown to be one; null for none. */
  readonly publicRelay: () => Connection | null;
  readonly quicAsk: (addresses: readonly string[]) => void;
  /** Whether the member at the other end of a link, by its number, has this peer at an address beyond its own network. */
  readonly isSeenFromBeyond: (number: number) => boolean;
}

/** Who is asked. */
interface Witness {
  readonly connection: Connection;
  readonly isBeyond: boolean;
  /** At which it takes QUIC. */
  readonly quicAddress: string;
  /** At which it sees this peer. */
  readonly address: string | null;
}

/**
 * Asks members, and the public relay, at what address they see what this peer sends by QUIC: those that are linked
 * directly and take QUIC, at the host to which their link leads.
 */
export class UdpWitnesses {
  readonly #parts: UdpWitnessParts;
  /** At which port members take QUIC, by the number of the link by which they said so. */
  readonly #ports = new Map<number, number>();
  /** Those that are asked now. */
  #asked: readonly Witness[] | null = null;
  /** Whether the network changed since they were asked. */
  #isStale = false;
  #told: readonly Witness[] = [];

  constructor(parts: UdpWitnessParts) {
    this.#parts = parts;
  }

  /** Somebody says on a link at which port it takes QUIC; 0: at none. @returns whether that is news. */
  tells({ number }: Connection, port: number): boolean {
    const before = this.#ports.get(number) ?? 0;
    if (port === 0) this.#ports.delete(number);
    else this.#ports.set(number, port);
    return port !== before;
  }

  /** Whether the other end of a link takes QUIC, as far as it said. */
  takesQuic({ number }: Connection): boolean {
    return this.#ports.has(number);
  }

  /** A link is closed. */
  closed({ number }: Connection): void {
    this.#ports.delete(number);
  }

  /** What was found was about another network. */
  networkChanged(): void {
    this.#told = [];
    this.#isStale = this.#asked !== null;
  }

  /** Asks, unless that is under way. @returns false where there is nobody to be asked. */
  ask(): boolean {
    if (this.#asked !== null) return true;
    const witnesses = this.#choose();
    if (witnesses.length === 0) return false;
    this.#asked = witnesses;
    this.#parts.quicAsk([...new Set(witnesses.map(({ quicAddress }) => quicAddress))]);
    return true;
  }

  /** The answers. @returns false where they are about the network that was, and of no use. */
  answered({ seen }: Extract<Input, { type: "quic_seen" }>): boolean {
    if (this.#isStale) {
      this.#isStale = false;
      this.#asked = null;
      return false;
    }
    const addresses = new Map(seen.map(({ asked, address }) => [asked, address]));
    this.#told = (this.#asked ?? []).map((witness) => {
      return { ...witness, address: addresses.get(witness.quicAddress) ?? null };
    });
    this.#asked = null;
    return true;
  }

  /** At which addresses this peer was seen last, of those that can be one machine's; from beyond its network first. */
  get addresses(): readonly string[] {
    const usable = this.#told.flatMap(({ address }) => address !== null && isMeant(address) ? [address] : []);
    return [...new Set(usable)];
  }

  /** Whether more could be known of the routers than is: fewer than two from beyond this network told. */
  get isOneMissing(): boolean {
    const telling = this.#told.filter(({ isBeyond, address }) => isBeyond && address !== null);
    return telling.length < 2 && this.#choose().filter(({ isBeyond }) => isBeyond).length > telling.length;
  }

  /** What is known. */
  view(): UdpWitnessView {
    const told = this.#told;
    return {
      works: told.length === 0 ? null : told.some(({ address }) => address !== null),
      mapping: mappingOf(told),
      seen: told.map(({ connection, address }) => ({ by: connection.peer, address })),
    };
  }

  /** Those beyond this network first, then the nearest; where they are many, one at least by the other IP version. */
  #choose(): Witness[] {
    const { links, isSeenFromBeyond, publicRelay } = this.#parts;
    const relay = publicRelay();
    const known = [...links.members()].filter((link) => link.isKnownMember && link.relay === null && !isPunched(link));
    const all = [...known, ...(relay === null ? [] : [relay])].flatMap((connection): Witness[] => {
      const quicAddress = this.takesQuic(connection) ? this.#quicAddressOf(connection) : null;
      if (quicAddress === null) return [];
      // What a public relay sees is told by QUIC alone: one of the public net is beyond any network at home.
      const isBeyond = connection === relay
        ? isPublic(ipOfEndpoint(quicAddress) as Uint8Array)
        : isSeenFromBeyond(connection.number);
      return [{ connection, isBeyond, quicAddress, address: null }];
    });
    const tripMs = ({ link }: Connection) => link.roundTripMs ?? Infinity;
    all.sort((a, b) =>
      Number(b.isBeyond) - Number(a.isBeyond) || tripMs(a.connection) - tripMs(b.connection) ||
      a.connection.number - b.connection.number
    );
    const chosen = all.slice(0, MAX_PUNCH_WITNESSES);
    const isIpv6 = ({ quicAddress }: Witness) => quicAddress.startsWith("[");
    const other = all.find((witness) => isIpv6(witness) !== isIpv6(all[0] as Witness));
    if (other !== undefined && !chosen.includes(other)) chosen[MAX_PUNCH_WITNESSES - 1] = other;
    return chosen;
  }

  /** Null where only a name is known, which is not looked up for it, or where a zone is needed, which Deno does not tell. */
  #quicAddressOf({ number, address, remoteAddress }: Connection): string | null {
    const known = remoteAddress ?? address;
    const ip = ipOfEndpoint(known);
    if (ip === null || (ip.length === 16 && isLinkLocal(ip))) return null;
    return `${hostOf(known)}:${this.#ports.get(number)}`;
  }
}

/** Whether something can be one machine's address, on a network or, as in tests, on the machine itself. */
export function isMeant(address: string): boolean {
  const ip = ipOfEndpoint(address);
  return ip !== null && !isLinkLocal(ip) && (isUnicast(ip) || isLoopbackIp(ip));
}

function mappingOf(all: readonly Witness[]): UdpMapping | null {
  const told = all.flatMap(({ isBeyond, address, connection: { localAddress } }) => {
    return isBeyond && address !== null
      ? [{ address, localHost: localAddress === null ? "" : hostOf(localAddress) }]
      : [];
  });
  if (told.length > 0 && told.every(({ address, localHost }) => hostOf(address) === localHost)) return "none";
  const families = [...Map.groupBy(told, ({ address }) => address.startsWith("["))].map(([, family]) => family);
  const compared = families.filter((family) => family.length > 1);
  if (compared.length === 0) return null;
  return compared.every((family) => family.every(({ address }) => address === family[0]?.address)) ? "same" : "varies";
}
