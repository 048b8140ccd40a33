import { assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../lib/base/errors.ts";
import { MAX_HEADER_BYTES, MAX_OPERATIONS, MAX_PARENTS } from "../../lib/base/limits.ts";
import { MAX_VARINT } from "../../lib/base/writer.ts";
import {
  compareStamps,
  compareVersionIds,
  compareWriterIds,
  decodeHeader,
  encodeHeader,
  type Header,
} from "../../lib/wire/transaction.ts";
import { UnsupportedError } from "../../lib/wire/unsupported.ts";
import { headers } from "./arbitraries.ts";
import { bytesOf } from "./bytes_of.ts";
import { assertCanonical } from "./canonical.ts";

const FIRST: Header = {
  peer: bytesOf("aa*32"),
  instance: bytesOf("bb*16"),
  sequence: 1,
  previous: null,
  parents: [],
  standing: null,
  clock: { ms: 0x010203040506, count: 0x0708 },
  firstOperation: 0,
  operationCount: 1,
  class: "membership",
  root: bytesOf("cc*32"),
};

const LATER: Header = {
  ...FIRST,
  sequence: 300,
  previous: bytesOf("dd*32"),
  parents: [bytesOf("01*32"), bytesOf("02*32")],
  standing: { transaction: bytesOf("ee*32"), index: 5 },
  firstOperation: 1000,
  operationCount: 0,
  class: "data",
};

Deno.test("a first header is encoded as specified", () => {
  assertEquals(
    encodeHeader(FIRST),
    bytesOf("01 aa*32 bb*16 01", "00", "00", "010203040506 0708", "00 01", "01", "cc*32"),
  );
});

Deno.test("a later header is encoded as specified", () => {
  assertEquals(
    encodeHeader(LATER),
    bytesOf(
      "01 aa*32 bb*16 822c dd*32",
      "02 01*32 02*32",
      "01 ee*32 05",
      "010203040506 0708",
      "8768 00",
      "00",
      "cc*32",
    ),
  );
});

Deno.test("headers are canonical", () => assertCanonical(headers, encodeHeader, decodeHeader));

Deno.test("the largest header stays within its limit", () => {
  const parents = Array.from({ length: MAX_PARENTS }, (_, i) => bytesOf("00*30", i.toString(16).padStart(4, "0")));
  const standing = { transaction: bytesOf("ee*32"), index: MAX_OPERATIONS - 1 };
  const header: Header = {
    ...LATER,
    sequence: MAX_VARINT,
    parents,
    standing,
    firstOperation: MAX_VARINT - MAX_OPERATIONS,
    operationCount: MAX_OPERATIONS,
  };
  const bytes = encodeHeader(header);
  assertEquals(bytes.length <= MAX_HEADER_BYTES, true);
  assertEquals(decodeHeader(bytes), header);
});

const MALFORMED: Record<string, [detail: string, bytes: Uint8Array]> = {
  "sequence 0": ["sequence 0", bytesOf("01 aa*32 bb*16 00 00 00 00*8 00 01 01 cc*32")],
  "a sequence that is not minimal": ["varint is not minimal", bytesOf("01 aa*32 bb*16 8001 00 00 00*8 00 01 01 cc*32")],
  "a first operation above 0 at sequence 1": [
    "varint is above its limit of 0",
    bytesOf("01 aa*32 bb*16 01 00 00 00*8 01 01 01 cc*32"),
  ],
  "parents out of order": [
    "ids are not sorted and distinct",
    bytesOf("01 aa*32 bb*16 01 02 02*32 01*32 00 00*8 00 01 01 cc*32"),
  ],
  "a parent twice": [
    "ids are not sorted and distinct",
    bytesOf("01 aa*32 bb*16 01 02 01*32 01*32 00 00*8 00 01 01 cc*32"),
  ],
  "the previous one among the parents": [
    "the previous transaction is among the other parents",
    bytesOf("01 aa*32 bb*16 02 dd*32 01 dd*32 00 00*8 00 01 01 cc*32"),
  ],
  "too many parents": ["varint is above its limit of 1024", bytesOf("01 aa*32 bb*16 01 8801")],
  "a standing that is neither there nor not": [
    "standing is neither 0 nor 1",
    bytesOf("01 aa*32 bb*16 01 00 02 00*8 00 01 01 cc*32"),
  ],
  "a standing beyond the last operation": [
    "varint is above its limit of 4095",
    bytesOf("01 aa*32 bb*16 01 00 01 ee*32 a000 00*8 00 01 01 cc*32"),
  ],
  "too many operations": [
    "varint is above its limit of 4096",
    bytesOf("01 aa*32 bb*16 01 00 00 00*8 00 a001 01 cc*32"),
  ],
  "operation numbers beyond the largest integer": [
    "varint is above its limit of 0",
    bytesOf(
      "01 aa*32 bb*16 02 dd*32 00 00 00*8 8f ff*6 7f 01 01 cc*32",
    ),
  ],
  "a root cut short": ["32 bytes expected, 31 left", bytesOf("01 aa*32 bb*16 01 00 00 00*8 00 01 01 cc*31")],
  "a byte too many": ["1 bytes too many", bytesOf("01 aa*32 bb*16 01 00 00 00*8 00 01 01 cc*33")],
  "nothing at all": ["1 bytes expected, 0 left", new Uint8Array()],
};

for (const [name, [detail, bytes]] of Object.entries(MALFORMED)) {
  Deno.test(`a header is malformed with ${name}`, () => {
    assertEquals(assertThrows(() => decodeHeader(bytes), ProtocolError, detail).code, "malformed");
  });
}

Deno.test("a format or class of a later version is not known, rather than wrong", () => {
  assertThrows(() => decodeHeader(bytesOf("02")), UnsupportedError, "transaction format 2");
  const later = bytesOf("01 aa*32 bb*16 01 00 00 00*8 00 01 02 cc*32");
  assertThrows(() => decodeHeader(later), UnsupportedError, "transaction class 2");
});

Deno.test("a writer does not break the rules that a reader holds it to", () => {
  const wrong: Header[] = [
    { ...FIRST, sequence: 0 },
    { ...FIRST, sequence: 2 },
    { ...LATER, previous: null },
    { ...LATER, parents: [bytesOf("02*32"), bytesOf("01*32")] },
    { ...LATER, parents: [bytesOf("dd*32")] },
    { ...FIRST, firstOperation: 1 },
    { ...FIRST, operationCount: MAX_OPERATIONS + 1 },
  ];
  for (const header of wrong) assertThrows(() => encodeHeader(header), Error, "broken invariant");
});

Deno.test("stamps, version ids and writers have an order", () => {
  assertEquals(Math.sign(compareStamps({ ms: 1, count: 9 }, { ms: 2, count: 0 })), -1);
  assertEquals(Math.sign(compareStamps({ ms: 2, count: 1 }, { ms: 2, count: 0 })), 1);
  assertEquals(compareStamps({ ms: 2, count: 1 }, { ms: 2, count: 1 }), 0);
  const [low, high] = [bytesOf("01*32"), bytesOf("02*32")];
  assertEquals(Math.sign(compareVersionIds({ transaction: low, index: 9 }, { transaction: high, index: 0 })), -1);
  assertEquals(Math.sign(compareVersionIds({ transaction: low, index: 9 }, { transaction: low, index: 8 })), 1);
  assertEquals(Math.sign(compareWriterIds({ peer: high, instance: low }, { peer: low, instance: high })), 1);
  assertEquals(Math.sign(compareWriterIds({ peer: low, instance: low }, { peer: low, instance: high })), -1);
});
