import { assert, assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../lib/base/errors.ts";
import type { PeerEvent } from "../../lib/base/event.ts";
import { verifySigned } from "../../lib/crypto/identity.ts";
import { HybridClock } from "../../lib/data/clock.ts";
import { type CheckedTransaction, toBytes } from "../../lib/data/transaction.ts";
import { Applier } from "../../lib/peer/applier.ts";
import { Membership } from "../../lib/space/membership.ts";
import { removalPort } from "../../lib/peer/removal_port.ts";
import { Store } from "../../lib/store/store.ts";
import { decodeBundle, encodeBundle } from "../../lib/wire/bundle.ts";
import { Writer } from "./transactions.ts";

const WALL_MS = 1000;

/** An applier over a store of its own, which has the space's genesis. */
function setUp() {
  const writer = new Writer();
  const store = Store.open(":memory:", { random: writer.random });
  const membership = new Membership((context) => store.context(context), verifySigned, removalPort(store));
  const events: PeerEvent[] = [];
  const clock = new HybridClock();
  const applier = new Applier({
    store,
    membership,
    clock,
    verify: verifySigned,
    emit: (event) => events.push(event),
    received: () => {},
  });
  const receive = (transaction: CheckedTransaction, connection = 1) =>
    applier.receive(toBytes(transaction), writer.space, connection, WALL_MS);
  receive(writer.genesis);
  applier.take();
  return { writer, store, membership, events, clock, applier, receive };
}

function refused(act: () => unknown, detail: string): void {
  const error = assertThrows(act, ProtocolError);
  assertEquals([error.code, error.detail], ["bad_transaction", detail]);
}

Deno.test("a transaction whose parents are held is applied, and told once", () => {
  const { writer, store, applier, receive } = setUp();
  const put = writer.put("k");
  const taken = receive(put, 7);
  assertEquals([taken?.id, taken?.waits], [put.id, false]);
  const { applied, changed } = applier.take();
  assertEquals(applied.map(({ id, from }) => [id, from]), [[put.id, 7]]);
  assertEquals([...changed], ["k"]);
  assertEquals(applier.take(), { applied: [], changed: new Set<string>() });
  assert(store.hasTransaction(put.id));
  receive(put, 8);
  assertEquals(applier.take().applied, []);
  store.close();
});

Deno.test("children wait for their parents, whatever order they come in, and are then applied in causal order", () => {
  const { writer, store, applier, receive } = setUp();
  const chain = [1, 2, 3, 4].map((i) => writer.put(`k${i}`));
  for (const late of chain.slice(1).reverse()) assert(receive(late)?.waits);
  assertEquals(applier.counts.waiting, 3);
  assertEquals(applier.missingParents(), [chain[0]!.id]);
  assertEquals(receive(chain[0]!)?.waits, false);
  assertEquals(applier.take().applied.map(({ id }) => id), chain.map(({ id }) => id));
  assertEquals([applier.counts.waiting, applier.missingParents()], [0, []]);
  store.close();
});

Deno.test("a transaction is refused whose numbers do not follow from the one before", () => {
  const { writer, store, receive, events } = setUp();
  const detail = "its numbers do not follow from its writer's transaction before";
  refused(() => receive(writer.put("a", "v", { sequence: 9 })), detail);
  const genesis = { previous: writer.space, sequence: 2, firstOperation: 1 };
  refused(() => receive(writer.put("b", "v", { ...genesis, firstOperation: 5 })), detail);
  refused(() => receive(writer.put("c", "v", { ...genesis, instance: new Uint8Array(16) })), detail);
  assertEquals(events.map(({ name }) => name), ["transaction_refused", "transaction_refused", "transaction_refused"]);
  assertEquals(store.transactionsTotal, 1);
  store.close();
});

Deno.test("what builds upon a refused transaction is refused as well, before and behind it", () => {
  const { writer, store, applier, receive } = setUp();
  const sinner = writer.put("a", "v", { firstOperation: 77 });
  const before = writer.put("b");
  const behind = writer.put("c");
  assert(receive(before)?.waits);
  refused(() => receive(sinner), "its numbers do not follow from its writer's transaction before");
  assertEquals(applier.counts.waiting, 0);
  refused(() => receive(before), "it builds upon a refused transaction");
  refused(() => receive(behind), "it builds upon a refused transaction");
  assertEquals(store.transactionsTotal, 1);
  store.close();
});

Deno.test("a refused transaction that waited harms neither who brings its parent nor the others that waited", () => {
  const { writer, store, applier, receive, events } = setUp();
  const parent = writer.put("parent");
  const sinner = writer.put("sinner", "v", { sequence: 9 });
  const { header } = parent;
  const good = writer.put("good", "v", {
    previous: parent.id,
    sequence: header.sequence + 1,
    firstOperation: header.firstOperation + 1,
  });
  assert(receive(sinner, 2)?.waits);
  assert(receive(good, 3)?.waits);
  assertEquals(receive(parent, 4)?.waits, false);
  assertEquals(applier.take().applied.map(({ id, from }) => [id, from]), [[parent.id, 4], [good.id, 3]]);
  assertEquals(events.filter(({ name }) => name === "transaction_refused").length, 1);
  assertEquals(applier.counts.waiting, 0);
  store.close();
});

Deno.test("a transaction that waits does not hold on to the message that it came in", () => {
  const { writer, store, applier } = setUp();
  const [parent, child] = [writer.put("a"), writer.put("b")];
  const message = encodeBundle(toBytes(child));
  applier.receive(decodeBundle(message), writer.space, 1, WALL_MS);
  // Who keeps a view of it finds rubbish.
  message.fill(0xee);
  applier.receive(toBytes(parent), writer.space, 1, WALL_MS);
  assert(store.hasTransaction(child.id));
  assertEquals(store.live("b")[0]?.value, new TextEncoder().encode("v"));
  store.close();
});

Deno.test("what its past does not allow is refused", () => {
  const { writer, store, receive } = setUp();
  const stranger = new Writer(2);
  const foreign = stranger.put("k", "v", {
    previous: null,
    sequence: 1,
    firstOperation: 0,
    parents: [writer.space],
    standing: { transaction: writer.space, index: 0 },
  });
  refused(() => receive(foreign), "its signature is wrong");
  refused(
    () => receive(writer.put("k", "v", { standing: { transaction: stranger.space, index: 0 } })),
    "its writer has no standing in its past",
  );
  assertEquals(store.transactionsTotal, 1);
  store.close();
});

Deno.test("what only a newer kith can read is counted, and harms nothing", () => {
  const { writer, store, applier, events } = setUp();
  const put = toBytes(writer.put("k"));
  const header = put.header.slice();
  header[0] = 200;
  for (const _ of [1, 2]) assertEquals(applier.receive({ ...put, header }, writer.space, 1, WALL_MS), null);
  assertEquals(applier.counts.unsupported, 1);
  assertEquals(events.map(({ name }) => name), ["newer_kith_needed"]);
  store.close();
});

Deno.test("a stamp far ahead is applied and told, and the clock stays", () => {
  const { writer, store, clock, receive, events } = setUp();
  receive(writer.put("k", "v", { clock: { ms: 10 ** 12, count: 0 } }));
  assertEquals(events.map(({ name }) => name), ["clock_ahead"]);
  assert(clock.last.ms < 10 ** 12);
  assertEquals(store.transactionsTotal, 2);
  store.close();
});

Deno.test("what a link sent too early is forgotten with it", () => {
  const { writer, store, applier, receive } = setUp();
  writer.put("lost");
  assert(receive(writer.put("k"), 5)?.waits);
  applier.dropConnection(5);
  assertEquals(applier.counts.waiting, 0);
  store.close();
});

Deno.test("what waited for one of a turn that the store refused is not applied without it", () => {
  const { writer, store, applier, receive } = setUp();
  store.commit();
  const parent = writer.put("parent");
  const apart = { instance: new Uint8Array(16).fill(9), sequence: 1, previous: null, firstOperation: 0 };
  const other = writer.put("other", "v", { ...apart, parents: [writer.space] });
  const { header } = parent;
  const child = writer.put("child", "v", {
    instance: header.instance,
    previous: parent.id,
    sequence: header.sequence + 1,
    firstOperation: header.firstOperation + 1,
    parents: [other.id],
  });
  assert(receive(child)?.waits);
  receive(parent);
  store.rollback();
  applier.turnFailed();
  assertEquals([applier.take().applied, applier.counts.waiting], [[], 0]);
  assertEquals(receive(other)?.waits, false);
  assert(receive(child)?.waits);
  receive(parent);
  assertEquals(store.transactionsTotal, 4);
  store.close();
});
