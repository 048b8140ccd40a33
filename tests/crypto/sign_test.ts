import { assert, assertEquals } from "@std/assert";
import { fromHex, toHex, utf8Encode } from "../../lib/base/bytes.ts";
import { MAX_KEPT_KEYS } from "../../lib/base/limits.ts";
import { KeptKeys, SigningKey, verify as verifyOnce } from "../../lib/crypto/sign.ts";

const kept = new KeptKeys();

/** What both ways say, the one that keeps keys also when it has the key. */
function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const fits = verifyOnce(publicKey, message, signature);
  for (let i = 0; i < 2; i++) assertEquals(kept.verify(publicKey, message, signature), fits);
  return fits;
}

/** RFC 8032, section 7.1, tests 1 to 3: seed, public key, message, signature. */
const VECTORS = [
  [
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "",
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155" +
    "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  ],
  [
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    "72",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  ],
  [
    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    "af82",
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac" +
    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  ],
] as const;

Deno.test("sign: Ed25519 gives RFC 8032's bytes (section 7.1)", () => {
  for (const [seed, publicKey, message, signature] of VECTORS) {
    const key = SigningKey.fromSeed(fromHex(seed));
    assertEquals(toHex(key.publicKey), publicKey);
    assertEquals(toHex(key.sign(fromHex(message))), signature);
    assert(verify(fromHex(publicKey), fromHex(message), fromHex(signature)));
  }
});

Deno.test("sign: nothing that was changed verifies", () => {
  const key = SigningKey.fromSeed(new Uint8Array(32).fill(3));
  const message = utf8Encode("a message");
  const signature = key.sign(message);
  for (let i = 0; i < signature.length; i++) {
    const changed = signature.slice();
    changed[i] = (changed[i] as number) ^ 1;
    assertEquals(verify(key.publicKey, message, changed), false);
  }
  for (let i = 0; i < 32; i++) {
    const changed = key.publicKey.slice();
    changed[i] = (changed[i] as number) ^ 1;
    assertEquals(verify(changed, message, signature), false);
  }
  assertEquals(verify(key.publicKey, utf8Encode("a massage"), signature), false);
});

Deno.test("sign: other sizes do not verify, and do not throw", () => {
  const key = SigningKey.fromSeed(new Uint8Array(32).fill(3));
  const message = utf8Encode("a message");
  const signature = key.sign(message);
  for (const size of [0, 31, 33, 64]) assertEquals(verify(new Uint8Array(size), message, signature), false);
  for (const size of [0, 63, 65]) assertEquals(verify(key.publicKey, message, new Uint8Array(size)), false);
});

Deno.test("sign: a signature has one form: S is below the order of the group (RFC 8032, section 5.1.7)", () => {
  const key = SigningKey.fromSeed(new Uint8Array(32).fill(3));
  const message = utf8Encode("a message");
  const signature = key.sign(message);
  const order = fromHex("edd3f55c1a631258d69cf7a2def9de14" + "00".repeat(15) + "10");
  const other = signature.slice();
  for (let i = 0, carry = 0; i < 32; i++) {
    const sum = (other[32 + i] as number) + (order[i] as number) + carry;
    other[32 + i] = sum & 0xff;
    carry = sum >> 8;
  }
  assert(verify(key.publicKey, message, signature));
  assertEquals(verify(key.publicKey, message, other), false);
});

Deno.test("sign: public keys of small order verify nothing, whatever their spelling", () => {
  // R is the neutral point and S is 0: natively this fits any message under the neutral point as public key.
  const signature = fromHex("01" + "00".repeat(63));
  const ys = [
    "00".repeat(32),
    "01" + "00".repeat(31),
    "ec" + "ff".repeat(30) + "7f",
    "ed" + "ff".repeat(30) + "7f",
    "ee" + "ff".repeat(30) + "7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  ];
  for (const y of ys) {
    for (const sign of [0, 0x80]) {
      const publicKey = fromHex(y);
      publicKey[31] = (publicKey[31] as number) | sign;
      // Under a point of order 8 one message in eight would fit.
      for (let i = 0; i < 64; i++) assertEquals(verify(publicKey, Uint8Array.of(i), signature), false);
    }
  }
});

Deno.test("sign: more keys verify than are kept, each its own signatures only", () => {
  const message = utf8Encode("a message");
  const signers = Array.from({ length: MAX_KEPT_KEYS + 1 }, (_, i) => {
    const key = SigningKey.fromSeed(new Uint8Array(32).fill(i & 0xff, i >> 8));
    return { publicKey: key.publicKey, signature: key.sign(message) };
  });
  for (const { publicKey, signature } of [...signers, ...signers]) assert(verify(publicKey, message, signature));
  const [first, second] = signers;
  assertEquals(verify(first!.publicKey, message, second!.signature), false);
});
