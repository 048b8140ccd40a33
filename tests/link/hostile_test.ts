import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { concat, equal, utf8Encode } from "../../lib/base/bytes.ts";
import { MAX_PULL_BYTES, MAX_STRANGER_FRAME_BYTES, MAX_WAITING_PONGS } from "../../lib/base/limits.ts";
import { Writer } from "../../lib/base/writer.ts";
import { LANES, LINK_KINDS } from "../../lib/link/frame.ts";
import type { Link } from "../../lib/link/link.ts";
import type { LinkEvent } from "../../lib/link/link_types.ts";
import { encodeHello } from "../../lib/wire/hello.ts";
import { at, drain, give, openHostile, openPair, side } from "./pair.ts";

interface Recording {
  readonly direction: "out" | "in";
  /** What the other side sent, in the pieces in which it answered. */
  readonly pieces: readonly Uint8Array[];
  readonly bytes: Uint8Array;
  readonly frames: readonly LinkEvent[];
}

/** A session of a handshake, some frames in all lanes and a close, as the side of that direction received it. */
function record(direction: "out" | "in"): Recording {
  const dialler = side("out");
  const listener = side("in");
  const [here, there] = direction === "out" ? [dialler, listener] : [listener, dialler];
  const pieces: Uint8Array[] = [];
  const events: LinkEvent[] = [];
  const carry = () => {
    const piece = drain(there);
    if (piece.length > 0) pieces.push(piece);
    events.push(...give(here, piece));
    give(there, drain(here));
  };
  for (let i = 0; i < 4; i++) carry();
  there.send(16, utf8Encode("one"), "control");
  there.send(17, utf8Encode("two"), "live");
  there.send(18, utf8Encode("three"), "bulk");
  carry();
  there.close("goodbye");
  carry();
  return { direction, pieces, bytes: concat(pieces), frames: events.filter(({ type }) => type === "frame") };
}

/** Gives changed bytes to a side as it was when the recording was made, then ends the connection. */
function replay(recording: Recording, bytes: Uint8Array): LinkEvent[] {
  const link = side(recording.direction);
  drain(link);
  const events: LinkEvent[] = [];
  let offset = 0;
  for (const piece of recording.pieces) {
    const part = bytes.subarray(offset, offset + piece.length);
    events.push(...give(link, part));
    drain(link);
    offset += part.length;
  }
  events.push(...link.disconnected(at(0)));
  return events;
}

function assertOver(events: readonly LinkEvent[]): string {
  const closed = events.filter((event) => event.type === "closed");
  assertEquals(closed.length, 1);
  assertEquals(events.at(-1), closed[0]);
  return closed[0]?.type === "closed" ? closed[0].reason : "";
}

for (const direction of ["out", "in"] as const) {
  Deno.test(`link: one changed bit anywhere ends the link, and no wrong frame comes of it (${direction})`, () => {
    const recording = record(direction);
    assertEquals(recording.frames.length, 3);
    assertEquals(assertOver(replay(recording, recording.bytes)), "goodbye");
    for (let i = 0; i < recording.bytes.length; i++) {
      const changed = recording.bytes.slice();
      changed[i] = (changed[i] as number) ^ (1 << (i % 8));
      const events = replay(recording, changed);
      assert(assertOver(events) !== "goodbye");
      const frames = events.filter(({ type }) => type === "frame");
      assertEquals(frames, recording.frames.slice(0, frames.length));
    }
  });

  Deno.test(`link: a stream that ends anywhere before its close is truncated (${direction})`, () => {
    const recording = record(direction);
    for (let size = 0; size < recording.bytes.length; size++) {
      const events = replay(recording, recording.bytes.subarray(0, size));
      assertEquals(assertOver(events), "truncated");
    }
  });
}

function reasonOf(events: readonly LinkEvent[]): string {
  const last = events.at(-1);
  return last?.type === "closed" && !last.byRemote ? last.reason : "none";
}

function frameBytes(kind: number, body: Uint8Array): Uint8Array {
  return new Writer().varint(kind).blob(body).finish();
}

