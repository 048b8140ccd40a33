import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { isLanRecordOf, isLanRecordOfPeer, lanDay, lanRecord, lanTicketTag } from "../../lib/mesh/lan_names.ts";
import { Prng } from "../sim/prng.ts";

const KEY = new Uint8Array(32).fill(1);
const PEER = new Uint8Array(32).fill(2);
const PLACE = { port: 5484, addresses: ["10.0.0.1", "fe80::1"] };

function record(key = KEY, peer = PEER, day = 20_000, place = PLACE, seed = 3) {
  return { ...place, day, ...lanRecord(key, peer, day, place, new Prng(seed)) };
}

Deno.test("who holds the key knows the peer by its record, and nobody else does", () => {
  const other = new Uint8Array(32).fill(9);
  assert(isLanRecordOf(KEY, record()));
  assert(!isLanRecordOf(other, record()));
  assert(isLanRecordOfPeer(KEY, record(), PEER));
  assert(!isLanRecordOfPeer(KEY, record(), other));
  assert(!isLanRecordOfPeer(other, record(), PEER));
});

Deno.test("the bytes of a record and of a ticket's tag", () => {
  const nonce = { bytes: (size: number) => new Uint8Array(size).fill(7) };
  assertEquals(lanRecord(KEY, PEER, 20_000, PLACE, nonce), {
    instance: "a4dqobyha4dqocrakzp7g4zskwuxqvym",
    peerTag: "243diygfl7m4ubjb",
  });
  assertEquals(lanTicketTag(KEY, 20_000), "2cummuwyjtcbzetxrx5jxqh6");
});

Deno.test("nobody can send others elsewhere by a record", () => {
  const made = record();
  const changes = [
    { port: 5485 },
    { day: 20_001 },
    { addresses: ["10.0.0.1"] },
    { addresses: ["10.0.0.1", "fe80::2"] },
    { addresses: ["10.0.0.1", "fe80::1", "10.0.0.2"] },
    { addresses: ["10.0.0.1", "somewhere"] },
    { instance: made.instance.slice(1) },
    { instance: made.instance.replace(/./, (first) => first === "a" ? "b" : "a") },
    { instance: "not base32 at all, and longer" },
    { instance: "" },
  ];
  for (const change of changes) assert(!isLanRecordOf(KEY, { ...made, ...change }), JSON.stringify(change));
});

Deno.test("the order and the spelling of addresses do not matter", () => {
  const place = { port: 1, addresses: ["fe80::1", "10.0.0.1", "2001:db8::1"] };
  const made = record(KEY, PEER, 1, place);
  assert(isLanRecordOf(KEY, { ...made, addresses: ["2001:DB8:0::1", "fe80:0::1", "10.0.0.1"] }));
});

Deno.test("each record has another name", () => {
  const random = new Prng(5);
  const names = Array.from({ length: 50 }, () => lanRecord(KEY, PEER, 20_000, PLACE, random));
  assertEquals(new Set(names.map(({ instance }) => instance)).size, 50);
  assertEquals(new Set(names.map(({ peerTag }) => peerTag)).size, 50);
});

Deno.test("a ticket is asked for by another tag every day", () => {
  assertEquals(lanTicketTag(KEY, 5), lanTicketTag(KEY, 5));
  assertNotEquals(lanTicketTag(KEY, 5), lanTicketTag(KEY, 6));
  assertNotEquals(lanTicketTag(KEY, 5), lanTicketTag(PEER, 5));
});

Deno.test("days are those of UTC, and never negative", () => {
  const days = [0, 86_399_999, 86_400_000, -5, 1_770_000_000_000, Infinity].map(lanDay);
  assertEquals(days, [0, 0, 1, 0, 20_486, 2 ** 32 - 1]);
});

Deno.test("whatever is said of an instance, it is refused or as it was made", () => {
  fc.assert(fc.property(
    fc.record({
      instance: fc.string({ maxLength: 40 }),
      peerTag: fc.string({ maxLength: 20 }),
      day: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      port: fc.nat(65_535),
      addresses: fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), { maxLength: 8 }),
    }),
    (said) => {
      assertEquals(isLanRecordOf(KEY, said), false);
      isLanRecordOfPeer(KEY, said, PEER);
    },
  ));
});
