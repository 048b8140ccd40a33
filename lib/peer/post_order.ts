import type { Now } from "../base/clock.ts";
import { MAX_HELD_BATCH_BYTES, MAX_HELD_BATCHES, MAX_SENDER_RUNS, POST_HOLD_MS } from "../base/limits.ts";

/** A batch as its order needs it. */
interface Numbered {
  /** Number of its first post. */
  readonly first: number;
  /** How many posts it has. */
  readonly count: number;
  /** Its size, as it is kept. */
  readonly sizeBytes: number;
}

/** A batch whose turn has come. */
export interface InOrder<Batch> {
  readonly batch: Batch;
  /** How many of its posts were delivered already; all of them where it is late. */
  readonly skipped: number;
  /** How many posts before it never came. */
  readonly missed: number;
}

/** One run of a sender. */
interface Run<Batch> {
  readonly id: string;
  /** The number of the post that is to be delivered next. */
  next: number;
  /** Batches behind a gap, by number. */
  readonly held: Batch[];
  /** When the first of them is not held any longer, by the monotonic clock. */
  dueMs: number;
}

/**
 * How far the posts of each sender have come: each is delivered once at the most, and none behind a later one. What
 * comes too early is held for a moment, since what is before it may come by a longer way.
 */
export class PostOrder<Batch extends Numbered> {
  /** The latest run last. There are no more senders than members. */
  readonly #senders = new Map<string, Run<Batch>[]>();
  /** The runs that hold something. */
  readonly #holding = new Set<Run<Batch>>();
  #heldBytes = 0;

  /**
   * Takes a batch in. What a sender made before its first batch that comes here was not missed.
   *
   * @param mayHold whether what is before it can come by another way. @returns what is to be delivered by now.
   */
  take(sender: string, runId: string, batch: Batch, mayHold: boolean, now: Now): InOrder<Batch>[] {
    const runs = this.#senders.get(sender) ?? [];
    if (runs.length === 0) this.#senders.set(sender, runs);
    let run = runs.find(({ id }) => id === runId);
    if (run === undefined) {
      run = { id: runId, next: batch.first, held: [], dueMs: Infinity };
      runs.push(run);
      if (runs.length > MAX_SENDER_RUNS) this.#forget(runs.shift() as Run<Batch>);
    }
    if (batch.first > run.next && mayHold) {
      this.#hold(run, batch, now);
      return this.#isFull(run) ? this.#release(run, now) : [];
    }
    return [this.#pass(run, batch), ...this.#ready(run, now)];
  }

  /** What has been held for long enough, with what came behind it. */
  tick(now: Now): InOrder<Batch>[] {
    return [...this.#holding].filter(({ dueMs }) => dueMs <= now.monotonicMs).flatMap((run) => this.#release(run, now));
  }

  /** The monotonic time in ms at which `tick` is due. */
  deadline(): number {
    let due = Infinity;
    for (const { dueMs } of this.#holding) due = Math.min(due, dueMs);
    return due;
  }

  #pass(run: Run<Batch>, batch: Batch): InOrder<Batch> {
    const { first, count } = batch;
    const skipped = Math.min(count, Math.max(0, run.next - first));
    const missed = Math.max(0, first - run.next);
    run.next = Math.max(run.next, first + count);
    return { batch, skipped, missed };
  }

  #hold(run: Run<Batch>, batch: Batch, now: Now): void {
    const at = run.held.findIndex(({ first }) => first > batch.first);
    run.held.splice(at < 0 ? run.held.length : at, 0, batch);
    this.#heldBytes += batch.sizeBytes;
    this.#holding.add(run);
    if (run.dueMs === Infinity) run.dueMs = now.monotonicMs + POST_HOLD_MS;
  }

  #isFull({ held }: Run<Batch>): boolean {
    return held.length > MAX_HELD_BATCHES || this.#heldBytes > MAX_HELD_BATCH_BYTES;
  }

  /** What is before the first batch that is held will not come any more. */
  #release(run: Run<Batch>, now: Now): InOrder<Batch>[] {
    const first = this.#unheld(run);
    return first === null ? [] : [this.#pass(run, first), ...this.#ready(run, now)];
  }

  /** The batches behind which there is no gap any more. */
  #ready(run: Run<Batch>, now: Now): InOrder<Batch>[] {
    const ready: InOrder<Batch>[] = [];
    while ((run.held[0]?.first ?? Infinity) <= run.next) ready.push(this.#pass(run, this.#unheld(run) as Batch));
    if (run.held.length > 0) run.dueMs = now.monotonicMs + POST_HOLD_MS;
    return ready;
  }

  #unheld(run: Run<Batch>): Batch | null {
    const batch = run.held.shift();
    if (batch === undefined) return null;
    this.#heldBytes -= batch.sizeBytes;
    if (run.held.length === 0) this.#forget(run);
    return batch;
  }

  #forget(run: Run<Batch>): void {
    for (const { sizeBytes } of run.held.splice(0)) this.#heldBytes -= sizeBytes;
    run.dueMs = Infinity;
    this.#holding.delete(run);
  }
}
