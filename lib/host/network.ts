import { assert } from "../base/assert.ts";
import type { PeerEvent } from "../base/event.ts";
import { DIAL_TIMEOUT_MS, QUIC_DIAL_TIMEOUT_MS } from "../base/limits.ts";
import type { Input } from "../peer/machine.ts";
import { isLoopback, QUIC_PREFIX } from "../peer/source_address.ts";
import { addressText, type Endpoint, parseAddress } from "./address.ts";
import { type ByteSocket, TcpSocket } from "./byte_socket.ts";
import { Connection } from "./connection.ts";
import { Door } from "./door.ts";
import { acceptAll } from "./listen.ts";
import { messageOf } from "./message_of.ts";

/** What the network needs of whoever runs it. */
export interface NetworkHooks {
  /** Queues an input of the machine, as `TurnLoop.push`. */
  push(input: Input, sizeBytes?: number, taken?: () => void): void;
  /** Takes the next bytes of a connection from the machine. */
  pull(connection: number, maxBytes: number): Uint8Array | null;
  /** Something to log and count. */
  event(event: PeerEvent): void;
  /** The monotonic clock, in ms. */
  nowMs(): number;
  /** Whether a member was seen at an address. */
  isKnown(address: string): boolean;
}

/** Connects to an endpoint. Rejects where it can't, and when it is called off. */
export type Dial = (endpoint: Endpoint, signal: AbortSignal) => Promise<ByteSocket>;

/** All sockets of a peer: turns what happens to them into inputs, and performs the effects that concern them. */
export class Network {
  readonly #hooks: NetworkHooks;
  readonly #connections = new Map<number, Connection>();
  /** Those that are only waiting for the other side to hear of the end, the oldest first. */
  readonly #closing = new Set<number>();
  readonly #maxConnections: number;
  readonly #door: Door;
  readonly #listeners: Deno.TcpListener[] = [];
  readonly #dials = new Set<AbortController>();
  readonly #running = new Set<Promise<void>>();
  #dialByQuic: Dial | null = null;
  #nextId = 1;
  #stopped = false;

  /** @param maxConnections sockets at a time, dials under way included. */
  constructor(hooks: NetworkHooks, maxConnections: number) {
    this.#hooks = hooks;
    this.#maxConnections = maxConnections;
    this.#door = new Door((address) => hooks.isKnown(address));
  }

  /** Addresses listened on, `host:port`. */
  get addresses(): string[] {
    return this.#listeners.map((listener) => addressText(listener.addr));
  }

