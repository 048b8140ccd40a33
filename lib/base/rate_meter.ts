/** Whole seconds over which a rate is told: short enough to be of now, long enough not to jump. */
const RATE_SECONDS = 5;

/** How much comes in a second, over the last whole seconds. */
export class RateMeter {
  /** The second (since 1970, by whichever clock) that each place of the ring counts, and what came in it. */
  readonly #seconds = new Float64Array(RATE_SECONDS + 1).fill(NaN);
  readonly #amounts = new Float64Array(RATE_SECONDS + 1);

  /** Counts something that came now. @param nowMs of one clock, always the same; one that is set anew costs a few seconds. */
  add(amount: number, nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    const at = second % this.#seconds.length;
    if (this.#seconds[at] !== second) this.#amounts[at] = 0;
    this.#seconds[at] = second;
    this.#amounts[at] = this.#amounts[at] as number + amount;
  }

  /** The amount a second over the last seconds that are whole. */
  perSecond(nowMs: number): number {
    const second = Math.floor(nowMs / 1000);
    let total = 0;
    for (const [at, counted] of this.#seconds.entries()) {
      if (counted < second && counted >= second - RATE_SECONDS) total += this.#amounts[at] as number;
    }
    return total / RATE_SECONDS;
  }
}
