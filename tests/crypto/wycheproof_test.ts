import { assert, assertEquals } from "@std/assert";
import { concat, fromHex, toHex } from "../../lib/base/bytes.ts";
import { type Aead, hasNativeAead, nativeAead, NONCE_BYTES, portableAead } from "../../lib/crypto/aead.ts";
import { DhKeyPair } from "../../lib/crypto/dh.ts";
import { constantTimeEqual, HASH_BYTES, hmacSha256 } from "../../lib/crypto/hash.ts";
import { verify } from "../../lib/crypto/sign.ts";
import CHACHA from "./vectors/wycheproof_chacha20_poly1305.json" with { type: "json" };
import ED25519 from "./vectors/wycheproof_ed25519.json" with { type: "json" };
import HMAC from "./vectors/wycheproof_hmac_sha256.json" with { type: "json" };
import X25519 from "./vectors/wycheproof_x25519.json" with { type: "json" };

/**
 * Project Wycheproof's test vectors, every one of them. A test is one text: its columns, joined by colons; bytes are
 * hexadecimal.
 */

/** Which test of a file: its number and its flags. */
interface Which {
  readonly name: string;
  readonly flags: readonly string[];
  readonly isValid: boolean;
}

function* testsOf(vectors: { readonly columns: string[]; readonly tests: string[] }) {
  for (const test of vectors.tests) {
    const fields = test.split(":");
    assertEquals(fields.length, vectors.columns.length);
    const column = (name: string) => fields[vectors.columns.indexOf(name)] ?? "";
    const flags = column("flag") + column("flags");
    const which: Which = {
      name: `test ${column("tcId")}: ${flags}`,
      flags: flags.split("+"),
      isValid: column("result") === "valid",
    };
    yield { which, bytes: (name: string) => fromHex(column(name)) };
  }
}

Deno.test("wycheproof: Ed25519 verifies what it must, and nothing else, in 151 tests", () => {
  let valid = 0, invalid = 0;
  for (const { which, bytes } of testsOf(ED25519)) {
    const verifies = verify(bytes("publicKey"), bytes("message"), bytes("signature"));
    assertEquals(verifies, which.isValid, which.name);
    verifies ? valid++ : invalid++;
  }
  // Of public keys of small order and not in canonical form, where we are stricter (sign_test.ts), no test says "valid".
  assertEquals([valid, invalid], [88, 63]);
});

Deno.test("wycheproof: X25519 gives every shared secret but all zeros, in 518 tests", () => {
  let agreed = 0, refused = 0;
  for (const { which, bytes } of testsOf(X25519)) {
    const shared = DhKeyPair.fromSecret(bytes("secret")).agree(bytes("publicKey"));
    // Stricter on purpose: they call it acceptable to agree on zeros with a point of small order, and we never do.
    const expected = which.flags.includes("ZeroSharedSecret") ? null : toHex(bytes("shared"));
    assertEquals(shared === null ? null : toHex(shared), expected, which.name);
    shared === null ? refused++ : agreed++;
  }
  assertEquals([agreed, refused], [487, 31]);
});

function openOrRefuse(aead: Aead, key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, sealed: Uint8Array) {
  // For 9 tests: a nonce of another size never comes up, since `CipherState` makes each of them from a counter.
  return nonce.length === NONCE_BYTES ? aead.open(key, nonce, ad, sealed) : null;
}

const AEADS = [["portable", portableAead], ...(hasNativeAead ? [["native", nativeAead] as const] : [])] as const;

for (const [name, aead] of AEADS) {
  Deno.test(`wycheproof: the ${name} ChaCha20-Poly1305 opens what it must, and nothing else, in 325 tests`, () => {
    let valid = 0, invalid = 0;
    for (const { which, bytes } of testsOf(CHACHA)) {
      const [key, nonce, ad, plaintext] = [bytes("key"), bytes("nonce"), bytes("ad"), bytes("plaintext")];
      const sealed = concat([bytes("ciphertext"), bytes("tag")]);
      const opened = openOrRefuse(aead, key, nonce, ad, sealed);
      assertEquals(opened === null ? null : toHex(opened), which.isValid ? toHex(plaintext) : null, which.name);
      opened === null ? invalid++ : valid++;
      if (!which.isValid) continue;
      const buffer = concat([plaintext, new Uint8Array(sealed.length - plaintext.length)]);
      aead.sealInPlace(buffer, key, nonce, ad);
      assertEquals(toHex(buffer), toHex(sealed), which.name);
    }
    assertEquals([valid, invalid], [256, 69]);
  });
}

Deno.test("wycheproof: HMAC-SHA-256 gives every tag, and fits no changed one, in 174 tests", () => {
  let valid = 0, invalid = 0;
  for (const { which, bytes } of testsOf(HMAC)) {
    const tag = bytes("tag");
    // Some tests are of tags cut short, which kith has nowhere: it takes whole ones alone.
    assert(tag.length === HASH_BYTES || tag.length === HASH_BYTES / 2, which.name);
    const fits = constantTimeEqual(hmacSha256(bytes("key"), bytes("message")).subarray(0, tag.length), tag);
    assertEquals(fits, which.isValid, which.name);
    fits ? valid++ : invalid++;
  }
  assertEquals([valid, invalid], [66, 108]);
});