  /** Sockets that are open. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Takes over listeners, and accepts from them. */
  listen(listeners: readonly Deno.TcpListener[]): void {
    for (const listener of listeners) {
      this.#listeners.push(listener);
      this.#track(acceptAll(
        listener,
        (conn) => this.#accepted(conn),
        (error) => this.#hooks.event({ name: "accept_failed", level: "warning", reason: messageOf(error) }),
      ));
    }
  }

  /** How is dialled by QUIC from now on. */
  useQuic(dial: Dial): void {
    this.#dialByQuic = dial;
  }

  /** Whether no connection may come in now, from wherever. */
  get isFull(): boolean {
    return this.#stopped || !this.#hasRoom();
  }

  /** Whether a connection from `host:port` may not come in now, which is told; asked as soon as it is known to come from there. */
  refuses(address: string): boolean {
    if (this.#stopped) return true;
    if (!this.#hasRoom()) this.#refused("too_many_links", address);
    else if (!this.#door.admits(address, this.#hooks.nowMs())) this.#refused("too_many_handshakes", address);
    else return false;
    return true;
  }

  /** Whether a connection by QUIC may not begin now, which is told, wherever it says that it comes from. */
  refusesUnproven(): boolean {
    if (this.#door.admitsUnproven(this.#hooks.nowMs())) return false;
    this.#refused("too_many_handshakes", null);
    return true;
  }

  /** A connection by QUIC came in, from `host:port`. */
  acceptedByQuic(socket: ByteSocket, address: string): void {
    if (this.#hasRoom()) return this.#connected(socket, "in", QUIC_PREFIX + address);
    socket.close();
    this.#refused("too_many_links", address);
  }

  /** Dials `host:port`; leads to exactly one `connected` or `dial_failed`. */
  dial(address: string): void {
    this.#track(this.#dial(address, parseAddress(address), dialByTcp, DIAL_TIMEOUT_MS));
  }

  /** Dials `host:port` by QUIC; leads to the same, with `quic:host:port`. */
  dialQuic(address: string): void {
    const dial = this.#dialByQuic;
    if (dial === null) {
      const detail = "this peer takes no QUIC";
      this.#hooks.push({ type: "dial_failed", address: QUIC_PREFIX + address, detail, isUntried: true });
    } else this.#track(this.#dial(QUIC_PREFIX + address, parseAddress(address), dial, QUIC_DIAL_TIMEOUT_MS));
  }

  /** There may be something to pull for a connection. */
  output(connection: number): void {
    this.#connections.get(connection)?.output();
  }

  /** Closes a connection once what can be pulled is written, or at once. */
  close(connection: number, atOnce = false): void {
    if (atOnce) return this.#connections.get(connection)?.abort();
    if (this.#connections.has(connection)) this.#closing.add(connection);
    this.#connections.get(connection)?.close();
  }

  /** Closes the connections from addresses that this machine has no more: nothing comes by them, nor does an end. */
  closeGone(addresses: readonly string[]): void {
    for (const connection of this.#connections.values()) {
      const { localHost } = connection;
      // One by QUIC goes on from another address, or is given up for its silence.
      if (localHost === null) continue;
      if (!isLoopback(`${localHost}:0`) && !addresses.includes(localHost)) connection.abort();
    }
  }

  /** Closes the listeners, gives open connections time for their farewell, then closes everything. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const listener of this.#listeners.splice(0)) listener.close();
    for (const dial of this.#dials) dial.abort();
    for (const connection of this.#connections.values()) connection.close();
    await Promise.all(this.#running);
  }

  async #dial(address: string, endpoint: Endpoint | null, dial: Dial, timeoutMs: number): Promise<void> {
    if (endpoint === null || this.#stopped || !this.#hasRoom()) {
      const detail = endpoint === null ? "not an address" : "too many connections";
      this.#hooks.push({ type: "dial_failed", address, detail, isUntried: true });
      return;
    }
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeoutMs);
    this.#dials.add(abort);
    try {
      this.#connected(await dial(endpoint, abort.signal), "out", address);
    } catch (error) {
      const detail = abort.signal.aborted ? `no answer in ${timeoutMs / 1000} s` : messageOf(error);
      this.#hooks.push({ type: "dial_failed", address, detail });
    } finally {
      clearTimeout(timer);
      this.#dials.delete(abort);
    }
  }

  #accepted(conn: Deno.TcpConn): void {
    const address = addressText(conn.remoteAddr);
    if (this.refuses(address)) conn.close();
    else this.#connected(new TcpSocket(conn), "in", address);
  }

  #refused(reason: "too_many_links" | "too_many_handshakes", address: string | null): void {
    this.#hooks.event({ name: "connection_refused", level: "warning", reason, fields: { address } });
  }

  /** Whether one more socket may be open; who only waits to be told of the end gives way. */
  #hasRoom(): boolean {
    for (const closing of this.#closing) {
      if (this.#connections.size + this.#dials.size < this.#maxConnections) break;
      this.#connections.get(closing)?.abort();
    }
    return this.#connections.size + this.#dials.size < this.#maxConnections;
  }

  #connected(socket: ByteSocket, direction: "in" | "out", address: string): void {
    if (this.#stopped) {
      socket.close();
      if (direction === "out") this.#hooks.push({ type: "dial_failed", address, detail: "stopping" });
      return;
    }
    const id = this.#nextId++;
    const connection = new Connection(socket, {
      received: (bytes, taken) => this.#hooks.push({ type: "received", connection: id, bytes }, bytes.length, taken),
      pull: (maxBytes) => this.#hooks.pull(id, maxBytes),
      disconnected: (detail) => {
        this.#connections.delete(id);
        this.#closing.delete(id);
        this.#hooks.push({ type: "disconnected", connection: id, detail });
      },
    });
    assert(!this.#connections.has(id), "connection numbers are used once");
    this.#connections.set(id, connection);
    const { localAddress, remoteAddress } = socket;
    const ends = {
      ...(localAddress === null ? {} : { localAddress }),
      ...(remoteAddress === null ? {} : { remoteAddress }),
    };
    this.#hooks.push({ type: "connected", connection: id, direction, address, ...ends });
    this.#track(connection.run());
  }

  #track(promise: Promise<void>): void {
    this.#running.add(promise);
    void promise.then(() => this.#running.delete(promise));
  }
}

async function dialByTcp(endpoint: Endpoint, signal: AbortSignal): Promise<ByteSocket> {
  return new TcpSocket(await Deno.connect({ ...endpoint, signal }));
}
