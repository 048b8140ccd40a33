/** Spreads what goes out over time: a steady rate with a short burst (the generic cell rate algorithm, ITU-T I.371). */
export class Pacer {
  readonly #perMs: number;
  readonly #burstMs: number;
  #nextMs = -Infinity;

  /** @param burstMs how much may go at once, as the time that it takes at the rate. */
  constructor(perSecond: number, burstMs: number) {
    this.#perMs = perSecond / 1000;
    this.#burstMs = burstMs;
  }

  /** When the next thing may go, by the monotonic clock; in the past where it may now. */
  get readyAtMs(): number {
    return this.#nextMs - this.#burstMs;
  }

  /** Something goes now, which is allowed from `readyAtMs` on, however large it is: what follows waits for longer. */
  take(amount: number, nowMs: number): void {
    this.#nextMs = Math.max(this.#nextMs, nowMs) + amount / this.#perMs;
  }
}
