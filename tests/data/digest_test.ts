import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { concat } from "../../lib/base/bytes.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import { DIGEST_LEAF_OPERATIONS } from "../../lib/base/limits.ts";
import { DIGEST_FAN_OUT, DIGEST_INNER_LEVELS, digestRoot, innerHash, leafHash } from "../../lib/data/digest.ts";

const filled = (byte: number, size = 32) => new Uint8Array(size).fill(byte);
const id = (byte: number, index: number) => ({ transaction: filled(byte), index });
const writer = (peer: number, instance: number) => ({ peer: filled(peer), instance: filled(instance, 16) });

Deno.test("a leaf hashes the ids of its live versions as they come", () => {
  assertEquals(
    leafHash([id(9, 200), id(1, 0)]),
    sha256(concat([Uint8Array.of(2), filled(9), Uint8Array.of(0x81, 0x48), filled(1), Uint8Array.of(0)])),
  );
  assertNotEquals(leafHash([id(1, 0), id(9, 200)]), leafHash([id(9, 200), id(1, 0)]));
});

Deno.test("an inner node hashes its children with their places", () => {
  assertEquals(
    innerHash([{ position: 3, hash: filled(7) }, { position: 511, hash: filled(8) }]),
    sha256(concat([Uint8Array.of(3, 0, 3), filled(7), Uint8Array.of(1, 255), filled(8)])),
  );
});

Deno.test("the root hashes all writers and acts in order, however they come", () => {
  const writers = [
    { writer: writer(2, 1), tree: filled(20) },
    { writer: writer(1, 2), tree: filled(12) },
    { writer: writer(1, 1), tree: filled(11) },
  ];
  const acts = [id(5, 1), id(4, 200), id(5, 0)];
  const bytes = concat([
    Uint8Array.of(4, 3),
    ...[filled(1), filled(1, 16), filled(11)],
    ...[filled(1), filled(2, 16), filled(12)],
    ...[filled(2), filled(1, 16), filled(20)],
    Uint8Array.of(3),
    ...[filled(4), Uint8Array.of(0x81, 0x48), filled(5), Uint8Array.of(0), filled(5), Uint8Array.of(1)],
  ]);
  assertEquals(digestRoot(writers, acts), sha256(bytes));
  assertEquals(digestRoot(writers.toReversed(), acts.toReversed()), sha256(bytes));
  assertEquals(digestRoot([], []), sha256(Uint8Array.of(4, 0, 0)));
});

Deno.test("the tree covers every operation number", () => {
  assertEquals(DIGEST_LEAF_OPERATIONS * DIGEST_FAN_OUT ** DIGEST_INNER_LEVELS > Number.MAX_SAFE_INTEGER, true);
});

Deno.test("empty nodes and children out of place are defects", () => {
  const child = (position: number) => ({ position, hash: filled(1) });
  assertThrows(() => leafHash([]), Error, "broken invariant");
  assertThrows(() => innerHash([]), Error, "broken invariant");
  assertThrows(() => innerHash([child(2), child(2)]), Error, "broken invariant");
  assertThrows(() => innerHash([child(DIGEST_FAN_OUT)]), Error, "broken invariant");
});
