import { ipOfEndpoint, isPublic } from "../base/ip_address.ts";
import type { Connection } from "./links.ts";
import { hostOf, portOf } from "./source_address.ts";

/**
 * What is between a peer and those that it dialled, by what most of them see: nothing that changes its address; a router
 * that has one address for it and keeps its ports, so that others can foresee both; one that changes ports; or several
 * addresses, by whom it dials.
 */
export type NatKind = "none" | "port_kept" | "port_changed" | "address_varies";

/** Both by themselves; null where nobody outside of its network was dialled. */
export interface NatKinds {
  readonly ipv4: NatKind | null;
  readonly ipv6: NatKind | null;
}

/** At what address a member has this peer on a link that this one dialled. */
export interface SeenFrom {
  readonly connection: Pick<Connection, "localAddress">;
  /** `host:port`, an IPv6 address in brackets. */
  readonly seen: string;
}

/** The kinds, from what each of several members sees; who sees something else than most is outvoted. */
export function natsOf(all: readonly SeenFrom[]): NatKinds {
  const isIpv6 = ({ seen }: SeenFrom) => seen.startsWith("[");
  return { ipv4: natOf(all.filter((one) => !isIpv6(one))), ipv6: natOf(all.filter(isIpv6)) };
}

function natOf(all: readonly SeenFrom[]): NatKind | null {
  const telling = all.flatMap(({ seen, connection: { localAddress } }) => {
    if (localAddress === null) return [];
    const isTranslated = hostOf(localAddress) !== hostOf(seen);
    // On this very network there is nothing in between, whatever there may be beyond it.
    const isOutside = isTranslated || isPublic(ipOfEndpoint(seen) ?? new Uint8Array(4));
    return isOutside ? [{ host: hostOf(seen), isTranslated, isPortKept: portOf(localAddress) === portOf(seen) }] : [];
  });
  const [most] = [...Map.groupBy(telling, ({ host }) => host).values()].sort((a, b) => b.length - a.length);
  if (most === undefined) return null;
  if (2 * most.length <= telling.length) return "address_varies";
  if (most.every(({ isTranslated }) => !isTranslated)) return "none";
  return 2 * most.filter(({ isPortKept }) => isPortKept).length > most.length ? "port_kept" : "port_changed";
}
