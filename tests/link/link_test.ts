import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { concat, toHex, utf8Encode } from "../../lib/base/bytes.ts";
import {
  KEEPALIVE_AFTER_MS,
  MAX_FRAME_BYTES,
  MAX_RECORD_PLAINTEXT_BYTES,
  MAX_SEND_QUEUE_BYTES,
  MAX_STRANGER_FRAME_BYTES,
  SILENT_AFTER_MS,
} from "../../lib/base/limits.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import type { Priority } from "../../lib/link/frame.ts";
import type { Link } from "../../lib/link/link.ts";
import type { LinkEvent } from "../../lib/link/link_types.ts";
import { at, drain, give, openPair, settle, side } from "./pair.ts";

function reasonOf(events: readonly LinkEvent[]): string | undefined {
  const last = events.at(-1);
  return last?.type === "closed" ? last.reason : undefined;
}

/** Frames as text: kind, size and a hash of the body. */
function told(events: readonly LinkEvent[]): string[] {
  return events.flatMap((event) => event.type === "frame" ? [nameOf(event.kind, event.body)] : []);
}

function nameOf(kind: number, body: Uint8Array): string {
  return `${kind} ${body.length} ${toHex(sha256(body)).slice(0, 8)}`;
}

function pattern(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => i % 251);
}

Deno.test("link: frames of all sizes arrive as they were sent, both ways", () => {
  const { dialler, listener } = openPair();
  dialler.authorize();
  listener.authorize();
  const sizes = [0, 1, 127, 128, 65_000, 65_518, 65_519, 200_000, MAX_FRAME_BYTES];
  for (const [from, to] of [[dialler, listener], [listener, dialler]] as const) {
    for (const [i, size] of sizes.entries()) assert(from.send(16 + i, pattern(size), "bulk"));
    assertEquals(told(give(to, drain(from))), sizes.map((size, i) => nameOf(16 + i, pattern(size))));
  }
});

Deno.test("link: what is carried goes before a close, also behind what was begun; other bulk does not", () => {
  for (const firstIsCarried of [true, false]) {
    const { dialler, listener } = openPair();
    dialler.authorize();
    listener.authorize();
    const sizes = [100_000, 70_000, 300];
    dialler.send(firstIsCarried ? 67 : 30, pattern(sizes[0] as number), "bulk");
    const begun = dialler.pull(2000, at(0));
    assert(begun !== null);
    dialler.send(30, pattern(5000), "bulk");
    dialler.send(67, pattern(sizes[1] as number), "bulk");
    dialler.send(31, pattern(5000), "live");
    const carried = { keeps: (kind: number) => kind === 67, frames: [{ kind: 68, body: pattern(300) }] };
    dialler.close("goodbye", "", [{ kind: 40, body: pattern(7) }], carried);
    const events = give(listener, concat([begun, drain(dialler)]));
    assertEquals(told(events), [
      nameOf(40, pattern(7)),
      nameOf(firstIsCarried ? 67 : 30, pattern(100_000)),
      nameOf(67, pattern(70_000)),
      nameOf(68, pattern(300)),
    ]);
    assertEquals([reasonOf(events), dialler.state], ["goodbye", "closed"]);
  }
  const { dialler, listener } = openPair();
  dialler.close("goodbye", "", [], { keeps: () => true, frames: [] });
  assert(dialler.wantsToSend);
  assertEquals(reasonOf(give(listener, drain(dialler))), "goodbye");
});

Deno.test("link: bytes are encrypted, and never twice the same", () => {
  const { dialler } = openPair();
  const body = utf8Encode("the same secret, twice");
  dialler.send(20, body, "live");
  const first = drain(dialler);
  dialler.send(20, body, "live");
  const second = drain(dialler);
  assert(!toHex(first).includes(toHex(body.subarray(0, 8))));
  assert(toHex(first) !== toHex(second));
});

