import fc from "fast-check";
import { compare } from "../../lib/base/bytes.ts";
import { ProtocolError } from "../../lib/base/errors.ts";
import {
  MAX_INVITE_USES,
  MAX_OPERATIONS,
  MAX_PUNCH_ADDRESSES,
  MAX_SKETCH_COUNTS,
  MAX_SKETCH_IDS,
  MAX_SKETCH_SYMBOLS,
  MAX_VALUE_BYTES,
  RELAY_WINDOW_BYTES,
} from "../../lib/base/limits.ts";
import { MAX_VARINT } from "../../lib/base/writer.ts";
import { briefOf } from "../../lib/wire/brief_frontier.ts";
import type { TransactionBytes } from "../../lib/wire/bundle.ts";
import { compareHeads, type Frontier } from "../../lib/wire/frontier.ts";
import type { Message } from "../../lib/wire/message.ts";
import type { Batch, Post, SealedBatch } from "../../lib/wire/posts.ts";
import type { Operation } from "../../lib/wire/operation.ts";
import type { PartialBytes } from "../../lib/wire/partial.ts";
import type { PeerRecord } from "../../lib/wire/peer_record.ts";
import {
  compareVersionIds,
  compareWriterIds,
  type Header,
  type Stamp,
  type VersionId,
  type WriterId,
} from "../../lib/wire/transaction.ts";

const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size }) as fc.Arbitrary<Uint8Array>;
const blob = (maxLength: number) => fc.uint8Array({ maxLength }) as fc.Arbitrary<Uint8Array>;
const id = bytes(32);
/** Whole numbers up to `max`, small ones and those at the edges of a varint's sizes more often. */
const count = (min: number, max: number = MAX_VARINT) =>
  fc.oneof(
    fc.integer({ min, max }),
    fc.constantFrom(min, max, ...[2 ** 7 - 1, 2 ** 7, 2 ** 14, 2 ** 32, 2 ** 35].filter((n) => n >= min && n <= max)),
  );
const ids = fc.array(id, { maxLength: 4 }).map((list) => distinct(list, compare));
const text = (maxLength: number) => fc.string({ unit: "grapheme", maxLength });
const ascii = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 60 });
const stamp: fc.Arbitrary<Stamp> = fc.record({ ms: count(0, 2 ** 48 - 1), count: count(0, 0xffff) });
const versionId: fc.Arbitrary<VersionId> = fc.record({ transaction: id, index: count(0, MAX_OPERATIONS - 1) });
const writer = fc.record({ peer: id, instance: bytes(16) });
const names = fc.array(versionId, { maxLength: 3 }).map((list) => distinct(list, compareVersionIds));

export const headers: fc.Arbitrary<Header> = fc.record({
  peer: id,
  instance: bytes(16),
  sequence: count(1),
  previous: id,
  parents: ids,
  standing: fc.option(versionId),
  clock: stamp,
  firstOperation: count(0, MAX_VARINT - MAX_OPERATIONS),
  operationCount: count(0, MAX_OPERATIONS),
  class: fc.constantFrom("data", "membership"),
  root: id,
}).map((header) => ({
  ...header,
  previous: header.sequence === 1 ? null : header.previous,
  firstOperation: header.sequence === 1 ? 0 : header.firstOperation,
}));

export const frontiers: fc.Arbitrary<Frontier> = fc.array(
  fc.record({
    writer: fc.record({ peer: id, instance: bytes(16) }),
    heads: fc.array(fc.record({ sequence: count(1), id }), { minLength: 1, maxLength: 3 })
      .map((list) => distinct(list, compareHeads)),
  }),
  { maxLength: 4 },
).map((list) => distinct(list, (a, b) => compareWriterIds(a.writer, b.writer)));

const key = text(20).filter((k) => k.length > 0);

const grants: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constant("grant" as const),
  subjectKind: fc.constantFrom("invite", "peer"),
  subject: id,
  role: fc.constantFrom("reader", "writer", "admin"),
  prefix: text(20),
  expiresMs: count(0, 2 ** 48 - 1),
  standingExpiresMs: count(0, 2 ** 48 - 1),
  uses: count(1, MAX_INVITE_USES),
  derivation: count(0, 255),
  mac: id,
}).map((grant) => grant.subjectKind === "peer" ? { ...grant, uses: 1 } : grant);

