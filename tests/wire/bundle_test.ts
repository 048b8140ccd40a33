import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ProtocolError } from "../../lib/base/errors.ts";
import { MAX_OPERATIONS, MAX_TRANSACTION_BYTES, MAX_VALUE_BYTES } from "../../lib/base/limits.ts";
import { bundleSizeBytes, decodeBundle, encodeBundle, type TransactionBytes } from "../../lib/wire/bundle.ts";
import { bundles } from "./arbitraries.ts";
import { bytesOf } from "./bytes_of.ts";
import { assertCanonical } from "./canonical.ts";

const BUNDLE: TransactionBytes = {
  header: bytesOf("aa*130"),
  signature: bytesOf("bb*64"),
  operations: [{ leaf: bytesOf("01 02"), value: bytesOf("cc*3") }, { leaf: bytesOf("03"), value: null }],
};
const BYTES = bytesOf("8102 aa*130", "bb*64", "02", "02 0102 01 03 cc*3", "01 03 00");

Deno.test("a bundle is encoded as specified", () => {
  assertEquals(encodeBundle(BUNDLE), BYTES);
  assertEquals(decodeBundle(BYTES), BUNDLE);
});

Deno.test("an empty value is not the same as none", () => {
  const operations = [{ leaf: bytesOf("01"), value: new Uint8Array() }];
  assertEquals(encodeBundle({ ...BUNDLE, operations }).slice(-5), bytesOf("01 01 01 01 00"));
});

Deno.test("bundles are canonical", () => assertCanonical(bundles, encodeBundle, decodeBundle));

Deno.test("a bundle's size is told before it is written", () => {
  fc.assert(fc.property(bundles, (bundle) => bundleSizeBytes(bundle) === encodeBundle(bundle).length));
  for (const size of [2 ** 7, 2 ** 14, MAX_VALUE_BYTES].flatMap((edge) => [edge - 1, edge])) {
    const large = { ...BUNDLE, operations: [{ leaf: bytesOf("01"), value: new Uint8Array(size) }] };
    assertEquals(bundleSizeBytes(large), encodeBundle(large).length);
  }
});

Deno.test("what is read is a view, not a copy", () => {
  assert(decodeBundle(BYTES).operations[0]?.value?.buffer === BYTES.buffer);
});

Deno.test("a bundle above its size is too large", () => {
  const value = new Uint8Array(MAX_VALUE_BYTES);
  const operations = Array.from({ length: 6 }, () => ({ leaf: bytesOf("01"), value }));
  assert(bundleSizeBytes({ ...BUNDLE, operations }) > MAX_TRANSACTION_BYTES);
  assertThrows(() => encodeBundle({ ...BUNDLE, operations }), Error, "broken invariant");
  const one = encodeBundle({ header: BUNDLE.header, signature: BUNDLE.signature, operations: [] }).slice(0, -1);
  const rest = operations.flatMap(() => [...bytesOf("01 01 01 908000"), ...value]);
  const bytes = new Uint8Array(one.length + 1 + rest.length);
  bytes.set(one);
  bytes.set([6, ...rest], one.length);
  assertEquals(assertThrows(() => decodeBundle(bytes), ProtocolError).code, "too_large");
});

const MALFORMED: Record<string, [detail: string, bytes: Uint8Array]> = {
  "too many operations": ["varint is above its limit of 4096", bytesOf("00 bb*64", "a001")],
  "a value that is neither there nor not": ["value flag is neither 0 nor 1", bytesOf("00 bb*64", "01 00 02")],
  "a value too long": ["varint is above its limit of 262144", bytesOf("00 bb*64", "01 00 01 908001")],
  "a header too long": ["varint is above its limit of 33792", bytesOf("828801")],
  "an operation missing": ["1 bytes expected, 0 left", bytesOf("00 bb*64", "01")],
  "a byte too many": ["1 bytes too many", bytesOf("00 bb*64 00 00")],
};

for (const [name, [detail, bytes]] of Object.entries(MALFORMED)) {
  Deno.test(`a bundle is malformed with ${name}`, () => {
    assertEquals(assertThrows(() => decodeBundle(bytes), ProtocolError, detail).code, "malformed");
  });
}

Deno.test("a bundle holds as many operations as a transaction may", () => {
  const operations = Array.from({ length: MAX_OPERATIONS }, () => ({ leaf: bytesOf("01"), value: null }));
  assertEquals(decodeBundle(encodeBundle({ ...BUNDLE, operations })).operations.length, MAX_OPERATIONS);
});
