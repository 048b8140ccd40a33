import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { fromHex, toHex } from "../../lib/base/bytes.ts";
import { ProtocolError } from "../../lib/base/errors.ts";
import { Reader } from "../../lib/base/reader.ts";
import { Writer } from "../../lib/base/writer.ts";

function written(write: (writer: Writer) => unknown): string {
  const writer = new Writer(1);
  write(writer);
  assertEquals(writer.sizeBytes, writer.finish().length);
  return toHex(writer.finish());
}

function assertMalformed(hex: string, read: (reader: Reader) => unknown): void {
  const error = assertThrows(() => read(new Reader(fromHex(hex))), ProtocolError);
  assertEquals(error.code, "malformed");
}

const VARINTS: readonly (readonly [number, string])[] = [
  [0, "00"],
  [1, "01"],
  [127, "7f"],
  [128, "8100"],
  [255, "817f"],
  [300, "822c"],
  [16383, "ff7f"],
  [16384, "818000"],
  [2 ** 31, "8880808000"],
  [2 ** 32 - 1, "8fffffff7f"],
  [2 ** 35, "818080808000"],
  [2 ** 49 - 1, "ffffffffffff7f"],
  [2 ** 49, "8180808080808000"],
  [2 ** 53 - 1, "8fffffffffffff7f"],
];

Deno.test("varints are encoded as specified", () => {
  for (const [value, hex] of VARINTS) {
    assertEquals(written((writer) => writer.varint(value)), hex, String(value));
    const reader = new Reader(fromHex(hex));
    assertEquals(reader.varint(), value);
    reader.end();
  }
});

Deno.test("any integer to 2^53 − 1 comes back from a varint", () => {
  fc.assert(fc.property(fc.maxSafeNat(), (value) => {
    assertEquals(new Reader(fromHex(written((writer) => writer.varint(value)))).varint(), value);
  }));
});

Deno.test("a varint that is cut short, too long, too large or not minimal is malformed", () => {
  for (const [, hex] of VARINTS) assertMalformed(hex.slice(0, -2), (reader) => reader.varint());
  for (const hex of ["8000", "8001", "808000", "80ff7f"]) assertMalformed(hex, (reader) => reader.varint());
  assertMalformed("9080808080808000", (reader) => reader.varint());
  assertMalformed("ffffffffffffff7f", (reader) => reader.varint());
  assertMalformed("818080808080808000", (reader) => reader.varint());
});

Deno.test("a varint is held to the limit that its reader names", () => {
  assertEquals(new Reader(fromHex("822c")).varint(300), 300);
  assertMalformed("822c", (reader) => reader.varint(299));
});

Deno.test("a writer refuses what has no varint", () => {
  for (const value of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
    assertThrows(() => new Writer().varint(value), Error, "broken invariant");
  }
});

Deno.test("fixed-width integers are big-endian, at both ends of their range", () => {
  assertEquals(written((writer) => writer.u8(0).u8(255)), "00ff");
  assertEquals(written((writer) => writer.u16(1).u16(0xfffe)), "0001fffe");
  assertEquals(written((writer) => writer.u32(1).u32(0xfffffffe)), "00000001fffffffe");
  assertEquals(written((writer) => writer.u48(1).u48(2 ** 48 - 2)), "000000000001fffffffffffe");
  const reader = new Reader(fromHex("ff" + "fffe" + "fffffffe" + "fffffffffffe"));
  assertEquals([reader.u8(), reader.u16(), reader.u32(), reader.u48()], [255, 0xfffe, 0xfffffffe, 2 ** 48 - 2]);
  reader.end();
});

Deno.test("a writer refuses what does not fit its width", () => {
  const sizes: readonly (readonly [(writer: Writer, value: number) => Writer, number])[] = [
    [(writer, value) => writer.u8(value), 8],
    [(writer, value) => writer.u16(value), 16],
    [(writer, value) => writer.u32(value), 32],
    [(writer, value) => writer.u48(value), 48],
  ];
  for (const [write, bits] of sizes) {
    for (const value of [-1, 0.5, NaN, 2 ** bits]) {
      assertThrows(() => write(new Writer(), value), Error, "broken invariant", `${value} in ${bits} bits`);
    }
  }
});

Deno.test("an input that ends too early is malformed, whatever is read", () => {
  assertMalformed("", (reader) => reader.u8());
  assertMalformed("00", (reader) => reader.u16());
  assertMalformed("000000", (reader) => reader.u32());
  assertMalformed("0000000000", (reader) => reader.u48());
  assertMalformed("0000", (reader) => reader.raw(3));
  assertMalformed("030000", (reader) => reader.blob(8));
});

Deno.test("a blob's length is held to its limit before anything is read", () => {
  assertEquals(written((writer) => writer.blob(fromHex("aabb"))), "02aabb");
  assertEquals(new Reader(fromHex("02aabb")).blob(2), fromHex("aabb"));
  assertMalformed("02aabb", (reader) => reader.blob(1));
  assertMalformed("8fffffffffffff7f", (reader) => reader.blob(Number.MAX_SAFE_INTEGER));
});

Deno.test("bytes left over are malformed", () => {
  const reader = new Reader(fromHex("0102"));
  assertEquals([reader.offset, reader.remainingBytes], [0, 2]);
  reader.u8();
  assertEquals([reader.offset, reader.remainingBytes], [1, 1]);
  assertMalformed("0102", (left) => {
    left.u8();
    left.end();
  });
  reader.u8();
  reader.end();
});

Deno.test("a writer grows from any capacity, and keeps what was written", () => {
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 8 }),
    fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 }),
    (capacityBytes, blobs) => {
      const writer = new Writer(capacityBytes);
      for (const blob of blobs) writer.blob(blob);
      const reader = new Reader(writer.finish());
      for (const blob of blobs) assertEquals(reader.blob(40), new Uint8Array(blob));
      reader.end();
    },
  ));
});

Deno.test("a writer that is cleared writes from the beginning, in the same buffer", () => {
  const writer = new Writer(4).raw(fromHex("010203"));
  const before = writer.finish();
  assertEquals(toHex(writer.clear().u8(7).finish()), "07");
  assertEquals(toHex(before), "070203");
});
