import { type Frame, LANES, type Priority } from "./frame.ts";
import { Lane } from "./lane.ts";
import type { Carried } from "./link_types.ts";

/** What a link has to send: a lane of frames for each priority, and the close behind them once it ends. */
export class SendQueue {
  readonly lanes = [new Lane(), new Lane(), new Lane()] as const;
  /** The close frame, while what is carried goes before it. */
  #heldClose: Frame | null = null;

  /** What waits with a priority, each frame with what it costs besides its body. */
  bytesOf(priority: Priority): number {
    return this.lanes[LANES[priority]].costBytes;
  }

  /** The same of all that is not bulk. */
  get urgentBytes(): number {
    return this.bytesOf("control") + this.bytesOf("live");
  }

  /** Whether nothing is left to be sent. */
  get isEmpty(): boolean {
    return this.#isDrained && this.#heldClose === null;
  }

  get #isDrained(): boolean {
    return this.urgentBytes + this.bytesOf("bulk") === 0;
  }

  /** Queues a frame behind the others of its priority. */
  push(priority: Priority, frame: Frame): void {
    this.lanes[LANES[priority]].push(frame);
  }

  /** Forgets all that waits but what is carried, and ends with a close. @param last frames that go before it. */
  endWith(close: Frame, last: readonly Frame[], carried: Carried | null): void {
    const [control, live, bulk] = this.lanes;
    // The close is a frame of the control lane, and so has to wait for the end of one that was begun there.
    control.keepOnly(() => false);
    live.clear();
    for (const frame of last) control.push(frame);
    if (carried === null) {
      bulk.clear();
      control.push(close);
      return;
    }
    bulk.keepOnly(carried.keeps);
    for (const frame of carried.frames) bulk.push(frame);
    this.#heldClose = close;
  }

  /** Queues a close that was held, once all else has left. @returns whether it did so now. */
  releaseClose(): boolean {
    if (this.#heldClose === null || !this.#isDrained) return false;
    this.push("control", this.#heldClose);
    this.#heldClose = null;
    return true;
  }
}
