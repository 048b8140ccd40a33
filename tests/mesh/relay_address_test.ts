import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { KithError } from "../../lib/base/errors.ts";
import { MAX_ADDRESSES, RELAY_ACCESS_KEY_BYTES } from "../../lib/base/limits.ts";
import { toHex } from "../../lib/base/bytes.ts";
import { type RelayAddress, relayFromText, relayText } from "../../lib/mesh/relay_address.ts";
import { relayAccessProof, relayTicketTag } from "../../lib/mesh/relay_keys.ts";

const relays: fc.Arbitrary<RelayAddress> = fc.record({
  peer: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  accessKey: fc.uint8Array({ minLength: RELAY_ACCESS_KEY_BYTES, maxLength: RELAY_ACCESS_KEY_BYTES }),
  addresses: fc.array(fc.constantFrom("45.77.0.1:5485", "[2001:db8::2]:5485", "relay.example.org:1"), {
    minLength: 1,
    maxLength: MAX_ADDRESSES,
  }),
});

const RELAY = {
  peer: new Uint8Array(32).fill(1),
  accessKey: new Uint8Array(RELAY_ACCESS_KEY_BYTES).fill(2),
  addresses: ["45.77.0.1:5485"],
};

Deno.test("the text of a relay leads back to it, in whatever case, and broken into lines", () => {
  fc.assert(fc.property(relays, (relay) => {
    const text = relayText(relay);
    assert(/^kithrelay1[a-z2-7]+$/.test(text));
    assertEquals(relayFromText(text), relay);
    assertEquals(relayFromText(` ${text.toUpperCase().replaceAll(/(.{40})/g, "$1\n  ")}\n`), relay);
  }));
});

Deno.test("the text of a relay stays what it is", () => {
  assertEquals(
    relayText(RELAY),
    "kithrelay1aeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqeaqcaibaeaqcaibaeaqcaibaeaiogq2s4nzxfyyc4mj2gu2dqnkoq5nj4",
  );
});

Deno.test("no text is made that nobody could read", () => {
  for (const addresses of [[], new Array(MAX_ADDRESSES + 1).fill("45.77.0.1:1"), ["é".repeat(200)]]) {
    assertThrows(() => relayText({ ...RELAY, addresses }), Error, "broken invariant");
  }
});

Deno.test("a text with a slip in it is refused, and the refusal says nothing of it", () => {
  const text = relayText(RELAY);
  for (
    const wrong of [
      "",
      "kith1aebag",
      "kithrelay1",
      "kithrelay1a",
      text.slice(0, -1),
      text + "aa",
      text.replace(/.$/, (last) => last === "a" ? "b" : "a"),
      text.replace("kithrelay1", "kithrelay2"),
      text + "!",
    ]
  ) {
    const error = assertThrows(() => relayFromText(wrong), KithError, undefined, wrong);
    assertEquals(error.code, "relay_invalid");
    if (wrong.length > 12) assert(!error.message.includes(wrong.slice(10)));
  }
});

Deno.test("every letter of it counts", () => {
  const text = relayText(RELAY);
  for (let i = 10; i < text.length; i++) {
    const other = text[i] === "a" ? "b" : "a";
    assertThrows(() => relayFromText(text.slice(0, i) + other + text.slice(i + 1)), KithError);
  }
});

Deno.test("the proof of the access key and the tag of a ticket are what the page says", () => {
  const [key, hash, peer] = [RELAY.accessKey, new Uint8Array(32).fill(3), new Uint8Array(32).fill(4)];
  assertEquals(
    toHex(relayAccessProof(key, hash, "out", peer)),
    "5c571c714d42ee9c937f9db4059fa85fc86f5c13800545428b7b08273df8a36f",
  );
  assertEquals(
    toHex(relayTicketTag(new Uint8Array(32).fill(1), 20_000)),
    "0cdcd41cff00f9d4cfdf49ba9e0cb147d6648a07056384c558a60576d1225614",
  );
  const proofs = [
    relayAccessProof(key, hash, "out", peer),
    relayAccessProof(key, hash, "in", peer),
    relayAccessProof(key, peer, "out", peer),
    relayAccessProof(key, hash, "out", hash),
    relayAccessProof(peer, hash, "out", peer),
  ];
  assertEquals(new Set(proofs.map(toHex)).size, proofs.length);
});
