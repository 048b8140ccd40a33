import { assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../lib/base/errors.ts";
import { MAX_KEY_BYTES, MAX_MEDIA_BYTES, MAX_NAMES, MAX_VALUE_BYTES } from "../../lib/base/limits.ts";
import { decodeOperation, encodeOperation, type Grant, type Operation, type Put } from "../../lib/wire/operation.ts";
import { UnsupportedError } from "../../lib/wire/unsupported.ts";
import { operations } from "./arbitraries.ts";
import { bytesOf } from "./bytes_of.ts";
import { assertCanonical } from "./canonical.ts";

const NAME = { transaction: bytesOf("ee*32"), index: 128 };
const PUT: Put = { kind: "put", key: "ké", names: [NAME], media: "a/b", length: 300, hash: bytesOf("cc*32") };
const GRANT: Grant = {
  kind: "grant",
  subjectKind: "invite",
  subject: bytesOf("aa*32"),
  role: "admin",
  prefix: "a/",
  expiresMs: 0x010203040506,
  standingExpiresMs: 0,
  uses: 3,
  derivation: 1,
  mac: bytesOf("dd*32"),
};

const EXACT: [string, Operation, Uint8Array][] = [
  ["a put", PUT, bytesOf("01", "03 6bc3a9", "01 ee*32 8100", "03 612f62", "00", "822c", "cc*32")],
  ["a del", { kind: "del", key: "k", names: [] }, bytesOf("02", "01 6b", "00")],
  ["a genesis", { kind: "genesis", nonce: bytesOf("aa*32"), sealingKey: bytesOf("bb*32") }, bytesOf("10 aa*32 bb*32")],
  ["a grant to an invite", GRANT, bytesOf("11 00 aa*32 02 02 612f 010203040506 00*6 03 01 dd*32")],
  [
    "a grant to a peer",
    { ...GRANT, subjectKind: "peer", role: "reader", prefix: "", expiresMs: 0, uses: 1 },
    bytesOf("11 01 aa*32 00 00 00*6 00*6 01 01 dd*32"),
  ],
  [
    "a redeem",
    { kind: "redeem", grant: NAME, signature: bytesOf("aa*64"), sealingKey: bytesOf("bb*32") },
    bytesOf("12 ee*32 8100 aa*64 bb*32"),
  ],
  [
    "a revoke of a peer",
    { kind: "revoke", target: { kind: "peer", peer: bytesOf("aa*32") }, frontier: null, sealed: [] },
    bytesOf("13 00 aa*32 00 00"),
  ],
  [
    "a revoke of an invite",
    {
      kind: "revoke",
      target: { kind: "invite", grant: NAME },
      frontier: [{
        writer: { peer: bytesOf("aa*32"), instance: bytesOf("bb*16") },
        heads: [{ sequence: 7, id: bytesOf("cc*32") }],
      }],
      sealed: [{ recipient: bytesOf("01*32"), box: bytesOf("f00f") }, {
        recipient: bytesOf("02*32"),
        box: bytesOf(""),
      }],
    },
    bytesOf("13 01 ee*32 8100", "01 01 aa*32 bb*16 01 07 cc*32", "02 01*32 02 f00f 02*32 00"),
  ],
  [
    "a checkpoint",
    {
      kind: "checkpoint",
      frontier: [{
        writer: { peer: bytesOf("aa*32"), instance: bytesOf("bb*16") },
        heads: [{ sequence: 7, id: bytesOf("cc*32") }],
      }],
      digest: bytesOf("dd*32"),
      absent: [bytesOf("01*32"), bytesOf("02*32")],
    },
    bytesOf("14", "01 aa*32 bb*16 01 07 cc*32", "dd*32", "02 01*32 02*32"),
  ],
  ["a confirm", { kind: "confirm", checkpoint: NAME }, bytesOf("15 ee*32 8100")],
];

for (const [name, operation, bytes] of EXACT) {
  Deno.test(`${name} is encoded as specified`, () => {
    assertEquals(encodeOperation(operation), bytes);
    assertEquals(decodeOperation(bytes), operation);
  });
}

Deno.test("operations are canonical", () => assertCanonical(operations, encodeOperation, decodeOperation));

Deno.test("an operation is taken at its limits", () => {
  const names = Array.from({ length: MAX_NAMES }, (_, index) => ({ transaction: bytesOf("ee*32"), index }));
  const largest: Put = {
    ...PUT,
    key: "k".repeat(MAX_KEY_BYTES),
    names,
    media: "m".repeat(MAX_MEDIA_BYTES),
    length: MAX_VALUE_BYTES,
  };
  assertEquals(decodeOperation(encodeOperation(largest)), largest);
});

const MALFORMED: Record<string, [detail: string, bytes: Uint8Array]> = {
  "nothing": ["1 bytes expected, 0 left", new Uint8Array()],
  "an empty key": ["a text is empty", bytesOf("02 00 00")],
  "a key too long": ["varint is above its limit of 512", bytesOf("02 8401 6b*513 00")],
  "a key cut short": ["2 bytes expected, 1 left", bytesOf("02 02 6b")],
  "a key that is not UTF-8": ["a text is not UTF-8", bytesOf("02 01 ff 00")],
  "a key in longer UTF-8 than needed": ["a text is not UTF-8", bytesOf("02 02 c1ab 00")],
  "a surrogate in its key": ["a text is not UTF-8", bytesOf("02 03 eda080 00")],
  "names out of order": ["names are not sorted and distinct", bytesOf("02 01 6b 02 ee*32 01 ee*32 00")],
  "a name twice": ["names are not sorted and distinct", bytesOf("02 01 6b 02 ee*32 01 ee*32 01")],
  "too many names": ["varint is above its limit of 1024", bytesOf("02 01 6b 8801")],
  "a name beyond the last operation": ["varint is above its limit of 4095", bytesOf("02 01 6b 01 ee*32 a000")],
  "an empty media type": ["a text is empty", bytesOf("01 01 6b 00 00 00 00 cc*32")],
  "a media type too long": ["varint is above its limit of 127", bytesOf("01 01 6b 00 8100 61*128 00 00 cc*32")],
  "a media type that is not printable": ["a text is not printable ASCII", bytesOf("01 01 6b 00 01 0a 00 00 cc*32")],
  "a media type that is not ASCII": ["a text is not printable ASCII", bytesOf("01 01 6b 00 02 c3a9 00 00 cc*32")],
  "a value too long": ["varint is above its limit of 262144", bytesOf("01 01 6b 00 01 61 00 908001 cc*32")],
  "a hash cut short": ["32 bytes expected, 31 left", bytesOf("01 01 6b 00 01 61 00 00 cc*31")],
  "a byte too many": ["1 bytes too many", bytesOf("02 01 6b 00 00")],
  "no uses": ["a grant without uses", bytesOf("11 00 aa*32 02 00 00*6 00*6 00 01 dd*32")],
  "too many uses": ["varint is above its limit of 1000", bytesOf("11 00 aa*32 02 00 00*6 00*6 8769 01 dd*32")],
  "two uses for a peer": ["varint is above its limit of 1", bytesOf("11 01 aa*32 02 00 00*6 00*6 02 01 dd*32")],
  "a frontier that is neither there nor not": ["frontier flag is neither 0 nor 1", bytesOf("13 00 aa*32 02 00")],
  "sealed secrets out of order": [
    "sealed secrets are not sorted and distinct",
    bytesOf("13 00 aa*32 00 02 02*32 00 01*32 00"),
  ],
  "a sealed secret too long": ["varint is above its limit of 256", bytesOf("13 00 aa*32 00 01 02*32 8201 00*257")],
};

for (const [name, [detail, bytes]] of Object.entries(MALFORMED)) {
  Deno.test(`an operation is malformed with ${name}`, () => {
    assertEquals(assertThrows(() => decodeOperation(bytes), ProtocolError, detail).code, "malformed");
  });
}

const LATER: Record<string, Uint8Array> = {
  "operation kind 3": bytesOf("03"),
  "operation kind 22": bytesOf("16"),
  "value kind 1": bytesOf("01 01 6b 00 01 61 01 00 cc*32"),
  "grant subject 2": bytesOf("11 02 aa*32"),
  "role 3": bytesOf("11 00 aa*32 03"),
  "revoke target 2": bytesOf("13 02"),
};

for (const [name, bytes] of Object.entries(LATER)) {
  Deno.test(`${name} is not known, rather than wrong`, () => {
    assertThrows(() => decodeOperation(bytes), UnsupportedError, name);
  });
}

Deno.test("a writer does not break the rules that a reader holds it to", () => {
  const wrong: Operation[] = [
    { ...PUT, key: "" },
    { ...PUT, key: "k".repeat(MAX_KEY_BYTES + 1) },
    { ...PUT, names: [NAME, NAME] },
    { ...PUT, media: "" },
    { ...PUT, media: "a\nb" },
    { ...PUT, length: MAX_VALUE_BYTES + 1 },
    { ...GRANT, uses: 0 },
    { ...GRANT, subjectKind: "peer" },
  ];
  for (const operation of wrong) assertThrows(() => encodeOperation(operation), Error, "broken invariant");
});
