/**
 * A way to a peer that lets only so many bytes out: whoever joins through it holds a part of the space for as long as
 * a test wants, however fast the machine is.
 */
export class NarrowDoor implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #target: { readonly hostname: string; readonly port: number };
  readonly #conns = new Set<Deno.TcpConn>();
  readonly #ended: Promise<unknown>;
  #allowedBytes = 0;
  #widened = Promise.withResolvers<void>();

  /** @param address of the peer behind it, `host:port`. */
  constructor(address: string) {
    const [hostname = "", port] = address.split(":");
    this.#target = { hostname, port: Number(port) };
    this.#ended = this.#accept();
  }

  /** Where it listens. */
  get address(): string {
    return `127.0.0.1:${this.#listener.addr.port}`;
  }

  /** Lets so many more bytes out of the peer. */
  allow(bytes: number): void {
    this.#allowedBytes += bytes;
    this.#widened.resolve();
    this.#widened = Promise.withResolvers();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const conn of this.#conns) conn.close();
    this.#conns.clear();
    this.allow(Infinity);
    await this.#ended;
  }

  async #accept(): Promise<void> {
    const copies: Promise<void>[] = [];
    for await (const outside of this.#listener) {
      const inside = await Deno.connect(this.#target);
      for (const conn of [outside, inside]) this.#conns.add(conn);
      copies.push(this.#copy(outside, inside, false), this.#copy(inside, outside, true));
    }
    await Promise.all(copies);
  }

  /** Copies until either side ends, and then ends both. */
  async #copy(from: Deno.TcpConn, to: Deno.TcpConn, isNarrow: boolean): Promise<void> {
    const buffer = new Uint8Array(16 * 1024);
    try {
      for (let size = await from.read(buffer); size !== null; size = await from.read(buffer)) {
        while (isNarrow && this.#allowedBytes < size && this.#conns.has(to)) await this.#widened.promise;
        if (isNarrow) this.#allowedBytes -= size;
        for (let sent = 0; sent < size;) sent += await to.write(buffer.subarray(sent, size));
      }
    } catch (error) {
      // A peer that was killed, or the end of the test.
      const isGone = error instanceof Deno.errors.BadResource || error instanceof Deno.errors.ConnectionReset ||
        error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.Interrupted;
      if (!isGone) throw error;
    } finally {
      for (const conn of [from, to]) if (this.#conns.delete(conn)) conn.close();
      this.#widened.resolve();
      this.#widened = Promise.withResolvers();
    }
  }
}
