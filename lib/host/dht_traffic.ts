import {
  MAX_DHT_HOSTS_PER_MINUTE,
  MAX_DHT_PACKETS_BURST,
  MAX_DHT_PACKETS_PER_S,
  MAX_DHT_PACKETS_TO_HOST_PER_MINUTE,
} from "../base/limits.ts";
import { TokenBucket } from "../base/token_bucket.ts";
import { isDhtNode } from "./dht_packet.ts";

const MINUTE_MS = 60_000;

/**
 * How much may be sent to nodes of the DHT, and read of them: so little to each host that nobody is flooded with it who
 * was named in forged answers, and nothing of who was not asked.
 */
export class DhtTraffic {
  readonly #allowsPrivate: boolean;
  readonly #inbound: TokenBucket;
  readonly #outbound: TokenBucket;
  #sent = new Map<string, number>();
  #sentBefore: ReadonlyMap<string, number> = new Map();
  #minuteMs: number;

  /** @param allowsPrivate whether nodes may be on private networks and this machine, many of them at one address. */
  constructor(allowsPrivate: boolean, nowMs: number) {
    this.#allowsPrivate = allowsPrivate;
    this.#minuteMs = nowMs;
    this.#inbound = new TokenBucket(MAX_DHT_PACKETS_PER_S, MAX_DHT_PACKETS_BURST, nowMs);
    this.#outbound = new TokenBucket(MAX_DHT_PACKETS_PER_S, MAX_DHT_PACKETS_BURST, nowMs);
  }

  /** Why a packet may not be sent; null where it may, which then counts as done. */
  refusesToSend(host: string, port: number, nowMs: number): string | null {
    this.#turn(nowMs);
    if (!isDhtNode(host, port, this.#allowsPrivate)) return "not sent: that is no node's address in the public net";
    const count = this.#sent.get(host) ?? 0;
    if (!this.#allowsPrivate && count >= MAX_DHT_PACKETS_TO_HOST_PER_MINUTE) return "not sent: too many to one host";
    if (count === 0 && this.#sent.size >= MAX_DHT_HOSTS_PER_MINUTE) return "not sent: to too many hosts";
    if (!this.#outbound.take(1, nowMs)) return "not sent: too many";
    this.#sent.set(host, count + 1);
    return null;
  }

  /** Why a packet from a host is not read; null where it is, which then counts as done. */
  refusesToRead(host: string, nowMs: number): string | null {
    this.#turn(nowMs);
    if (!this.#sent.has(host) && !this.#sentBefore.has(host)) return "it is from somebody who was not asked";
    return this.#inbound.take(1, nowMs) ? null : "too many";
  }

  #turn(nowMs: number): void {
    if (nowMs < this.#minuteMs + MINUTE_MS) return;
    this.#sentBefore = nowMs < this.#minuteMs + 2 * MINUTE_MS ? this.#sent : new Map();
    this.#sent = new Map();
    this.#minuteMs = nowMs;
  }
}
