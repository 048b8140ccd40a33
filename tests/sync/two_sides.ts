import { MAX_STREAM_QUEUE_BYTES } from "../../lib/base/limits.ts";
import { Reconciliation } from "../../lib/sync/reconciliation.ts";
import { decodeMessage, encodeMessage, type Message } from "../../lib/wire/message.ts";
import type { ReconciliationMessage } from "../../lib/wire/reconciliation.ts";
import type { Prng } from "../sim/prng.ts";
import type { MemorySet } from "./memory_set.ts";

/** What a reconciliation cost. */
export interface Cost {
  /** Bodies of all messages but those that carry versions. */
  bytes: number;
  /** How often the direction changed, until all was said. */
  turns: number;
  /** Messages by kind. */
  readonly messages: Record<string, number>;
}

/** One end, with what is on its way to it. */
class Side {
  readonly inbox: Message[] = [];
  reconciliation: Reconciliation | null = null;

  constructor(readonly set: MemorySet) {}
}

/** Two sets that are reconciled over a link which works, or of which a test changes the messages. */
export class TwoSides {
  readonly a: Side;
  readonly b: Side;
  readonly #prng: Prng;
  /** Changes messages on their way; null drops one. */
  tamper: (message: Message) => Message | null = (message) => message;

  constructor(a: MemorySet, b: MemorySet, prng: Prng) {
    this.a = new Side(a);
    this.b = new Side(b);
    this.#prng = prng;
  }

  /** Reconciles once, begun by `a`. */
  run(): Cost {
    const cost: Cost = { bytes: 0, turns: 0, messages: {} };
    let last: Side | null = null;
    const key = this.#prng.bytes(8);
    for (const [side, other] of [[this.a, this.b], [this.b, this.a]] as const) {
      side.inbox.length = 0;
      side.reconciliation = new Reconciliation(key, side === this.a, side.set, {
        send: (message) => {
          const changed = this.tamper(message);
          const { kind, body } = encodeMessage(message);
          cost.messages[message.type] = (cost.messages[message.type] ?? 0) + 1;
          if (message.type !== "partials") cost.bytes += body.length;
          if (last !== side) cost.turns++;
          last = side;
          if (changed === message) other.inbox.push(decodeMessage(kind, body.slice()) as Message);
          else if (changed !== null) other.inbox.push(changed);
          return true;
        },
        hasRoom: () => MAX_STREAM_QUEUE_BYTES > 0,
      });
    }
    for (let steps = 0; this.#step(this.a) || this.#step(this.b); steps++) {
      if (steps > 1_000_000) throw new Error("it does not end");
    }
    return cost;
  }

  /** How the run ended at both ends. */
  get outcomes(): (string | null)[] {
    return [this.a, this.b].map(({ reconciliation }) => {
      const outcome = reconciliation?.outcome ?? null;
      return outcome === null ? null : `${outcome.settled}${outcome.reason && `: ${outcome.reason}`}`;
    });
  }

  #step(side: Side): boolean {
    const { reconciliation, set } = side;
    if (reconciliation === null) return false;
    if (reconciliation.canStep) {
      reconciliation.step();
      return true;
    }
    const message = side.inbox.shift();
    if (message === undefined) return false;
    if (message.type !== "partials") {
      if (reconciliation.outcome === null) reconciliation.received(message as ReconciliationMessage);
      return true;
    }
    for (const { header, operations } of message.list) {
      const transactionRow = set.rowOf(header);
      for (const { index } of operations) set.take({ transactionRow, index });
      reconciliation.merged(header, operations.map(({ index }) => index));
    }
    return true;
  }
}
