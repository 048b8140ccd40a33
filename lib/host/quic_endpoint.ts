import { utf8Encode } from "../base/bytes.ts";
import { canonicalAddress, ipOfEndpoint, ipText } from "../base/ip_address.ts";
import {
  MAX_QUIC_CONNECTS,
  MAX_QUIC_HANDSHAKES,
  MAX_QUIC_WAITING,
  MAX_QUIC_WAITING_OF_SOURCE,
  MAX_SEEN_ADDRESS_BYTES,
  QUIC_HANDSHAKE_TIMEOUT_MS,
  QUIC_IDLE_TIMEOUT_MS,
  QUIC_KEEP_ALIVE_MS,
  QUIC_TELL_TIMEOUT_MS,
} from "../base/limits.ts";
import { sourceOf } from "../peer/source_address.ts";
import { addressText, type Endpoint } from "./address.ts";
import type { ByteSocket } from "./byte_socket.ts";
import { messageOf } from "./message_of.ts";
import { QUIC_CERTIFICATE, QUIC_CERTIFICATE_KEY, QUIC_SERVER_NAME } from "./quic_certificate.ts";
import { QuicSocket } from "./quic_socket.ts";

/** The protocol of a link (ALPN): one bidirectional stream, opened by who dials. */
const LINK_PROTOCOL = "kith";
/** The protocol of one question: at what address the other side sees this one. It tells so, unasked, in one stream. */
const SEEN_PROTOCOL = "kith-seen";

/** What of the runtime makes connections by QUIC. */
export type QuicApi = Pick<typeof Deno, "QuicEndpoint" | "connectQuic">;

/** What an endpoint needs of whoever runs it. */
export interface QuicEndpointHooks {
  /** Whether no connection may come in now, from wherever. */
  isFull(): boolean;
  /** Whether none may begin now, of which it is not known whether it comes from where it says; it tells that itself. */
  refusesUnproven(): boolean;
  /** Whether a connection from `host:port`, which is shown by then, may not come in now; it tells that itself. */
  refuses(address: string): boolean;
  /** A connection came in. Default: none is taken, only questions. */
  accepted?(socket: ByteSocket, address: string): void;
  /** One came in that led to nothing. @param address null where that came before it was known. */
  dropped(reason: string, address: string | null): void;
  /** Nothing comes in any more, and nothing goes out. */
  lost(): void;
}

interface Connected {
  readonly conn: Deno.QuicConn;
  /** Resolves once it is gone: with null where either side closed it, else with why. */
  readonly whyLost: Promise<string | null>;
}

/** One that came in and is no link yet. */
interface Waiting {
  /** Where it comes from; null until that is shown. */
  source: string | null;
  /** Gives it up. */
  readonly timer: ReturnType<typeof setTimeout>;
}

/** One UDP port, at which connections by QUIC come in, and from which they are dialled. */
export class QuicEndpoint {
  readonly #api: QuicApi;
  readonly #hooks: QuicEndpointHooks;
  readonly #endpoint: Deno.QuicEndpoint;
  readonly #listener: Deno.QuicListener;
  /** The oldest first. */
  readonly #waiting = new Map<Deno.QuicConn, Waiting>();
  readonly #running = new Set<Promise<unknown>>();
  /** Connections begun from here that are not there yet. */
  #connecting = 0;
  #isStopped = false;

