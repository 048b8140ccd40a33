import { assertEquals } from "@std/assert";
import type { SyncLinks, SyncStore } from "../../lib/sync/ports.ts";
import { Sync } from "../../lib/sync/sync.ts";
import type { Message } from "../../lib/wire/message.ts";
import { NO_TREE } from "./replicas.ts";

const HASH = new Uint8Array(32);

/** A store whose digest takes so many parts, and what is sent of it. */
function scene(parts: number) {
  const left = { parts };
  const sent: Message[] = [];
  const store: SyncStore = {
    partials: {
      isWhole: () => true,
      load: () => {
        throw new Error("all are whole");
      },
    },
    frontier: () => [],
    frontierHash: () => HASH,
    digest: () => HASH,
    prepareDigest: () => left.parts === 0 || --left.parts === 0,
    hasTransaction: () => false,
    transaction: () => null,
    transactionByRow: () => {
      throw new Error("there is none");
    },
    lackingRows: () => [],
    load: () => {
      throw new Error("there is none");
    },
    entries: 0,
    operationsTotal: 0,
  };
  const links: SyncLinks = {
    send: (_connection, message) => {
      sent.push(message);
      return true;
    },
    bulkQueuedBytes: () => 0,
  };
  return { sync: new Sync(store, links, NO_TREE, () => []), sent, left };
}

const at = (monotonicMs: number) => ({ monotonicMs, wallMs: monotonicMs });

Deno.test("a state whose digest takes long is told once that is there, and no turn does more than a part", () => {
  const { sync, sent, left } = scene(4);
  sync.opened(1, true, at(0));
  assertEquals(sent.map(({ type }) => type), ["brief"]);
  sync.received(1, { type: "pulled" }, at(0));
  for (let turn = 1; turn <= 2; turn++) {
    assertEquals(sync.deadline() <= turn, true);
    sync.tick(at(turn));
    assertEquals([left.parts, sent.length], [3 - turn, 1]);
  }
  sync.tick(at(3));
  assertEquals(sent.map(({ type }) => type), ["brief", "state"]);
  assertEquals(sync.deadline(), Infinity);
});

Deno.test("two replicas agree only once this one knows its own digest", () => {
  const { sync } = scene(3);
  sync.opened(1, true, at(0));
  sync.received(1, { type: "state", frontierHash: HASH, digest: HASH, entries: 0, operations: 0 }, at(1));
  assertEquals([sync.agrees(1), sync.agrees(1)], [false, true]);
});

Deno.test("without links no digest is computed, and nothing stays due", () => {
  const { sync, left } = scene(3);
  const writer = { peer: HASH, instance: new Uint8Array(16) };
  const header = {
    ...writer,
    ...{ sequence: 1, previous: null, parents: [], standing: null, clock: { ms: 1, count: 0 } },
    ...{ firstOperation: 0, operationCount: 0, class: "data" as const, root: HASH },
  };
  sync.turnEnded([{ row: 1, header, id: HASH, from: null }], at(1));
  sync.tick(at(1000));
  assertEquals([left.parts, sync.deadline()], [3, Infinity]);
});
