import { assert, assertEquals, assertThrows } from "@std/assert";
import { toHex } from "../../lib/base/bytes.ts";
import { type ErrorCode, KithError } from "../../lib/base/errors.ts";
import {
  MAX_KEY_BYTES,
  MAX_NAMES,
  MAX_OPERATIONS,
  MAX_PARENTS,
  MAX_TRANSACTION_BYTES,
  MAX_VALUE_BYTES,
} from "../../lib/base/limits.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import { verifySigned } from "../../lib/crypto/identity.ts";
import { HybridClock } from "../../lib/data/clock.ts";
import { toBytes } from "../../lib/data/transaction.ts";
import { versionFromText, versionText } from "../../lib/data/version_text.ts";
import { Applier } from "../../lib/peer/applier.ts";
import { LocalWriter } from "../../lib/peer/local_writes.ts";
import type { Write } from "../../lib/peer/machine.ts";
import { Membership, type Standing } from "../../lib/space/membership.ts";
import { removalPort } from "../../lib/peer/removal_port.ts";
import { Store } from "../../lib/store/store.ts";
import { bundleSizeBytes } from "../../lib/wire/bundle.ts";
import type { VersionId } from "../../lib/wire/transaction.ts";
import { Writer } from "./transactions.ts";

const WALL_MS = 1000;

/** A writer over a store of its own; `standing` changes what its peer may do. */
function setUp(change: Partial<Standing> = {}) {
  const founder = new Writer();
  const store = Store.open(":memory:", { random: founder.random });
  const membership = new Membership((context) => store.context(context), verifySigned, removalPort(store));
  const clock = new HybridClock();
  const applier = new Applier({ store, membership, clock, verify: verifySigned, emit: () => {}, received: () => {} });
  applier.receive(toBytes(founder.genesis), founder.space, 1, WALL_MS);
  const { identity, space } = founder;
  const local = new LocalWriter({
    identity,
    store,
    clock,
    space: () => space,
    standing: () => ({ ...membership.standingOf(identity.peerId) as Standing, ...change }),
    apply: (transaction) => applier.apply(transaction, space, null, WALL_MS),
  });
  /** All of one turn. */
  const turn = (...requests: readonly (readonly Write[])[]) => {
    const versions = requests.map((writes) => local.write(writes, WALL_MS));
    local.flush(WALL_MS);
    return versions;
  };
  return { founder, store, applier, local, turn };
}

function put(key: string, text = "v", more: Partial<Extract<Write, { kind: "put" }>> = {}): Write {
  return { kind: "put", key, media: "text/plain", value: new TextEncoder().encode(text), ...more };
}

function del(key: string, more: { ifVersion?: string } = {}): Write {
  return { kind: "del", key, ...more };
}

function refused(act: () => unknown, code: ErrorCode): void {
  assertEquals(assertThrows(act, KithError).code, code);
}

Deno.test("the writes of one turn share a transaction, and each gets its version", () => {
  const { store, turn } = setUp();
  const [first, second] = turn([put("a", "1"), put("b", "2")], [put("c", "3")]);
  assertEquals(store.transactionsTotal, 2);
  const { id } = store.transactionByRow(2);
  assertEquals([...first!, ...second!], [0, 1, 2].map((index) => versionText({ transaction: id, index })));
  assertEquals(store.winner("b")?.versionId, versionFromText(first![1] as string));
  store.close();
});

Deno.test("a second write of a key in one turn begins the next transaction, and replaces the first", () => {
  const { store, turn } = setUp();
  const [first, second] = turn([put("a", "1"), put("a", "2"), put("b")], [put("a", "3")]);
  assertEquals(store.transactionsTotal, 4);
  const versions = [...first!, ...second!].map((text) => versionFromText(text as string) as VersionId);
  assertEquals(versions.map((version) => store.versionState(version)), ["replaced", "replaced", "live", "live"]);
  assertEquals(store.winner("a")?.names, [versions[1] as VersionId]);
  store.close();
});

Deno.test("a request of many writes replaces what is there, what it wrote itself included", () => {
  const { store, turn } = setUp();
  const keys = Array.from({ length: 100 }, (_, i) => `k${i}`);
  const puts = (value: number) => keys.map((key): Write => put(key, `${value}`));
  turn(puts(1));
  turn([{ kind: "del", key: "k0" }]);
  turn([...puts(2), ...puts(3), { kind: "del", key: "k1" }]);
  assertEquals([store.entries, store.conflictCount], [99, 0]);
  assertEquals(store.winner("k0")?.value, new TextEncoder().encode("3"));
  assertEquals(store.openDels("k0"), []);
  assertEquals(store.winner("k1"), null);
});

