interface Planned {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Virtual time: what is planned runs in order of its time, and what is planned for one time in order of planning. */
export class Schedule {
  readonly #heap: Planned[] = [];
  #order = 0;
  #nowMs = 0;

  /** The virtual time in ms. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Plans something for `delayMs` from now. */
  after(delayMs: number, run: () => void): void {
    this.at(this.#nowMs + delayMs, run);
  }

  /** Plans something for a time; for now where that is over. */
  at(timeMs: number, run: () => void): void {
    // Times are whole 1,024ths of a ms, so that sums and differences of them are exact.
    const planned = { atMs: Math.max(this.#nowMs, Math.ceil(timeMs * 1024) / 1024), order: this.#order++, run };
    const heap = this.#heap;
    let place = heap.push(planned) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(planned, heap[parent] as Planned)) break;
      heap[place] = heap[parent] as Planned;
      place = parent;
    }
    heap[place] = planned;
  }

  /** Runs what is planned up to a time, then stands at that time. */
  runUntil(timeMs: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= timeMs; next = this.#heap[0]) {
      this.#take();
      this.#nowMs = next.atMs;
      next.run();
    }
    this.#nowMs = Math.max(this.#nowMs, timeMs);
  }

  #take(): void {
    const heap = this.#heap;
    const last = heap.pop() as Planned;
    if (heap.length === 0) return;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Planned, heap[child] as Planned)) child++;
      if (!isBefore(heap[child] as Planned, last)) break;
      heap[place] = heap[child] as Planned;
      place = child;
    }
    heap[place] = last;
  }
}

function isBefore(a: Planned, b: Planned): boolean {
  return a.atMs !== b.atMs ? a.atMs < b.atMs : a.order < b.order;
}
