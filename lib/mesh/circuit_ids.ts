import { ProtocolError } from "../base/errors.ts";

/** The names of the circuits of one link. Who dialled it gives odd numbers, the other side even ones, each ascending. */
export class CircuitIds {
  #next: number;
  #highestOther: number;

  constructor(direction: "out" | "in") {
    this.#next = direction === "out" ? 1 : 2;
    this.#highestOther = direction === "out" ? 0 : -1;
  }

  /** The name of a circuit that begins here. */
  next(): number {
    const circuit = this.#next;
    this.#next += 2;
    return circuit;
  }

  /** The other side begins a circuit. @throws {ProtocolError} `bad_state` where the name is not one of its next ones. */
  taken(circuit: number): void {
    if (circuit <= this.#highestOther || (circuit - this.#highestOther) % 2 !== 0) {
      throw new ProtocolError("bad_state", `circuit ${circuit} can't begin`);
    }
    this.#highestOther = circuit;
  }

  /** Whether there was a circuit of that name. */
  wasUsed(circuit: number): boolean {
    const isOwn = (this.#next - circuit) % 2 === 0;
    return circuit > 0 && (isOwn ? circuit < this.#next : circuit <= this.#highestOther);
  }
}