Deno.test("link: records that are repeated, dropped, reordered or reflected do not open", () => {
  const records = (link: Link) => {
    link.send(16, utf8Encode("one"), "control");
    const first = drain(link);
    link.send(17, utf8Encode("two"), "control");
    return [first, drain(link)] as const;
  };
  const cases: ((first: Uint8Array, second: Uint8Array, own: Uint8Array) => Uint8Array)[] = [
    (first) => concat([first, first]),
    (_first, second) => second,
    (first, second) => concat([second, first]),
    (_first, _second, own) => own,
  ];
  for (const arrange of cases) {
    const { dialler, listener } = openPair();
    const [first, second] = records(dialler);
    const [own] = records(listener);
    assertEquals(reasonOf(give(listener, arrange(first, second, own))), "malformed");
  }
});

Deno.test("link: records too short to hold anything are refused by their length", () => {
  for (const size of [0, 1, 16, 17]) {
    assertEquals(reasonOf(give(openPair().listener, Uint8Array.of(0, size))), "malformed");
  }
});

const PLAINTEXTS: readonly [name: string, plaintext: readonly number[], reason: string][] = [
  ["a lane that is none", [3, 16, 0], "malformed"],
  ["a link frame in the live lane", [LANES.live, LINK_KINDS.ping, 4, 0, 0, 0, 1], "bad_state"],
  ["a link frame in the bulk lane", [LANES.bulk, LINK_KINDS.rekey, 0], "bad_state"],
  ["a kind kept for the link", [LANES.control, 4, 0], "bad_state"],
  ["the last kind kept for the link", [LANES.control, 15, 0], "bad_state"],
  ["a header that is cut off after its kind", [LANES.control, 16], "malformed"],
  ["a header that is cut off in its length", [LANES.control, 16, 0x81], "malformed"],
  ["a kind that is not minimal", [LANES.control, 0x80, 16, 0], "malformed"],
  ["a length that is not minimal", [LANES.control, 16, 0x80, 0], "malformed"],
  ["a length above all limits", [LANES.bulk, 16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], "malformed"],
  ["a length of 2^53 − 1", [LANES.bulk, 16, 0x8f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], "too_large"],
  ["a varint without an end", [LANES.bulk, 16, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80], "malformed"],
  ["a ping without its nonce", [LANES.control, LINK_KINDS.ping, 3, 0, 0, 1], "malformed"],
  ["a ping with more than its nonce", [LANES.control, LINK_KINDS.ping, 5, 0, 0, 0, 1, 0], "malformed"],
  ["a pong without its ping", [LANES.control, LINK_KINDS.pong, 4, 0, 0, 0, 0], "bad_state"],
  ["a rekey with a body", [LANES.control, LINK_KINDS.rekey, 1, 0], "malformed"],
  ["a rekey before the end of its record", [LANES.control, LINK_KINDS.rekey, 0, 16, 0], "malformed"],
  ["a close without a code", [LANES.control, LINK_KINDS.close, 0], "malformed"],
  ["a close with a detail that is not UTF-8", [LANES.control, LINK_KINDS.close, 2, 1, 0xff], "malformed"],
];

for (const [name, plaintext, reason] of PLAINTEXTS) {
  Deno.test(`link: refuses ${name}`, () => {
    const { listener, seal } = openHostile();
    assertEquals(reasonOf(give(listener, seal(Uint8Array.from(plaintext)))), reason);
    // The other side is told, encrypted.
    assertEquals(listener.state, "closing");
    assert(drain(listener).length > 0);
    assertEquals(listener.state, "closed");
  });
}

Deno.test("link: the longest detail of a close is taken, a longer one is refused", () => {
  for (const [size, expected] of [[200, "goodbye"], [201, "too_large"]] as const) {
    const { listener, seal } = openHostile();
    const body = concat([Uint8Array.of(1), new Uint8Array(size).fill(0x61)]);
    const [event] = give(listener, seal(concat([Uint8Array.of(0), frameBytes(LINK_KINDS.close, body)])));
    assertEquals(event?.type === "closed" ? event.reason : "", expected);
  }
});

Deno.test("link: a close code of a later version is a goodbye that says the code", () => {
  const { listener, seal } = openHostile();
  const body = concat([Uint8Array.of(0x63), utf8Encode("why not")]);
  assertEquals(give(listener, seal(concat([Uint8Array.of(0), frameBytes(LINK_KINDS.close, body)]))), [
    { type: "closed", reason: "goodbye", detail: "close code 99: why not", byRemote: true },
  ]);
});

