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
import type { Operation } from "../../lib/wire/operation.ts";
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

function instance(i: number): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, at) => at === 0 ? i >> 8 : at === 1 ? i & 255 : 9);
}

Deno.test("a member with ever new store instances does not make the frontier larger than others take", () => {
  const { writer, store, events, receive } = setUp();
  const first = { sequence: 1, previous: null, parents: [writer.space], firstOperation: 0 };
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

Deno.test("what members do without an admin leaves half of the room to those who are let in, and to removals", () => {
  const { writer, events, receive } = setUp();
  const { peer, instance: own } = writer.genesis.header;
  let last = writer.genesis;
  const act = (operation: Operation): CheckedTransaction => {
    const { header } = last;
    const firstOperation = header.firstOperation + header.operationCount;
    const place = { peer, instance: own, sequence: header.sequence + 1, previous: last.id, firstOperation };
    return last = writer.write([{ operation, value: null }], place);
  };
  const bytes = () => writer.random.bytes(32).slice();
  const invite = () =>
    act({
      ...{ kind: "grant", subjectKind: "invite", subject: bytes(), role: "writer", prefix: "", expiresMs: 0 },
      ...{ standingExpiresMs: 0, uses: 1, derivation: 1, mac: bytes() },
    });
  const first = { sequence: 1, previous: null, firstOperation: 0 };
  const redeem = ({ id }: CheckedTransaction, joiner: Uint8Array) => {
    const grant = { transaction: id, index: 0 };
    const operation: Operation = { kind: "redeem", grant, signature: new Uint8Array(64), sealingKey: bytes() };
    const place = { ...first, peer: joiner, instance: instance(0), parents: [id], standing: null };
    return writer.write([{ operation, value: null }], place);
  };
  const grant = invite();
  const member = bytes();
  const admission = redeem(grant, member);
  for (const transaction of [grant, admission]) assertEquals(receive(transaction)?.waits, false);
  let kept = 0;
  for (let i = 1; i < MAX_WRITERS; i++) {
    const standing = { transaction: admission.id, index: 0 };
    const place = { ...first, peer: member, instance: instance(i), parents: [admission.id], standing };
    if (receive(writer.write([], place)) !== null) kept++;
  }
  assertEquals(kept, MAX_WRITERS / 2 - 2);
  assertEquals([receive(redeem(grant, bytes())), events.at(-1)?.name], [null, "space_full"], "it is used up");
  const second = invite();
  const revoke = act({ kind: "revoke", target: { kind: "peer", peer: member }, frontier: null, sealed: [] });
  for (const transaction of [second, redeem(second, bytes()), revoke]) {
    assertEquals(receive(transaction)?.waits, false);
  }
});
