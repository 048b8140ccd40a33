import { concat, equal } from "../../../lib/base/bytes.ts";
import { MAX_FRAME_BYTES, MAX_RECORD_PLAINTEXT_BYTES, MAX_STRANGER_FRAME_BYTES } from "../../../lib/base/limits.ts";
import { Writer } from "../../../lib/base/writer.ts";
import { decodeClose, encodeClose } from "../../../lib/link/close_frame.ts";
import { FrameReader, LANES, LINK_KINDS } from "../../../lib/link/frame.ts";
import type { Link } from "../../../lib/link/link.ts";
import type { LinkEvent } from "../../../lib/link/link_types.ts";
import { at, drain, give, openHostile, prefixed, side } from "../../link/pair.ts";
import { canonical, holds, type Target, unlessRefused } from "../target.ts";

function frame(kind: number, body: Uint8Array): Uint8Array {
  return new Writer().varint(kind).blob(body).finish().slice();
}

const FRAMES = [
  frame(16, new Uint8Array(32)),
  concat([frame(24, new Uint8Array()), frame(200, new Uint8Array(300)), frame(17, new Uint8Array(3))]),
  frame(2 ** 40, new Uint8Array(130)),
];

/** A lane's stream, cut into records by the input's first byte. */
function takeFrames(input: Uint8Array): unknown {
  const [cut = 0, ...rest] = input;
  const stream = Uint8Array.from(rest);
  const reader = new FrameReader();
  const frames: { kind: number; body: Uint8Array }[] = [];
  unlessRefused(() => {
    for (let offset = 0; offset < stream.length;) {
      const record = stream.subarray(offset, offset + cut + 1);
      offset += record.length;
      reader.feed(record);
      for (let next = reader.next(MAX_STRANGER_FRAME_BYTES); !reader.isDrained || next !== null;) {
        if (next !== null) frames.push(next);
        next = reader.next(MAX_STRANGER_FRAME_BYTES);
      }
    }
  });
  const again = concat(frames.map(({ kind, body }) => frame(kind, body)));
  holds(equal(again, stream.subarray(0, again.length)), "frames are those of the stream");
  return frames;
}

/** Whatever came, the end of the connection ends a link, and it tells so once. */
function endsOnce(link: Link, events: LinkEvent[]): void {
  const all = [...events, ...link.disconnected(at(0))];
  const closed = all.filter(({ type }) => type === "closed");
  holds(closed.length === 1 && all.at(-1) === closed[0], "a link ends once, and last of all");
}

function takeStream(input: Uint8Array): unknown {
  const link = side((input[0] ?? 0) % 2 === 0 ? "in" : "out");
  drain(link);
  const events = give(link, input.subarray(1));
  holds(events.every(({ type }) => type === "closed"), "nobody gets in without a key");
  drain(link);
  endsOnce(link, events);
  return undefined;
}

/** Records of somebody who has the keys: each is a length and so much plaintext. */
function takeRecords(input: Uint8Array): unknown {
  const { listener, seal, cipher } = openHostile();
  const authorized = (input[0] ?? 0) % 2 === 1;
  if (authorized) listener.authorize();
  const events: LinkEvent[] = [];
  for (let offset = 1; offset < input.length;) {
    const size = Math.max(1, input[offset] ?? 0);
    const plaintext = input.subarray(offset + 1, offset + 1 + size);
    offset += 1 + size;
    if (plaintext.length === 0 || plaintext.length > MAX_RECORD_PLAINTEXT_BYTES) break;
    events.push(...give(listener, seal(plaintext)));
    if (plaintext[0] === 0 && plaintext.at(-2) === LINK_KINDS.rekey && plaintext.at(-1) === 0) cipher.rekey();
    if (drain(listener).length > 64 * input.length + 4096) holds(false, "a link answers with more than it is sent");
  }
  endsOnce(listener, events);
  return events.map((event) => event.type === "frame" ? event.body : null);
}

function record(lane: number, ...frames: Uint8Array[]): Uint8Array {
  const plaintext = concat([Uint8Array.of(lane), ...frames]);
  return concat([Uint8Array.of(plaintext.length), plaintext]);
}

const RECORDS = [
  concat([Uint8Array.of(0), record(LANES.control, frame(LINK_KINDS.ping, new Uint8Array(4)))]),
  concat([Uint8Array.of(1), record(LANES.bulk, FRAMES[0] as Uint8Array), record(LANES.live, FRAMES[0] as Uint8Array)]),
  concat([
    Uint8Array.of(1),
    record(LANES.control, frame(LINK_KINDS.rekey, new Uint8Array())),
    record(LANES.control, frame(LINK_KINDS.close, encodeClose("goodbye", "bye"))),
  ]),
  concat([Uint8Array.of(1), record(LANES.live, new Writer().varint(30).varint(300).finish(), new Uint8Array(200))]),
];

/** A close is read as what it says; codes of later versions lose their number, so that only known ones are encoded. */
const decodeKnownClose = (bytes: Uint8Array) => {
  const close = decodeClose(bytes);
  return close.detail.startsWith("close code ") ? null : close;
};

export const TARGETS: readonly Target[] = [
  {
    name: "frames",
    seeds: [...FRAMES.map((bytes) => concat([Uint8Array.of(255), bytes])), concat([Uint8Array.of(19), ...FRAMES])],
    run: takeFrames,
    allocatedBytes: 2 * MAX_STRANGER_FRAME_BYTES + 64 * 1024,
  },
  {
    name: "close",
    seeds: [encodeClose("goodbye", ""), encodeClose("malformed", "grüezi"), Uint8Array.of(0x63, 0x61)],
    run: canonical(decodeKnownClose, ({ reason, detail }) => encodeClose(reason, detail)),
  },
  {
    name: "stream",
    seeds: ["in" as const, "out" as const].map((direction) => {
      const hello = drain(side(direction === "in" ? "out" : "in"));
      return concat([Uint8Array.of(direction === "in" ? 0 : 1), hello, prefixed(new Uint8Array(10))]);
    }),
    run: takeStream,
    fewRuns: 300,
    steps: 50_000,
  },
  {
    name: "records",
    seeds: RECORDS,
    run: takeRecords,
    fewRuns: 60,
    // One body of a frame that its header tells of, in each lane, up to the limit that a member has.
    allocatedBytes: 4 * MAX_FRAME_BYTES,
    steps: 50_000,
  },
];