Deno.test("link: kinds of later versions are handed on", () => {
  const { listener, seal } = openHostile();
  const events = give(listener, seal(concat([Uint8Array.of(1), frameBytes(2 ** 40, utf8Encode("?"))])));
  assertEquals(events, [{ type: "frame", kind: 2 ** 40, body: utf8Encode("?") }]);
});

Deno.test("link: the limit of a frame is checked by its header alone", () => {
  const { listener, seal } = openHostile();
  const header = new Writer().u8(LANES.live).varint(16).varint(MAX_STRANGER_FRAME_BYTES + 1).finish();
  assertEquals(reasonOf(give(listener, seal(header))), "too_large");
});

Deno.test("link: who pings without reading the answers is closed", () => {
  const { listener, seal } = openHostile();
  const ping = seal.bind(null, concat([Uint8Array.of(0), frameBytes(LINK_KINDS.ping, new Uint8Array(4))]));
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < MAX_WAITING_PONGS; i++) assertEquals(give(listener, ping()), [{ type: "ping" }]);
    assert(listener.pull(MAX_PULL_BYTES, at(0)) !== null);
  }
  for (let i = 0; i < MAX_WAITING_PONGS; i++) assertEquals(give(listener, ping()), [{ type: "ping" }]);
  assertEquals(reasonOf(give(listener, ping())), "overloaded");
});

Deno.test("link: a ping is answered once, with its nonce", () => {
  const pong = (nonce: number) =>
    concat([Uint8Array.of(0), frameBytes(LINK_KINDS.pong, Uint8Array.of(0, 0, 0, nonce))]);
  for (const nonces of [[2], [0], [1, 1]]) {
    const { listener, seal } = openHostile();
    listener.ping(at(0));
    const events = nonces.flatMap((nonce) => give(listener, seal(pong(nonce))));
    assertEquals(reasonOf(events), "bad_state");
  }
  const { listener, seal } = openHostile();
  listener.ping(at(0));
  assertEquals(give(listener, seal(pong(1)), 3), [{ type: "pong", roundTripMs: 3 }]);
});

Deno.test("link: the next key follows Noise's REKEY", () => {
  const { listener, seal, cipher } = openHostile();
  give(listener, seal(Uint8Array.of(LANES.control, LINK_KINDS.rekey, 0)));
  cipher.rekey();
  const events = give(listener, seal(concat([Uint8Array.of(0), frameBytes(16, utf8Encode("after"))])));
  assertEquals(events.length, 1);
  assert(events[0]?.type === "frame" && equal(events[0].body, utf8Encode("after")));
  const old = openHostile();
  give(old.listener, old.seal(Uint8Array.of(LANES.control, LINK_KINDS.rekey, 0)));
  assertEquals(reasonOf(give(old.listener, old.seal(Uint8Array.of(0, 16, 0)))), "malformed");
});

Deno.test("link: no bytes whatever make it throw, nor deliver what no frame holds", () => {
  const bytes = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
  fc.assert(
    fc.property(fc.constantFrom("out" as const, "in" as const), bytes, (direction, chunks) => {
      const link = side(direction);
      const events = [encodeHello(), ...chunks].flatMap((chunk) => give(link, chunk));
      events.push(...link.disconnected(at(0)));
      assertOver(events);
      assertEquals(events.length, 1);
    }),
  );
});

Deno.test("link: no plaintext whatever makes it throw, from whoever has the keys", () => {
  const small = fc.oneof(fc.nat(20), fc.nat(255));
  const plaintext = fc.tuple(fc.nat(3), fc.array(small, { minLength: 1, maxLength: 60 }));
  fc.assert(
    fc.property(fc.array(plaintext, { maxLength: 6 }), (plaintexts) => {
      const { listener, seal } = openHostile();
      const events = plaintexts.flatMap(([lane, content]) => give(listener, seal(Uint8Array.of(lane, ...content))));
      drain(listener);
      events.push(...listener.disconnected(at(0)));
      assertOver(events);
    }),
    { numRuns: 300 },
  );
});
