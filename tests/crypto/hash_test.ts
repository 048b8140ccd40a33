import { assertEquals } from "@std/assert";
import { toHex, utf8Encode } from "../../lib/base/bytes.ts";
import { constantTimeEqual, hmacSha256, isSha256, sha256, sha256Into } from "../../lib/crypto/hash.ts";
import { MAX_SHORT_BYTES, shortSha256BeginsWith, shortSha256Into } from "../../lib/crypto/short_sha256.ts";
import { createHash } from "node:crypto";

Deno.test("hash: SHA-256 gives FIPS 180-4's example, in one part or several", () => {
  const expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  assertEquals(toHex(sha256(utf8Encode("abc"))), expected);
  assertEquals(toHex(sha256(utf8Encode("a"), utf8Encode(""), utf8Encode("bc"))), expected);
  assertEquals(sha256().constructor, Uint8Array);
});

Deno.test("hash: SHA-256 is written into an array, and the bytes behind it stay", () => {
  const target = new Uint8Array(40).fill(7);
  sha256Into(target, 4, utf8Encode("abcd"), 3);
  assertEquals(target, new Uint8Array([7, 7, 7, 7, ...sha256(utf8Encode("abc")), 7, 7, 7, 7]));
});

Deno.test("hash: short texts are hashed as node:crypto hashes them, one block or more, whatever came before", () => {
  const text = Uint8Array.from({ length: 3 * MAX_SHORT_BYTES }, (_, i) => (i * 167 + 13) & 0xff);
  for (let size = 0; size <= text.length; size++) {
    const bytes = text.subarray(text.length - size);
    const expected = new Uint8Array(createHash("sha256").update(bytes).digest());
    const target = new Uint8Array(32);
    shortSha256Into(target, 0, bytes, size);
    assertEquals(target, expected, `${size} bytes`);
    assertEquals(sha256(bytes), expected, `${size} bytes`);
    assertEquals([isSha256(expected, bytes), shortSha256BeginsWith(expected, bytes, size)], [true, true]);
    for (const at of [0, 15, 31]) {
      const changed = expected.slice();
      changed[at] = (changed[at] as number) ^ 0x80;
      assertEquals([isSha256(changed, bytes), shortSha256BeginsWith(changed, bytes, size)], [false, false]);
    }
  }
});

Deno.test("hash: a digest is recognised whole or cut off, and no other, and none that is too short", () => {
  const bytes = utf8Encode("abc");
  const digest = sha256(bytes);
  const changed = digest.slice();
  changed[15] = (changed[15] ?? 0) ^ 1;
  assertEquals([isSha256(digest, bytes), isSha256(digest.subarray(0, 16), bytes)], [true, true]);
  assertEquals([isSha256(changed, bytes), isSha256(changed.subarray(0, 16), bytes)], [false, false]);
  assertEquals([isSha256(digest.subarray(0, 15), bytes), isSha256(new Uint8Array([...digest, 0]), bytes)], [
    false,
    false,
  ]);
});

Deno.test("hash: HMAC-SHA-256 gives RFC 4231's test case 2", () => {
  const expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
  assertEquals(toHex(hmacSha256(utf8Encode("Jefe"), utf8Encode("what do ya want for nothing?"))), expected);
  assertEquals(
    toHex(hmacSha256(utf8Encode("Jefe"), utf8Encode("what do ya "), utf8Encode("want for nothing?"))),
    expected,
  );
});

Deno.test("hash: the comparison in constant time tells equal from different", () => {
  assertEquals(constantTimeEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2)), true);
  assertEquals(constantTimeEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 3)), false);
  assertEquals(constantTimeEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0)), false);
});
