import type { PeerEvent } from "../base/event.ts";
import { MAX_LAN_INTERFACES } from "../base/limits.ts";
import type { LanInterface, LanMessage } from "../mesh/lan_message.ts";
import type { Input } from "../peer/machine.ts";
import type { Mdns } from "./mdns.ts";
import { networkInterfaces, watchNetwork } from "./network_watch.ts";
import { isLocal, type OwnAddresses } from "./own_addresses.ts";

/** How it stands with the local network. */
export interface LanState {
  /** Names of the interfaces on which peers are looked for; empty where that is off. */
  readonly interfaces: readonly string[];
  /** Why they are looked for on none, or not on all: a part of a sentence; null where all is well. */
  readonly problem: string | null;
}

/** What the service of local networks works upon. */
export interface LanServiceParts {
  /** Whether peers are to be looked for by multicast DNS. */
  readonly isOn: boolean;
  readonly addresses: OwnAddresses;
  /** Closes the connections from addresses that this machine has no more. */
  readonly closeGone: (addresses: readonly string[]) => void;
  /** The addresses by which others than neighbours are reached changed, or this machine woke. */
  readonly networkChanged: () => void;
  readonly push: (input: Input) => void;
  readonly event: (event: PeerEvent) => void;
}

/** Keeps a peer informed of the networks that this machine is on, and speaks multicast DNS there for it. */
export class LanService {
  readonly #parts: LanServiceParts;
  /** Loaded once there is a network to speak it on. */
  #mdns: Mdns | null = null;
  #state: LanState = { interfaces: [], problem: null };
  #othersTold = false;
  #stopWatching = () => {};
  #opening: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(parts: LanServiceParts) {
    this.#parts = parts;
  }

  /** How it stands. */
  get state(): LanState {
    return this.#state;
  }

  /** Begins; resolves once it is known how it stands. */
  async start(): Promise<void> {
    let outer = outerAddresses(networkInterfaces().map(({ address }) => address));
    this.#stopWatching = watchNetwork((addresses, slept) => {
      this.#parts.addresses.refresh();
      this.#parts.closeGone(addresses);
      this.#parts.push({ type: "network_changed" });
      const before = outer;
      outer = outerAddresses(addresses);
      if (slept || outer !== before) this.#parts.networkChanged();
      this.#reopen();
    });
    this.#reopen();
    await this.#opening;
  }

  /** Says something. */
  send(interfaceName: string, message: LanMessage): void {
    this.#mdns?.send(interfaceName, message);
  }

  /** Ends it. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopWatching();
    await this.#opening;
    this.#mdns?.close();
  }

  #reopen(): void {
    this.#opening = this.#opening.then(() => this.#open());
  }

  async #open(): Promise<void> {
    if (this.#stopped) return;
    const { isOn, addresses, push, event } = this.#parts;
    const wanted = isOn ? lanInterfaces(networkInterfaces(), addresses) : [];
    if (wanted.length > 0) this.#mdns ??= await this.#loadMdns();
    const { interfaces, failures } = await this.#mdns?.open(wanted) ?? { interfaces: [], failures: [] };
    const problem = !isOn
      ? "it is switched off (--no-lan)"
      : wanted.length === 0
      ? "this peer listens on no network of this machine"
      : failures.length > 0
      ? `multicast can't be used (${failures.join("; ")})`
      : null;
    this.#othersTold = false;
    this.#state = { interfaces: interfaces.map(({ name }) => name), problem };
    if (failures.length > 0) {
      event({
        name: "lan_failed",
        level: "warning",
        reason: "multicast can't be used",
        fields: { detail: failures.join("; ") },
      });
    }
    push({ type: "lan_interfaces", interfaces, port: addresses.port ?? 0, problem });
  }

  async #loadMdns(): Promise<Mdns> {
    const { Mdns } = await import("./mdns.ts");
    const { push, event } = this.#parts;
    return new Mdns({
      received: (message, on, isOwnAddress) => {
        push({ type: "lan_received", message, interface: on, isOwnAddress });
      },
      others: () => {
        if (!this.#othersTold) push({ type: "lan_others" });
        this.#othersTold = true;
      },
      event,
    });
  }
}

/** The interfaces of local networks on which a peer listens. */
export function lanInterfaces(
  interfaces: readonly Pick<Deno.NetworkInterfaceInfo, "name" | "address" | "cidr">[],
  addresses: Pick<OwnAddresses, "isListeningAt">,
): LanInterface[] {
  const outer = interfaces.filter(({ address }) => !/^(127\.|::1$)/.test(address));
  return [...Map.groupBy(outer, ({ name }) => name)].map(([name, of]) => ({
    name,
    addresses: of.map(({ address, cidr }) => ({
      ...{ address, prefixBits: Number(cidr.split("/")[1]) },
      isListening: addresses.isListeningAt(address),
    })),
  })).filter((one) => one.addresses.some(({ isListening }) => isListening)).slice(0, MAX_LAN_INTERFACES);
}

/** Those that hold beyond one link, as one text. */
function outerAddresses(addresses: readonly string[]): string {
  return addresses.filter((address) => !isLocal(address)).sort().join(" ");
}
