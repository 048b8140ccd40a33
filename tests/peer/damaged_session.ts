import { assert, assertEquals } from "@std/assert";
import { concat } from "../../lib/base/bytes.ts";
import { copyOf } from "../sim/sim_disk.ts";
import { type Recording, Side, type Step, take, unitEnds } from "./recorded_session.ts";

/** How many cases were tried, and how the links ended, by reason. */
export interface Cases {
  count: number;
  readonly reasons: Map<string, number>;
}

/** A session of one side that can be gone through again and again, with its stream of bytes changed. */
export class DamagedSession {
  /** All that the side was sent. */
  readonly stream: Uint8Array;
  /** Ends of what is taken whole or not at all. */
  readonly #ends: readonly number[];
  /** The state behind so many of these, as it was in the session itself. */
  readonly #states: readonly string[];
  readonly #recording: Recording;

  constructor(recording: Recording) {
    this.#recording = recording;
    this.stream = concat(recording.steps.flatMap((step) => step.type === "bytes" ? [step.bytes] : []));
    this.#ends = unitEnds(this.stream);
    this.#states = this.#statesOfSession();
  }

  /** How many different states the side went through. */
  get stateCount(): number {
    return new Set(this.#states).size;
  }

  /** One bit of each byte is flipped, in a session for each. @param stride only every so many bytes. */
  flips(stride: number): Cases {
    return this.#each(stride, (at) => {
      const changed = this.stream.slice();
      changed[at] = (changed[at] as number) ^ (1 << (at % 8));
      return changed;
    });
  }

  /** The stream is cut before each byte. */
  cuts(stride: number): Cases {
    const cases = this.#each(stride, (at) => this.stream.subarray(0, at));
    assertEquals([...cases.reasons.keys()], ["truncated"]);
    return cases;
  }

  #each(stride: number, change: (at: number) => Uint8Array): Cases {
    const cases: Cases = { count: 0, reasons: new Map() };
    for (let at = 0; at < this.stream.length; at += stride) {
      const { state, reason } = this.#endOf(change(at), at);
      const whole = this.#ends.filter((end) => end <= at).length;
      assertEquals(state, this.#states[whole], `${this.#recording.name}, byte ${at}: what it holds`);
      assert(reason !== "goodbye", `byte ${at}: no damage looks like a goodbye`);
      cases.count++;
      cases.reasons.set(reason, (cases.reasons.get(reason) ?? 0) + 1);
    }
    return cases;
  }

  /** Gives a stream that is damaged from `at` on, in the pieces of the recorded one, and ends the connection. */
  #endOf(stream: Uint8Array, at: number): { state: string; reason: string } {
    const side = this.#begin();
    let offset = 0;
    for (const step of this.#recording.steps) {
      if (step.type !== "bytes") {
        // Behind the damage the side does nothing by itself, so that all that changes is the other side's doing.
        if (offset <= at) take(side, step);
      } else {
        const piece = stream.subarray(offset, offset + step.bytes.length);
        offset += step.bytes.length;
        if (piece.length > 0) side.receive(piece);
        // What is cut off never comes, and the connection ends with it.
        if (piece.length < step.bytes.length) break;
      }
      side.drain();
    }
    side.disconnected();
    assertEquals(side.closed.length, 1, "a link is closed once, and that is told");
    assert(!side.hasLink, "no link is left");
    return { state: side.state, reason: side.closed[0] as string };
  }

  #begin(): Side {
    const { beginning } = this.#recording;
    return new Side({ ...beginning, disk: copyOf(beginning.disk) });
  }

  #statesOfSession(): string[] {
    const side = this.#begin();
    const states: string[] = [side.state];
    let offset = 0;
    for (const step of this.#recording.steps) {
      for (const part of this.#parts(step, offset)) {
        take(side, part);
        if (part.type === "bytes") {
          offset += part.bytes.length;
          states.push(side.state);
        } else states[states.length - 1] = side.state;
        side.drain();
      }
    }
    assertEquals(states.length, this.#ends.length + 1);
    return states;
  }

  /** A step, cut where its units end. */
  #parts(step: Step, offset: number): Step[] {
    if (step.type !== "bytes") return [step];
    const cuts = [0, ...this.#ends.map((end) => end - offset).filter((end) => end > 0 && end <= step.bytes.length)];
    return cuts.slice(1).map((end, i) => ({ type: "bytes", bytes: step.bytes.subarray(cuts[i], end) }));
  }
}
