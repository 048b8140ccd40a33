import fc from "fast-check";
import { Reader } from "../../../lib/base/reader.ts";
import { Writer } from "../../../lib/base/writer.ts";
import { decodeBundle, encodeBundle } from "../../../lib/wire/bundle.ts";
import { decodeFrontier, encodeFrontier } from "../../../lib/wire/frontier.ts";
import { decodeHello, encodeHello } from "../../../lib/wire/hello.ts";
import { decodeMessage, encodeMessage, FIRST_MESSAGE_KIND, MESSAGE_KINDS } from "../../../lib/wire/message.ts";
import { decodeOperation, encodeOperation, keyBytesOf, OPERATION_KINDS } from "../../../lib/wire/operation.ts";
import { readPartial, writePartial } from "../../../lib/wire/partial.ts";
import { readPeerRecord, writePeerRecord } from "../../../lib/wire/peer_record.ts";
import { decodeBatch, decodeSealedBatch, encodeBatch, encodeSealedBatch } from "../../../lib/wire/posts.ts";
import { decodeHeader, encodeHeader } from "../../../lib/wire/transaction.ts";
import { equal, utf8Encode } from "../../../lib/base/bytes.ts";
import {
  batches,
  bundles,
  frontiers,
  headers,
  knownPosts,
  messages,
  operations,
  partials,
  records,
  sealedBatches,
} from "../../wire/arbitraries.ts";
import { canonical, holds, type Target, unlessRefused } from "../target.ts";

const SEEDS = { seed: 1, numRuns: 24 };

/** Good inputs, the same ones each time. */
function samples<T>(values: fc.Arbitrary<T>, encode: (value: T) => Uint8Array, more = 1): Uint8Array[] {
  return fc.sample(values, { ...SEEDS, numRuns: SEEDS.numRuns * more }).map((value) => encode(value).slice());
}

/** The value of a reader that stands alone. */
function alone<T>(read: (reader: Reader) => T): (bytes: Uint8Array) => T {
  return (bytes) => {
    const reader = new Reader(bytes);
    const value = read(reader);
    reader.end();
    return value;
  };
}

function written<T>(write: (writer: Writer, value: T) => void): (value: T) => Uint8Array {
  return (value) => {
    const writer = new Writer();
    write(writer, value);
    return writer.finish();
  };
}

const decodePartial = alone(readPartial);
const encodePartial = written(writePartial);
const decodeRecord = alone(readPeerRecord);
const encodeRecord = written(writePeerRecord);

/** A message as one input: its kind, then the body of its frame. */
function decodeAny(bytes: Uint8Array) {
  const kind = FIRST_MESSAGE_KIND + (bytes[0] ?? 0);
  return decodeMessage(kind, bytes.subarray(1));
}

const encodeAny: (message: NonNullable<ReturnType<typeof decodeAny>>) => Uint8Array = (message) => {
  const { kind, body } = encodeMessage(message);
  return Uint8Array.of(kind - FIRST_MESSAGE_KIND, ...body);
};

function takeOperation(input: Uint8Array): unknown {
  const operation = canonical(decodeOperation, encodeOperation)(input) as ReturnType<typeof decodeOperation>;
  if (operation === undefined || (operation.kind !== "put" && operation.kind !== "del")) return operation;
  holds(equal(keyBytesOf(input), utf8Encode(operation.key)), "the key is found in the leaf");
  return operation;
}

export const TARGETS: readonly Target[] = [
  {
    name: "message",
    seeds: samples(messages, encodeAny, 4),
    dictionary: Object.values(MESSAGE_KINDS).map((kind) => Uint8Array.of(kind - FIRST_MESSAGE_KIND)),
    run: canonical(decodeAny, encodeAny),
  },
  { name: "header", seeds: samples(headers, encodeHeader), run: canonical(decodeHeader, encodeHeader) },
  {
    name: "operation",
    seeds: samples(operations, encodeOperation, 2),
    dictionary: Object.values(OPERATION_KINDS).map((kind) => Uint8Array.of(kind)),
    run: takeOperation,
  },
  { name: "bundle", seeds: samples(bundles, encodeBundle), run: canonical(decodeBundle, encodeBundle) },
  { name: "partial", seeds: samples(partials, encodePartial), run: canonical(decodePartial, encodePartial) },
  { name: "frontier", seeds: samples(frontiers, encodeFrontier), run: canonical(decodeFrontier, encodeFrontier) },
  { name: "record", seeds: samples(records, encodeRecord), run: canonical(decodeRecord, encodeRecord) },
  {
    name: "batch",
    seeds: samples(batches, encodeBatch, 2),
    run: canonical((bytes) => knownPosts(decodeBatch(bytes)), encodeBatch),
  },
  {
    name: "sealed_batch",
    seeds: samples(sealedBatches, encodeSealedBatch),
    run: canonical(decodeSealedBatch, encodeSealedBatch),
  },
  {
    name: "hello",
    seeds: [encodeHello()],
    run: (input) => {
      const version = unlessRefused(() => decodeHello(input)) ?? null;
      holds(version === null || equal(encodeHello(version), input), "a hello is encoded to other bytes");
    },
  },
];
