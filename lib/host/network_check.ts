import { KithError } from "../base/errors.ts";
import { ipBytes, isLinkLocal, isPrivate, isPublic, isUnicast } from "../base/ip_address.ts";
import type { LanInterface } from "../mesh/lan_message.ts";
import { parseAddress } from "./address.ts";
import { readConfig } from "./config.ts";
import type { HomePaths } from "./home.ts";
import { lanInterfaces } from "./lan_service.ts";
import { DEFAULT_PORT, listenOn } from "./listen.ts";
import { Mdns } from "./mdns.ts";
import { networkInterfaces } from "./network_watch.ts";

/** How long it is listened whether somebody answers by multicast: peers do within a fifth of a second. */
const LISTEN_MS = 1000;

/** An address of this machine. */
export interface MachineAddress {
  readonly interface: string;
  readonly address: string;
  /** Who can use it: all of the net; this network, or those that it is joined with; or one link of it. */
  readonly scope: "public" | "private" | "link";
}

/** What came by multicast DNS on the local networks. */
export interface MulticastCheck {
  /** Interfaces that were asked on. */
  readonly interfaces: readonly string[];
  /** Why none was, or not all: a part of a sentence; null where all is well. */
  readonly problem: string | null;
  /** Whether the own question came back, whether other peers were heard, and other machines that ask for other things. */
  readonly self: boolean;
  readonly peers: boolean;
  readonly others: boolean;
}

/** What the network of this machine allows, as far as the machine itself can tell. */
export interface NetworkCheck {
  /** Its addresses, but for loopback; none where it has no network. */
  readonly addresses: readonly MachineAddress[];
  /** The ports at which a peer of the home would listen; whether they are free, null where that was not looked at. */
  readonly ports: readonly { readonly port: number; readonly isFree: boolean | null }[];
  readonly multicast: MulticastCheck;
}

/**
 * Looks at the network. Nothing is sent to any server: one question by multicast to the local networks, at most.
 *
 * @param options.lan whether multicast may be used, unless the home's settings say otherwise.
 * @param options.running whether a peer runs in the home, which then has its ports.
 * @throws {KithError} `config_invalid`, `home_…`.
 */
export async function checkNetwork(
  paths: HomePaths,
  { lan, running }: { readonly lan: boolean; readonly running: boolean },
): Promise<NetworkCheck> {
  const config = readConfig(paths);
  const interfaces = networkInterfaces();
  const listen = (config.listen ?? []).flatMap((text) => parseAddress(text, DEFAULT_PORT) ?? []);
  const endpoints = listen.length > 0 ? listen : [{ hostname: "::", port: DEFAULT_PORT }];
  return {
    addresses: interfaces.flatMap(({ name, address }) => {
      const bytes = ipBytes(address);
      if (bytes === null || !isUnicast(bytes)) return [];
      const scope = isLinkLocal(bytes) ? "link" : isPrivate(bytes) || !isPublic(bytes) ? "private" : "public";
      return [{ interface: name, address, scope }];
    }),
    ports: endpoints.map(({ hostname, port }) => ({ port, isFree: running ? null : isFree(hostname, port) })),
    multicast: lan && config["no-lan"] !== "yes"
      ? await checkMulticast(lanInterfaces(interfaces, { isListeningAt: () => true }))
      : { interfaces: [], problem: "it is switched off (--no-lan)", self: false, peers: false, others: false },
  };
}

/** Whether it can be listened on; null where its address is none of this machine now. */
function isFree(hostname: string, port: number): boolean | null {
  try {
    for (const listener of listenOn([{ hostname, port }])) listener.close();
    return true;
  } catch (error) {
    if (error instanceof KithError && error.code === "port_in_use") return false;
    if (error instanceof KithError && error.code === "address_unusable") return null;
    throw error;
  }
}

/** Asks who is there, and listens for a while. */
async function checkMulticast(wanted: readonly LanInterface[]): Promise<MulticastCheck> {
  const heard = { self: false, peers: false, others: false };
  const all = Promise.withResolvers<void>();
  const mdns = new Mdns({
    received: (_message, _on, isOwnAddress) => {
      heard[isOwnAddress ? "self" : "peers"] = true;
      if (heard.self && heard.peers) all.resolve();
    },
    others: () => heard.others = true,
    event: () => {},
  });
  try {
    const { interfaces, failures } = await mdns.open(wanted);
    for (const { name } of interfaces) mdns.send(name, { type: "ask", everybody: true, tickets: [], known: [] });
    if (interfaces.length > 0) {
      const timer = setTimeout(all.resolve, LISTEN_MS);
      await all.promise;
      clearTimeout(timer);
    }
    const problem = failures.length > 0
      ? failures.join("; ")
      : wanted.length === 0
      ? "there is no local network"
      : null;
    return { interfaces: interfaces.map(({ name }) => name), problem, ...heard };
  } finally {
    mdns.close();
  }
}
