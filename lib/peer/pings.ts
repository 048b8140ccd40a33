import type { Now } from "../base/clock.ts";
import type { Connection, Links } from "./links.ts";
import type { Reply } from "./machine.ts";

/** How long a ping waits for its answer. */
const PING_TIMEOUT_MS = 5_000;

interface Ping {
  readonly id: number;
  readonly peer: string;
  readonly connection: number;
  readonly sentMs: number;
}

/** Round trips that somebody local asked for. */
export class Pings {
  readonly #links: Links;
  readonly #find: (peer: string) => Connection;
  readonly #reply: (id: number, reply: Reply) => void;
  #waiting: Ping[] = [];

  /** @param find the connection to a linked member by its name or the beginning of its id. @throws {KithError} */
  constructor(
    links: Links,
    find: (peer: string) => Connection,
    reply: (id: number, reply: Reply) => void,
  ) {
    this.#links = links;
    this.#find = find;
    this.#reply = reply;
  }

  /** Pings a linked member by its name or the beginning of its id. @throws {KithError} `peer_unknown`, `member_ambiguous`. */
  start(id: number, peer: string, now: Now): void {
    const connection = this.#find(peer);
    this.#links.ping(connection, now);
    this.#waiting.push({ id, peer, connection: connection.number, sentMs: now.monotonicMs });
  }

  /** An answer came. */
  answered(connection: number, roundTripMs: number): void {
    const pinged = this.#links.get(connection)?.peer as string;
    for (const { id } of this.#waiting.filter((ping) => ping.connection === connection)) {
      this.#reply(id, { ok: true, roundTripMs, pinged });
    }
    this.#waiting = this.#waiting.filter((ping) => ping.connection !== connection);
  }

  /** Gives up on what waited too long. */
  tick(now: Now): void {
    const late = this.#waiting.filter(({ sentMs }) => now.monotonicMs >= sentMs + PING_TIMEOUT_MS);
    if (late.length === 0) return;
    this.#waiting = this.#waiting.filter((ping) => !late.includes(ping));
    for (const { id, peer } of late) {
      this.#reply(id, { ok: false, code: "silent", values: { address: peer, seconds: PING_TIMEOUT_MS / 1000 } });
    }
  }

  /** The monotonic time in ms at which `tick` is due. */
  deadline(): number {
    return this.#waiting.reduce((due, { sentMs }) => Math.min(due, sentMs + PING_TIMEOUT_MS), Infinity);
  }
}
