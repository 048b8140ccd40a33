import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ProtocolError } from "../../lib/base/errors.ts";
import { MAX_STREAM_QUEUE_BYTES, MAX_TRANSACTIONS_MESSAGE_BYTES } from "../../lib/base/limits.ts";
import { encodeMessage } from "../../lib/wire/message.ts";
import { ALIKE, Replicas } from "./replicas.ts";

Deno.test("who lacks something pulls it when a link opens, and both say that they agree", () => {
  const r = new Replicas(2);
  for (let i = 0; i < 5; i++) r.write(0);
  for (let i = 0; i < 3; i++) r.write(1);
  const link = r.link(0, 1);
  const counts = r.settle();
  assert(r.areEqual);
  assertEquals(counts, { summary: 2, brief: 2, transactions: 2, pulled: 2 });
  r.pass(20);
  assert(r.node(0).sync.agrees(link) && r.node(1).sync.agrees(link));
  assertEquals(r.settle(), {});
});

Deno.test("equal replicas pull nothing", () => {
  const r = new Replicas(2);
  r.link(0, 1);
  r.write(0);
  r.pass(100);
  r.unlink(1);
  r.link(0, 1);
  const counts = r.settle();
  assertEquals(counts, { summary: 2, brief: 2, pulled: 2 });
  assert(r.allAgree);
});

Deno.test("an own write is sent to all at once; others announce it and need not send it", () => {
  const r = new Replicas(3);
  for (const [a, b] of [[0, 1], [0, 2], [1, 2]] as const) r.link(a, b);
  r.pass(100);
  r.write(0);
  const counts = r.settle();
  assert(r.areEqual);
  assertEquals([counts["transactions"], counts["pull"]], [2, undefined]);
  r.pass(1000);
  assert(r.allAgree);
});

Deno.test("a write reaches who is linked to its writer by a third one only, within 20 ms", () => {
  const r = new Replicas(3);
  r.link(0, 1);
  r.link(1, 2);
  r.pass(100);
  r.write(0);
  r.pass(25);
  assert(r.areEqual);
});

Deno.test("what was applied between the opening of a link and the other's frontier is announced", () => {
  for (const from of [null, 9]) {
    const r = new Replicas(3);
    const link = r.link(0, 1);
    // The other's frontier is on its way still.
    if (from === null) r.write(0);
    else {
      const piece = r.write(2);
      r.node(0).apply(piece, from);
      r.node(0).endTurn(r.now);
    }
    r.settle();
    r.pass(100);
    assertEquals(r.node(1).store.held.length, 1, `from ${from}`);
    assert(r.node(1).sync.agrees(link));
  }
});

Deno.test("one source at a time is pulled from; when it is gone the next one is", () => {
  const r = new Replicas(3);
  for (let i = 0; i < 4; i++) {
    const piece = r.write(0);
    r.node(2).apply(piece, null);
  }
  r.node(2).endTurn(r.now);
  const first = r.link(0, 1);
  const second = r.link(2, 1);
  const asked = (link: number) =>
    r.node(1).sent.get(link)?.some(({ message }) => message.type === "brief" && message.pulls) === true;
  assertEquals([asked(first), asked(second), r.node(1).sync.pulling], [true, false, false]);
  // Summaries and what each holds, but nothing of what they lead to.
  for (const [link, from] of [[first, 0], [second, 2]] as const) {
    for (let i = 0; i < 2; i++) r.deliver(link, 1);
    for (let i = 0; i < 2; i++) r.deliver(link, from);
  }
  assertEquals([asked(second), r.node(1).sync.pulling], [false, true]);
  r.unlink(first);
  assertEquals(asked(second), true);
  r.settle();
  assertEquals(r.node(1).store.held.length, 4);
  assertEquals(r.node(1).sync.pulling, false);
});

Deno.test("what one side lacks comes with the first answer, by two hundred bytes of two writers", () => {
  for (const lacking of [0, 1]) {
    const r = new Replicas(2);
    for (let i = 0; i < 500; i++) {
      for (const writer of [2, 3]) r.node(1 - lacking).apply(r.write(lacking, { writer }), null);
    }
    for (let i = 0; i < 10; i++) r.write(1 - lacking, { writer: 2 });
    for (const { sync } of r.nodes) sync.turnEnded([], r.now);
    const link = r.link(0, 1);
    let bytes = 0;
    const types = [0, 1].map((end) =>
      r.node(end).sent.get(link)!.map(({ message }) => {
        bytes += encodeMessage(message).body.length + 2;
        return message.type;
      })
    );
    assertEquals(types, [["summary", "brief"], ["summary", "brief"]]);
    assert(bytes + 2 * 2 <= 200, `${bytes} bytes`);
    // Each has the other's greeting: nothing more is asked before what is lacked is there.
    for (const to of [0, 0, 1, 1]) r.deliver(link, to);
    assertEquals(r.deliver(link, lacking)?.type, "transactions");
    assert(r.areEqual);
  }
});

