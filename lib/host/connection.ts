import { MAX_PULL_BYTES, MAX_READ_BYTES, MIN_READ_BYTES, READ_BUFFERS, SHRINK_AFTER_READS } from "../base/limits.ts";
import { hostOf } from "../peer/source_address.ts";
import type { ByteSocket } from "./byte_socket.ts";
import { messageOf } from "./message_of.ts";

/** What a connection needs of whoever runs it. */
export interface ConnectionHooks {
  /** Bytes came in; `taken` is called once they may be overwritten. */
  received(bytes: Uint8Array, taken: () => void): void;
  /** The next bytes to send, valid until the next call; null when there are none. */
  pull(maxBytes: number): Uint8Array | null;
  /** The socket is gone. Called once, as the last thing. */
  disconnected(detail: string): void;
}

/**
 * One connection: a loop that reads into a few buffers in turn, and one that writes what it pulls. Reading stops
 * while all buffers wait for their turn, so that a peer which sends faster than it is served fills its own socket
 * only. Buffers grow while the other side fills them, since an idle connection should cost little and bulk wants
 * large reads.
 */
export class Connection {
  readonly #socket: ByteSocket;
  readonly #hooks: ConnectionHooks;
  readonly #free: Uint8Array<ArrayBuffer>[] = [];
  #buffers = 0;
  #readSizeBytes = MIN_READ_BYTES;
  #smallReads = 0;
  #bufferFreed: (() => void) | null = null;
  #writing = false;
  #closing = false;
  #closed = false;
  #closeTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(socket: ByteSocket, hooks: ConnectionHooks) {
    this.#socket = socket;
    this.#hooks = hooks;
  }

  /** The address of this machine that it uses, without port; null where that is not known. */
  get localHost(): string | null {
    const { localAddress } = this.#socket;
    return localAddress === null ? null : hostOf(localAddress).replace(/^\[(.*)\]$/, "$1");
  }

  /** Runs the read loop until the socket is gone; never rejects. */
  async run(): Promise<void> {
    let detail = "";
    try {
      while (true) {
        const buffer = await this.#buffer();
        if (buffer === null) break;
        const bytes = await this.#socket.read(buffer);
        if (bytes === null) break;
        const whole = new Uint8Array(bytes.buffer);
        this.#adapt(whole.length, bytes.length);
        if (this.#closing) this.#release(whole);
        else this.#hooks.received(bytes, () => this.#release(whole));
      }
    } catch (error) {
      detail = messageOf(error);
    }
    this.#finish(detail);
  }

  /** There may be something to pull: writes until there is nothing. Never called within a turn. */
  output(): void {
    if (!this.#writing && !this.#closed) void this.#write();
  }

  /** Closes once all that can be pulled is written, or after what the socket allows for that. */
  close(): void {
    if (this.#closing || this.#closed) return;
    this.#closing = true;
    this.#closeTimer = setTimeout(() => this.#finish("close timed out"), this.#socket.closeTimeoutMs);
    // A read loop that waits for a buffer would not notice the other side's end.
    this.#wake();
    this.output();
  }

  /** Closes at once. */
  abort(): void {
    this.#finish("closed here");
  }

  async #write(): Promise<void> {
    this.#writing = true;
    try {
      for (let bytes = this.#pull(); bytes !== null; bytes = this.#pull()) await this.#socket.write(bytes);
      // Only the sending half: a full close with unread bytes would reset the connection, and the reset can overtake
      // the farewell that was just written.
      if (this.#closing && !this.#closed) await this.#socket.closeWrite();
    } catch (error) {
      this.#finish(messageOf(error));
    }
    this.#writing = false;
  }

  #pull(): Uint8Array | null {
    return this.#closed ? null : this.#hooks.pull(MAX_PULL_BYTES);
  }

  #finish(detail: string): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#closeTimer !== null) clearTimeout(this.#closeTimer);
    this.#wake();
    this.#socket.close();
    this.#hooks.disconnected(detail);
  }

  async #buffer(): Promise<Uint8Array<ArrayBuffer> | null> {
    while (!this.#closed) {
      const free = this.#free.pop();
      if (free !== undefined) return free.length === this.#readSizeBytes ? free : new Uint8Array(this.#readSizeBytes);
      if (this.#buffers < READ_BUFFERS || this.#closing) {
        this.#buffers++;
        return new Uint8Array(this.#readSizeBytes);
      }
      await new Promise<void>((resolve) => this.#bufferFreed = resolve);
    }
    return null;
  }

  #release(buffer: Uint8Array<ArrayBuffer>): void {
    this.#free.push(buffer);
    this.#wake();
  }

  #wake(): void {
    const freed = this.#bufferFreed;
    this.#bufferFreed = null;
    freed?.();
  }

  #adapt(capacityBytes: number, sizeBytes: number): void {
    this.#smallReads = sizeBytes * 16 > capacityBytes ? 0 : this.#smallReads + 1;
    if (sizeBytes === capacityBytes) {
      this.#readSizeBytes = Math.min(capacityBytes * 4, MAX_READ_BYTES);
    } else if (this.#smallReads > SHRINK_AFTER_READS) {
      this.#readSizeBytes = Math.max(capacityBytes / 4, MIN_READ_BYTES);
      this.#smallReads = 0;
    }
  }
}