Deno.test("a delete of nothing writes nothing", () => {
  const { store, turn } = setUp();
  assertEquals(turn([del("a")]), [[null]]);
  assertEquals(store.transactionsTotal, 1);
  turn([put("a")]);
  const [[deleted]] = turn([del("a")]) as [[string]];
  assertEquals(store.versionState(versionFromText(deleted) as VersionId), "del");
  assertEquals(turn([del("a")]), [[null]]);
  store.close();
});

Deno.test("what is equal already is not written again, if that is asked for", () => {
  const { store, turn } = setUp();
  turn([put("a", "1")]);
  assertEquals(turn([put("a", "1", { unlessEqual: true })]), [[null]]);
  for (const other of [put("a", "2", { unlessEqual: true }), put("a", "2", { unlessEqual: true, media: "a/b" })]) {
    assert(turn([other])[0]![0] !== null);
  }
  // Within one turn as well.
  assertEquals(turn([put("b", "1")], [put("b", "1", { unlessEqual: true })])[1], [null]);
  assert(turn([put("b", "1")])[0]![0] !== null);
  store.close();
});

Deno.test("conditions are about what was there before, this turn's earlier requests included", () => {
  const { store, local, turn } = setUp();
  const [[first]] = turn([put("a", "1", { ifAbsent: true })]) as [[string]];
  refused(() => local.write([put("a", "2", { ifAbsent: true })], WALL_MS), "already_set");
  refused(() => local.write([put("b", "2", { ifVersion: first })], WALL_MS), "version_changed");
  local.write([put("a", "2", { ifVersion: first })], WALL_MS);
  refused(() => local.write([put("a", "3", { ifVersion: first })], WALL_MS), "version_changed");
  refused(() => local.write([del("a", { ifVersion: first })], WALL_MS), "version_changed");
  const current = versionText(store.winner("a")!.versionId);
  local.write([del("a", { ifVersion: current })], WALL_MS);
  local.write([put("a", "4", { ifAbsent: true })], WALL_MS);
  local.flush(WALL_MS);
  assertEquals(store.winner("a")?.value, new TextEncoder().encode("4"));
  store.close();
});

Deno.test("of a request with one write that can't be done, nothing is written; of the others everything", () => {
  const { store, local } = setUp();
  local.write([put("a")], WALL_MS);
  refused(() => local.write([put("b"), put("a", "2", { ifAbsent: true })], WALL_MS), "already_set");
  refused(() => local.write([put("c"), put("")], WALL_MS), "key_invalid");
  local.write([put("d")], WALL_MS);
  local.flush(WALL_MS);
  assertEquals(store.list({ limit: 9 }).map(({ winner }) => winner.key), ["a", "d"]);
  store.close();
});

Deno.test("keys, values and media types have limits", () => {
  const { store, local, turn } = setUp();
  const long = "ü".repeat(MAX_KEY_BYTES / 2);
  turn([put(long), put("max", "x".repeat(MAX_VALUE_BYTES)), put("empty", "")]);
  assertEquals(store.entries, 3);
  refused(() => local.write([put(`${long}a`)], WALL_MS), "key_too_long");
  refused(() => local.write([put("")], WALL_MS), "key_invalid");
  refused(() => local.write([del("a\ud800")], WALL_MS), "key_invalid");
  refused(() => local.write([put("a", "x".repeat(MAX_VALUE_BYTES + 1))], WALL_MS), "value_too_large");
  for (const media of ["", "text plain", "tëxt/plain", "a".repeat(128)]) {
    refused(() => local.write([put("a", "v", { media })], WALL_MS), "media_invalid");
  }
  store.close();
});

Deno.test("a peer writes what its standing allows", () => {
  refused(() => setUp({ role: "reader" }).local.write([del("a")], WALL_MS), "not_allowed");
  const { local, store } = setUp({ role: "writer", prefix: "docs/" });
  refused(() => local.write([put("docs/a"), put("music/a")], WALL_MS), "not_allowed");
  local.write([put("docs/a")], WALL_MS);
  local.flush(WALL_MS);
  assertEquals(store.entries, 1);
  store.close();
});

