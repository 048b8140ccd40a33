import dgram from "node:dgram";
import type { PeerEvent } from "../base/event.ts";
import { ipBytes, isInSubnet, isLinkLocal } from "../base/ip_address.ts";
import { MAX_LAN_PACKET_BYTES } from "../base/limits.ts";
import { isSystemError } from "./file_error.ts";
import type { LanInterface, LanMessage } from "../mesh/lan_message.ts";
import { decodeLanPacket, encodeLanMessage, isAboutKith } from "./mdns_packet.ts";

/** RFC 6762: port, and groups of IPv4 and IPv6. */
const PORT = 5353;
const GROUP_4 = "224.0.0.251";
const GROUP_6 = "ff02::fb";
/** RFC 6762, 11. */
const TTL = 255;

/** What multicast DNS tells of. */
export interface MdnsHooks {
  /** A message about kith came in. @param on the interface; null where that is not known. */
  received(message: LanMessage, on: string | null, isOwnAddress: boolean): void;
  /** Other machines speak of something else. */
  others(): void;
  /** Something to log and count. */
  event(event: PeerEvent): void;
}

/** How an interface is sent to. */
interface Sender {
  /** Bound to the interface's own IPv4 address; null where it has none. */
  readonly socket4: dgram.Socket | null;
  readonly hasIpv6: boolean;
}

/** The sockets of multicast DNS, on several interfaces, beside whatever else on this machine speaks it. */
export class Mdns {
  readonly #hooks: MdnsHooks;
  #interfaces: readonly LanInterface[] = [];
  #sockets: dgram.Socket[] = [];
  #socket6: dgram.Socket | null = null;
  #senders = new Map<string, Sender>();

  constructor(hooks: MdnsHooks) {
    this.#hooks = hooks;
  }

