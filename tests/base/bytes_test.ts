import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { compare, concat, equal, fromHex, toHex, utf8Decode, utf8Encode } from "../../lib/base/bytes.ts";

const anyBytes = fc.uint8Array({ maxLength: 24 }).map((bytes) => new Uint8Array(bytes));

Deno.test("hexadecimal brings any bytes back, in lower case, and reads upper case too", () => {
  assertEquals(toHex(new Uint8Array([0, 9, 10, 171, 255])), "00090aabff");
  fc.assert(fc.property(anyBytes, (bytes) => {
    assertEquals(fromHex(toHex(bytes)), bytes);
    assertEquals(fromHex(toHex(bytes).toUpperCase()), bytes);
  }));
});

Deno.test("hexadecimal refuses an odd length and other characters", () => {
  for (const text of ["0", "0g", "0x00", " 00", "00\n"]) assertThrows(() => fromHex(text), RangeError);
});

Deno.test("equal and compare agree with the order of the hexadecimal texts", () => {
  fc.assert(fc.property(anyBytes, anyBytes, (a, b) => {
    const [left, right] = [toHex(a), toHex(b)];
    assertEquals(Math.sign(compare(a, b)), left < right ? -1 : left > right ? 1 : 0);
    assertEquals(equal(a, b), left === right);
    assert(equal(a, a.slice()));
  }));
  assert(compare(new Uint8Array([127]), new Uint8Array([128])) < 0);
  assert(compare(new Uint8Array([1]), new Uint8Array([1, 0])) < 0);
});

Deno.test("concat puts the parts one behind the other in an array of their own", () => {
  const part = new Uint8Array([1, 2]);
  const whole = concat([part, new Uint8Array(), new Uint8Array([3])]);
  assertEquals(whole, new Uint8Array([1, 2, 3]));
  part[0] = 9;
  assertEquals(whole[0], 1);
  assertEquals(concat([]).length, 0);
});

Deno.test("UTF-8 brings any well-formed text back, byte order mark included", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assertEquals(utf8Decode(utf8Encode(text)), text);
  }));
  assertEquals(toHex(utf8Encode("\ufeffé漢🦦")), "efbbbfc3a9e6bca2f09fa6a6");
  assertEquals(utf8Decode(fromHex("efbbbf61")), "\ufeffa");
});

Deno.test("UTF-8 refuses what has none", () => {
  for (const text of ["\ud800", "a\udc00", "\udc00\ud800"]) assertThrows(() => utf8Encode(text), RangeError);
});

Deno.test("UTF-8 refuses bytes that are none: cut short, overlong, surrogates, beyond Unicode", () => {
  for (
    const hex of ["80", "c3", "c0af", "c180", "e08080", "eda080", "edbfbf", "f0808080", "f4908080", "f5808080", "ff"]
  ) {
    assertThrows(() => utf8Decode(fromHex(hex)), TypeError, undefined, hex);
  }
});
