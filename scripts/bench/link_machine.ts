import type { Now } from "../../lib/base/clock.ts";
import { MAX_STREAM_QUEUE_BYTES } from "../../lib/base/limits.ts";
import { Identity } from "../../lib/crypto/identity.ts";
import { Link } from "../../lib/link/link.ts";
import type { Effect, Input, Machine } from "../../lib/peer/machine.ts";

/** What is done over the links of a `LinkMachine`. */
export interface LinkUser {
  /** A link is authenticated. */
  opened(link: Link): void;
  /** A frame came in; its bytes are valid during the call. */
  received(link: Link, body: Uint8Array): void;
  /** The link's queue has room for bulk. */
  drained(link: Link): void;
  /** The socket of a link is gone. */
  ended(): void;
}

const random = { bytes: (size: number) => crypto.getRandomValues(new Uint8Array(size)) };

/**
 * A machine with links and nothing else, driven as the peer is: bytes go through the host's turns and the link's
 * queue, records and encryption, and bulk is refilled when the socket pulls.
 */
export class LinkMachine implements Machine {
  readonly #identity = Identity.generate(random);
  readonly #user: LinkUser;
  readonly #links = new Map<number, Link>();
  #effects: Effect[] = [];

  constructor(user: LinkUser) {
    this.#user = user;
  }

  /** Dials `host:port` in the next turn. */
  dial(address: string): void {
    this.#effects.push({ type: "dial", address });
  }

  handle(input: Input, now: Now): void {
    if (input.type === "connected") {
      const { connection, direction, address } = input;
      const link = new Link({ direction, identity: this.#identity, random, now, address });
      this.#links.set(connection, link);
      this.#effects.push({ type: "output", connection });
    } else if (input.type === "received") {
      this.#receive(input.connection, input.bytes, now);
    } else if (input.type === "disconnected") {
      this.#links.delete(input.connection);
      this.#user.ended();
    } else if (input.type === "dial_failed") {
      throw new Error(`dial failed: ${input.detail}`);
    } else if (input.type === "tick") {
      for (const [connection, link] of this.#links) {
        link.tick(now);
        if (link.wantsToSend) this.#effects.push({ type: "output", connection });
      }
    }
  }

  endTurn(): Effect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  pull(connection: number, maxBytes: number, now: Now): Uint8Array | null {
    const link = this.#links.get(connection);
    if (link === undefined) return null;
    if (link.state === "open" && link.bulkQueuedBytes < MAX_STREAM_QUEUE_BYTES / 2) this.#user.drained(link);
    return link.pull(maxBytes, now);
  }

  deadline(): number {
    let deadlineMs = Infinity;
    for (const link of this.#links.values()) deadlineMs = Math.min(deadlineMs, link.deadline);
    return deadlineMs;
  }

  isKnown(): boolean {
    return false;
  }

  #receive(connection: number, bytes: Uint8Array, now: Now): void {
    const link = this.#links.get(connection);
    if (link === undefined) return;
    for (const event of link.receive(bytes, now)) {
      if (event.type === "closed") throw new Error(`the link was closed: ${event.reason} ${event.detail}`);
      if (event.type === "frame") this.#user.received(link, event.body);
      if (event.type === "open") {
        link.authorize();
        this.#user.opened(link);
      }
    }
    if (link.wantsToSend) this.#effects.push({ type: "output", connection });
  }
}