const revokes: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constant("revoke" as const),
  target: fc.oneof(
    fc.record({ kind: fc.constant("peer" as const), peer: id }),
    fc.record({ kind: fc.constant("invite" as const), grant: versionId }),
  ),
  frontier: fc.option(frontiers, { nil: null }) as fc.Arbitrary<Frontier | null>,
  sealed: fc.array(fc.record({ recipient: id, box: blob(100) }), { maxLength: 3 })
    .map((list) => distinct(list, (a, b) => compare(a.recipient, b.recipient))),
});

export const operations: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    kind: fc.constant("put" as const),
    key,
    names,
    media: ascii,
    length: count(0, MAX_VALUE_BYTES),
    hash: id,
  }),
  fc.record({ kind: fc.constant("del" as const), key, names }),
  fc.record({ kind: fc.constant("genesis" as const), nonce: id, sealingKey: id }),
  grants,
  fc.record({ kind: fc.constant("redeem" as const), grant: versionId, signature: bytes(64), sealingKey: id }),
  revokes,
  fc.record({ kind: fc.constant("checkpoint" as const), frontier: frontiers, digest: id, absent: ids }),
  fc.record({ kind: fc.constant("confirm" as const), checkpoint: versionId }),
);

export const bundles: fc.Arbitrary<TransactionBytes> = fc.record({
  header: blob(200),
  signature: bytes(64),
  operations: fc.array(fc.record({ leaf: blob(200), value: fc.option(blob(300)) }), { maxLength: 4 }),
});

export const partials: fc.Arbitrary<PartialBytes> = fc.record({
  header: blob(200),
  signature: bytes(64),
  operations: fc.array(
    fc.record({ index: count(0, MAX_OPERATIONS - 1), leaf: blob(200), value: fc.option(blob(300)) }),
    { maxLength: 4 },
  ).map((list) => distinct(list, (a, b) => a.index - b.index)),
  hashes: fc.array(id, { maxLength: 5 }),
});

export const records: fc.Arbitrary<PeerRecord> = fc.record({
  peer: id,
  dateMs: count(0, 2 ** 48 - 1),
  name: text(8),
  addresses: fc.array(ascii, { maxLength: 3 }),
  signature: bytes(64),
});

const epochs = fc.array(fc.record({ number: count(0), secret: id }), { minLength: 1, maxLength: 4 })
  .map((list) => distinct(list, (a, b) => a.number - b.number));

const writerId: fc.Arbitrary<WriterId> = fc.record({ peer: id, instance: bytes(16) });
const byWriter = <T>(of: fc.Arbitrary<T>) =>
  fc.array(fc.tuple(writerId, of), { maxLength: 3 }).map((list) =>
    distinct(list, ([a], [b]) => compareWriterIds(a, b))
  );
const children = fc.array(fc.record({ position: count(0, 511), hash: bytes(12) }), { maxLength: 3 })
  .map((list) => distinct(list, (a, b) => a.position - b.position));
const parents = fc.array(fc.record({ parent: count(0), children }), { maxLength: 3 })
  .map((list) => distinct(list, (a, b) => a.parent - b.parent));
const leaves = fc.array(fc.record({ leaf: count(0), bits: blob(128).filter((bits) => bits.at(-1) !== 0) }), {
  maxLength: 3,
}).map((list) => distinct(list, (a, b) => a.leaf - b.leaf));

const indices = fc.array(count(0, MAX_OPERATIONS - 1), { minLength: 1, maxLength: 4 })
  .map((list) => distinct(list, (a, b) => a - b));

const reconciliations: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    type: fc.constant("sketch" as const),
    key: bytes(8),
    first: count(0, MAX_SKETCH_SYMBOLS - 5),
    total: count(0, MAX_SKETCH_IDS),
    symbols: fc.array(fc.record({ sum: bytes(16), check: bytes(6), count: count(0, 255) }), { maxLength: 5 }),
    counts: blob(MAX_SKETCH_COUNTS),
  }),
  fc.record({
    type: fc.constant("sketch_more" as const),
    key: bytes(8),
    size: count(0, MAX_SKETCH_SYMBOLS),
    total: count(0, MAX_SKETCH_IDS),
    counts: blob(MAX_SKETCH_COUNTS),
  }),
  fc.record({
    type: fc.constant("nodes" as const),
    key: bytes(8),
    level: count(0, 5),
    isWhole: fc.boolean(),
    writers: byWriter(parents).map((list) => list.map(([writer, parents]) => ({ writer, parents }))),
  }),
  fc.record({
    type: fc.constant("live" as const),
    key: bytes(8),
    isLacking: fc.boolean(),
    writers: byWriter(leaves).map((list) => list.map(([writer, leaves]) => ({ writer, leaves }))),
  }),
  fc.record({
    type: fc.constant("lacking" as const),
    key: bytes(8),
    transactions: fc.array(fc.record({ prefix: bytes(6), indices }), { maxLength: 3 })
      .map((list) => distinct(list, (a, b) => compare(a.prefix, b.prefix))),
  }),
  fc.record({
    type: fc.constant("settled" as const),
    key: bytes(8),
    outcome: fc.constantFrom("done" as const, "busy" as const, "failed" as const),
  }),
);

