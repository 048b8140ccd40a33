import { assert } from "../base/assert.ts";
import { Fifo } from "../base/fifo.ts";
import { type Frame, MAX_FRAME_HEADER_BYTES, putVarint } from "./frame.ts";

/** What a queued frame costs besides its body, in bytes: its header, and what it takes in memory. */
export const FRAME_COST_BYTES = 64;

/** The frames of one priority that wait to be sent, cut into records only when these leave. */
export class Lane {
  readonly #frames = new Fifo<Frame>();
  #sentOfFirst = 0;
  #isFirstBegun = false;
  #costBytes = 0;

  /** What is queued, each frame as its body and `FRAME_COST_BYTES`. Never less than what is left to be sent. */
  get costBytes(): number {
    return this.#costBytes;
  }

  /** Whether nothing is queued. */
  get isEmpty(): boolean {
    return this.#costBytes === 0;
  }

  /** Whether part of a frame has left and the rest has not. */
  get isInsideFrame(): boolean {
    return this.#isFirstBegun;
  }

  /** Queues a frame behind the others. Its body must stay as it is until it is sent. */
  push(frame: Frame): void {
    this.#frames.push(frame);
    this.#costBytes += frame.body.length + FRAME_COST_BYTES;
  }

  /** Forgets all frames. One that was begun is never ended, so that nothing can follow it. */
  clear(): void {
    this.#frames.takeAll();
    this.#sentOfFirst = 0;
    this.#isFirstBegun = false;
    this.#costBytes = 0;
  }

  /** Forgets all frames but those of some kinds, and one that was begun. */
  keepOnly(keeps: (kind: number) => boolean): void {
    const [first, ...others] = this.#frames.takeAll();
    if (first === undefined) return;
    const [sentOfFirst, isFirstBegun] = [this.#sentOfFirst, this.#isFirstBegun];
    this.clear();
    if (isFirstBegun || keeps(first.kind)) this.push(first);
    if (isFirstBegun) {
      this.#isFirstBegun = true;
      this.#sentOfFirst = sentOfFirst;
      this.#costBytes -= sentOfFirst;
    }
    for (const frame of others) if (keeps(frame.kind)) this.push(frame);
  }

  /** Moves as much as fits into a record's room. @returns the bytes written; 0 where not even a header fits. */
  fill(room: Uint8Array): number {
    let written = 0;
    for (let frame = this.#frames.first; frame !== undefined; frame = this.#frames.first) {
      if (!this.#isFirstBegun) {
        if (room.length - written < MAX_FRAME_HEADER_BYTES) break;
        written = putVarint(room, putVarint(room, written, frame.kind), frame.body.length);
        this.#isFirstBegun = true;
      }
      const part = frame.body.subarray(this.#sentOfFirst, this.#sentOfFirst + room.length - written);
      room.set(part, written);
      written += part.length;
      this.#sentOfFirst += part.length;
      this.#costBytes -= part.length;
      if (this.#sentOfFirst < frame.body.length) break;
      this.#finishFirst();
    }
    return written;
  }

  #finishFirst(): void {
    this.#frames.shift();
    this.#sentOfFirst = 0;
    this.#isFirstBegun = false;
    this.#costBytes -= FRAME_COST_BYTES;
    assert(this.#costBytes >= 0, "no more is sent than was queued");
  }
}
