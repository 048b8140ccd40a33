import type { Now } from "../../lib/base/clock.ts";
import type { Effect, Input, Machine } from "../../lib/peer/machine.ts";

/**
 * Sends back what it receives, in order, and answers every request. What it is told and when a turn ends is kept for
 * the tests to look at.
 */
export class EchoMachine implements Machine {
  /** Inputs by type, in order. */
  readonly inputs: Input["type"][] = [];
  /** Connections that were opened here, in order. */
  readonly connections: number[] = [];
  /** Details of `disconnected` and `dial_failed`. */
  readonly details: string[] = [];
  /** Inputs of each turn. */
  readonly turns: number[] = [];
  /** When a tick is due. */
  dueMs = Infinity;
  /** Called for each input; may throw. */
  onInput: (input: Input) => void = () => {};
  /** Called at the end of a turn; may throw. */
  onEndTurn: () => void = () => {};
  #effects: Effect[] = [];
  #inTurn = 0;
  readonly #out = new Map<number, Uint8Array[]>();

  handle(input: Input, _now: Now): void {
    this.#inTurn++;
    this.inputs.push(input.type);
    this.onInput(input);
    switch (input.type) {
      case "tick":
        this.dueMs = Infinity;
        break;
      case "connected":
        this.connections.push(input.connection);
        break;
      case "received":
        this.send(input.connection, input.bytes.slice());
        break;
      case "disconnected":
      case "dial_failed":
        this.details.push(input.detail ?? "");
        break;
      case "request":
        this.#effects.push({ type: "reply", id: input.id, reply: { ok: true, versions: [] } });
        break;
      default:
        break;
    }
  }

  endTurn(_now: Now): Effect[] {
    this.turns.push(this.#inTurn);
    this.#inTurn = 0;
    const effects = this.#effects;
    this.#effects = [];
    this.onEndTurn();
    return effects;
  }

  pull(connection: number, maxBytes: number): Uint8Array | null {
    if (this.#inTurn > 0) throw new Error("pulled within a turn");
    const parts = this.#out.get(connection) ?? [];
    const first = parts.shift();
    if (first === undefined) return null;
    if (first.length <= maxBytes) return first;
    parts.unshift(first.subarray(maxBytes));
    return first.subarray(0, maxBytes);
  }

  deadline(): number {
    return this.dueMs;
  }

  isKnown(): boolean {
    return false;
  }

  /** Queues bytes for a connection. */
  send(connection: number, bytes: Uint8Array): void {
    const parts = this.#out.get(connection) ?? [];
    parts.push(bytes);
    this.#out.set(connection, parts);
    this.effect({ type: "output", connection });
  }

  /** An effect of the turn that is under way, or of the next. */
  effect(effect: Effect): void {
    this.#effects.push(effect);
  }
}
