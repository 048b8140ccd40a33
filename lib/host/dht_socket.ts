import { Buffer } from "node:buffer";
import dgram from "node:dgram";
import { EventEmitter } from "node:events";
import {
  MAX_DHT_HOSTS_PER_MINUTE,
  MAX_DHT_PACKETS_BURST,
  MAX_DHT_PACKETS_PER_S,
  MAX_DHT_PACKETS_TO_HOST_PER_MINUTE,
} from "../base/limits.ts";
import { TokenBucket } from "../base/token_bucket.ts";
import { cleanedAnswer, isDhtNode, readOnlyQuestion } from "./dht_packet.ts";

const MINUTE_MS = 60_000;

/** What a socket of the DHT works upon. */
export interface DhtSocketParts {
  /** Whether its nodes may be on private networks and this machine. */
  readonly allowsPrivate: boolean;
  readonly nowMs: () => number;
  /** Something was not sent, or not read. */
  readonly dropped: (reason: string) => void;
}

/**
 * The socket that the library of the DHT is given instead of the system's: it lets in nothing but well-formed answers of
 * those who were asked, and out nothing but questions to nodes that may be asked, so many that nobody is flooded with
 * them who was named in forged answers.
 */
export class DhtSocket extends EventEmitter {
  readonly #parts: DhtSocketParts;
  readonly #socket = dgram.createSocket("udp4");
  readonly #inbound: TokenBucket;
  readonly #outbound: TokenBucket;
  #written = new Map<string, number>();
  #writtenBefore = new Map<string, number>();
  #minuteMs: number;

  constructor(parts: DhtSocketParts) {
    super();
    this.#parts = parts;
    const nowMs = parts.nowMs();
    this.#minuteMs = nowMs;
    this.#inbound = new TokenBucket(MAX_DHT_PACKETS_PER_S, MAX_DHT_PACKETS_BURST, nowMs);
    this.#outbound = new TokenBucket(MAX_DHT_PACKETS_PER_S, MAX_DHT_PACKETS_BURST, nowMs);
    this.#socket.on("message", (bytes, from) => this.#received(bytes, from));
    this.#socket.on("error", (error) => {
      parts.dropped(`socket: ${error.message}`);
      this.emit("failed", error);
    });
    this.#socket.on("close", () => this.emit("close"));
  }

  /** Opens it at any port. */
  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.once("failed", reject);
      this.#socket.bind(0, "0.0.0.0", () => {
        this.off("failed", reject);
        resolve();
      });
    });
  }

  /** Sends a question, as of node:dgram. */
  send(bytes: Uint8Array, _offset: number, _length: number, port: number, host: string): void {
    const { allowsPrivate, nowMs, dropped } = this.#parts;
    if (!isDhtNode(host, port, allowsPrivate)) return dropped("not sent: to an address that is not in the public net");
    const count = this.#writtenTo(host);
    if (!allowsPrivate && count >= MAX_DHT_PACKETS_TO_HOST_PER_MINUTE) return dropped("not sent: too many to one host");
    if (count === 0 && this.#written.size >= MAX_DHT_HOSTS_PER_MINUTE) return dropped("not sent: to too many hosts");
    if (!this.#outbound.take(1, nowMs())) return dropped("not sent: too many");
    this.#written.set(host, count + 1);
    this.#socket.send(readOnlyQuestion(bytes), port, host, (error) => {
      if (error !== null) dropped(`not sent: ${error.message}`);
    });
  }

  /** Closes it; "close" follows. */
  close(): void {
    this.#socket.close();
  }

  #received(bytes: Uint8Array, from: { readonly address: string; readonly port: number }): void {
    const { allowsPrivate, nowMs, dropped } = this.#parts;
    if (!this.#inbound.take(1, nowMs())) return dropped("too many");
    if (this.#writtenTo(from.address) === 0 && !this.#writtenBefore.has(from.address)) {
      return dropped("it is from somebody who was not asked");
    }
    const cleaned = cleanedAnswer(bytes, allowsPrivate);
    if ("reason" in cleaned) return dropped(cleaned.reason);
    try {
      this.emit("message", Buffer.from(cleaned.answer), from);
    } catch (error) {
      // It is other people's code that reads it, and no answer may end the peer.
      if (!(error instanceof Error)) throw error;
      dropped(`the library of the DHT failed: ${error.message}`);
    }
  }

  /** Packets to a host in this minute. */
  #writtenTo(host: string): number {
    const nowMs = this.#parts.nowMs();
    if (nowMs >= this.#minuteMs + MINUTE_MS) {
      this.#writtenBefore = nowMs < this.#minuteMs + 2 * MINUTE_MS ? this.#written : new Map();
      this.#written = new Map();
      this.#minuteMs = nowMs;
    }
    return this.#written.get(host) ?? 0;
  }
}
