import process from "node:process";
import { percentile } from "./figure.ts";
import { RoundTrips } from "./payload.ts";

/** Bytes of a message. */
export const POST_BYTES = 100;
/** Messages that are on their way at most. */
export const WINDOW = 4096;
/** So often in a window one wants to come back, so that the sender knows how far the other side is. */
const BACKS_IN_WINDOW = 4;

/** Sends a message to the other end. */
export type Send = (bytes: Uint8Array) => void | Promise<unknown>;

/**
 * The end that answers: checks that each message comes once, and sends those back that want it, when all before them
 * have come.
 *
 * @param isOrdered whether they have to come in order as well.
 */
export function answerer(send: Send, isOrdered: boolean): (bytes: Uint8Array) => void {
  const early = new Map<number, Uint8Array>();
  let next = 0;
  return (bytes) => {
    const { number } = read(bytes);
    if (number < next || early.has(number)) fail(`message ${number} came twice`);
    if (isOrdered && number !== next) fail(`message ${number} came, not ${next}`);
    early.set(number, bytes);
    for (let message = early.get(next); message !== undefined; message = early.get(next)) {
      if (read(message).wantsBack) void send(message.slice());
      early.delete(next++);
    }
  };
}

/** Not by an error, which an event target would swallow. */
function fail(what: string): never {
  console.error(what);
  Deno.exit(1);
}

/** The end that measures. */
export class Asker {
  readonly #send: Send;
  readonly #window: number;
  #number = 0;
  #backAt = 0;
  #back: (() => void) | null = null;

  /** @param window messages that are on their way at most. */
  constructor(send: Send, window: number) {
    this.#send = send;
    this.#window = window;
  }

  /** A message came back. */
  take(bytes: Uint8Array): void {
    this.#backAt = read(bytes).number + 1;
    this.#back?.();
  }

  /** Sends so many messages, and then so many that come back one by one; prints how fast that was. */
  async run(count: number, trips: number): Promise<void> {
    await this.#rate(Math.ceil(count / 10));
    const cpuBefore = process.cpuUsage();
    const seconds = await this.#rate(count);
    const { user, system } = process.cpuUsage(cpuBefore);
    const cpu = (user + system) / count;
    const times = new RoundTrips(trips, Math.ceil(trips / 10));
    do {
      times.sending();
      await this.#post(true);
      await this.#until(() => this.#backAt === this.#number);
    } while (times.returned());
    const sorted = times.sorted();
    console.log(
      JSON.stringify({ rate: count / seconds, cpu, p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) }),
    );
  }

  async #rate(count: number): Promise<number> {
    const startMs = performance.now();
    for (let i = 1; i <= count; i++) {
      const sent = this.#post(i % (this.#window / BACKS_IN_WINDOW) === 0 || i === count);
      if (sent !== undefined) await sent;
      if (this.#number - this.#backAt >= this.#window) {
        await this.#until(() => this.#number - this.#backAt < this.#window);
      }
    }
    await this.#until(() => this.#backAt === this.#number);
    return (performance.now() - startMs) / 1000;
  }

  #post(wantsBack: boolean): void | Promise<unknown> {
    const bytes = new Uint8Array(POST_BYTES);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, this.#number++);
    view.setUint8(4, wantsBack ? 1 : 0);
    return this.#send(bytes);
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#back = resolve);
  }
}

function read(bytes: Uint8Array): { readonly number: number; readonly wantsBack: boolean } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length !== POST_BYTES) throw new Error(`a message of ${bytes.length} bytes`);
  return { number: view.getUint32(0), wantsBack: view.getUint8(4) === 1 };
}
