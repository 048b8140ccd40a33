import { assertEquals, assertThrows } from "@std/assert";
import { utf8Encode } from "../../lib/base/bytes.ts";
import { MAX_TAR_FILE_BYTES, readTarHeader, TAR_BLOCK_BYTES, tarHeader } from "../../lib/host/tar.ts";

const SIZE_AT = 124;
const CHECKSUM_AT = 148;

/** A header with another text in the field of the size, and the sum that belongs to it. */
function withSize(text: string): Uint8Array {
  const header = tarHeader({ name: "store.sqlite", sizeBytes: 700 }, 1000);
  header.set(utf8Encode(text.padEnd(12, "\0")), SIZE_AT);
  header.set(utf8Encode(" ".repeat(8)), CHECKSUM_AT);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.set(utf8Encode(sum.toString(8).padStart(6, "0") + "\0 "), CHECKSUM_AT);
  return header;
}

Deno.test("a tar's header is read as it was written, up to the largest file", () => {
  for (const sizeBytes of [0, 700, MAX_TAR_FILE_BYTES]) {
    assertEquals(readTarHeader(tarHeader({ name: "a", sizeBytes }, 0)), { name: "a", sizeBytes });
  }
  assertEquals(readTarHeader(withSize("1274"))?.sizeBytes, 700);
  assertEquals(readTarHeader(new Uint8Array(TAR_BLOCK_BYTES)), null);
});

Deno.test("a size in a tar that is negative, no octal number or too large is none", () => {
  for (const size of ["-1", "-00001274", "12x", "0x10", "8", "", "777777777777"]) {
    assertThrows(() => readTarHeader(withSize(size)), RangeError, "no tar", size);
  }
});
