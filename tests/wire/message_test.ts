import { assert, assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../lib/base/errors.ts";
import {
  MAX_FRAME_BYTES,
  MAX_MESSAGE_RECORDS,
  MAX_MESSAGE_TRANSACTIONS,
  MAX_PARENTS,
  MAX_WANTED,
} from "../../lib/base/limits.ts";
import { briefOf } from "../../lib/wire/brief_frontier.ts";
import { decodeMessage, encodeMessage, type Message, MESSAGE_KINDS } from "../../lib/wire/message.ts";
import { messages } from "./arbitraries.ts";
import { bytesOf } from "./bytes_of.ts";
import { assertCanonical } from "./canonical.ts";

const BUNDLE = { header: bytesOf("aa"), signature: bytesOf("bb*64"), operations: [] };
const RECORD = { peer: bytesOf("aa*32"), dateMs: 1, name: "", addresses: [], signature: bytesOf("bb*64") };
const RECORD_HEX = "aa*32 00*5 01 00 00 bb*64";
const ENTRIES = [{
  writer: { peer: bytesOf("aa*32"), instance: bytesOf("bb*16") },
  heads: [{ sequence: 7, id: bytesOf("cc*32") }],
}];

const VERSION = { transaction: bytesOf("ee*32"), index: 2 };
const PLACE = { writer: { peer: bytesOf("aa*32"), instance: bytesOf("bb*16") }, leaf: 200 };

const EXACT: [Message, number, Uint8Array][] = [
  [{ type: "prove", mac: bytesOf("aa*32") }, 16, bytesOf("aa*32")],
  [{ type: "knock", tag: bytesOf("aa*32") }, 17, bytesOf("aa*32")],
  [
    {
      type: "offer",
      space: bytesOf("01*32"),
      grantHeader: bytesOf("02*2"),
      grantSignature: bytesOf("03*64"),
      grantLeaf: bytesOf("04*3"),
      grantIndex: 200,
      grantPath: [bytesOf("06*32"), bytesOf("05*32")],
      heads: [bytesOf("07*32"), bytesOf("08*32")],
      clock: { ms: 9, count: 10 },
    },
    18,
    bytesOf("01*32 02 02*2 03*64 03 04*3 8148 02 06*32 05*32 02 07*32 08*32 00*5 09 000a"),
  ],
  [{ type: "redeem", transaction: BUNDLE }, 19, bytesOf("01 aa bb*64 00")],
  [
    { type: "welcome", epochs: [{ number: 1, secret: bytesOf("aa*32") }, { number: 200, secret: bytesOf("bb*32") }] },
    20,
    bytesOf("02 01 aa*32 8148 bb*32"),
  ],
  [{ type: "hello", version: "0.1.0", record: RECORD }, 21, bytesOf("05 302e312e30", RECORD_HEX)],
  [{ type: "frontier", entries: ENTRIES }, 22, bytesOf("01 aa*32 bb*16 01 07 cc*32")],
  [{ type: "have", entries: [] }, 23, bytesOf("00")],
  [{ type: "pull" }, 24, new Uint8Array()],
  [{ type: "transactions", list: [BUNDLE, BUNDLE] }, 25, bytesOf("02 01 aa bb*64 00 01 aa bb*64 00")],
  [{ type: "pulled" }, 26, new Uint8Array()],
  [
    { type: "state", frontierHash: bytesOf("aa*32"), digest: bytesOf("bb*32"), entries: 128, operations: 3 },
    27,
    bytesOf("aa*32 bb*32 8100 03"),
  ],
  [{ type: "records", list: [RECORD] }, 28, bytesOf("01", RECORD_HEX)],
  [{ type: "want", ids: [bytesOf("02*32"), bytesOf("01*32")] }, 29, bytesOf("02 02*32 01*32")],
  [
    {
      type: "partials",
      list: [{
        header: bytesOf("aa"),
        signature: bytesOf("bb*64"),
        operations: [
          { index: 1, leaf: bytesOf("0102"), value: bytesOf("cc") },
          { index: 200, leaf: bytesOf("03"), value: null },
        ],
        hashes: [bytesOf("dd*32")],
      }],
    },
    30,
    bytesOf("01 01 aa bb*64 02 01 02 0102 01 01 cc 8148 01 03 00 01 dd*32"),
  ],
  [
    {
      type: "sketch",
      key: bytesOf("aa*8"),
      total: 200,
      first: 0,
      symbols: [{ sum: bytesOf("bb*16"), check: bytesOf("cc*6"), count: 200 }, {
        sum: bytesOf("dd*16"),
        check: bytesOf("ee*6"),
        count: 130,
      }],
      counts: bytesOf("67 00"),
    },
    31,
    bytesOf("aa*8 8148 00 02 bb*16 cc*6 c8 dd*16 ee*6 82 02 67 00"),
  ],
  [
    { type: "sketch_more", key: bytesOf("aa*8"), size: 16384, total: 3, counts: bytesOf("03 ff") },
    32,
    bytesOf("aa*8 818000 03 02 03 ff"),
  ],
  [
    {
      type: "nodes",
      key: bytesOf("aa*8"),
      level: 1,
      isWhole: true,
      writers: [{
        writer: ENTRIES[0]!.writer,
        parents: [{ parent: 0, children: [] }, { parent: 1, children: [{ position: 511, hash: bytesOf("dd*12") }] }],
      }],
    },
    33,
    bytesOf("aa*8 01 01 01 aa*32 bb*16 02 00 00 01 01 837f dd*12"),
  ],
  [
    {
      type: "live",
      key: bytesOf("aa*8"),
      isLacking: true,
      writers: [{
        writer: ENTRIES[0]!.writer,
        leaves: [{ leaf: 0, bits: bytesOf("") }, { leaf: 200, bits: bytesOf("0001") }],
      }],
    },
    34,
    bytesOf("aa*8 01 01 aa*32 bb*16 02 00 00 8148 02 0001"),
  ],
  [
    {
      type: "lacking",
      key: bytesOf("aa*8"),
      transactions: [{ prefix: bytesOf("01*6"), indices: [4095] }, { prefix: bytesOf("02*6"), indices: [0, 1, 300] }],
    },
    35,
    bytesOf("aa*8 02 01*6 01 9f7f 02*6 03 00 00 822a"),
  ],
  [{ type: "settled", key: bytesOf("aa*8"), outcome: "busy" }, 36, bytesOf("aa*8 01")],
  [{ type: "summary", hash: bytesOf("aa*32"), operations: 300 }, 37, bytesOf("aa*32 822c")],
  [
    {
      type: "brief",
      pulls: true,
      entries: briefOf([...ENTRIES, {
        writer: { peer: bytesOf("ab*32"), instance: bytesOf("01*16") },
        heads: [{ sequence: 1, id: bytesOf("dd*32") }, { sequence: 300, id: bytesOf("ee*32") }],
      }]),
    },
    38,
    bytesOf("01 02 aa*4 bb*4 01 07 cc*8 ab*4 01*4 02 01 dd*8 822c ee*8"),
  ],
  [{ type: "ask_past", checkpoint: VERSION }, 40, bytesOf("ee*32 02")],
  [
    { type: "past_leaves", checkpoint: VERSION, leaves: [{ ...PLACE, hash: bytesOf("dd*32") }], more: true },
    41,
    bytesOf("ee*32 02 01 aa*32 bb*16 8148 dd*32 01"),
  ],
  [{ type: "ask_leaf", checkpoint: VERSION, ...PLACE }, 42, bytesOf("ee*32 02 aa*32 bb*16 8148")],
  [
    { type: "past_leaf", checkpoint: VERSION, ...PLACE, versions: [VERSION] },
    43,
    bytesOf("ee*32 02 aa*32 bb*16 8148 01 ee*32 02"),
  ],
  [{ type: "ask_versions", versions: [VERSION, VERSION] }, 44, bytesOf("02 ee*32 02 ee*32 02")],
  [{ type: "topics" }, 45, new Uint8Array()],
  [{ type: "posts", batch: bytesOf("aa*70"), signature: bytesOf("bb*64") }, 46, bytesOf("aa*70 bb*64")],
  [{ type: "sealed_posts", batch: bytesOf("aa*3"), signature: bytesOf("bb*64") }, 47, bytesOf("aa*3 bb*64")],
  [{ type: "presence", list: [], brief: bytesOf("cc*8") }, 60, bytesOf("00 cc*8")],
  ...([
    [{ leaves: false, loss: null }, "00"],
    [{ leaves: false, loss: { by: bytesOf("dd*32"), signature: bytesOf("ee*64") } }, "01 dd*32 ee*64"],
    [{ leaves: true, loss: null }, "02"],
  ] as const).map(([standing, end]): [Message, number, Uint8Array] => [
    {
      type: "presence",
      list: [{
        ...{ peer: bytesOf("aa*32"), run: 1_770_000_000_000, beat: 200, holds: bytesOf("cc*8") },
        ...{ signature: bytesOf("bb*64"), ...standing },
      }],
      brief: null,
    },
    60,
    bytesOf(`01 aa*32 019c1c38a400 8148 cc*8 bb*64 ${end}`),
  ]),
  [{ type: "neighbour", claim: "join" }, 50, bytesOf("02")],
  [{ type: "neighbour_reply", accepts: true }, 51, bytesOf("01")],
  [{ type: "forward_join", peer: bytesOf("aa*32"), hopsLeft: 6 }, 52, bytesOf("aa*32 06")],
  [{ type: "disconnect" }, 53, new Uint8Array()],
  [
    { type: "shuffle", walk: bytesOf("bb*8"), hopsLeft: 5, peers: [bytesOf("02*32"), bytesOf("01*32")] },
    54,
    bytesOf("bb*8 05 02 02*32 01*32"),
  ],
  [{ type: "shuffle_reply", walk: bytesOf("bb*8"), peers: [bytesOf("aa*32")] }, 55, bytesOf("bb*8 01 aa*32")],
  [{ type: "push", hops: 3, list: [BUNDLE] }, 56, bytesOf("03 01 01 aa bb*64 00")],
  [
    { type: "announce", list: [{ id: bytesOf("aa*32"), hops: 0 }, { id: bytesOf("bb*32"), hops: 255 }] },
    57,
    bytesOf("02 aa*32 00 bb*32 ff"),
  ],
  [{ type: "graft", ids: [bytesOf("aa*32")] }, 58, bytesOf("01 aa*32")],
  [{ type: "prune" }, 59, new Uint8Array()],
  [{ type: "relay_open", circuit: 200, target: bytesOf("aa*32") }, 64, bytesOf("8148 aa*32")],
  [{ type: "relay_incoming", circuit: 2, from: bytesOf("aa*32") }, 65, bytesOf("02 aa*32")],
  [{ type: "relay_credit", circuit: 1, sizeBytes: 262144 }, 66, bytesOf("01 908000")],
  [{ type: "relay_data", circuit: 1, bytes: bytesOf("aa*3") }, 67, bytesOf("01 03 aa*3")],
  [{ type: "relay_close", circuit: 1, code: 200 }, 68, bytesOf("01 c8")],
  [{ type: "quic_port", port: 5484 }, 69, bytesOf("156c")],
  [
    { type: "punch", round: 200, answers: false, addresses: ["1.2.3.4:5", "[::2]:1"] },
    70,
    bytesOf("8148 00 02 09 312e322e332e343a35 07 5b3a3a325d3a31"),
  ],
  [{ type: "relay_access", mac: bytesOf("aa*32") }, 71, bytesOf("aa*32")],
  [{ type: "relay_tags", tags: [bytesOf("bb*32"), bytesOf("aa*32")] }, 72, bytesOf("02 bb*32 aa*32")],
  [{ type: "seen", address: "[::2]:1" }, 61, bytesOf("07 5b3a3a325d3a31")],
  [{ type: "dial_back", port: 5484 }, 62, bytesOf("156c")],
  [{ type: "dialled_back", port: 5484, reached: true }, 63, bytesOf("156c 01")],
];

for (const [message, kind, body] of EXACT) {
  Deno.test(`a ${message.type} is encoded as specified`, () => {
    assertEquals(encodeMessage(message), { kind, body });
    assertEquals(decodeMessage(kind, body), message);
  });
}

Deno.test("every message is among those held to exact bytes", () => {
  assertEquals(Object.fromEntries(EXACT.map(([message, kind]) => [message.type, kind])), MESSAGE_KINDS);
});

Deno.test("messages are canonical", () => {
  assertCanonical(
    messages,
    (message) => {
      const { kind, body } = encodeMessage(message);
      return Uint8Array.of(kind, ...body);
    },
    (bytes) => {
      const kind = bytes[0] ?? 0;
      if (kind < 16) throw new ProtocolError("malformed", "not a message");
      const message = decodeMessage(kind, bytes.subarray(1));
      if (message === null) throw new ProtocolError("malformed", "not a message of this version");
      return message;
    },
  );
});

Deno.test("a kind that is not known is no error", () => {
  assertEquals(decodeMessage(200, bytesOf("01 02")), null);
  assertEquals(decodeMessage(2 ** 40, new Uint8Array()), null);
});

Deno.test("the kinds of the link never come here", () => {
  assertThrows(() => decodeMessage(15, new Uint8Array()), Error, "broken invariant");
});

const MALFORMED: [name: string, detail: string, kind: number, body: Uint8Array][] = [
  ["a claim that is none", "not a claim", 50, bytesOf("03")],
  ["an acceptance that is none", "flag of acceptance is neither 0 nor 1", 51, bytesOf("02")],
  ["peers of a shuffle beyond their number", "varint is above its limit of 16", 54, bytesOf("bb*8 05 11")],
  ["announcements beyond their number", "varint is above its limit of 1024", 57, bytesOf("8801")],
  ["grafts beyond their number", "varint is above its limit of 1024", 58, bytesOf("8801")],
  ["an empty address", "a text is empty", 61, bytesOf("00")],
  ["a port of three bytes", "1 bytes too many", 62, bytesOf("156c00")],
  ["a dial back that neither came about nor not", "flag of a dial back is neither 0 nor 1", 63, bytesOf("156c 02")],
  ["a port of QUIC of one byte", "1 bytes expected", 69, bytesOf("15")],
  ["a punch that neither answers nor does not", "flag of an answer is neither 0 nor 1", 70, bytesOf("01 02 00")],
  ["a punch without an address", "a punch without an address", 70, bytesOf("01 00 00")],
  ["a punch to more than there may be", "varint is above its limit of 4", 70, bytesOf("01 01 05")],
  ["a punch to nowhere", "a text is empty", 70, bytesOf("01 01 01 00")],
  ["a prune with a body", "1 bytes too many", 59, bytesOf("00")],
  ["a credit of nothing", "a credit of nothing", 66, bytesOf("01 00")],
  ["a credit beyond the window", "varint is above its limit of 262144", 66, bytesOf("01 908001")],
  ["data of no bytes", "data of no bytes", 67, bytesOf("01 00")],
  ["data beyond their limit", "varint is above its limit of 65536", 67, bytesOf("01 848001")],
  ["a circuit closed without a reason", "1 bytes expected, 0 left", 68, bytesOf("01")],
  ["a proof cut short", "32 bytes expected, 31 left", 16, bytesOf("aa*31")],
  ["a proof with a byte too many", "1 bytes too many", 16, bytesOf("aa*33")],
  ["a pull with a body", "1 bytes too many", 24, bytesOf("00")],
  [
    "an offer with heads out of order",
    "ids are not sorted and distinct",
    18,
    bytesOf("01*32 00 03*64 00 00 00 02 08*32 07*32 00*8"),
  ],
  [
    "an offer with a path too long",
    "varint is above its limit of 12",
    18,
    bytesOf("01*32 00 03*64 00 00 0d 06*416 00 00*8"),
  ],
  [
    "an offer with a leaf too long",
    "varint is above its limit of 1024",
    18,
    bytesOf("01*32 00 03*64 8801 04*1025 00 00 00 00*8"),
  ],
  ["a welcome without epochs", "epochs are missing or do not ascend", 20, bytesOf("00")],
  ["a welcome with epochs out of order", "epochs are missing or do not ascend", 20, bytesOf("02 02 aa*32 01 bb*32")],
  ["a welcome with too many epochs", "varint is above its limit of 64", 20, bytesOf("41")],
  ["a hello without a version", "a text is empty", 21, bytesOf("00", RECORD_HEX)],
  ["a hello with a version too long", "varint is above its limit of 64", 21, bytesOf("41 30*65", RECORD_HEX)],
  ["transactions beyond their number", "varint is above its limit of 4096", 25, bytesOf("a001")],
  ["transactions without the last", "1 bytes expected, 0 left", 25, bytesOf("02 01 aa bb*64 00")],
  ["records beyond their number", "varint is above its limit of 256", 28, bytesOf("8201")],
  ["wants beyond their number", "varint is above its limit of 1024", 29, bytesOf("8801")],
  ["symbols beyond their number", "varint is above its limit of 16383", 31, bytesOf("aa*8 00 01 818000")],
  ["counts beyond their number", "varint is above its limit of 256", 32, bytesOf("aa*8 00 00 8201")],
  ["a level above the top", "no level of the tree", 33, bytesOf("aa*8 06 01 00")],
  [
    "a child beyond the fan-out",
    "varint is above its limit of 511",
    33,
    bytesOf("aa*8 00 01 01 aa*32 bb*16 01 00 01 8400 dd*12"),
  ],
  ["parents out of order", "a list does not ascend", 33, bytesOf("aa*8 00 01 01 aa*32 bb*16 02 01 00 01 00")],
  ["leaves beyond their number", "more than 4096 leaves", 34, bytesOf("aa*8 00 02 aa*32 bb*16 01 00 00 bb*48 a000")],
  ["bits that end with a zero byte", "bits end with a zero byte", 34, bytesOf("aa*8 00 01 aa*32 bb*16 01 00 01 00")],
  ["bits beyond a leaf", "varint is above its limit of 128", 34, bytesOf("aa*8 00 01 aa*32 bb*16 01 00 8101 01*129")],
  ["prefixes out of order", "a list does not ascend", 35, bytesOf("aa*8 02 02*6 01 00 01*6 01 00")],
  ["a transaction that lacks nothing", "nothing is lacking of a transaction", 35, bytesOf("aa*8 01 02*6 00")],
  ["an index beyond its limit", "an index beyond its limit", 35, bytesOf("aa*8 01 02*6 02 9f7f 00")],
  ["lacking versions beyond their number", "varint is above its limit of 4096", 35, bytesOf("aa*8 01 02*6 a001")],
  ["a pull flag that is none", "pull flag is neither 0 nor 1", 38, bytesOf("02 00")],
  ["a writer in brief without a head", "a writer without a head", 38, bytesOf("00 01 aa*8 00")],
  ["a head in brief with sequence 0", "a writer without a head", 38, bytesOf("00 01 aa*8 01 00 cc*8")],
  ["heads in brief out of order", "heads do not ascend", 38, bytesOf("00 01 aa*8 02 01 cc*8 01 bb*8")],
  [
    "writers in brief out of order",
    "a brief frontier does not ascend",
    38,
    bytesOf("00 02 ab*8 01 01 cc*8 aa*8 01 01 cc*8"),
  ],
  ["writers in brief beyond their number", "varint is above its limit of 8192", 38, bytesOf("00 c001")],
  ["an outcome that is not known", "an outcome is not known", 36, bytesOf("aa*8 03")],
];

for (const [name, detail, kind, body] of MALFORMED) {
  Deno.test(`${name} is malformed`, () => {
    assertEquals(assertThrows(() => decodeMessage(kind, body), ProtocolError, detail).code, "malformed");
  });
}

Deno.test("a writer does not break the rules that a reader holds it to", () => {
  const id = bytesOf("01*32");
  const offer = EXACT.map(([message]) => message).find((message) => message.type === "offer");
  assert(offer !== undefined);
  const wrong: Message[] = [
    { ...offer, heads: [bytesOf("02*32"), id] },
    { ...offer, heads: new Array(MAX_PARENTS + 1).fill(id) },
    { ...offer, grantPath: new Array(13).fill(id) },
    { type: "welcome", epochs: [] },
    { type: "hello", version: "", record: RECORD },
    { type: "transactions", list: new Array(MAX_MESSAGE_TRANSACTIONS + 1).fill(BUNDLE) },
    { type: "records", list: new Array(MAX_MESSAGE_RECORDS + 1).fill(RECORD) },
    { type: "want", ids: new Array(MAX_WANTED + 1).fill(id) },
  ];
  for (const message of wrong) assertThrows(() => encodeMessage(message), Error, "broken invariant");
});

Deno.test("the most records that one message may hold fit a frame at their largest", () => {
  const largest = { ...RECORD, name: "n".repeat(64), addresses: new Array(16).fill("a".repeat(255)) };
  const { body } = encodeMessage({ type: "records", list: new Array(MAX_MESSAGE_RECORDS).fill(largest) });
  assert(body.length < MAX_FRAME_BYTES);
});
