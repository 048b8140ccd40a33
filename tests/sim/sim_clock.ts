import type { Now } from "../../lib/base/clock.ts";
import type { Schedule } from "./schedule.ts";

/** The clocks of a simulated machine: one that people set, and one that only goes on. */
export class SimClock {
  readonly #schedule: Schedule;
  /** What the wall clock shows at virtual time 0, and how fast it goes: 1 is right. */
  readonly #wallMs: number;
  readonly #wallRate: number;
  #monotonicBaseMs = 0;
  /** Since when all stands still, in virtual ms, and whether the monotonic clock does too; null while it runs. */
  #frozen: { readonly sinceMs: number; readonly isSuspended: boolean } | null = null;

  constructor(schedule: Schedule, wallMs: number, wallRate: number) {
    this.#schedule = schedule;
    this.#wallMs = wallMs;
    this.#wallRate = wallRate;
  }

  /** Both clocks. */
  get now(): Now {
    const { nowMs } = this.#schedule;
    return {
      monotonicMs: this.#monotonicBaseMs + nowMs,
      wallMs: Math.max(0, this.#wallMs + nowMs * this.#wallRate),
    };
  }

  /** The virtual time of a time of the monotonic clock. */
  virtualMs(monotonicMs: number): number {
    return monotonicMs - this.#monotonicBaseMs;
  }

  /** The machine boots: its monotonic clock begins anew, somewhere. */
  restart(monotonicMs: number): void {
    this.#monotonicBaseMs = monotonicMs;
    this.#frozen = null;
  }

  /** Whether the machine stands still. */
  get isFrozen(): boolean {
    return this.#frozen !== null;
  }

  /** The machine stands still. @param isSuspended whether the monotonic clock stands as well. */
  freeze(isSuspended: boolean): void {
    this.#frozen ??= { sinceMs: this.#schedule.nowMs, isSuspended };
  }

  /** The machine goes on. @returns whether it had stood still. */
  thaw(): boolean {
    const frozen = this.#frozen;
    this.#frozen = null;
    if (frozen?.isSuspended) this.#monotonicBaseMs -= this.#schedule.nowMs - frozen.sinceMs;
    return frozen !== null;
  }
}
