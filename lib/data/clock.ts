import { MAX_CLOCK_AHEAD_MS } from "../base/limits.ts";
import { compareStamps, type Stamp } from "../wire/transaction.ts";

const MAX_COUNT = 0xffff;
const MAX_MS = 2 ** 48 - 1;

/**
 * A hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014). Its stamps rank concurrent versions and
 * are shown to people; they decide neither validity nor delivery.
 */
export class HybridClock {
  #last: Stamp;

  /** @param last the highest stamp seen so far, so that stamps go on rising after a restart. Default: none. */
  constructor(last: Stamp = { ms: 0, count: 0 }) {
    this.#last = last;
  }

  /** The highest stamp given or taken in. */
  get last(): Stamp {
    return this.#last;
  }

  /** A stamp above all given or taken in before. `wallMs`: this machine's clock, which may be wrong. */
  next(wallMs: number): Stamp {
    const ms = Math.min(Math.max(Math.floor(wallMs), 0), MAX_MS);
    if (ms > this.#last.ms) this.#last = { ms, count: 0 };
    else if (this.#last.count < MAX_COUNT) this.#last = { ms: this.#last.ms, count: this.#last.count + 1 };
    else this.#last = { ms: Math.min(this.#last.ms + 1, MAX_MS), count: 0 };
    return this.#last;
  }

  /**
   * Takes in another writer's stamp, so that later stamps rank above it.
   *
   * @returns false where it is more than `MAX_CLOCK_AHEAD_MS` ahead of this machine's clock: then it is not taken in.
   */
  observe(stamp: Stamp, wallMs: number): boolean {
    if (stamp.ms > wallMs + MAX_CLOCK_AHEAD_MS) return false;
    if (compareStamps(stamp, this.#last) > 0) this.#last = stamp;
    return true;
  }
}
