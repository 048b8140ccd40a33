import { assert, assertEquals, assertThrows } from "@std/assert";
import { concat, toHex, utf8Encode } from "../../lib/base/bytes.ts";
import { Identity, IDENTITY_BYTES, signWith, verifySigned } from "../../lib/crypto/identity.ts";
import { seal, SEAL_OVERHEAD_BYTES } from "../../lib/crypto/sealed_box.ts";
import { SigningKey, verify } from "../../lib/crypto/sign.ts";

const COUNTING = { bytes: (size: number) => Uint8Array.from({ length: size }, (_, i) => i) };
const ZEROS = { bytes: (size: number) => new Uint8Array(size) };

Deno.test("identity: its keys follow from its secret, for ever", () => {
  const identity = Identity.generate(COUNTING);
  assertEquals([identity.peerId, identity.noiseStatic.publicKey, identity.sealingPublicKey].map(toHex), KEYS);
});

/** Peer id, Noise static key, sealing key. */
const KEYS = [
  "9adec33165a6b77f87cc97cf249d122fb64a5ffbcf0b0da65b4c50d61de3a6ad",
  "260c30c9a1717483f7139fcedc0b9e0acb3ede367d0bc3ae5261fbe74a6db77a",
  "7d90aa916a8a6589c2976b0d1b4733f3640fb0a57c68ae0362f431301857fa37",
];

Deno.test("identity: comes back from its bytes", () => {
  const identity = Identity.generate(COUNTING);
  const bytes = identity.toBytes();
  assertEquals(bytes.length, IDENTITY_BYTES);
  const again = Identity.fromBytes(bytes);
  assertEquals(again.peerId, identity.peerId);
  assertEquals(again.noiseStatic.publicKey, identity.noiseStatic.publicKey);
  assertEquals(again.sealingPublicKey, identity.sealingPublicKey);
  assertEquals(again.sign("d", utf8Encode("m")), identity.sign("d", utf8Encode("m")));
});

Deno.test("identity: damaged bytes are refused, wherever the damage is", () => {
  const bytes = Identity.generate(COUNTING).toBytes();
  for (let i = 0; i < bytes.length; i++) {
    const damaged = bytes.slice();
    damaged[i] = (damaged[i] as number) ^ 4;
    assertThrows(() => Identity.fromBytes(damaged), RangeError);
    assertThrows(() => Identity.fromBytes(bytes.subarray(0, i)), RangeError);
  }
  assertThrows(() => Identity.fromBytes(concat([bytes, Uint8Array.of(0)])), RangeError);
});

Deno.test("identity: a signature counts in its domain only, and is over domain, zero byte, message", () => {
  const identity = Identity.generate(COUNTING);
  const message = utf8Encode("message");
  const signature = identity.sign("kith test 1", message);
  assert(verifySigned("kith test 1", identity.peerId, message, signature));
  assert(verify(identity.peerId, utf8Encode("kith test 1\0message"), signature));
  assertEquals(verifySigned("kith test 2", identity.peerId, message, signature), false);
  assertEquals(verifySigned("kith test", identity.peerId, utf8Encode(" 1message"), signature), false);
  const key = SigningKey.fromSeed(new Uint8Array(32));
  assert(verifySigned("d", key.publicKey, message, signWith(key, "d", message)));
});

Deno.test("sealed box: opens for its recipient, in its domain", () => {
  const identity = Identity.generate(COUNTING);
  const secret = utf8Encode("an epoch secret");
  const box = seal(identity.sealingPublicKey, "kith seal 1", secret, COUNTING) as Uint8Array;
  assertEquals(box.length, secret.length + SEAL_OVERHEAD_BYTES);
  assertEquals(identity.unseal("kith seal 1", box), secret);
  assertEquals(identity.unseal("kith seal 2", box), null);
  assertEquals(Identity.generate(ZEROS).unseal("kith seal 1", box), null);
  for (let i = 0; i < box.length; i++) {
    const changed = box.slice();
    changed[i] = (changed[i] as number) ^ 1;
    assertEquals(identity.unseal("kith seal 1", changed), null);
    assertEquals(identity.unseal("kith seal 1", box.subarray(0, i)), null);
  }
});

Deno.test("sealed box: nothing can be sealed to a key of small order", () => {
  assertEquals(seal(new Uint8Array(32), "kith seal 1", utf8Encode("secret"), COUNTING), null);
  assertEquals(Identity.generate(COUNTING).unseal("kith seal 1", new Uint8Array(48)), null);
});