Deno.test("link: frames arrive whole however the bytes are cut, and whatever is pulled at a time", () => {
  const frames = fc.array(
    fc.record({
      size: fc.oneof(fc.nat(40), fc.nat(3000), fc.nat(60_000)),
      priority: fc.constantFrom<Priority>("control", "live", "bulk"),
    }),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1 }), (frames, cuts) => {
      const { dialler, listener } = openPair();
      const sent: Record<Priority, string[]> = { control: [], live: [], bulk: [] };
      for (const [i, { size, priority }] of frames.entries()) {
        dialler.send(16 + i, pattern(size), priority);
        sent[priority].push(nameOf(16 + i, pattern(size)));
      }
      const parts: Uint8Array[] = [];
      for (let i = 0; dialler.wantsToSend; i++) {
        const part = dialler.pull(1024 + 16 * (cuts[i % cuts.length] as number), at(0));
        if (part !== null) parts.push(part);
      }
      const bytes = concat(parts);
      const events: LinkEvent[] = [];
      for (let offset = 0, i = 0; offset < bytes.length; i++) {
        const size = cuts[i % cuts.length] as number;
        const chunk = bytes.slice(offset, offset + size);
        events.push(...give(listener, chunk));
        chunk.fill(0xee); // the host's buffer is overwritten
        offset += size;
      }
      const arrived = told(events);
      for (const names of Object.values(sent)) {
        assertEquals(arrived.filter((name) => names.includes(name)), names);
      }
      assertEquals(arrived.length, frames.length);
      assertEquals(dialler.queuedBytes, 0);
    }),
    { numRuns: 60 },
  );
});

Deno.test("link: a pull never gives more than was asked for", () => {
  const { dialler } = openPair();
  dialler.send(16, pattern(60_000), "bulk");
  for (let i = 0; i < 100; i++) dialler.send(16, pattern(i), "live");
  for (const limit of [1024, 1025, 5000, 50_000]) {
    const bytes = dialler.pull(limit, at(0)) as Uint8Array;
    assert(bytes.length <= limit && bytes.length > limit / 2);
  }
});

Deno.test("link: small frames share a record", () => {
  const { dialler } = openPair();
  for (let i = 0; i < 100; i++) dialler.send(16, pattern(10), "live");
  assertEquals(drain(dialler).length, 2 + 1 + 100 * 12 + 16);
});

Deno.test("link: kind and length are never cut by the end of a record", () => {
  for (let left = 0; left < 20; left++) {
    const { dialler, listener } = openPair();
    const sizes = [MAX_RECORD_PLAINTEXT_BYTES - 1 - 4 - left, 300];
    for (const size of sizes) dialler.send(16, pattern(size), "bulk");
    assertEquals(told(give(listener, drain(dialler))), sizes.map((size) => nameOf(16, pattern(size))));
  }
});

Deno.test("link: urgent frames overtake bulk between records, inside a large frame too", () => {
  const { dialler, listener } = openPair();
  dialler.authorize();
  listener.authorize();
  dialler.send(30, pattern(1_000_000), "bulk");
  dialler.send(31, pattern(5), "bulk");
  const first = dialler.pull(2 + MAX_RECORD_PLAINTEXT_BYTES + 16, at(0)) as Uint8Array;
  dialler.send(20, pattern(3), "live");
  dialler.send(40, pattern(2), "control");
  const events = give(listener, concat([first, drain(dialler)]));
  assertEquals(events.map((event) => event.type === "frame" ? event.kind : 0), [40, 20, 30, 31]);
});

Deno.test("link: strangers may send small frames only, members larger ones, nobody beyond", () => {
  const { dialler, listener } = openPair();
  dialler.send(16, pattern(MAX_STRANGER_FRAME_BYTES), "live");
  assertEquals(told(give(listener, drain(dialler))).length, 1);
  dialler.send(16, pattern(MAX_STRANGER_FRAME_BYTES + 1), "live");
  assertEquals(reasonOf(give(listener, drain(dialler))), "too_large");
});

