import { assertEquals } from "@std/assert";
import { fromHex, toHex } from "../../lib/base/bytes.ts";
import { DhKeyPair } from "../../lib/crypto/dh.ts";

function agree(secret: string, publicKey: string): string | null {
  const shared = DhKeyPair.fromSecret(fromHex(secret)).agree(fromHex(publicKey));
  return shared === null ? null : toHex(shared);
}

Deno.test("dh: X25519 gives RFC 7748's single results (section 5.2)", () => {
  assertEquals(
    agree(
      "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
      "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
    ),
    "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
  );
  // The top bit of this public key is set, and does not count.
  assertEquals(
    agree(
      "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
      "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
    ),
    "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
  );
});

Deno.test("dh: X25519 gives RFC 7748's result of 1,000 rounds (section 5.2)", () => {
  let secret: Uint8Array = new Uint8Array(32);
  secret[0] = 9;
  let point = secret;
  for (let i = 0; i < 1000; i++) {
    const next = DhKeyPair.fromSecret(secret).agree(point) as Uint8Array;
    point = secret;
    secret = next;
  }
  assertEquals(toHex(secret), "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
});

Deno.test("dh: X25519 gives RFC 7748's exchange (section 6.1)", () => {
  const alice = DhKeyPair.fromSecret(fromHex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"));
  const bob = DhKeyPair.fromSecret(fromHex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"));
  assertEquals(toHex(alice.publicKey), "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  assertEquals(toHex(bob.publicKey), "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  const shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
  assertEquals(toHex(alice.agree(bob.publicKey) as Uint8Array), shared);
  assertEquals(toHex(bob.agree(alice.publicKey) as Uint8Array), shared);
});

Deno.test("dh: points of small order, in all their spellings, and other sizes are refused", () => {
  const secret = "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4";
  const points = [
    "00".repeat(32),
    "01" + "00".repeat(31),
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ec" + "ff".repeat(30) + "7f",
    "ed" + "ff".repeat(30) + "7f",
    "ee" + "ff".repeat(30) + "7f",
    "00".repeat(31) + "80",
    "ed" + "ff".repeat(31),
    "00".repeat(31),
    "00".repeat(33),
  ];
  for (const point of points) assertEquals(agree(secret, point), null);
});