Deno.test("peers that know no frontiers in brief are told whole ones, and their state", () => {
  const r = new Replicas(2);
  for (let i = 0; i < 5; i++) r.write(0);
  for (let i = 0; i < 3; i++) r.write(1);
  r.link(0, 1, false);
  const counts = r.settle();
  assert(r.areEqual);
  assertEquals([counts["pull"], counts["pulled"], counts["brief"], counts["summary"]], [2, 2, undefined, undefined]);
  r.pass(20);
  assert(r.allAgree);
});

Deno.test("writers that a frontier in brief does not tell apart are found apart by whole ones", () => {
  const r = new Replicas(2);
  for (let i = 0; i < 3; i++) r.write(0, { writer: ALIKE });
  for (let i = 0; i < 5; i++) r.write(1, { writer: ALIKE + 1 });
  r.link(0, 1);
  r.pass(4000);
  assert(!r.areEqual);
  r.pass(60_000);
  assert(r.areEqual && r.allAgree);
});

Deno.test("replicas with one history and other versions know it from the greeting, and who is to begin", () => {
  const r = new Replicas(2);
  const piece = r.write(0);
  r.node(1).apply(piece, null);
  r.node(1).endTurn(r.now);
  r.node(1).store.damage = 1;
  r.pass(100);
  const link = r.link(0, 1);
  assertEquals(r.settle(), { summary: 2, brief: 2, pulled: 2 });
  assertEquals([0, 1].map((end) => r.node(end).sync.standing(link)).sort(), ["first", "second"]);
  // That the histories are the same was taken from what they are in brief: after half a minute the states tell.
  let told = 0;
  for (let passedMs = 0; passedMs < 31_000; passedMs += 1000) {
    r.nowMs += 1000;
    for (const { sync } of r.nodes) sync.tick(r.now);
    told += r.settle()["state"] ?? 0;
    if (passedMs < 28_000) assertEquals(told, 0);
  }
  assertEquals(told, 2);
  assertEquals([0, 1].map((end) => r.node(end).sync.standing(link)).sort(), ["first", "second"]);
  r.node(1).store.damage = 0;
  r.write(1);
  r.pass(100);
  assert(r.allAgree);
});

Deno.test("a pull that stalls is given up after 10 s for another source, and its late end closes nothing", () => {
  const r = new Replicas(3);
  const piece = r.write(0);
  r.node(2).apply(piece, null);
  r.node(2).endTurn(r.now);
  const first = r.link(0, 1);
  const second = r.link(2, 1);
  for (const link of [first, second]) for (let i = 0; i < 2; i++) r.deliver(link, 1);
  // The first source never answers; the second one would.
  r.nowMs = 10_000;
  r.node(1).sync.tick(r.now);
  for (let i = 0; i < 9; i++) r.deliver(second, 2);
  for (let i = 0; i < 9; i++) r.deliver(second, 1);
  assertEquals(r.node(1).store.held.length, 1);
  r.settle();
  r.pass(60_000);
  assert(r.allAgree);
});

Deno.test("a stream pauses while the link holds enough, and goes on as it drains", () => {
  const r = new Replicas(2);
  for (let i = 0; i < 20; i++) r.write(0, { sizeBytes: 200_000 });
  const link = r.link(0, 1);
  for (const to of [1, 1, 0, 0]) r.deliver(link, to);
  while (r.deliver(link, 0) !== null);
  const queued = r.node(0).bulkQueuedBytes(link);
  assert(queued >= MAX_STREAM_QUEUE_BYTES && queued < MAX_STREAM_QUEUE_BYTES + 2 * MAX_TRANSACTIONS_MESSAGE_BYTES);
  r.settle();
  assert(r.areEqual);
});

Deno.test("while a stream runs nothing counts as missed, however long it takes", () => {
  const r = new Replicas(2);
  for (let i = 0; i < 20; i++) r.write(0, { sizeBytes: 200_000 });
  const link = r.link(0, 1);
  for (const to of [0, 1, 0, 1]) r.deliver(link, to);
  const types = new Set<string>();
  for (let left = 20; left > 0; left--) {
    // A message of the stream every 4 s, and all that the other side has to say.
    r.nowMs += 4000;
    for (const { sync } of r.nodes) sync.tick(r.now);
    types.add(r.deliver(link, 1)?.type ?? "");
    for (let message = r.deliver(link, 0); message !== null; message = r.deliver(link, 0)) types.add(message.type);
  }
  assert(types.has("transactions") && !types.has("frontier"), [...types].join());
  r.pass(100);
  assert(r.areEqual && r.allAgree);
});