Deno.test("link: who is authorized by a frame may send a large one right behind it", () => {
  const { dialler, listener } = openPair();
  dialler.send(16, pattern(32), "control");
  dialler.send(17, pattern(MAX_FRAME_BYTES), "live");
  const kinds: number[] = [];
  for (const event of listener.receive(drain(dialler), at(0))) {
    if (event.type === "frame") kinds.push(event.kind);
    listener.authorize();
  }
  assertEquals(kinds, [16, 17]);
});

Deno.test("link: nothing is delivered behind one's own close", () => {
  const { dialler, listener } = openPair();
  dialler.send(16, pattern(1), "live");
  dialler.send(17, pattern(1), "live");
  const kinds: number[] = [];
  for (const event of listener.receive(drain(dialler), at(0))) {
    if (event.type === "frame") kinds.push(event.kind);
    listener.close("bad_state", "enough");
  }
  assertEquals(kinds, [16]);
  assertEquals(listener.state, "closing");
});

Deno.test("link: a full queue refuses bulk, and bulk never keeps urgent frames out", () => {
  const { dialler } = openPair();
  const body = pattern(1024 * 1024);
  let queued = 0;
  while (dialler.send(16, body, "bulk")) queued++;
  assert(queued >= 7 && dialler.queuedBytes <= MAX_SEND_QUEUE_BYTES);
  assertEquals(dialler.state, "open");
  assert(dialler.send(16, body, "live"));
  assertEquals(dialler.bulkQueuedBytes, queued * (body.length + 64));
});

Deno.test("link: who does not take urgent frames is closed as overloaded, and the queue is let go", () => {
  const { dialler, listener } = openPair();
  const body = pattern(1024 * 1024);
  while (dialler.send(16, body, "live"));
  assertEquals(dialler.state, "closing");
  assert(dialler.queuedBytes < 200);
  assertEquals(dialler.deadline, 0);
  assertEquals(reasonOf(dialler.tick(at(0))), "overloaded");
  assertEquals(dialler.tick(at(0)), []);
  const events = give(listener, drain(dialler));
  assertEquals([reasonOf(events), events.length], ["overloaded", 1]);
});

Deno.test("link: many small frames count by what they cost in memory", () => {
  const { dialler } = openPair();
  let queued = 0;
  while (dialler.send(16, new Uint8Array(0), "bulk")) queued++;
  assert(queued <= MAX_SEND_QUEUE_BYTES / 128 + 1);
});

Deno.test("link: a close is told to the other side, before what is queued", () => {
  const { dialler, listener } = openPair();
  listener.authorize();
  dialler.send(16, pattern(100_000), "bulk");
  dialler.send(17, pattern(10), "live");
  const begun = dialler.pull(20_000, at(0)) as Uint8Array;
  dialler.close("member_left", "by admin 'ä'");
  const farewell = drain(dialler);
  assert(farewell.length < 50);
  const events = give(listener, concat([begun, farewell]));
  assertEquals(told(events), [nameOf(17, pattern(10))]);
  assertEquals(events.at(-1), { type: "closed", reason: "member_left", detail: "by admin 'ä'", byRemote: true });
  assertEquals([dialler.state, listener.state], ["closed", "closed"]);
  assertEquals([dialler.disconnected(at(0)), listener.disconnected(at(0))], [[], []]);
  assertEquals(listener.send(16, pattern(1), "live"), false);
});

Deno.test("link: a control frame that was begun is ended before a close", () => {
  const { dialler, listener } = openPair();
  dialler.send(16, pattern(50_000), "control");
  dialler.send(17, pattern(50_000), "control");
  const begun = dialler.pull(20_000, at(0)) as Uint8Array;
  dialler.close("goodbye");
  const events = give(listener, concat([begun, drain(dialler)]));
  assertEquals(told(events), [nameOf(16, pattern(50_000))]);
  assertEquals(reasonOf(events), "goodbye");
});

