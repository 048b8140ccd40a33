/** What a queue of runs works with. */
export interface HookQueueOptions<Job> {
  /** Runs at a time, of different keys. */
  readonly maxRuns: number;
  /** Whether of the jobs of a key that wait only the newest is run; else all are, in order. */
  readonly newestOnly: boolean;
  /** Jobs that wait, and what they hold in bytes: who adds one has to wait beyond that. */
  readonly maxWaiting: number;
  readonly maxWaitingBytes: number;
  /** Runs a job. @param skipped older jobs of its key that are not run, since it came. */
  readonly run: (job: Job, skipped: number) => Promise<void>;
}

interface Waiting<Job> {
  readonly job: Job;
  readonly sizeBytes: number;
}

interface Lane<Job> {
  readonly waiting: Waiting<Job>[];
  skipped: number;
  isRunning: boolean;
}

/** Runs jobs: one at a time of each key, a few at a time in all, the keys in the order in which they came. */
export class HookQueue<Job> {
  readonly #options: HookQueueOptions<Job>;
  readonly #lanes = new Map<string, Lane<Job>>();
  /** Keys of which something waits and nothing runs. */
  readonly #ready = new Set<string>();
  #waiting = 0;
  #waitingBytes = 0;
  #running = 0;
  #failure: unknown = null;
  #failureHeard: (error: unknown) => void = () => {};
  #changed = Promise.withResolvers<void>();

  constructor(options: HookQueueOptions<Job>) {
    this.#options = options;
  }

  /** The value of a promise. @throws what a run fails with meanwhile, or before. */
  async unlessFailed<Value>(awaited: Promise<Value>): Promise<Value> {
    if (this.#failure !== null) throw this.#failure;
    return await new Promise<Value>((resolve, reject) => {
      this.#failureHeard = reject;
      awaited.then(resolve, reject);
    });
  }

  /** Adds a job, once there is room. @throws what a run failed with. */
  async add(key: string, job: Job, sizeBytes: number): Promise<void> {
    const lane = this.#lanes.get(key) ?? { waiting: [], skipped: 0, isRunning: false };
    if (this.#options.newestOnly) {
      for (const older of lane.waiting.splice(0)) {
        this.#took(older);
        lane.skipped++;
      }
    }
    while (this.#isFull(sizeBytes) && this.#failure === null) await this.#changed.promise;
    if (this.#failure !== null) throw this.#failure;
    lane.waiting.push({ job, sizeBytes });
    this.#waiting++;
    this.#waitingBytes += sizeBytes;
    this.#lanes.set(key, lane);
    if (!lane.isRunning) this.#ready.add(key);
    this.#startRuns();
  }

  /** Waits until nothing runs or waits any more. @throws what a run failed with. */
  async idle(): Promise<void> {
    while (this.#running + this.#waiting > 0 && this.#failure === null) await this.#changed.promise;
    if (this.#failure !== null) throw this.#failure;
  }

  /** Lets go what waits, and waits for what runs. */
  async stop(): Promise<void> {
    this.#ready.clear();
    for (const lane of this.#lanes.values()) for (const waiting of lane.waiting.splice(0)) this.#took(waiting);
    while (this.#running > 0) await this.#changed.promise;
  }

  /** One job that is larger than all the room there is fits where nothing else waits. */
  #isFull(sizeBytes: number): boolean {
    const { maxWaiting, maxWaitingBytes } = this.#options;
    return this.#waiting >= maxWaiting || (this.#waiting > 0 && this.#waitingBytes + sizeBytes > maxWaitingBytes);
  }

  #startRuns(): void {
    for (const key of this.#ready) {
      if (this.#running >= this.#options.maxRuns || this.#failure !== null) return;
      this.#ready.delete(key);
      void this.#runNext(key, this.#lanes.get(key) as Lane<Job>);
    }
  }

  async #runNext(key: string, lane: Lane<Job>): Promise<void> {
    const next = lane.waiting.shift() as Waiting<Job>;
    this.#took(next);
    const { skipped } = lane;
    lane.skipped = 0;
    lane.isRunning = true;
    this.#running++;
    try {
      await this.#options.run(next.job, skipped);
    } catch (error) {
      this.#failure ??= error;
      this.#failureHeard(error);
    }
    this.#running--;
    lane.isRunning = false;
    if (lane.waiting.length > 0) this.#ready.add(key);
    else if (lane.skipped === 0) this.#lanes.delete(key);
    this.#hasChanged();
    this.#startRuns();
  }

  #took({ sizeBytes }: Waiting<Job>): void {
    this.#waiting--;
    this.#waitingBytes -= sizeBytes;
    this.#hasChanged();
  }

  #hasChanged(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
