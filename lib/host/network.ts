import { assert } from "../base/assert.ts";
import type { PeerEvent } from "../base/event.ts";
import { DIAL_TIMEOUT_MS } from "../base/limits.ts";
import type { Input } from "../peer/machine.ts";
import { isLoopback } from "../peer/source_address.ts";
import { addressText, parseAddress } from "./address.ts";
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

  /** Dials `host:port`; leads to exactly one `connected` or `dial_failed`. */
  dial(address: string): void {
    this.#track(this.#dial(address));
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

  async #dial(address: string): Promise<void> {
    const endpoint = parseAddress(address);
    if (endpoint === null || this.#stopped || !this.#hasRoom()) {
      const detail = endpoint === null ? "not an address" : "too many connections";
      this.#hooks.push({ type: "dial_failed", address, detail });
      return;
    }
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), DIAL_TIMEOUT_MS);
    this.#dials.add(abort);
    try {
      const conn = await Deno.connect({ ...endpoint, signal: abort.signal });
      this.#connected(conn, "out", address);
    } catch (error) {
      const detail = abort.signal.aborted ? `no answer in ${DIAL_TIMEOUT_MS / 1000} s` : messageOf(error);
      this.#hooks.push({ type: "dial_failed", address, detail });
    } finally {
      clearTimeout(timer);
      this.#dials.delete(abort);
    }
  }

  #accepted(conn: Deno.TcpConn): void {
    const address = addressText(conn.remoteAddr);
    const reason = !this.#hasRoom()
      ? "too_many_links"
      : this.#door.admits(address, this.#hooks.nowMs())
      ? null
      : "too_many_handshakes";
    if (reason === null) return this.#connected(conn, "in", address);
    conn.close();
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

  #connected(conn: Deno.TcpConn, direction: "in" | "out", address: string): void {
    if (this.#stopped) {
      conn.close();
      if (direction === "out") this.#hooks.push({ type: "dial_failed", address, detail: "stopping" });
      return;
    }
    const id = this.#nextId++;
    const connection = new Connection(conn, {
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
    const localAddress = addressText(conn.localAddr);
    this.#hooks.push({ type: "connected", connection: id, direction, address, localAddress });
    this.#track(connection.run());
  }

  #track(promise: Promise<void>): void {
    this.#running.add(promise);
    void promise.then(() => this.#running.delete(promise));
  }
}