const hops = fc.integer({ min: 0, max: 255 });
const overlays: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    type: fc.constant("neighbour" as const),
    claim: fc.constantFrom("free" as const, "urgent" as const, "join" as const),
  }),
  fc.record({ type: fc.constant("neighbour_reply" as const), accepts: fc.boolean() }),
  fc.record({ type: fc.constant("forward_join" as const), peer: id, hopsLeft: hops }),
  fc.constant({ type: "disconnect" as const }),
  fc.record({
    type: fc.constant("shuffle" as const),
    walk: bytes(8),
    hopsLeft: hops,
    peers: fc.array(id, { maxLength: 4 }),
  }),
  fc.record({ type: fc.constant("shuffle_reply" as const), walk: bytes(8), peers: fc.array(id, { maxLength: 4 }) }),
  fc.record({ type: fc.constant("push" as const), hops, list: fc.array(bundles, { maxLength: 3 }) }),
  fc.record({ type: fc.constant("announce" as const), list: fc.array(fc.record({ id, hops }), { maxLength: 4 }) }),
  fc.record({ type: fc.constant("graft" as const), ids: fc.array(id, { maxLength: 4 }) }),
  fc.constant({ type: "prune" as const }),
);

const presences = fc.record({
  peer: id,
  run: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
  beat: count(0),
  holds: bytes(8),
  signature: bytes(64),
  standing: fc.oneof(
    fc.record({ leaves: fc.boolean(), loss: fc.constant(null) }),
    fc.record({ leaves: fc.constant(false), loss: fc.record({ by: id, signature: bytes(64) }) }),
  ),
}).map(({ standing, ...beat }) => ({ ...beat, ...standing }));

const relays: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ type: fc.constant("relay_open" as const), circuit: count(0), target: id }),
  fc.record({ type: fc.constant("relay_incoming" as const), circuit: count(0), from: id }),
  fc.record({
    type: fc.constant("relay_credit" as const),
    circuit: count(0),
    sizeBytes: count(1, RELAY_WINDOW_BYTES),
  }),
  fc.record({
    type: fc.constant("relay_data" as const),
    circuit: count(0),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 200 }),
  }),
  fc.record({ type: fc.constant("relay_close" as const), circuit: count(0), code: hops }),
  fc.record({ type: fc.constant("relay_access" as const), mac: id }),
  fc.record({ type: fc.constant("relay_tags" as const), tags: ids }),
);

const port = fc.integer({ min: 0, max: 65_535 });
const reaches: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ type: fc.constant("seen" as const), address: ascii }),
  fc.record({ type: fc.constant("dial_back" as const), port }),
  fc.record({ type: fc.constant("dialled_back" as const), port, reached: fc.boolean() }),
);

const punches: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ type: fc.constant("quic_port" as const), port }),
  fc.boolean().chain((answers) =>
    fc.record({
      type: fc.constant("punch" as const),
      round: count(0),
      answers: fc.constant(answers),
      addresses: fc.array(ascii, { minLength: answers ? 0 : 1, maxLength: MAX_PUNCH_ADDRESSES }),
    })
  ),
);

