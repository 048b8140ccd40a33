import { assert, assertEquals, assertThrows } from "@std/assert";
import type { PeerEvent } from "../../lib/base/event.ts";
import { ProtocolError } from "../../lib/base/errors.ts";
import { Reconciler } from "../../lib/sync/reconciler.ts";
import type { Standing } from "../../lib/sync/replica.ts";
import type { Message } from "../../lib/wire/message.ts";
import type { ReconciliationMessage } from "../../lib/wire/reconciliation.ts";
import { Prng } from "../sim/prng.ts";
import { type Batch, MemorySet } from "./memory_set.ts";

/** A reconciler with links of which the test plays the other ends. */
class Bench {
  readonly sent: [connection: number, message: Message][] = [];
  readonly events: PeerEvent[] = [];
  readonly standings = new Map<number, Standing>();
  readonly reconciler: Reconciler;
  nowMs = 0;

  constructor(set: MemorySet) {
    this.reconciler = new Reconciler({
      links: {
        send: (connection, message) => {
          this.sent.push([connection, message]);
          return true;
        },
        bulkQueuedBytes: () => 0,
      },
      random: new Prng(9),
      emit: (event) => this.events.push(event),
      set: () => set,
      standing: (connection) => this.standings.get(connection) ?? "open",
    });
  }

  get now() {
    return { monotonicMs: this.nowMs, wallMs: 0 };
  }

  open(connection: number, standing: Standing): void {
    this.standings.set(connection, standing);
    this.reconciler.opened(connection, this.now);
  }

  /** Time passes, with all turns that are due. @returns when something was first sent. */
  pass(forMs: number): number | null {
    const untilMs = this.nowMs + forMs;
    let sentMs: number | null = null;
    for (let turns = 0; turns < 10_000; turns++) {
      const dueMs = this.reconciler.deadline();
      if (dueMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, dueMs);
      const before = this.sent.length;
      this.reconciler.turnEnded(this.now);
      if (this.sent.length > before) sentMs ??= this.nowMs;
    }
    this.nowMs = untilMs;
    return sentMs;
  }

  take(connection: number, message: ReconciliationMessage): void {
    this.reconciler.received(connection, message, this.now);
  }

  get types(): string[] {
    return this.sent.map(([connection, { type }]) => `${connection} ${type}`);
  }
}

function smallSet(): MemorySet {
  const batches: Batch[] = [{
    id: new Uint8Array(32).fill(1),
    writer: { peer: new Uint8Array(32), instance: new Uint8Array(16) },
    firstOperation: 0,
    operations: [{ isPut: true, names: [] }, { isPut: true, names: [] }],
  }];
  const set = new MemorySet(batches);
  for (const index of [0, 1]) set.take({ transactionRow: 1, index });
  return set;
}

const KEY = new Uint8Array(8);
const BEGINS: ReconciliationMessage = {
  type: "sketch",
  key: KEY,
  total: 0,
  first: 0,
  symbols: [],
  counts: new Uint8Array(),
};

Deno.test("who has the lower digest begins after a second, the other waits ten more for it", () => {
  for (const [standing, expected] of [["first", 1000], ["second", 11_000], ["equal", null], ["open", null]] as const) {
    const bench = new Bench(smallSet());
    bench.open(1, standing);
    assertEquals(bench.pass(20_000), expected, standing);
  }
});

Deno.test("a peer that does not answer is given up after 30 s, and asked ever more seldom", () => {
  const bench = new Bench(smallSet());
  bench.open(1, "first");
  const beganMs: number[] = [];
  for (let i = 0; i < 5; i++) {
    const sentMs = bench.pass(600_000);
    assert(sentMs !== null);
    beganMs.push(...bench.sent.filter(([, { type }]) => type === "sketch").map(() => sentMs));
    bench.sent.length = 0;
  }
  const failures = bench.events.filter(({ name }) => name === "reconcile_failed");
  assertEquals(failures[0]?.reason, "no answer");
  // 2, 8, 32, 128 and 512 s of rest, then ten minutes: 3,000 s have room for eight.
  assert(failures.length >= 6 && failures.length <= 9, `${failures.length}`);
});

Deno.test("one reconciliation at a time: others are told so, and who hears it tries again soon", () => {
  const bench = new Bench(smallSet());
  for (const connection of [1, 2]) bench.open(connection, "open");
  bench.take(1, BEGINS);
  bench.take(2, { ...BEGINS, key: new Uint8Array(8).fill(1) });
  assertEquals(bench.types, ["2 settled"]);
  assertEquals(bench.sent[0]?.[1], { type: "settled", key: new Uint8Array(8).fill(1), outcome: "busy" });

  const other = new Bench(smallSet());
  other.open(1, "first");
  other.pass(1000);
  const [, message] = other.sent[0] as [number, ReconciliationMessage];
  other.take(1, { type: "settled", key: message.key, outcome: "busy" });
  other.sent.length = 0;
  assertEquals(other.pass(10_000), 4000);
  assertEquals(other.events, []);
});

Deno.test("where both begin at once, that with the lower key goes on", () => {
  for (const [fill, types] of [[0x00, ["1 sketch"]], [0xff, ["1 sketch", "1 settled"]]] as const) {
    const bench = new Bench(smallSet());
    bench.open(1, "first");
    bench.pass(1000);
    bench.take(1, { ...BEGINS, key: new Uint8Array(8).fill(fill) });
    assertEquals(bench.types, [...types]);
    assertEquals(bench.reconciler.isRunning, true);
  }
});

Deno.test("messages of another reconciliation, or of none, are ignored", () => {
  const bench = new Bench(smallSet());
  bench.open(1, "open");
  bench.take(1, { type: "lacking", key: KEY, transactions: [] });
  bench.take(1, { type: "settled", key: KEY, outcome: "done" });
  bench.take(1, { ...BEGINS, first: 3 } as ReconciliationMessage);
  bench.take(7, BEGINS);
  assertEquals([bench.pass(60_000), bench.sent.length, bench.reconciler.isRunning], [null, 0, false]);
});

Deno.test("more messages than any reconciliation has close the link", () => {
  const bench = new Bench(smallSet());
  bench.open(1, "open");
  bench.take(1, BEGINS);
  const flood = () => {
    for (let i = 0; i < 100; i++) bench.take(1, { type: "lacking", key: KEY, transactions: [] });
  };
  assertEquals(assertThrows(flood, ProtocolError).code, "overloaded");
});

Deno.test("a peer that begins again and again with nonsense is answered ever more seldom", () => {
  const bench = new Bench(smallSet());
  bench.open(1, "open");
  let answered = 0;
  for (let i = 0; i < 600; i++) {
    const key = new Uint8Array(8).fill(i % 250);
    bench.take(1, { ...BEGINS, key });
    bench.pass(100);
    bench.take(1, { type: "lacking", key, transactions: [{ prefix: new Uint8Array(6).fill(9), indices: [9] }] });
    bench.pass(900);
    answered += bench.sent.filter(([, { type }]) => type === "nodes" || type === "lacking").length;
    bench.sent.length = 0;
  }
  assert(answered <= 6, `${answered} answers in ten minutes`);
});

Deno.test("a link that is gone ends what ran by it, and leaves room for another", () => {
  const bench = new Bench(smallSet());
  bench.open(1, "first");
  bench.pass(1000);
  bench.reconciler.closed(1);
  assertEquals([bench.reconciler.isRunning, bench.reconciler.deadline()], [false, Infinity]);
  bench.open(2, "first");
  assertEquals(bench.pass(2000), 2000);
});
