import { assertEquals } from "@std/assert";
import { MAX_WRITER_HEADS, MAX_WRITERS } from "../../lib/base/limits.ts";
import type { PeerEvent } from "../../lib/base/event.ts";
import { HybridClock } from "../../lib/data/clock.ts";
import { type CheckedTransaction, toBytes } from "../../lib/data/transaction.ts";
import { Applier } from "../../lib/peer/applier.ts";
import { Membership } from "../../lib/space/membership.ts";
import { removalPort } from "../../lib/peer/removal_port.ts";
import { Store } from "../../lib/store/store.ts";
import { decodeFrontier, encodeFrontier } from "../../lib/wire/frontier.ts";
import { Writer } from "./transactions.ts";

const SIGNED = () => true;

function setUp() {
  const writer = new Writer();
  const store = Store.open(":memory:", { random: writer.random });
  const membership = new Membership((context) => store.context(context), SIGNED, removalPort(store));
  const events: PeerEvent[] = [];
  const clock = new HybridClock();
  const applier = new Applier({
    store,
    membership,
    clock,
    verify: SIGNED,
    emit: (event) => events.push(event),
    received: () => {},
  });
  const receive = (transaction: CheckedTransaction) => applier.receive(toBytes(transaction), writer.space, 1, 1000);
  receive(writer.genesis);
  return { writer, store, events, receive };
}

Deno.test("a member with ever new store instances does not make the frontier larger than others take", () => {
  const { writer, store, events, receive } = setUp();
  const first = { sequence: 1, previous: null, parents: [writer.space], firstOperation: 0 };
  const instance = (i: number) =>
    Uint8Array.from({ length: 16 }, (_, at) => at === 0 ? i >> 8 : at === 1 ? i & 255 : 9);
  let left = 0;
  for (let i = 0; i < MAX_WRITERS + 10; i++) {
    if (receive(writer.write([], { ...first, instance: instance(i) })) === null) left++;
  }
  assertEquals(store.frontier().length, MAX_WRITERS);
  decodeFrontier(encodeFrontier(store.frontier()));
  assertEquals([left, events.at(-1)?.name], [11, "space_full"]);
  // Who is in goes on.
  const next = { sequence: 2, previous: writer.space, firstOperation: 1, instance: writer.genesis.header.instance };
  assertEquals(receive(writer.put("k", "v", next))?.waits, false);
  store.close();
});

Deno.test("a member that forks without end does not make the frontier larger than others take", () => {
  const { writer, store, events, receive } = setUp();
  const fork = { sequence: 2, previous: writer.space, firstOperation: 1, instance: writer.genesis.header.instance };
  let left = 0;
  for (let i = 0; i < MAX_WRITER_HEADS + 10; i++) {
    if (receive(writer.write([], { ...fork, clock: { ms: i, count: 0 } })) === null) left++;
  }
  assertEquals(store.frontier()[0]?.heads.length, MAX_WRITER_HEADS);
  assertEquals([left, events.at(-1)?.name], [10, "space_full"]);
  store.close();
});