Deno.test("a request that is too large for one transaction is spread over several, each within its limits", () => {
  const { store, turn } = setUp();
  const value = "x".repeat(MAX_VALUE_BYTES);
  const [large] = turn(Array.from({ length: 9 }, (_, i) => put(`large/${i}`, value)));
  const [many] = turn(Array.from({ length: MAX_OPERATIONS + 1 }, (_, i) => put(`many/${i}`, "")));
  assertEquals([large!.length, many!.length], [9, MAX_OPERATIONS + 1]);
  assertEquals(new Set([...large!, ...many!]).size, MAX_OPERATIONS + 10);
  for (const version of [...large!, ...many!]) assert(version !== null);
  assert(store.transactionsTotal >= 4);
  for (let row = 2; row <= store.transactionsTotal; row++) {
    assert(bundleSizeBytes(store.load(row)) <= MAX_TRANSACTION_BYTES);
    assert(store.transactionByRow(row).header.operationCount <= MAX_OPERATIONS);
  }
  assertEquals(store.entries, MAX_OPERATIONS + 10);
  store.close();
});

Deno.test("a put replaces all concurrent versions and the deletes beside them", () => {
  const { founder, store, applier, turn } = setUp();
  const apart = { sequence: 1, previous: null, firstOperation: 0, parents: [founder.space] };
  const versions = [1, 2].map((i) => {
    const transaction = founder.put("k", `${i}`, { ...apart, instance: new Uint8Array(16).fill(i) });
    applier.receive(toBytes(transaction), founder.space, 1, WALL_MS);
    return { transaction: transaction.id, index: 0 };
  });
  const gone = founder.write([{ operation: { kind: "del", key: "k", names: [] }, value: null }], {
    ...apart,
    instance: new Uint8Array(16).fill(3),
  });
  applier.receive(toBytes(gone), founder.space, 1, WALL_MS);
  assertEquals([store.live("k").length, store.openDels("k").length], [2, 1]);
  turn([put("k", "settled")]);
  assertEquals([store.live("k").length, store.openDels("k").length], [1, 0]);
  const named = store.winner("k")!.names.map(({ transaction }) => toHex(transaction)).sort();
  assertEquals(named, [...versions.map(({ transaction }) => toHex(transaction)), toHex(gone.id)].sort());
  store.close();
});

/** Writes of the same key by as many other lives of the founder, none of which knows of another. */
function apart(count: number, key = "k") {
  const made = setUp();
  const { founder, applier } = made;
  const receive = (i: number, entry: Parameters<Writer["write"]>[0][number]) => {
    const instance = new Uint8Array(16);
    new DataView(instance.buffer).setUint32(0, i + 1);
    const place = { sequence: 1, previous: null, firstOperation: 0, parents: [founder.space], instance };
    const transaction = founder.write([entry], place);
    applier.receive(toBytes(transaction), founder.space, 1, WALL_MS);
    return versionText({ transaction: transaction.id, index: 0 });
  };
  const versions = Array.from({ length: count }, (_, i) => {
    const value = new TextEncoder().encode(`${i}`);
    const media = `text/x-${i}`;
    const operation = { kind: "put", key, names: [], media, length: value.length, hash: sha256(value) } as const;
    return receive(i, { operation, value });
  });
  const gone = () => receive(count, { operation: { kind: "del", key, names: [] }, value: null });
  return { ...made, versions, gone };
}

function keep(key: string, version: string): Write {
  return { kind: "keep", key, version };
}

Deno.test("keeping a version ends all that stand, by one write with its value and media type", () => {
  const { store, turn, versions, gone } = apart(3);
  gone();
  const [[kept]] = turn([keep("k", (versions[1] as string).slice(0, 10))]) as [[string]];
  const [winner, ...others] = store.live("k");
  assertEquals([others, store.openDels("k"), store.conflictCount], [[], [], 0]);
  assertEquals(versionText(winner!.versionId), kept);
  assertEquals([winner?.media, new TextDecoder().decode(winner?.value), winner?.names.length], ["text/x-1", "1", 4]);
  store.close();
});

Deno.test("a delete beside a put is settled by either: by the put kept, another value, or a delete", () => {
  for (
    const settled of [
      (version: string) => keep("k", version),
      () => put("k", "x", { ifConflict: true }),
      () => del("k"),
    ]
  ) {
    const { store, turn, versions, gone } = apart(1);
    gone();
    assertEquals(store.deletedBesidePut(9).length, 1);
    const write = settled(versions[0] as string);
    turn([write]);
    assertEquals(store.deletedBesidePut(9).length, 0);
    assertEquals([store.live("k").length, store.openDels("k").length], write.kind === "del" ? [0, 1] : [1, 0]);
    store.close();
  }
});

