import { forgetOldest } from "../base/forget_oldest.ts";
import { ipBytes, isLoopbackIp, isPublic, isUnicast } from "../base/ip_address.ts";
import {
  DHT_HOST_KEPT_MS,
  MAX_DHT_DIAL_BURST,
  MAX_DHT_DIALS_PER_MINUTE,
  MAX_DHT_DIALS_TO_HOST,
  MAX_DHT_HOSTS,
} from "../base/limits.ts";
import { TokenBucket } from "../base/token_bucket.ts";
import { isPortOfOthers } from "./lan_addresses.ts";

/** An address is dialled no more often than so, however often it is named. */
const DIAL_AGAIN_MS = 20_000;

interface Host {
  dials: number;
  sinceMs: number;
  /** When each of its addresses was dialled last. */
  readonly dialledMs: Map<string, number>;
}

/**
 * Which addresses that anybody may have made up are dialled, and how often: so few that whoever forges answers can have
 * no third party flooded by those who believe them.
 */
export class HintDials {
  /** Whether addresses of private networks and of this machine are dialled too, as where nobody else can answer. */
  allowsPrivate = false;
  readonly #hosts = new Map<string, Host>();
  readonly #own = new Map<string, true>();
  #bucket: TokenBucket | null = null;

  /** An address turned out to be this peer's own: one that was dialled here, of all that it comes to itself by. */
  isSelf(address: string): void {
    if (this.#hosts.get(hostOf(address))?.dialledMs.has(address) !== true) return;
    this.#own.set(address, true);
    // Whoever passes what comes to them on to this peer can name many.
    forgetOldest(this.#own, MAX_DHT_HOSTS);
  }

  /** The network changed: what is known of hosts, and of this peer's own address, was about another one. */
  networkChanged(): void {
    this.#own.clear();
    this.#hosts.clear();
  }

  /**
   * Whether an address is to be dialled, which then counts as done.
   *
   * @param address `IPv4:port` or `[IPv6]:port`.
   * @returns null where it is; else why not.
   */
  refusal(address: string, nowMs: number): string | null {
    const host = hostOf(address);
    const port = /:(\d{1,5})$/.exec(address)?.[1] ?? "";
    const ip = ipBytes(host);
    if (ip === null || Number(port) > 65_535) return "not an address";
    if (isPortOfOthers(Number(port))) return "a port of other services";
    if (!isPublic(ip) && !(this.allowsPrivate && (isUnicast(ip) || isLoopbackIp(ip)))) {
      return "an address that is not in the public net";
    }
    if (this.#own.has(address)) return "this peer's own address";
    const known = this.#hosts.get(host);
    const isFresh = known === undefined || nowMs >= known.sinceMs + DHT_HOST_KEPT_MS;
    const entry: Host = isFresh ? { dials: 0, sinceMs: nowMs, dialledMs: new Map() } : known;
    if (nowMs < (entry.dialledMs.get(address) ?? -Infinity) + DIAL_AGAIN_MS) return "it was dialled a moment ago";
    // In a private DHT many peers may be at one address, as in tests.
    if (entry.dials >= MAX_DHT_DIALS_TO_HOST && !this.allowsPrivate) return "this host was dialled often enough";
    this.#bucket ??= new TokenBucket(MAX_DHT_DIALS_PER_MINUTE / 60, MAX_DHT_DIAL_BURST, nowMs);
    if (!this.#bucket.take(1, nowMs)) return "enough were dialled for now";
    entry.dials++;
    entry.dialledMs.set(address, nowMs);
    this.#hosts.delete(host);
    this.#hosts.set(host, entry);
    forgetOldest(this.#hosts, MAX_DHT_HOSTS);
    return null;
  }
}

/** The IP address of `IPv4:port` or `[IPv6]:port`; empty where it is neither. */
function hostOf(address: string): string {
  return /^\[?([0-9a-fA-F.:]+?)\]?:\d{1,5}$/.exec(address)?.[1] ?? "";
}
