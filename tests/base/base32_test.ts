import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { fromBase32, toBase32 } from "../../lib/base/base32.ts";
import { utf8Encode } from "../../lib/base/bytes.ts";

// RFC 4648, section 10, in lower case and without padding.
const VECTORS: readonly (readonly [string, string])[] = [
  ["", ""],
  ["f", "my"],
  ["fo", "mzxq"],
  ["foo", "mzxw6"],
  ["foob", "mzxw6yq"],
  ["fooba", "mzxw6ytb"],
  ["foobar", "mzxw6ytboi"],
];

Deno.test("base32 of RFC 4648's vectors, both ways and in either case", () => {
  for (const [plain, text] of VECTORS) {
    assertEquals(toBase32(utf8Encode(plain)), text);
    assertEquals(fromBase32(text), utf8Encode(plain));
    assertEquals(fromBase32(text.toUpperCase()), utf8Encode(plain));
  }
});

Deno.test("base32 refuses what it never writes", () => {
  for (const text of ["m", "mzx", "mzxw6y", "mz=", "m1", "mz xq", "mzxw6===", "mzxr", "é"]) {
    assertThrows(() => fromBase32(text), RangeError);
  }
});

Deno.test("base32 brings any bytes back", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
    const text = toBase32(bytes);
    assertEquals(text.length, Math.ceil(bytes.length * 8 / 5));
    assertEquals(fromBase32(text), new Uint8Array(bytes));
  }));
});
