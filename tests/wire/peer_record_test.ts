import { assertEquals, assertThrows } from "@std/assert";
import { concat } from "../../lib/base/bytes.ts";
import { ProtocolError } from "../../lib/base/errors.ts";
import { MAX_ADDRESS_BYTES, MAX_ADDRESSES, MAX_NAME_BYTES } from "../../lib/base/limits.ts";
import { Reader } from "../../lib/base/reader.ts";
import { Writer } from "../../lib/base/writer.ts";
import { type PeerRecord, readPeerRecord, recordMessage, writePeerRecord } from "../../lib/wire/peer_record.ts";
import { records } from "./arbitraries.ts";
import { bytesOf } from "./bytes_of.ts";
import { assertCanonical } from "./canonical.ts";

const RECORD: PeerRecord = {
  peer: bytesOf("aa*32"),
  dateMs: 0x010203040506,
  name: "né",
  addresses: ["a:1", "[::1]:5484"],
  signature: bytesOf("bb*64"),
};

function encode(record: PeerRecord): Uint8Array {
  const writer = new Writer();
  writePeerRecord(writer, record);
  return writer.finish();
}

function decode(bytes: Uint8Array): PeerRecord {
  const reader = new Reader(bytes);
  const record = readPeerRecord(reader);
  reader.end();
  return record;
}

Deno.test("a peer record is encoded as specified, and signed without its signature", () => {
  const signed = bytesOf("aa*32 010203040506", "03 6ec3a9", "02 03 613a31 0a 5b3a3a315d3a35343834");
  assertEquals(recordMessage(RECORD), signed);
  assertEquals(encode(RECORD), concat([signed, bytesOf("bb*64")]));
});

Deno.test("peer records are canonical", () => assertCanonical(records, encode, decode));

const MALFORMED: Record<string, [detail: string, bytes: Uint8Array]> = {
  "a name too long": ["varint is above its limit of 64", bytesOf("aa*32 00*6 41 61*65 00 bb*64")],
  "a name that is not UTF-8": ["a text is not UTF-8", bytesOf("aa*32 00*6 01 ff 00 bb*64")],
  "too many addresses": [
    "varint is above its limit of 16",
    bytesOf("aa*32 00*6 00 11", "01 61 ".repeat(17).trim(), "bb*64"),
  ],
  "an empty address": ["a text is empty", bytesOf("aa*32 00*6 00 01 00 bb*64")],
  "an address too long": ["varint is above its limit of 255", bytesOf("aa*32 00*6 00 01 8200 61*256 bb*64")],
  "a control character in an address": ["a text is not printable ASCII", bytesOf("aa*32 00*6 00 01 01 1b bb*64")],
};

for (const [name, [detail, bytes]] of Object.entries(MALFORMED)) {
  Deno.test(`a peer record is malformed with ${name}`, () => {
    assertEquals(assertThrows(() => decode(bytes), ProtocolError, detail).code, "malformed");
  });
}

Deno.test("a writer does not break the rules that a reader holds it to", () => {
  const wrong: PeerRecord[] = [
    { ...RECORD, name: "n".repeat(MAX_NAME_BYTES + 1) },
    { ...RECORD, addresses: new Array(MAX_ADDRESSES + 1).fill("a:1") },
    { ...RECORD, addresses: [""] },
    { ...RECORD, addresses: ["é:1"] },
    { ...RECORD, addresses: ["a".repeat(MAX_ADDRESS_BYTES + 1)] },
  ];
  for (const record of wrong) assertThrows(() => encode(record), Error, "broken invariant");
});