  /**
   * Opens one.
   *
   * @param hostname an address of this machine, or `::` for all of them, or `0.0.0.0`.
   * @throws {Error} what the system says.
   */
  constructor({ hostname, port }: Endpoint, api: QuicApi, hooks: QuicEndpointHooks) {
    this.#api = api;
    this.#hooks = hooks;
    this.#endpoint = new api.QuicEndpoint({ hostname, port });
    this.#listener = this.#endpoint.listen({
      ...{ cert: QUIC_CERTIFICATE, key: QUIC_CERTIFICATE_KEY },
      alpnProtocols: hooks.accepted === undefined ? [SEEN_PROTOCOL] : [LINK_PROTOCOL, SEEN_PROTOCOL],
      ...{ keepAliveInterval: QUIC_KEEP_ALIVE_MS, maxIdleTimeout: QUIC_IDLE_TIMEOUT_MS },
      ...{ maxConcurrentBidirectionalStreams: 1, maxConcurrentUnidirectionalStreams: 0 },
    });
    this.#track(this.#accept());
  }

  /** The UDP port. */
  get port(): number {
    return this.#endpoint.addr.port;
  }

  /** Connects to somebody. @throws {Error} where that fails, or is called off. */
  async dial(to: Endpoint, signal: AbortSignal): Promise<ByteSocket> {
    const { conn, whyLost } = await this.#connect(to, LINK_PROTOCOL, signal);
    try {
      return new QuicSocket(conn, await conn.createBidirectionalStream(), whyLost);
    } catch (error) {
      conn.close();
      throw error;
    }
  }

  /** At what address somebody sees this peer, `host:port`. @throws {Error} where nobody tells, or it is called off. */
  async seenBy(to: Endpoint, signal: AbortSignal): Promise<string> {
    const { conn } = await this.#connect(to, SEEN_PROTOCOL, signal);
    const close = () => conn.close();
    signal.addEventListener("abort", close);
    try {
      const { value: stream } = await conn.incomingUnidirectionalStreams.getReader().read();
      const text = stream === undefined ? "" : await readText(stream);
      if (ipOfEndpoint(text) === null) throw new Error("what was told is no address");
      return canonicalAddress(text);
    } finally {
      signal.removeEventListener("abort", close);
      close();
    }
  }

  /** Ends it, and all connections. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const [conn, { timer }] of this.#waiting) {
      clearTimeout(timer);
      conn.close();
    }
    this.#endpoint.close();
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  async #connect({ hostname, port }: Endpoint, protocol: string, signal: AbortSignal): Promise<Connected> {
    // A name would be looked up while everything else waits.
    const ip = ipOfEndpoint(addressText({ hostname, port }));
    if (ip === null) throw new Error("it is no IP address with a port");
    signal.throwIfAborted();
    if (this.#connecting >= MAX_QUIC_CONNECTS) throw new Error("too many connections by QUIC are under way");
    this.#connecting++;
    const connecting = this.#api.connectQuic<false>({
      ...{ endpoint: this.#endpoint, hostname: ipText(ip), port },
      ...{ serverName: QUIC_SERVER_NAME, caCerts: [QUIC_CERTIFICATE], alpnProtocols: [protocol] },
      ...{ keepAliveInterval: QUIC_KEEP_ALIVE_MS, maxIdleTimeout: QUIC_IDLE_TIMEOUT_MS },
      ...{ maxConcurrentBidirectionalStreams: 0, maxConcurrentUnidirectionalStreams: 1 },
    });
    const calledOff = Promise.withResolvers<never>();
    const callOff = () => calledOff.reject(signal.reason);
    signal.addEventListener("abort", callOff);
    // What is called off goes on until its time is up: the runtime has no way to end it.
    const connected = connecting.finally(() => this.#connecting--).then((conn) => {
      const whyLost = this.#watch(conn);
      if (signal.aborted) conn.close();
      return { conn, whyLost };
    });
    this.#track(connected);
    try {
      return await Promise.race([connected, calledOff.promise]);
    } finally {
      signal.removeEventListener("abort", callOff);
    }
  }

  async #accept(): Promise<void> {
    while (true) {
      try {
        this.#track(this.#serve(await this.#listener.incoming()));
      } catch {
        // That is how it ends, also where the system took the socket away.
        if (!this.#isStopped) this.#hooks.lost();
        return;
      }
    }
  }

  async #serve(incoming: Deno.QuicIncoming): Promise<void> {
    let address: string | null = null;
    try {
      if (this.#hooks.isFull()) {
        address = addressText(incoming.remoteAddr);
        this.#hooks.refuses(address);
        return refuse(incoming);
      }
      // No answer, as that would go to whoever was named; who is there tries again.
      if (this.#hooks.refusesUnproven()) return incoming.ignore();
      // To ask for its address is to refuse it, until it was accepted; the handshake is begun by then.
      const conn = incoming.accept({ zeroRtt: true });
      const whyLost = this.#watch(conn);
      address = addressText(conn.remoteAddr);
      if (this.#isStopped) return conn.close();
      this.#begin(conn);
      try {
        await conn.handshake;
        if (this.#hooks.refuses(address)) return conn.close();
        this.#shown(conn, sourceOf(address));
        if (conn.protocol === SEEN_PROTOCOL) return await this.#tell(conn, address, whyLost);
        const { value: stream } = await conn.incomingBidirectionalStreams.getReader().read();
        if (stream === undefined) throw new Error(await whyLost ?? "it was closed");
        this.#hooks.accepted?.(new QuicSocket(conn, stream, whyLost), address);
      } finally {
        this.#end(conn);
      }
    } catch (error) {
      if (!this.#isStopped) this.#hooks.dropped(messageOf(error), address);
    }
  }

  /** Tells somebody at what address it is seen; it closes the connection once it has read that. */
  async #tell(conn: Deno.QuicConn, address: string, whyLost: Promise<string | null>): Promise<void> {
    const timer = setTimeout(() => conn.close({ closeCode: 0, reason: "it was told" }), QUIC_TELL_TIMEOUT_MS);
    try {
      const writer = (await conn.createUnidirectionalStream()).getWriter();
      await writer.write(utf8Encode(address));
      await writer.close();
      await whyLost;
    } finally {
      clearTimeout(timer);
    }
  }

  #begin(conn: Deno.QuicConn): void {
    this.#makeRoom(MAX_QUIC_HANDSHAKES, (source) => source === null);
    this.#waiting.set(conn, { source: null, timer: setTimeout(() => conn.close(), QUIC_HANDSHAKE_TIMEOUT_MS) });
  }

  /** It is shown where one comes from. */
  #shown(conn: Deno.QuicConn, source: string): void {
    this.#makeRoom(MAX_QUIC_WAITING_OF_SOURCE, (other) => other === source);
    this.#makeRoom(MAX_QUIC_WAITING, (other) => other !== null);
    const waiting = this.#waiting.get(conn);
    if (waiting !== undefined) waiting.source = source;
  }

  /** Has the oldest of those that count give way to one more. */
  #makeRoom(max: number, counts: (source: string | null) => boolean): void {
    const rivals = [...this.#waiting].flatMap(([conn, { source }]) => counts(source) ? [conn] : []);
    const [oldest] = rivals;
    if (oldest === undefined || rivals.length < max) return;
    oldest.close({ closeCode: 0, reason: "somebody else came" });
    this.#end(oldest);
  }

  #end(conn: Deno.QuicConn): void {
    clearTimeout(this.#waiting.get(conn)?.timer);
    this.#waiting.delete(conn);
  }

  /** Resolves once a connection is gone: with null where either side closed it, else with why. */
  #watch(conn: Deno.QuicConn): Promise<string | null> {
    const whyLost = conn.closed.then(() => null, messageOf);
    this.#track(whyLost);
    return whyLost;
  }

  #track(promise: Promise<unknown>): void {
    this.#running.add(promise);
    const end = () => this.#running.delete(promise);
    void promise.then(end, end);
  }
}

function refuse(incoming: Deno.QuicIncoming): void {
  try {
    incoming.refuse();
  } catch (error) {
    // In Deno up to 2.9, at least, it is refused by then, since its address was asked for.
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

/** A short text of ASCII; empty where it is too long. */
async function readText(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const bytes of stream) {
    if (text.length + bytes.length > MAX_SEEN_ADDRESS_BYTES) return "";
    text += String.fromCharCode(...bytes);
  }
  return text;
}
