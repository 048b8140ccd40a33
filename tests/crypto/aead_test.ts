import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { concat, fromHex, toHex, utf8Encode } from "../../lib/base/bytes.ts";
import { aead, hasNativeAead, nativeAead, portableAead, TAG_BYTES } from "../../lib/crypto/aead.ts";
import { CipherState } from "../../lib/crypto/cipher_state.ts";

const NONE = new Uint8Array(0);
const IMPLEMENTATIONS = hasNativeAead ? { native: nativeAead, portable: portableAead } : { portable: portableAead };

function sealed(
  implementation: typeof aead,
  key: Uint8Array,
  nonce: Uint8Array,
  ad: Uint8Array,
  plaintext: Uint8Array,
) {
  const buffer = concat([plaintext, new Uint8Array(TAG_BYTES)]);
  implementation.sealInPlace(buffer, key, nonce, ad);
  return buffer;
}

for (const [name, implementation] of Object.entries(IMPLEMENTATIONS)) {
  Deno.test(`aead: ${name} gives RFC 8439's bytes (section 2.8.2)`, () => {
    const key = Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i);
    const nonce = fromHex("070000004041424344454647");
    const ad = fromHex("50515253c0c1c2c3c4c5c6c7");
    const plaintext = utf8Encode(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
    );
    const ciphertext = sealed(implementation, key, nonce, ad, plaintext);
    assertEquals(
      toHex(ciphertext),
      "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6" +
        "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36" +
        "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc" +
        "3ff4def08e4b7a9de576d26586cec64b6116" + "1ae10b594f09e26a7e902ecbd0600691",
    );
    assertEquals(implementation.open(key, nonce, ad, ciphertext), plaintext);
  });

  Deno.test(`aead: ${name} opens nothing that was changed`, () => {
    const key = new Uint8Array(32).fill(1);
    const nonce = new Uint8Array(12).fill(2);
    const ad = utf8Encode("ad");
    const ciphertext = sealed(implementation, key, nonce, ad, utf8Encode("secret"));
    for (let i = 0; i < ciphertext.length; i++) {
      const changed = ciphertext.slice();
      changed[i] = (changed[i] as number) ^ 0x80;
      assertEquals(implementation.open(key, nonce, ad, changed), null);
    }
    for (let size = 0; size < ciphertext.length; size++) {
      assertEquals(implementation.open(key, nonce, ad, ciphertext.subarray(0, size)), null);
    }
    assertEquals(implementation.open(key, nonce, NONE, ciphertext), null);
    assertEquals(implementation.open(key, new Uint8Array(12), ad, ciphertext), null);
    assertEquals(implementation.open(new Uint8Array(32), nonce, ad, ciphertext), null);
    assert(implementation.open(key, nonce, ad, ciphertext) !== null);
  });
}

Deno.test({
  name: "aead: both implementations give the same bytes, and open each other's",
  ignore: !hasNativeAead,
  fn() {
    const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
    fc.assert(
      fc.property(
        bytes(32),
        bytes(12),
        fc.uint8Array({ maxLength: 80 }),
        fc.uint8Array({ maxLength: 700 }),
        (key, nonce, ad, plaintext) => {
          const native = sealed(nativeAead, key, nonce, ad, plaintext);
          assertEquals(sealed(portableAead, key, nonce, ad, plaintext), native);
          assertEquals(portableAead.open(key, nonce, ad, native), plaintext);
          assertEquals(nativeAead.open(key, nonce, ad, native), plaintext);
        },
      ),
    );
    const large = Uint8Array.from({ length: 65_519 }, (_, i) => i % 253);
    const key = new Uint8Array(32).fill(9);
    const nonce = new Uint8Array(12);
    assertEquals(sealed(portableAead, key, nonce, NONE, large), sealed(nativeAead, key, nonce, NONE, large));
  },
});

Deno.test("cipher state: goes in order, with Noise's nonces", () => {
  const key = new Uint8Array(32).fill(5);
  const state = new CipherState(key.slice());
  for (let i = 0; i < 300; i++) {
    const nonce = Uint8Array.of(0, 0, 0, 0, i & 0xff, i >> 8, 0, 0, 0, 0, 0, 0);
    assertEquals(state.seal(utf8Encode("x")), sealed(aead, key, nonce, NONE, utf8Encode("x")));
  }
});

Deno.test("cipher state: what does not open leaves it as it was", () => {
  const sender = new CipherState(new Uint8Array(32));
  const receiver = new CipherState(new Uint8Array(32));
  const first = sender.seal(utf8Encode("first"));
  const second = sender.seal(utf8Encode("second"));
  assertEquals(receiver.open(second), null);
  assertEquals(receiver.open(first), utf8Encode("first"));
  assertEquals(receiver.open(first), null);
  assertEquals(receiver.open(second), utf8Encode("second"));
});

Deno.test("cipher state: a rekey encrypts zeros under the last nonce, and the counter goes on", () => {
  const key = new Uint8Array(32).fill(7);
  const state = new CipherState(key.slice());
  state.seal(NONE);
  state.rekey();
  const next = sealed(aead, key, fromHex("00000000ffffffffffffffff"), NONE, new Uint8Array(32)).slice(0, 32);
  const nonce = Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0);
  assertEquals(state.seal(utf8Encode("x")), sealed(aead, next, nonce, NONE, utf8Encode("x")));
});
