import { QUIC_ASK_TIMEOUT_MS, QUIC_DIAL_TIMEOUT_MS } from "../../lib/base/limits.ts";
import { QUIC_PREFIX } from "../../lib/peer/source_address.ts";
import type { NetworkHost } from "./network.ts";
import type { Schedule } from "./schedule.ts";

/**
 * What a router does with UDP: it has one outside port for each host, or another one for each that the host sends to,
 * or it lets nothing through. In from outside it lets what comes from where the host behind it sent something lately.
 */
export type UdpNat = "same" | "varies" | "blocked";

/** How long a router remembers to whom somebody behind it sent something. */
const HOLE_MS = 30_000;
/** When a packet that begins a connection is sent, again and again. */
const SENT_AFTER_MS = [0, 1000, 3000];

/** What connections by QUIC do on a network of routers: they come about only where both routers let their packets in. */
export class SimUdp {
  readonly #schedule: Schedule;
  readonly #latencyMs: () => number;
  readonly #hosts: readonly NetworkHost[];
  readonly #connect: (from: NetworkHost, to: NetworkHost, address: string, latencyMs: number, source: string) => void;
  /** Which host sends from an outside address. */
  readonly #senders = new Map<string, NetworkHost>();
  /** When something was sent last from one address to another. */
  readonly #sentMs = new Map<string, number>();
  readonly #variedPorts = new Map<string, number>();
  /** What was dialled, by whomever. */
  readonly dialled: string[] = [];

  /** @param connect a connection came about; `source`: from where, as its target sees it. */
  constructor(
    schedule: Schedule,
    latencyMs: () => number,
    hosts: readonly NetworkHost[],
    connect: (from: NetworkHost, to: NetworkHost, address: string, latencyMs: number, source: string) => void,
  ) {
    this.#schedule = schedule;
    this.#latencyMs = latencyMs;
    this.#hosts = hosts;
    this.#connect = connect;
  }

  /** Dials `host:port`: leads to `connected` on both sides, or to `dialFailed`, with `quic:host:port`. */
  dial(host: NetworkHost, to: string): void {
    const { life } = host;
    const address = QUIC_PREFIX + to;
    this.dialled.push(to);
    let isOver = false;
    for (const waitMs of SENT_AFTER_MS) {
      this.#schedule.after(waitMs, () => {
        if (isOver || host.life !== life) return;
        const from = this.#send(host, to);
        const thereMs = this.#latencyMs();
        this.#schedule.after(thereMs, () => {
          const target = this.#receiver(host, from, to);
          if (isOver || host.life !== life || target === null) return;
          isOver = true;
          this.#connect(host, target, address, thereMs, `${QUIC_PREFIX}${from}`);
        });
      });
    }
    this.#schedule.after(QUIC_DIAL_TIMEOUT_MS, () => {
      if (isOver || host.life !== life) return;
      isOver = true;
      host.dialFailed(address, "nothing comes back");
    });
  }

  /** Asks those at these addresses, who see where it comes from. */
  ask(host: NetworkHost, addresses: readonly string[]): void {
    const { life } = host;
    const seen = addresses.map((asked) => {
      const from = this.#send(host, asked);
      const receiver = this.#receiver(host, from, asked);
      return { asked, address: receiver !== null && receiver.tells?.(from) !== false ? from : null };
    });
    const isAnswered = seen.every(({ address }) => address !== null);
    this.#schedule.after(isAnswered ? 2 * this.#latencyMs() : QUIC_ASK_TIMEOUT_MS, () => {
      if (host.life === life) host.quicSeen?.(seen);
    });
  }

  /** @returns from which address it seems to come. */
  #send(host: NetworkHost, to: string): string {
    const { nat = null, quicPort = null, index } = host;
    const inside = innerAddressOf(host);
    if (quicPort === null || inside === null) return "0.0.0.0:0";
    let from = inside;
    if (nat !== null) {
      const varied = `${index} ${to}`;
      if (nat.udp === "varies" && !this.#variedPorts.has(varied)) {
        this.#variedPorts.set(varied, 50_000 + this.#variedPorts.size);
      }
      from = `${nat.host}:${this.#variedPorts.get(varied) ?? 40_000 + index}`;
      if (nat.udp === "blocked") return from;
    }
    this.#senders.set(from, host);
    this.#sentMs.set(`${from} ${to}`, this.#schedule.nowMs);
    return from;
  }

  /** Who gets what is sent. */
  #receiver(sender: NetworkHost, from: string, to: string): NetworkHost | null {
    if (sender.nat?.udp === "blocked") return null;
    const open = this.#hosts.find((host) => (host.nat ?? null) === null && innerAddressOf(host) === to);
    if (open !== undefined) return open;
    const hidden = this.#senders.get(to);
    const sentMs = this.#sentMs.get(`${to} ${from}`) ?? -Infinity;
    return hidden !== undefined && this.#schedule.nowMs < sentMs + HOLE_MS ? hidden : null;
  }
}

/** Where it takes QUIC, as it knows itself; null where it takes none. */
function innerAddressOf({ listensAt, quicPort = null }: NetworkHost): string | null {
  return listensAt === null || quicPort === null ? null : listensAt.replace(/:\d+$/, `:${quicPort}`);
}