Deno.test("link: a long detail is cut between characters", () => {
  const { dialler, listener } = openPair();
  dialler.close("bad_state", "x" + "€".repeat(100) + "\ud800");
  const [event] = give(listener, drain(dialler));
  assertEquals(event, { type: "closed", reason: "bad_state", detail: "x" + "€".repeat(66), byRemote: true });
});

Deno.test("link: an end without a close is a truncation", () => {
  const { dialler, listener } = openPair();
  dialler.send(16, pattern(5), "live");
  give(listener, drain(dialler));
  assertEquals(listener.disconnected(at(1)), [{ type: "closed", reason: "truncated", detail: "", byRemote: false }]);
  assertEquals(listener.disconnected(at(1)), []);
  assertEquals(listener.pull(1024, at(1)), null);
});

/** Records that a rekey adds to what is sent. */
const REKEY_BYTES = 2 + 1 + 2 + 16;

function sentBytes(link: Link, other: Link, frames: number, nowMs: (i: number) => number): number {
  let bytes = 0;
  for (let i = 0; i < frames; i++) {
    link.send(16 + i, pattern(100), "live");
    const part = drain(link, nowMs(i));
    bytes += part.length;
    assertEquals(told(give(other, part, nowMs(i))), [nameOf(16 + i, pattern(100))]);
  }
  return bytes;
}

Deno.test("link: rekeys by count, by bytes and by age", () => {
  const frame = 2 + 1 + 2 + 100 + 16;
  const never = { records: 1e9, bytes: 1e9, ageMs: 1e9 };
  const cases = [
    { rekey: never, rekeys: 0 },
    { rekey: { ...never, records: 5 }, rekeys: 3 },
    { rekey: { ...never, bytes: 2 * (frame - 2) }, rekeys: 9 },
    { rekey: { ...never, ageMs: 50 }, rekeys: 3 },
  ];
  for (const { rekey, rekeys } of cases) {
    const { dialler, listener } = openPair({ rekey });
    assertEquals(sentBytes(dialler, listener, 20, (i) => 10 * i), 20 * frame + rekeys * REKEY_BYTES);
    assertEquals(sentBytes(listener, dialler, 20, (i) => 10 * i), 20 * frame + rekeys * REKEY_BYTES);
  }
});

Deno.test("link: a rekey waits for the end of a control frame that was begun", () => {
  const { dialler, listener } = openPair({ rekey: { records: 1, bytes: 1e9, ageMs: 1e9 } });
  dialler.send(16, pattern(10_000), "control");
  dialler.send(17, pattern(10_000), "bulk");
  const parts: Uint8Array[] = [];
  while (dialler.wantsToSend) parts.push(dialler.pull(3000, at(0)) as Uint8Array);
  const events = give(listener, concat(parts));
  assertEquals(told(events), [nameOf(16, pattern(10_000)), nameOf(17, pattern(10_000))]);
});

Deno.test("link: pings measure the round trip, at once and after silence", () => {
  const { dialler, listener } = openPair();
  dialler.authorize();
  assert(dialler.deadline <= 0);
  dialler.tick(at(5));
  give(listener, drain(dialler, 5), 10);
  assertEquals(give(dialler, drain(listener, 10), 25), [{ type: "pong", roundTripMs: 20 }]);
  assertEquals(dialler.roundTripMs, 20);
  assertEquals(dialler.deadline, 25 + KEEPALIVE_AFTER_MS);
  assertEquals(dialler.tick(at(24 + KEEPALIVE_AFTER_MS)), []);
  assert(!dialler.wantsToSend);
  dialler.tick(at(25 + KEEPALIVE_AFTER_MS));
  assert(dialler.wantsToSend);
});