  /**
   * Listens on these interfaces and no others.
   *
   * @returns those on which that succeeded, and why the others failed.
   */
  async open(
    interfaces: readonly LanInterface[],
  ): Promise<{ readonly interfaces: readonly LanInterface[]; readonly failures: readonly string[] }> {
    this.close();
    this.#interfaces = interfaces;
    if (interfaces.length === 0) return { interfaces, failures: [] };
    // The runtime would refuse it where nobody can catch that.
    if (Deno.permissions.querySync({ name: "net" }).state !== "granted") {
      return { interfaces: [], failures: ["this process may not use all of the network, by --allow-net"] };
    }
    const failures: string[] = [];
    const trying = async <T>(what: string, act: () => T | Promise<T>): Promise<T | null> => {
      try {
        return await act();
      } catch (error) {
        if (!isRefusal(error)) throw error;
        failures.push(`${what}: ${error.message}`);
        return null;
      }
    };
    const socket4 = await trying("IPv4", () => this.#bound("udp4", "0.0.0.0"));
    // Where IPv6 is switched off, that is no failure.
    const hasIpv6 = interfaces.some((one) => addressOf(one, true) !== undefined);
    this.#socket6 = hasIpv6 ? await trying("IPv6", () => this.#bound("udp6", "::")) : null;
    for (const one of interfaces) {
      const sender = await this.#join(one, socket4, trying);
      if (sender.socket4 !== null || sender.hasIpv6) this.#senders.set(one.name, sender);
    }
    return { interfaces: interfaces.filter(({ name }) => this.#senders.has(name)), failures: [...new Set(failures)] };
  }

  /** Sends on an interface, by IPv4 and IPv6 as it has them. */
  send(name: string, message: LanMessage): void {
    const sender = this.#senders.get(name);
    if (sender === undefined) return;
    const bytes = encodeLanMessage(message);
    const sent = (error: Error | null) => {
      if (error !== null) this.#drop(`not sent: ${error.message}`);
    };
    sender.socket4?.send(bytes, PORT, GROUP_4, sent);
    if (sender.hasIpv6) this.#socket6?.send(bytes, PORT, `${GROUP_6}%${name}`, sent);
  }

  /** Closes all sockets. */
  close(): void {
    for (const socket of this.#sockets) socket.close();
    this.#sockets = [];
    this.#socket6 = null;
    this.#senders.clear();
  }

  async #join(
    one: LanInterface,
    socket4: dgram.Socket | null,
    trying: <T>(what: string, act: () => T | Promise<T>) => Promise<T | null>,
  ): Promise<Sender> {
    const { name } = one;
    const address4 = addressOf(one, false);
    const sender4 = address4 === undefined || socket4 === null ? null : await trying(name, async () => {
      socket4.addMembership(GROUP_4, address4);
      // One that is bound to this address sends from it, and takes in no multicast a second time.
      const socket = await this.#bound("udp4", address4);
      socket.setMulticastInterface(address4);
      return socket;
    });
    const joined6 = addressOf(one, true) === undefined || this.#socket6 === null
      ? null
      : await trying(name, () => this.#socket6?.addMembership(GROUP_6, `::%${name}`) ?? true);
    return { socket4: sender4, hasIpv6: joined6 !== null };
  }

  #bound(type: "udp4" | "udp6", address: string): Promise<dgram.Socket> {
    const socket = dgram.createSocket({ type, reuseAddr: true, ...(type === "udp6" ? { ipv6Only: true } : {}) });
    this.#sockets.push(socket);
    socket.on("message", (bytes, from) => this.#received(bytes, from));
    return new Promise((resolve, reject) => {
      socket.on("error", (error) => {
        this.#drop(`socket: ${error.message}`);
        reject(error);
      });
      socket.bind({ port: PORT, address }, () => {
        socket.setMulticastTTL(TTL);
        socket.setMulticastLoopback(true);
        resolve(socket);
      });
    });
  }

  #received(bytes: Uint8Array, from: { readonly address: string; readonly port: number }): void {
    const [address = "", zone] = from.address.split("%");
    const source = ipBytes(address);
    const on = source === null ? undefined : this.#interfaceOf(source, zone);
    // What is from elsewhere, or asks for an answer to itself alone, could have this peer send to whom it names.
    if (source === null || on === undefined) return this.#drop("it is not from this network");
    const isOwnAddress = this.#interfaces.some((one) => one.addresses.some((own) => own.address === address));
    if (!isAboutKith(bytes)) {
      if (!isOwnAddress) this.#hooks.others();
      return;
    }
    if (from.port !== PORT) return this.#drop("it is not from the port of multicast DNS");
    if (bytes.length > MAX_LAN_PACKET_BYTES) return this.#drop("it is too large");
    const messages = decodeLanPacket(bytes);
    if (messages === null) return this.#drop("it is malformed");
    for (const message of messages) this.#hooks.received(message, on, isOwnAddress);
  }

  /** The interface from which something came; null where it may be several; undefined where it is from elsewhere. */
  #interfaceOf(source: Uint8Array, zone: string | undefined): string | null | undefined {
    if (zone !== undefined && this.#senders.has(zone)) return zone;
    const isOn = (one: LanInterface) =>
      one.addresses.some(({ address, prefixBits }) => isInSubnet(source, ipBytes(address) as Uint8Array, prefixBits));
    const on = this.#interfaces.filter(({ name }) => this.#senders.has(name)).filter(isOn);
    if (on.length === 1) return on[0]?.name;
    return on.length > 1 || isLinkLocal(source) ? null : undefined;
  }

  #drop(reason: string): void {
    this.#hooks.event({ name: "lan_packet_dropped", level: "debug", reason });
  }
}

function addressOf({ addresses }: LanInterface, isIpv6: boolean): string | undefined {
  return addresses.find(({ address }) => address.includes(":") === isIpv6)?.address;
}

/** Whether it is the system or the runtime that refuses, and not a defect. */
function isRefusal(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  return isSystemError(error) || /not implemented/i.test(error.message);
}
