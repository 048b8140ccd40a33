import { Buffer } from "node:buffer";
import dgram from "node:dgram";
import { EventEmitter } from "node:events";
import { cleanedAnswer, readOnlyQuestion } from "./dht_packet.ts";
import { DhtTraffic } from "./dht_traffic.ts";

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
 * those who were asked, and out nothing but questions to nodes that may be asked.
 */
export class DhtSocket extends EventEmitter {
  readonly #parts: DhtSocketParts;
  readonly #traffic: DhtTraffic;
  readonly #socket = dgram.createSocket("udp4");
  #isClosed = false;

  constructor(parts: DhtSocketParts) {
    super();
    this.#parts = parts;
    this.#traffic = new DhtTraffic(parts.allowsPrivate, parts.nowMs());
    this.#socket.on("message", (bytes, from) => this.#received(bytes, from));
    this.#socket.on("error", (error) => {
      parts.dropped(`socket: ${error.message}`);
      this.emit("failed", error);
    });
    this.#socket.on("close", () => this.emit("close"));
  }

  /** Opens it at any port. @throws {Error} where the system has none. */
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
    // The library goes on for a moment with what it had in mind.
    if (this.#isClosed) return;
    const { nowMs, dropped } = this.#parts;
    const reason = this.#traffic.refusesToSend(host, port, nowMs());
    if (reason !== null) return dropped(reason);
    this.#socket.send(readOnlyQuestion(bytes), port, host, (error) => {
      if (error !== null) dropped(`not sent: ${error.message}`);
    });
  }

  /** Closes it; "close" follows. */
  close(): void {
    this.#isClosed = true;
    this.#socket.close();
  }

  #received(bytes: Uint8Array, from: { readonly address: string; readonly port: number }): void {
    const { allowsPrivate, nowMs, dropped } = this.#parts;
    const reason = this.#traffic.refusesToRead(from.address, nowMs());
    if (reason !== null) return dropped(reason);
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
}
