/**
 * Lets through what comes at a steady rate with bursts (a token bucket): it fills with `perSecond`, holds at most `burst`, and each thing
 * takes out what it costs.
 */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #level: number;
  #atMs: number;

  /** Full at first. @param nowMs monotonic. */
  constructor(perSecond: number, burst: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#level = burst;
    this.#atMs = nowMs;
  }

  /** Takes out a cost. @returns false where there is not so much in it: then nothing is taken. */
  take(cost: number, nowMs: number): boolean {
    this.#fill(nowMs);
    if (cost > this.#level) return false;
    this.#level -= cost;
    return true;
  }

  /** Whether it is as if nothing had been taken for long, so that it can be forgotten. */
  isFull(nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#level >= this.#burst;
  }

  #fill(nowMs: number): void {
    const passedMs = Math.max(0, nowMs - this.#atMs);
    this.#level = Math.min(this.#burst, this.#level + passedMs / 1000 * this.#perSecond);
    this.#atMs = Math.max(this.#atMs, nowMs);
  }
}
