import { assert, assertEquals } from "@std/assert";
import { toHex } from "../../lib/base/bytes.ts";
import { MAX_WAITING_BYTES, MAX_WAITING_TRANSACTIONS, MAX_WANTED } from "../../lib/base/limits.ts";
import type { CheckedTransaction } from "../../lib/data/transaction.ts";
import { WaitingRoom } from "../../lib/peer/waiting_room.ts";
import { Prng } from "../sim/prng.ts";

const random = new Prng(8);

/** Nothing but an id and a size: a waiting room looks at no more. */
function piece(sizeBytes = 10): CheckedTransaction {
  return {
    id: random.bytes(32),
    headerBytes: new Uint8Array(sizeBytes),
    operations: [],
  } as unknown as CheckedTransaction;
}

function idsOf(ready: readonly { transaction: CheckedTransaction }[]): string[] {
  return ready.map(({ transaction }) => toHex(transaction.id));
}

Deno.test("a transaction waits until the last of its parents has come", () => {
  const room = new WaitingRoom();
  const [a, b, child] = [piece(), piece(), piece()];
  assert(room.add(child, [a.id, b.id], 1));
  assertEquals([room.size, room.has(toHex(child.id))], [1, true]);
  assertEquals(room.applied(a.id), []);
  assertEquals(room.applied(a.id), []);
  assertEquals(room.applied(b.id), [{ transaction: child, connection: 1 }]);
  assertEquals([room.size, room.missingParents()], [0, []]);
});

Deno.test("all that waited for one parent come at once", () => {
  const room = new WaitingRoom();
  const parent = piece();
  const children = [piece(), piece(), piece()];
  for (const child of children) room.add(child, [parent.id], 1);
  assertEquals(idsOf(room.applied(parent.id)), children.map(({ id }) => toHex(id)));
});

Deno.test("the parents that are missed are those that do not wait themselves", () => {
  const room = new WaitingRoom();
  const [root, middle, leaf] = [piece(), piece(), piece()];
  room.add(leaf, [middle.id], 1);
  room.add(middle, [root.id], 2);
  assertEquals(room.missingParents(), [root.id]);
});

Deno.test("one link's share is bounded in number and in bytes; the others keep theirs", () => {
  const room = new WaitingRoom();
  const parent = piece();
  for (let i = 0; i < MAX_WAITING_TRANSACTIONS; i++) assert(room.add(piece(), [parent.id], 1));
  assert(!room.add(piece(), [parent.id], 1));
  const half = MAX_WAITING_BYTES / 2;
  assert(room.add(piece(half), [parent.id], 2) && room.add(piece(half), [parent.id], 2));
  assert(!room.add(piece(1), [parent.id], 2));
  assertEquals(room.size, MAX_WAITING_TRANSACTIONS + 2);
  // What goes frees its share.
  room.applied(parent.id);
  assertEquals(room.size, 0);
  assert(room.add(piece(), [parent.id], 1) && room.add(piece(half), [parent.id], 2));
});

Deno.test("what a link brought is forgotten with it, and nothing else", () => {
  const room = new WaitingRoom();
  const parent = piece();
  const kept = piece();
  for (let i = 0; i < MAX_WAITING_TRANSACTIONS; i++) room.add(piece(), [parent.id], 1);
  room.add(kept, [parent.id], 2);
  room.drop(1);
  assertEquals(room.size, 1);
  assert(room.add(piece(), [random.bytes(32)], 1));
  assertEquals(idsOf(room.applied(parent.id)), [toHex(kept.id)]);
});

Deno.test("what builds upon a refused transaction is forgotten, whatever else it waits for", () => {
  const room = new WaitingRoom();
  const [refused, other, child, both, grandchild, stays] = [1, 2, 3, 4, 5, 6].map(() => piece()) as [
    CheckedTransaction,
    CheckedTransaction,
    CheckedTransaction,
    CheckedTransaction,
    CheckedTransaction,
    CheckedTransaction,
  ];
  room.add(child, [refused.id], 1);
  room.add(both, [refused.id, other.id], 2);
  room.add(grandchild, [both.id], 3);
  room.add(stays, [other.id], 3);
  room.refused(refused.id);
  assertEquals(room.size, 1);
  assertEquals(idsOf(room.applied(other.id)), [toHex(stays.id)]);
  assertEquals([room.size, room.missingParents()], [0, []]);
});

Deno.test("no more parents are asked for than one message holds", () => {
  const room = new WaitingRoom();
  for (let link = 0; link < 3; link++) {
    for (let i = 0; i < MAX_WAITING_TRANSACTIONS; i++) room.add(piece(), [random.bytes(32)], link);
  }
  assertEquals(room.missingParents().length, MAX_WANTED);
});