Deno.test("what is written while a stream runs comes with it, once", () => {
  const r = new Replicas(2);
  for (let i = 0; i < 20; i++) r.write(0, { sizeBytes: 200_000 });
  const link = r.link(0, 1);
  for (const to of [1, 1, 0, 0]) r.deliver(link, to);
  while (r.deliver(link, 0) !== null);
  r.write(0);
  let received = 0;
  for (let moved = true; moved;) {
    const message = r.deliver(link, 1);
    r.deliver(link, 0);
    if (message?.type === "transactions") received += message.list.length;
    moved = message !== null;
  }
  assertEquals(received, 21);
  assert(r.areEqual);
});

Deno.test("what a bounded waiting room discarded is pulled again", () => {
  const r = new Replicas(2);
  const link = r.link(0, 1);
  r.pass(100);
  const [first] = [r.write(0, { endTurn: false }), r.write(0)];
  // The first of the two is lost on the way, the second has to wait, and is discarded.
  const sent = r.node(0).sent.get(link)!;
  const live = sent.findIndex(({ message }) => message.type === "transactions");
  const { message } = sent[live]!;
  assert(message.type === "transactions" && message.list.length === 2);
  sent[live] = { message: { ...message, list: message.list.slice(1) }, priority: "live" };
  r.settle();
  assert(!r.node(1).store.holds(first));
  r.node(1).forgetWaiting();
  r.pass(100);
  assert(r.areEqual);
});

Deno.test("both branches of a fork come to all", () => {
  const r = new Replicas(3);
  const first = r.write(0, { writer: 7 });
  for (const i of [1, 2]) {
    r.node(i).apply(first, null);
    r.node(i).endTurn(r.now);
  }
  const branch = r.write(0, { writer: 7 });
  r.write(1, { writer: 7, forkOf: branch });
  r.link(0, 1);
  r.link(1, 2);
  r.pass(120_000);
  assert(r.areEqual);
  assertEquals(r.node(2).store.held.length, 3);
  assert(r.allAgree);
});

Deno.test("a message that does not belong here is told apart", () => {
  const r = new Replicas(2);
  const link = r.link(0, 1);
  const early = assertThrows(() => r.node(0).sync.received(link, { type: "pull" }, r.now), ProtocolError);
  assertEquals(early.code, "bad_state");
  const knock = { type: "knock", tag: new Uint8Array(32) } as const;
  assertThrows(() => r.node(0).sync.received(link, knock, r.now), ProtocolError);
  // What comes by a link that is not a member's, or not any more, is nothing.
  r.node(0).sync.received(99, { type: "pull" }, r.now);
});

Deno.test("the state is told after 15 ms of quiet, and within 250 ms under steady writes", () => {
  const r = new Replicas(2);
  r.link(0, 1);
  r.pass(100);
  r.write(0);
  assertEquals(r.node(0).sync.deadline(), r.nowMs + 15);
  let told = 0;
  const startMs = r.nowMs;
  while (r.nowMs - startMs < 1000) {
    r.nowMs += 10;
    r.write(0);
    told += r.settle()["state"] ?? 0;
  }
  // Both tell it: who writes, and who takes in.
  assert(told >= 6 && told <= 12, `${told} times in a second`);
});

Deno.test("replicas come to agree in whatever order links open and break and messages arrive", () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ write: fc.nat(3), more: fc.nat(2) }) },
    { weight: 8, arbitrary: fc.record({ deliver: fc.nat(), to: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ link: fc.nat(3), with: fc.nat(3), brief: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ unlink: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ pass: fc.nat(100) }) },
    { weight: 1, arbitrary: fc.record({ forget: fc.nat(3) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const r = new Replicas(4);
      const linked = new Map<string, number>();
      for (const taken of steps) {
        const { connections } = r;
        if ("write" in taken) {
          for (let left = taken.more; left > 0; left--) r.write(taken.write, { endTurn: false });
          r.write(taken.write);
        } else if ("deliver" in taken && connections.length > 0) {
          const connection = connections[taken.deliver % connections.length]!;
          r.deliver(connection, r.ends(connection)[taken.to ? 0 : 1]);
        } else if ("link" in taken && taken.link < taken.with) {
          const pair = `${taken.link} ${taken.with}`;
          if (!linked.has(pair)) linked.set(pair, r.link(taken.link, taken.with, taken.brief));
        } else if ("unlink" in taken && connections.length > 0) {
          const connection = connections[taken.unlink % connections.length]!;
          r.unlink(connection);
          for (const [pair, known] of linked) if (known === connection) linked.delete(pair);
        } else if ("pass" in taken) {
          r.nowMs += taken.pass;
          for (const { sync } of r.nodes) sync.tick(r.now);
        } else if ("forget" in taken) {
          r.node(taken.forget).forgetWaiting();
        }
      }
      for (const [a, b] of [[0, 1], [1, 2], [2, 3]] as const) if (!linked.has(`${a} ${b}`)) r.link(a, b);
      r.pass(120_000);
      assert(r.areEqual, "all hold the same");
      assert(r.allAgree, "all say so");
    }),
    { numRuns: 300 },
  );
});
