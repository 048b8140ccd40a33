import { assertEquals } from "@std/assert";
import { toHex } from "../../lib/base/bytes.ts";
import { INFO_HASH_BYTES, spaceInfoHash, ticketInfoHash } from "../../lib/mesh/rendezvous_keys.ts";

const KEY = new Uint8Array(32).fill(1);

Deno.test("the info hashes of a space and of a ticket on a day", () => {
  assertEquals(toHex(spaceInfoHash(KEY, 20_000)), "d2fadd1e775be756fbd86d86644c0e50b41b7d60");
  assertEquals(toHex(ticketInfoHash(KEY, 20_000)), "3077495926c2ed38de9bb49694eb8a5142a0d5d7");
});

Deno.test("each day, each key and each purpose has another info hash, of the size that the DHT has", () => {
  const other = new Uint8Array(32).fill(2);
  const hashes = [20_000, 20_001].flatMap((day) =>
    [KEY, other].flatMap((key) => [spaceInfoHash(key, day), ticketInfoHash(key, day)])
  );
  assertEquals(new Set(hashes.map(toHex)).size, 8);
  assertEquals(new Set(hashes.map(({ length }) => length)), new Set([INFO_HASH_BYTES]));
});