Deno.test("link: a second ping waits for the answer to the first", () => {
  const { dialler, listener } = openPair();
  dialler.ping(at(0));
  dialler.ping(at(1));
  const events = settle(dialler, listener, 7);
  assertEquals(events.dialler, [{ type: "pong", roundTripMs: 7 }]);
});

Deno.test("link: a silent link is closed, also when the tick comes very late", () => {
  const { dialler, listener } = openPair();
  dialler.authorize();
  dialler.tick(at(0));
  settle(dialler, listener);
  dialler.tick(at(KEEPALIVE_AFTER_MS));
  drain(dialler); // lost on its way
  assertEquals(dialler.deadline, SILENT_AFTER_MS);
  assertEquals(dialler.tick(at(SILENT_AFTER_MS - 1)), []);
  assertEquals(reasonOf(dialler.tick(at(SILENT_AFTER_MS))), "silent");
  const slept = openPair().listener;
  slept.authorize();
  assertEquals(reasonOf(slept.tick(at(3_600_000))), "silent");
});

Deno.test("link: whatever comes in is a sign of life", () => {
  const { dialler, listener } = openPair();
  listener.authorize();
  listener.tick(at(0));
  settle(dialler, listener);
  for (let ms = 9000; ms < 100_000; ms += 9000) {
    dialler.send(16, pattern(1), "live");
    give(listener, drain(dialler, ms), ms);
    assertEquals(listener.tick(at(ms)), []);
    assert(!listener.wantsToSend);
  }
});

Deno.test("link: the bytes of a handshake and of frames, with fixed keys", () => {
  const dialler = side("out");
  const listener = side("in");
  const first = drain(dialler);
  give(listener, first);
  const second = drain(listener);
  give(dialler, second);
  dialler.send(16, utf8Encode("hello"), "control");
  dialler.send(25, utf8Encode("world"), "bulk");
  const third = drain(dialler);
  give(listener, third);
  listener.close("goodbye", "done");
  const fourth = drain(listener);
  assertEquals([first, second, third, fourth].map(toHex), [...GOLDEN]);
  assertEquals(give(dialler, fourth), [{ type: "closed", reason: "goodbye", detail: "done", byRemote: true }]);
});

/** Hello and message 1; hello and message 2; message 3 and two records; a record. */
const GOLDEN: readonly string[] = [
  "6b74680100202330cb1d5a3ee43de5c39a19a447514b72393ec961213e0d519efe0f69c0ae69",
  "6b74680100c07d28a09715fc5b42ab116d32acd13148ccda722e27ac8d5586988758ab3fb163a949d5e2b53b39420cf92a10" +
  "d7835ebf95c2ba22279a6a9511cf77832a706e07921b90b6975dc174f3a63a082f59477cd263fc4d234746f10ed25acc99be" +
  "db104bed2ae8932778b2a18728185407528acc2ead5329b3080b5aa2d186f2abf1149fbfcb8222997c86bf4928109f1cf0de" +
  "e6804b74c45242be23e74f5410f6a6119ebd29ca5996d7eb3d94994de977007b51410049fc6d7cecece5798a1b5467f4",
  "00a04f1c941a981bb21109a52083fa19aa897687df895d810aac1fbd6adb81402a677fb538c249b488ed4c878789600d6224" +
  "9b62b69026c6a42b3cb26ab22a703a93ca01590267fe51ea3f4599c01f9a87a8d37408abe5e8b48d52244238e5db440afa21" +
  "f3f099e63fa54c1bde5f95c4667a63e8618c404217078ee267ade840f5bac7cb9abc8e0ac751f7720d484a3b4761993d0dc9" +
  "e2d9c4b383dae4d237301b5a0018d0446270317535f7575809895cb548ab5db003a51b9147e5001813a5ca4ae83ab4b60944" +
  "8e77fe50356fa5d5babe936cef92",
  "00184fe6ac342e84cdd5808bb22f9691d1f4af9169be2f02790e",
];
