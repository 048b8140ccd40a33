import { assert, assertEquals, assertThrows } from "@std/assert";
import { utf8Encode } from "../../lib/base/bytes.ts";
import { ProtocolError } from "../../lib/base/errors.ts";
import { MAX_STREAM_QUEUE_BYTES, MAX_WANTED } from "../../lib/base/limits.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import type { SyncLinks, SyncStore } from "../../lib/sync/ports.ts";
import { Sync } from "../../lib/sync/sync.ts";
import { bundleSizeBytes, type TransactionBytes } from "../../lib/wire/bundle.ts";
import type { FrontierEntry } from "../../lib/wire/frontier.ts";
import type { Message } from "../../lib/wire/message.ts";
import { compareWriterIds, type Header } from "../../lib/wire/transaction.ts";
import { NO_TREE } from "./replicas.ts";

const NOW = { monotonicMs: 0, wallMs: 0 };
const LINK = 1;
const SIZE_BYTES = 200 * 1024;

function idOf(number: number): Uint8Array {
  return sha256(utf8Encode(`${number}`));
}

function headerOf(row: number): Header {
  return {
    peer: idOf(0),
    instance: idOf(0).subarray(0, 16),
    sequence: row,
    previous: row === 1 ? null : idOf(row - 1),
    parents: [],
    standing: null,
    clock: { ms: 0, count: 0 },
    firstOperation: 0,
    operationCount: 1,
    class: "data",
    root: idOf(0),
  };
}

function bundle(): TransactionBytes {
  const value = new Uint8Array(SIZE_BYTES);
  return {
    header: new Uint8Array(100),
    signature: new Uint8Array(64),
    operations: [{ leaf: new Uint8Array(50), value }],
  };
}

/** A store of `rows` large transactions by one writer, and a link that queues what it is given. */
function scene(rows: number) {
  const counts = { loads: 0, queuedBytes: 0, takes: true };
  const sent: Message[] = [];
  const store: SyncStore = {
    frontier: () => [],
    frontierHash: () => idOf(0),
    digest: () => idOf(0),
    prepareDigest: () => true,
    hasTransaction: (id) => store.transaction(id) !== null,
    partials: {
      isWhole: () => true,
      load: () => {
        throw new Error("all are whole");
      },
    },
    transaction: (id) => {
      for (let row = 1; row <= rows; row++) if (id.every((byte, i) => byte === idOf(row)[i])) return { row };
      return null;
    },
    transactionByRow: (row) => ({ header: headerOf(row) }),
    lackingRows: (_theirs, after, limit) => {
      return Array.from({ length: Math.min(limit, Math.max(0, rows - after)) }, (_, i) => after + 1 + i);
    },
    load: () => {
      counts.loads++;
      return bundle();
    },
    entries: 0,
    operationsTotal: rows,
  };
  const links: SyncLinks = {
    send: (_connection, message) => {
      if (!counts.takes) return false;
      sent.push(message);
      if (message.type === "transactions") {
        counts.queuedBytes += message.list.reduce((sum, one) => sum + bundleSizeBytes(one), 0);
      }
      return true;
    },
    bulkQueuedBytes: () => counts.queuedBytes,
  };
  const sync = new Sync(store, links, NO_TREE, () => []);
  sync.opened(LINK, false, NOW);
  sync.received(LINK, { type: "frontier", entries: [] }, NOW);
  const drain = () => {
    counts.queuedBytes = 0;
    sync.drained(LINK);
  };
  const transactionsSent = () =>
    sent.reduce((sum, one) => sum + (one.type === "transactions" ? one.list.length : 0), 0);
  return { sync, counts, sent, drain, transactionsSent };
}

Deno.test("what is asked for by id is loaded as the queue has room, and all of it is sent", () => {
  const { sync, counts, drain, transactionsSent } = scene(60);
  const ids = Array.from({ length: 60 }, (_, i) => idOf(i + 1));
  sync.received(LINK, { type: "want", ids }, NOW);
  sync.turnEnded([], NOW);
  assert(counts.loads * SIZE_BYTES < 2 * MAX_STREAM_QUEUE_BYTES, `${counts.loads} were loaded at once`);
  for (let i = 0; i < 60; i++) drain();
  assertEquals(transactionsSent(), 60);
});

Deno.test("one id asked for a thousand times costs no more memory than the queue", () => {
  const { sync, counts } = scene(1);
  sync.received(LINK, { type: "want", ids: new Array(MAX_WANTED).fill(idOf(1)) }, NOW);
  sync.turnEnded([], NOW);
  assert(counts.loads * SIZE_BYTES < 2 * MAX_STREAM_QUEUE_BYTES, `${counts.loads} were loaded at once`);
});

Deno.test("a link that takes nothing any more is not streamed the whole store", () => {
  const { sync, counts } = scene(10_000);
  sync.received(LINK, { type: "pull" }, NOW);
  counts.takes = false;
  sync.turnEnded([], NOW);
  assert(counts.loads < 10, `${counts.loads} were loaded`);
});

Deno.test("a replica that announces ever new writers is closed", () => {
  const { sync } = scene(1);
  const batch = (from: number) => {
    const entries = Array.from({ length: 1000 }, (_, i): FrontierEntry => {
      const id = idOf(from + i);
      return { writer: { peer: id, instance: id.subarray(0, 16) }, heads: [{ sequence: 1, id }] };
    });
    return entries.sort((a, b) => compareWriterIds(a.writer, b.writer));
  };
  assertThrows(() => {
    for (let number = 0; number < 40_000; number += 1000) {
      sync.received(LINK, { type: "have", entries: batch(number) }, NOW);
    }
  }, ProtocolError);
});
