import type { Now } from "../base/clock.ts";
import { KithError } from "../base/errors.ts";
import { MAX_TIMER_MS, MAX_TURN_BYTES, MAX_TURN_MS, REST_AFTER_MS } from "../base/limits.ts";
import type { Effect, Input, Machine } from "../peer/machine.ts";
import { clearImmediate, setImmediate } from "node:timers";

/** What a turn loop needs of whoever runs it. */
export interface TurnHooks {
  /** Reads both clocks. */
  now(): Now;
  /** Performs what the machine asked for, after the commit. Must not throw. */
  perform(effects: readonly Effect[]): void;
  /** The store refused this turn: its writes did not happen, and its requests get no reply from the machine. */
  refused(error: KithError, requestIds: readonly number[]): void;
  /** The machine broke an invariant: it is not called again, and the process has to end. */
  failed(error: unknown): void;
}

interface Queued {
  readonly input: Input;
  readonly sizeBytes: number;
  readonly taken: (() => void) | undefined;
}

/**
 * Drives a machine in turns: drain the inputs, end the turn (one commit), perform the effects. A turn takes at most
 * MAX_TURN_MS or MAX_TURN_BYTES of input, so that one busy connection cannot hold up the rest. An input that finds
 * the loop idle begins its turn at once; those that come until the next `setImmediate` wait for it, and share its
 * commit. So a lone writer waits for nothing, and many are grouped. One timer serves the machine's deadline.
 *
 * Immediates in a row keep the runtime from looking at its sockets (tokio does so every 61 rounds, unless it has
 * nothing to do). So after REST_AFTER_MS of work a turn is begun by a timer, and whoever else is served by this
 * process, as over the control socket, gets a go.
 */
export class TurnLoop {
  readonly #machine: Machine;
  readonly #hooks: TurnHooks;
  #queue: Queued[] = [];
  #immediate: ReturnType<typeof setImmediate> | null = null;
  #rest: ReturnType<typeof setTimeout> | null = null;
  #workedMs = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #timerAtMs = Infinity;
  #stopped = false;
  #turning = false;

  constructor(machine: Machine, hooks: TurnHooks) {
    this.#machine = machine;
    this.#hooks = hooks;
  }

  /**
   * Queues an input for the next turn. Whoever pushes bounds what it has queued.
   *
   * @param sizeBytes what the input counts towards MAX_TURN_BYTES.
   * @param taken called when the turn that held the input is over, or will never be.
   */
  push(input: Input, sizeBytes = 0, taken?: () => void): void {
    if (this.#stopped) {
      taken?.();
      return;
    }
    this.#queue.push({ input, sizeBytes, taken });
    if (!this.#isBegun && !this.#turning) this.#turn();
    this.#begin();
  }

  /** Sets the timer anew; to be called after anything but a turn, such as a pull, touched the machine. */
  rearm(): void {
    if (this.#stopped) return;
    const deadlineMs = this.#machine.deadline();
    // A timer that fires too early only finds nothing due; one that fires too late would be a defect.
    if (this.#timer !== null && this.#timerAtMs <= deadlineMs) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#timerAtMs = deadlineMs;
    if (deadlineMs === Infinity) return;
    const delayMs = Math.ceil(deadlineMs - this.#hooks.now().monotonicMs);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#timerAtMs = Infinity;
      this.#begin();
    }, Math.min(Math.max(delayMs, 0), MAX_TIMER_MS));
  }

  /** Ends the loop: nothing more is handled. */
  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    if (this.#rest !== null) clearTimeout(this.#rest);
    this.#timer = null;
    this.#immediate = null;
    this.#rest = null;
    const left = this.#queue;
    this.#queue = [];
    for (const queued of left) queued.taken?.();
  }

  /** Whether the next turn is about to begin. */
  get #isBegun(): boolean {
    return this.#immediate !== null || this.#rest !== null;
  }

  #begin(): void {
    if (this.#isBegun || this.#stopped) return;
    const begin = () => {
      this.#immediate = null;
      this.#rest = null;
      if (this.#queue.length > 0 || this.#due()) return this.#turn();
      // With nothing to do the runtime looks at its sockets by itself.
      this.#workedMs = 0;
      this.rearm();
    };
    if (this.#workedMs < REST_AFTER_MS) {
      this.#immediate = setImmediate(begin);
    } else {
      this.#workedMs = 0;
      this.#rest = setTimeout(begin);
    }
  }

  #due(): boolean {
    return this.#hooks.now().monotonicMs >= this.#machine.deadline();
  }

  #turn(): void {
    this.#turning = true;
    const startMs = this.#hooks.now().monotonicMs;
    try {
      const drained = this.#drain();
      let effects: Effect[] = [];
      try {
        effects = this.#machine.endTurn(this.#hooks.now());
      } catch (error) {
        if (!(error instanceof KithError)) throw error;
        this.#hooks.refused(error, drained.flatMap(({ input }) => input.type === "request" ? [input.id] : []));
      }
      for (const queued of drained) queued.taken?.();
      this.#hooks.perform(effects);
      this.#turning = false;
      this.#workedMs += this.#hooks.now().monotonicMs - startMs;
      this.#begin();
      this.rearm();
    } catch (error) {
      this.stop();
      this.#hooks.failed(error);
    }
  }

  /** Hands over inputs up to the turn's bounds, and takes them off the queue. */
  #drain(): Queued[] {
    let now = this.#hooks.now();
    const endMs = now.monotonicMs + MAX_TURN_MS;
    if (now.monotonicMs >= this.#machine.deadline()) this.#machine.handle({ type: "tick" }, now);
    let taken = 0;
    let sizeBytes = 0;
    for (const queued of this.#queue) {
      sizeBytes += queued.sizeBytes;
      if (taken > 0 && (sizeBytes > MAX_TURN_BYTES || now.monotonicMs >= endMs)) break;
      this.#machine.handle(queued.input, now);
      taken++;
      now = this.#hooks.now();
    }
    const drained = this.#queue;
    this.#queue = this.#queue.slice(taken);
    drained.length = taken;
    return drained;
  }
}