export const messages: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ type: fc.constant("prove" as const), mac: id }),
  fc.record({ type: fc.constant("knock" as const), tag: id }),
  fc.record({
    type: fc.constant("offer" as const),
    space: id,
    grantHeader: blob(200),
    grantSignature: bytes(64),
    grantLeaf: blob(200),
    grantIndex: count(0, MAX_OPERATIONS - 1),
    grantPath: fc.array(id, { maxLength: 12 }),
    heads: ids,
    clock: stamp,
  }),
  fc.record({ type: fc.constant("redeem" as const), transaction: bundles }),
  fc.record({ type: fc.constant("welcome" as const), epochs }),
  fc.record({ type: fc.constant("hello" as const), version: ascii, record: records }),
  fc.record({ type: fc.constant("frontier" as const), entries: frontiers }),
  fc.record({ type: fc.constant("have" as const), entries: frontiers }),
  fc.record({ type: fc.constant("pull" as const) }),
  fc.record({ type: fc.constant("transactions" as const), list: fc.array(bundles, { maxLength: 3 }) }),
  fc.record({ type: fc.constant("pulled" as const) }),
  fc.record({ type: fc.constant("summary" as const), hash: id, operations: count(0) }),
  fc.record({ type: fc.constant("brief" as const), pulls: fc.boolean(), entries: frontiers.map(briefOf) }),
  fc.record({
    type: fc.constant("state" as const),
    frontierHash: id,
    digest: id,
    entries: count(0),
    operations: count(0),
  }),
  fc.record({ type: fc.constant("records" as const), list: fc.array(records, { maxLength: 3 }) }),
  fc.record({ type: fc.constant("want" as const), ids: fc.array(id, { maxLength: 4 }) }),
  fc.record({ type: fc.constant("partials" as const), list: fc.array(partials, { maxLength: 3 }) }),
  reconciliations,
  fc.record({ type: fc.constant("ask_past" as const), checkpoint: versionId }),
  fc.record({
    type: fc.constant("past_leaves" as const),
    checkpoint: versionId,
    leaves: fc.array(fc.record({ writer, leaf: count(0), hash: id }), { maxLength: 3 }),
    more: fc.boolean(),
  }),
  fc.record({ type: fc.constant("ask_leaf" as const), checkpoint: versionId, writer, leaf: count(0) }),
  fc.record({
    type: fc.constant("past_leaf" as const),
    checkpoint: versionId,
    writer,
    leaf: count(0),
    versions: fc.array(versionId, { maxLength: 3 }),
  }),
  fc.record({ type: fc.constant("ask_versions" as const), versions: fc.array(versionId, { maxLength: 3 }) }),
  fc.constant({ type: "topics" as const }),
  fc.record({
    type: fc.constantFrom("posts" as const, "sealed_posts" as const),
    batch: blob(200),
    signature: bytes(64),
  }),
  overlays,
  fc.record({
    type: fc.constant("presence" as const),
    list: fc.array(presences, { minLength: 1, maxLength: 4 }),
    brief: fc.constant(null),
  }),
  fc.record({ type: fc.constant("presence" as const), list: fc.constant([]), brief: bytes(8) }),
  relays,
  reaches,
  punches,
);

const topic = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
const posts: fc.Arbitrary<Post[]> = fc.array(
  fc.oneof(
    fc.record({
      topic,
      kind: fc.constant("plain" as const),
      question: fc.constant(null),
      timeoutMs: fc.constant(0),
      payload: blob(60),
    }),
    fc.record({
      topic,
      kind: fc.constant("question" as const),
      question: bytes(8),
      timeoutMs: count(0),
      payload: blob(60),
    }),
    fc.record({
      topic,
      kind: fc.constantFrom("answer" as const, "tracked" as const),
      question: bytes(8),
      timeoutMs: fc.constant(0),
      payload: blob(60),
    }),
  ),
  { minLength: 1, maxLength: 4 },
);
const batchHead = { sender: id, run: bytes(8), first: count(1), timeMs: fc.integer({ min: 0, max: 2 ** 48 - 1 }) };

export const batches: fc.Arbitrary<Batch> = fc.record({ ...batchHead, posts });

export const sealedBatches: fc.Arbitrary<SealedBatch> = fc.record({ ...batchHead, to: id, box: blob(200) });

/** Posts that were read, where none is of a newer kith: what such a one holds is not kept. */
export function knownPosts<Read extends { readonly posts: readonly Post[] }>(read: Read): Read {
  if (read.posts.some(({ kind }) => kind === "unknown")) throw new ProtocolError("malformed", "a newer post");
  return read;
}

export const sealedContents: fc.Arbitrary<{ sender: Uint8Array; posts: Post[] }> = fc.record({ sender: id, posts });

/** A way to damage bytes: cut them short, lengthen them, or change one byte. */
export const damages: fc.Arbitrary<(bytes: Uint8Array) => Uint8Array> = fc.oneof(
  fc.nat().map((at) => (input: Uint8Array) => input.slice(0, input.length === 0 ? 0 : at % input.length)),
  bytes(1).map((more) => (input: Uint8Array) => Uint8Array.of(...input, ...more)),
  fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })).map(([at, mask]) => (input: Uint8Array) =>
    input.map((byte, i) => i === at % input.length ? byte ^ mask : byte)
  ),
);

function distinct<T>(list: readonly T[], order: (a: T, b: T) => number): T[] {
  return list.toSorted(order).filter((item, i, sorted) => i === 0 || order(sorted[i - 1] as T, item) !== 0);
}
