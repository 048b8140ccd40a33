import { assert, assertEquals, assertRejects } from "@std/assert";
import { HookQueue, type HookQueueOptions } from "../../lib/cli/hook_queue.ts";

/** A queue whose runs end when told to. */
class Bench {
  readonly started: string[] = [];
  readonly #ends = new Map<string, { resolve: () => void; reject: (error: unknown) => void }>();
  readonly queue: HookQueue<string>;

  constructor(options: Partial<HookQueueOptions<string>> = {}) {
    this.queue = new HookQueue({
      ...{ maxRuns: 2, newestOnly: true, maxWaiting: 100, maxWaitingBytes: 1000 },
      run: (job, skipped) => {
        this.started.push(skipped === 0 ? job : `${job} -${skipped}`);
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        this.#ends.set(job, { resolve, reject });
        return promise;
      },
      ...options,
    });
  }

  /** Adds jobs that are called `KEY NUMBER`. */
  async add(...jobs: string[]): Promise<void> {
    for (const job of jobs) await this.queue.add(job.split(" ")[0] as string, job, 1);
  }

  async end(job: string, error?: unknown): Promise<void> {
    if (error === undefined) this.#ends.get(job)?.resolve();
    else this.#ends.get(job)?.reject(error);
    for (let i = 0; i < 5; i++) await Promise.resolve();
  }
}

Deno.test("one run of a key goes on at a time, and the newest that came meanwhile is next, with how many were passed over", async () => {
  const bench = new Bench();
  await bench.add("a 1", "a 2", "a 3", "a 4");
  assertEquals(bench.started, ["a 1"]);
  await bench.end("a 1");
  assertEquals(bench.started, ["a 1", "a 4 -2"]);
  await bench.end("a 4");
  await bench.add("a 5");
  assertEquals(bench.started.at(-1), "a 5");
  await bench.end("a 5");
  await bench.queue.idle();
});

Deno.test("so many run at once in all, and keys take turns as they came", async () => {
  const bench = new Bench();
  await bench.add("a 1", "b 1", "c 1", "d 1", "a 2");
  assertEquals(bench.started, ["a 1", "b 1"]);
  await bench.end("a 1");
  assertEquals(bench.started, ["a 1", "b 1", "c 1"]);
  await bench.end("b 1");
  await bench.end("c 1");
  assertEquals(bench.started, ["a 1", "b 1", "c 1", "d 1", "a 2"]);
});

Deno.test("where all is to be run, each key keeps its order, and who adds waits for room", async () => {
  const bench = new Bench({ newestOnly: false, maxWaiting: 2 });
  await bench.add("a 1", "a 2", "a 3");
  let added = false;
  const adding = bench.add("a 4").then(() => added = true);
  for (let i = 0; i < 5; i++) await Promise.resolve();
  assertEquals(added, false);
  await bench.end("a 1");
  await adding;
  for (const job of ["a 2", "a 3", "a 4"]) await bench.end(job);
  assertEquals(bench.started, ["a 1", "a 2", "a 3", "a 4"]);
});

Deno.test("a job that is larger than all the room there is fits where nothing waits", async () => {
  const bench = new Bench({ maxRuns: 1 });
  await bench.queue.add("a", "a 1", 5000);
  await bench.queue.add("b", "b 1", 5000);
  let added = false;
  void bench.queue.add("c", "c 1", 1).then(() => added = true);
  for (let i = 0; i < 5; i++) await Promise.resolve();
  assertEquals(added, false);
  await bench.end("a 1");
  assert(added);
});

Deno.test("a run that can't be ends the queue: who adds, and who waits for its end, is told", async () => {
  const bench = new Bench({ maxRuns: 1 });
  await bench.add("a 1", "b 1");
  const waiting = assertRejects(() => bench.queue.unlessFailed(new Promise(() => {})), Error, "no such program");
  const idle = assertRejects(() => bench.queue.idle(), Error, "no such program");
  await bench.end("a 1", new Error("no such program"));
  await idle;
  await waiting;
  await assertRejects(() => bench.queue.unlessFailed(new Promise(() => {})), Error, "no such program");
  await assertRejects(() => bench.add("c 1"), Error, "no such program");
  assertEquals(bench.started, ["a 1"]);
});

Deno.test("one that is stopped waits for what runs, and lets go what waits", async () => {
  const bench = new Bench({ maxRuns: 1 });
  await bench.add("a 1", "a 2", "b 1");
  let stopped = false;
  const stopping = bench.queue.stop().then(() => stopped = true);
  for (let i = 0; i < 5; i++) await Promise.resolve();
  assertEquals(stopped, false);
  await bench.end("a 1");
  await stopping;
  assertEquals(bench.started, ["a 1"]);
});
