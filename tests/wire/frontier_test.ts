import { assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../lib/base/errors.ts";
import { MAX_FRAME_BYTES, MAX_FRONTIER_HEADS, MAX_WRITERS } from "../../lib/base/limits.ts";
import { MAX_VARINT } from "../../lib/base/writer.ts";
import { decodeFrontier, encodeFrontier, type Frontier } from "../../lib/wire/frontier.ts";
import { frontiers } from "./arbitraries.ts";
import { bytesOf } from "./bytes_of.ts";
import { assertCanonical } from "./canonical.ts";

const FRONTIER: Frontier = [
  {
    writer: { peer: bytesOf("aa*32"), instance: bytesOf("01*16") },
    heads: [{ sequence: 300, id: bytesOf("cc*32") }],
  },
  {
    writer: { peer: bytesOf("aa*32"), instance: bytesOf("02*16") },
    heads: [{ sequence: 1, id: bytesOf("dd*32") }, { sequence: 1, id: bytesOf("ee*32") }],
  },
];

Deno.test("a frontier is encoded as specified", () => {
  assertEquals(
    encodeFrontier(FRONTIER),
    bytesOf("02", "aa*32 01*16 01 822c cc*32", "aa*32 02*16 02 01 dd*32 01 ee*32"),
  );
  assertEquals(encodeFrontier([]), bytesOf("00"));
});

Deno.test("frontiers are canonical", () => assertCanonical(frontiers, encodeFrontier, decodeFrontier));

Deno.test("the largest frontier fits one frame", () => {
  const headsOf = MAX_FRONTIER_HEADS / MAX_WRITERS;
  const frontier = Array.from({ length: MAX_WRITERS }, (_, i) => ({
    writer: { peer: bytesOf("00*30", i.toString(16).padStart(4, "0")), instance: bytesOf("00*16") },
    heads: Array.from({ length: headsOf }, (_, j) => ({ sequence: MAX_VARINT - headsOf + j, id: bytesOf("cc*32") })),
  }));
  const bytes = encodeFrontier(frontier);
  assertEquals(bytes.length < MAX_FRAME_BYTES, true);
  assertEquals(encodeFrontier(decodeFrontier(bytes)), bytes);
});

const MALFORMED: Record<string, [detail: string, bytes: Uint8Array]> = {
  "writers out of order": [
    "frontier is not sorted by writer",
    bytesOf("02 aa*32 02*16 01 01 cc*32 aa*32 01*16 01 01 cc*32"),
  ],
  "a writer twice": ["frontier is not sorted by writer", bytesOf("02 aa*32 01*16 01 01 cc*32 aa*32 01*16 01 02 cc*32")],
  "a writer without heads": ["a frontier's writer has no head", bytesOf("01 aa*32 01*16 00")],
  "sequence 0": ["sequence 0", bytesOf("01 aa*32 01*16 01 00 cc*32")],
  "heads out of order": ["heads are not sorted and distinct", bytesOf("01 aa*32 01*16 02 02 cc*32 01 cc*32")],
  "a head twice": ["heads are not sorted and distinct", bytesOf("01 aa*32 01*16 02 01 cc*32 01 cc*32")],
  "too many writers": ["varint is above its limit of 8192", bytesOf("c001")],
  "too many heads": ["varint is above its limit of 16384", bytesOf("01 aa*32 01*16 818001")],
  "a byte too many": ["1 bytes too many", bytesOf("00 00")],
  "a head cut short": ["32 bytes expected, 31 left", bytesOf("01 aa*32 01*16 01 01 cc*31")],
};

for (const [name, [detail, bytes]] of Object.entries(MALFORMED)) {
  Deno.test(`a frontier is malformed with ${name}`, () => {
    assertEquals(assertThrows(() => decodeFrontier(bytes), ProtocolError, detail).code, "malformed");
  });
}

Deno.test("the heads of all writers together are bounded", () => {
  const heads = (count: number) => Array.from({ length: count }, (_, i) => ({ sequence: i + 1, id: bytesOf("cc*32") }));
  const [first, second] = FRONTIER as [Frontier[number], Frontier[number]];
  const of = (
    count: number,
  ) => [{ ...first, heads: heads(count) }, { ...second, heads: heads(MAX_FRONTIER_HEADS / 2) }];
  assertEquals(decodeFrontier(encodeFrontier(of(MAX_FRONTIER_HEADS / 2))).length, 2);
  assertThrows(() => decodeFrontier(encodeFrontier(of(MAX_FRONTIER_HEADS / 2 + 1))), ProtocolError, "above its limit");
});

Deno.test("a writer does not break the rules that a reader holds it to", () => {
  const [first, second] = FRONTIER as [Frontier[number], Frontier[number]];
  const wrong: Frontier[] = [
    [second, first],
    [first, first],
    [{ ...first, heads: [] }],
    [{ ...second, heads: second.heads.toReversed() }],
  ];
  for (const frontier of wrong) assertThrows(() => encodeFrontier(frontier), Error, "broken invariant");
});
