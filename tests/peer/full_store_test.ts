import { KEEP_BOOK_AFTER_MS } from "../../lib/base/limits.ts";
import { assert, assertEquals } from "@std/assert";
import { Lab } from "../sim/lab.ts";
import type { SimPeer } from "../sim/sim_peer.ts";
import { fullStore } from "../sim/full_store.ts";

Deno.test("a write that a full disk refuses is told so, is nowhere, and succeeds once there is room", () => {
  const lab = new Lab();
  let isFull = false;
  const peer = lab.add({ wrap: (store) => fullStore(store, () => isFull) });
  lab.ask(peer, { type: "create_space" });
  const other = lab.add();
  lab.join(other, lab.invite(peer), peer);
  lab.untilHealed();
  isFull = true;
  const value = new Uint8Array(3);
  const writes = [{ kind: "put", key: "k", media: "text/plain", value }] as const;
  const reply = lab.answer(peer, { type: "write", writes });
  assert(!reply.ok && reply.code === "store_full", JSON.stringify(reply));
  lab.wait(1000);
  assertEquals([peer, other].map(({ machine }) => machine?.get("k")), [null, null]);
  // What comes from others is lacked, and pulled once there is room.
  lab.set(other, "theirs", "x");
  lab.wait(60_000);
  assertEquals(peer.machine?.get("theirs"), null);
  isFull = false;
  lab.set(peer, "k", "v");
  lab.untilHealed();
  assertEquals(peer.machine?.get("theirs")?.value, new TextEncoder().encode("x"));
});

Deno.test("a door whose disk is full at any turn of a join lets the joiner in later, with the same ticket", () => {
  let failures = 0;
  for (let step = 0;; step++) {
    const lab = new Lab();
    let turns = -1;
    const door = lab.add({ wrap: (store) => fullStore(store, () => turns >= 0 && turns++ === step) });
    lab.ask(door, { type: "create_space" });
    const ticket = lab.invite(door);
    const joiner = lab.add();
    turns = 0;
    lab.join(joiner, ticket, door);
    lab.untilHealed();
    // The address book is kept a little later.
    lab.wait(2 * KEEP_BOOK_AFTER_MS);
    assertEquals(door.machine?.members().length, 2);
    const failed = turns > step;
    if (!failed) break;
    failures++;
  }
  assert(failures >= 2, `${failures} turns failed`);
});

Deno.test("a joiner whose disk stays full is told of the disk at once, not of its ticket", () => {
  const lab = new Lab();
  const door = lab.space(1)[0] as SimPeer;
  const stranger = lab.add();
  lab.ask(stranger, { type: "create_space" });
  const ticket = lab.invite(door);
  const joiner = lab.add({ wrap: (store) => fullStore(store, () => true) });
  const addresses = [stranger, door].map(({ listensAt }) => listensAt as string);
  const reply = lab.answer(joiner, { type: "join", keys: ticket, addresses });
  assert(!reply.ok && reply.code === "store_full", JSON.stringify(reply));
});

Deno.test("a joiner whose disk is full at any turn of its join gets in later, with the same ticket", () => {
  let failures = 0;
  for (let step = 0;; step++) {
    const lab = new Lab();
    const door = lab.space(1)[0] as SimPeer;
    lab.set(door, "k", "v");
    const ticket = lab.invite(door);
    let turns = 0;
    const joiner = lab.add({ wrap: (store) => fullStore(store, () => turns++ === step) });
    for (let tries = 0; tries < 3; tries++) {
      const reply = lab.answer(joiner, { type: "join", keys: ticket, addresses: [door.listensAt as string] });
      if (reply.ok || reply.code === "still_joining") break;
      assertEquals(reply.code, "store_full");
    }
    lab.untilHealed();
    assertEquals(door.machine?.members().length, 2);
    if (turns <= step) break;
    failures++;
  }
  assert(failures >= 3, `${failures} turns failed`);
});