Deno.test("where there is no conflict, or the version does not stand, nothing is settled", () => {
  const { store, local, turn, versions } = apart(2);
  refused(() => local.write([keep("k", "no version")], WALL_MS), "version_invalid");
  const other = versionText({ transaction: store.transactionByRow(1).id, index: 0 });
  refused(() => local.write([keep("k", other)], WALL_MS), "version_not_live");
  refused(() => local.write([keep("k", (versions[0] as string).replace(/0$/, "1"))], WALL_MS), "version_not_live");
  refused(() => local.write([keep("k", versions[0] + "1")], WALL_MS), "version_invalid");
  turn([keep("k", versions[0] as string)]);
  for (const write of [keep("k", versions[0] as string), put("k", "x", { ifConflict: true })]) {
    refused(() => local.write([write], WALL_MS), "no_conflict");
  }
  turn([del("k")]);
  refused(() => local.write([put("k", "x", { ifConflict: true })], WALL_MS), "no_conflict");
  refused(() => local.write([put("never", "x", { ifConflict: true })], WALL_MS), "no_conflict");
  const reader = setUp({ role: "reader" });
  refused(() => reader.local.write([keep("k", versions[0] as string)], WALL_MS), "not_allowed");
  reader.store.close();
  store.close();
});

Deno.test("more versions than one operation can name are ended all the same", () => {
  for (const settle of [(version: string) => keep("k", version), () => put("k", "x"), () => del("k")]) {
    const { store, turn, versions } = apart(MAX_NAMES + 2);
    const write = settle(versions[5] as string);
    const [[last]] = turn([write]) as [[string]];
    const state = store.versionState(versionFromText(last) as VersionId);
    assertEquals(store.live("k").length, write.kind === "del" ? 0 : 1);
    assertEquals(state, write.kind === "del" ? "del" : "live");
    assertEquals(store.conflictCount, 0);
    store.close();
  }
});

Deno.test("what is compared with must be a version", () => {
  const { local, turn, store } = setUp();
  turn([put("a")]);
  for (const ifVersion of ["none", "", versionText(store.winner("a")!.versionId).slice(0, 8)]) {
    refused(() => local.write([put("a", "2", { ifVersion })], WALL_MS), "version_invalid");
    refused(() => local.write([del("a", { ifVersion })], WALL_MS), "version_invalid");
  }
  const version = versionText(store.winner("a")!.versionId);
  refused(() => local.write([put("missing", "2", { ifVersion: version })], WALL_MS), "version_changed");
  store.close();
});

Deno.test("of many in one turn who compare with the same version, one gets its way", () => {
  const { local, turn, store } = setUp();
  turn([put("a")]);
  const version = versionText(store.winner("a")!.versionId);
  const written: number[] = [];
  for (let i = 0; i < 20; i++) {
    try {
      local.write([i % 2 === 0 ? put("a", `${i}`, { ifVersion: version }) : del("a", { ifVersion: version })], WALL_MS);
      written.push(i);
    } catch (error) {
      assertEquals((error as KithError).code, "version_changed");
    }
  }
  local.flush(WALL_MS);
  assertEquals([written, new TextDecoder().decode(store.winner("a")?.value)], [[0], "0"]);
  store.close();
});

Deno.test("more heads than a transaction can name are merged by empty ones first", () => {
  const { founder, store, applier, turn } = setUp();
  const heads = MAX_PARENTS + 10;
  for (let i = 0; i < heads; i++) {
    const instance = new Uint8Array(16);
    new DataView(instance.buffer).setUint32(0, i + 1);
    const transaction = founder.put(`k${i}`, "v", {
      instance,
      sequence: 1,
      previous: null,
      firstOperation: 0,
      parents: [founder.space],
    });
    applier.receive(toBytes(transaction), founder.space, 1, WALL_MS);
  }
  assertEquals(store.tips().length, heads);
  turn([put("a")]);
  assertEquals(store.tips().length, 1);
  const last = store.transactionByRow(store.transactionsTotal).header;
  const merge = store.transactionByRow(store.transactionsTotal - 1).header;
  assertEquals([merge.operationCount, merge.parents.length], [0, MAX_PARENTS]);
  assertEquals([last.operationCount, last.sequence], [1, merge.sequence + 1]);
  store.close();
});

Deno.test("what was taken in and not flushed can be forgotten", () => {
  const { store, local } = setUp();
  local.write([put("a")], WALL_MS);
  local.reset();
  local.flush(WALL_MS);
  assertEquals(store.transactionsTotal, 1);
  store.close();
});
