import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { HALF_SIPHASH_KEY_BYTES, HalfSipHash } from "../../lib/crypto/half_siphash.ts";

function hashOf(key: Uint8Array, input: Uint8Array): string {
  const view = new DataView(input.buffer);
  const hash = new HalfSipHash(key);
  const words = [0, 4, 8, 12].map((at) => view.getInt32(at, true)) as [number, number, number, number];
  hash.hash(...words);
  const out = new DataView(new ArrayBuffer(8));
  out.setInt32(0, hash.low, true);
  out.setInt32(4, hash.high, true);
  return new Uint8Array(out.buffer).toHex();
}

const COUNTING = Uint8Array.from({ length: 16 }, (_, i) => i);

Deno.test("the published vector for 16 bytes", () => {
  // vectors.h of the reference implementation, vectors_hsip64[16].
  assertEquals(hashOf(COUNTING.slice(0, HALF_SIPHASH_KEY_BYTES), COUNTING), "7336aad25f7bf3b5");
});

Deno.test("every bit of the input and of the key changes about half of the output", () => {
  const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
  let flipped = 0;
  let runs = 0;
  fc.assert(
    fc.property(bytes(8), bytes(16), fc.nat(191), (key, input, bit) => {
      const before = hashOf(key, input);
      const target = bit < 64 ? key : input;
      const at = bit < 64 ? bit : bit - 64;
      target[at >> 3]! ^= 1 << (at & 7);
      const [a, b] = [before, hashOf(key, input)].map((hex) => BigInt(`0x${hex}`)) as [bigint, bigint];
      const differing = (a ^ b).toString(2).replaceAll("0", "").length;
      flipped += differing;
      runs++;
      return differing > 0;
    }),
    { numRuns: 2000, seed: 1 },
  );
  const share = flipped / runs / 64;
  assertEquals(share > 0.49 && share < 0.51, true, `${share}`);
});
