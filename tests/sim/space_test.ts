import { assert, assertEquals } from "@std/assert";
import { SpaceState } from "../../lib/peer/space_state.ts";
import { Lab } from "./lab.ts";
import type { SimPeer } from "./sim_peer.ts";

Deno.test("a ticket for one that two redeem at different doors: both are in until its granter takes the later one out", () => {
  const lab = new Lab();
  const [granter, door] = lab.space(2) as [SimPeer, SimPeer];
  const ticket = lab.invite(granter);
  lab.untilHealed();
  const first = lab.add();
  const second = lab.add();
  for (const here of [granter, first]) for (const there of [door, second]) lab.network.cut(here, there);
  lab.join(first, ticket, granter);
  lab.join(second, ticket, door);
  lab.until(() => lab.isLinked(second, door) && second.machine?.status().synced === true, "the second to be in");
  lab.set(second, "by/second", "done in good faith");
  lab.until(() => door.machine?.get("by/second") !== null, "the door to have it");
  const membersOf = (peer: SimPeer) => peer.machine?.members().map(({ peer }) => peer).sort();
  assert(membersOf(granter)?.includes(first.id) && !membersOf(granter)?.includes(second.id));
  assert(membersOf(door)?.includes(second.id) && !membersOf(door)?.includes(first.id));
  lab.network.mendAll();
  const rest = [granter, door, first];
  lab.untilHealed(rest);
  for (const peer of rest) {
    assertEquals(membersOf(peer), rest.map(({ id }) => id).sort());
    assertEquals(peer.machine?.get("by/second")?.value, new TextEncoder().encode("done in good faith"));
  }
  assertEquals(granter.events.get("member_revoked"), 1);
});

Deno.test("a ticket that is used up is refused at every door", () => {
  const lab = new Lab();
  const [founder, other] = lab.space(2) as [SimPeer, SimPeer];
  const ticket = lab.invite(founder, 2);
  for (const _ of [1, 2]) lab.join(lab.add(), ticket, founder);
  lab.untilHealed();
  for (const door of [founder, other]) {
    const late = lab.add();
    const reply = lab.answer(late, { type: "join", keys: ticket, addresses: [door.listensAt as string] });
    assert(!reply.ok && reply.code === "refused_ticket", JSON.stringify(reply));
  }
});

for (const point of ["before_commit", "before_effects"] as const) {
  Deno.test(`a joiner that crashes at each step of the join (${point}) gets in with the same ticket`, () => {
    let crashes = 0;
    for (let step = 0;; step++) {
      const lab = new Lab();
      const founder = lab.space(1)[0] as SimPeer;
      lab.set(founder, "k", "v");
      const ticket = lab.invite(founder);
      let turns = 0;
      const joiner = lab.add({ crashesAt: (at) => at === point && turns++ === step });
      const join = () => {
        joiner.request({ type: "join", keys: ticket, addresses: [founder.listensAt as string] }, () => {});
      };
      join();
      lab.wait(2000);
      const crashed = joiner.machine === null;
      if (crashed) {
        crashes++;
        joiner.boot();
        join();
      }
      lab.untilHealed();
      assertEquals(joiner.machine?.get("k")?.value, new TextEncoder().encode("v"));
      assertEquals(founder.machine?.members().length, 2);
      // The step is behind the end of the join.
      if (!crashed) break;
    }
    assert(crashes >= 8, `${crashes} steps`);
  });
}

Deno.test("a door that crashes at each step of a join lets the joiner in with the same ticket", () => {
  let crashes = 0;
  for (let step = 0;; step++) {
    const lab = new Lab();
    let turns = -1;
    const founder = lab.add({ crashesAt: (at) => turns >= 0 && at === "before_commit" && turns++ === step });
    lab.ask(founder, { type: "create_space" });
    const ticket = lab.invite(founder);
    const joiner = lab.add();
    turns = 0;
    lab.schedule.after(0, () => {
      joiner.request({ type: "join", keys: ticket, addresses: [founder.listensAt as string] }, () => {});
    });
    lab.wait(3000);
    const crashed = founder.machine === null;
    if (crashed) {
      crashes++;
      founder.boot();
    }
    lab.untilHealed();
    assertEquals(founder.machine?.members().length, 2);
    if (!crashed) break;
  }
  assert(crashes >= 5, `${crashes} steps`);
});

Deno.test("a joiner gets in though its door lost what it had built upon, and nobody else ever had that", () => {
  const lab = new Lab();
  const founder = lab.space(1)[0] as SimPeer;
  const ticket = lab.invite(founder);
  const copy = founder.backup();
  lab.set(founder, "k", "lost with the disk");
  const joiner = lab.add();
  joiner.request({ type: "join", keys: ticket, addresses: [founder.listensAt as string] }, () => {});
  lab.until(() => new SpaceState(joiner.store).pendingRedeem !== null, "the redeem to be made");
  founder.crash(false);
  founder.restore(copy);
  assertEquals(founder.transactions().size, 2);
  founder.boot();
  lab.untilHealed();
  assertEquals(founder.machine?.members().length, 2);
  lab.set(joiner, "k", "v");
  lab.untilHealed();
});

Deno.test("a join that is asked for again once it has succeeded is well", () => {
  const lab = new Lab();
  const founder = lab.space(1)[0] as SimPeer;
  const ticket = lab.invite(founder);
  const joiner = lab.add();
  lab.join(joiner, ticket, founder);
  lab.untilHealed();
  const again = lab.ask(joiner, { type: "join", keys: ticket, addresses: [founder.listensAt as string] });
  assertEquals(again.space, founder.machine?.status().space);
  assertEquals(founder.machine?.members().length, 2);
  const own = lab.answer(founder, { type: "join", keys: ticket, addresses: ["10.9.9.9:1"] });
  assert(!own.ok && own.code === "refused_ticket");
});

Deno.test("members that came in apart from each other link when they meet", () => {
  const lab = new Lab();
  const [a, b] = lab.space(2) as [SimPeer, SimPeer];
  b.crash(false);
  const c = lab.add();
  lab.join(c, lab.invite(a), a);
  lab.until(() => c.machine?.status().synced === true, "the newcomer to be in sync");
  lab.set(c, "k", "v");
  a.crash(false);
  b.boot();
  // They have never heard of each other; a person says where.
  lab.ask(b, { type: "connect", address: c.listensAt as string });
  lab.until(() => b.machine?.get("k") !== null, "what the new member wrote");
  a.boot();
  lab.untilHealed();
});

Deno.test("who leaves is no member any more, keeps what it wrote, and can come back with a new ticket", () => {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [SimPeer, SimPeer, SimPeer];
  lab.set(c, "by/c", "stays");
  lab.untilHealed();
  lab.ask(c, { type: "leave" });
  lab.untilHealed([a, b]);
  lab.until(() => c.machine?.peers().length === 0, "its links to be closed");
  assertEquals(a.machine?.get("by/c")?.value, new TextEncoder().encode("stays"));
  assertEquals(lab.peers.map(({ machine }) => machine?.status().left), [false, false, true]);
  const refused = lab.answer(c, { type: "write", writes: [{ kind: "del", key: "by/c" }] });
  assert(!refused.ok && refused.code === "left_space", JSON.stringify(refused));
  const again = lab.answer(c, { type: "leave" });
  assert(!again.ok && again.code === "left_space");
  // Meanwhile the others go on, and it learns nothing of it.
  lab.set(a, "secret", "x");
  lab.wait(60_000);
  assertEquals(c.machine?.get("secret"), null);
  lab.join(c, lab.invite(a), b);
  lab.untilHealed();
  lab.set(c, "by/c", "back");
  lab.untilHealed();
});

Deno.test("who leaves while nobody is there is gone once it meets one of the others", () => {
  const lab = new Lab();
  const [a, b] = lab.space(2) as [SimPeer, SimPeer];
  a.crash(false);
  lab.set(b, "last", "word");
  lab.ask(b, { type: "leave" });
  b.crash(false);
  a.boot();
  b.boot();
  lab.until(() => a.machine?.members().length === 1, "the leave to arrive");
  assertEquals(a.machine?.get("last")?.value, new TextEncoder().encode("word"));
  assertEquals(a.machine?.status().synced, true);
});

Deno.test("who was taken out for over-use is linked by nobody any more, and hears nothing", () => {
  const lab = new Lab();
  const [granter, door] = lab.space(2) as [SimPeer, SimPeer];
  const ticket = lab.invite(granter);
  lab.untilHealed();
  const first = lab.add();
  const second = lab.add();
  for (const here of [granter, first]) for (const there of [door, second]) lab.network.cut(here, there);
  lab.join(first, ticket, granter);
  lab.join(second, ticket, door);
  lab.until(() => second.machine?.status().synced === true, "the second to be in");
  lab.network.mendAll();
  lab.untilHealed([granter, door, first]);
  lab.until(() => second.machine?.peers().length === 0, "its links to be closed");
  lab.set(granter, "secret", "x");
  lab.wait(60_000);
  assertEquals(second.machine?.get("secret"), null);
  assertEquals([granter, door, first].map((peer) => lab.isLinked(peer, second)), [false, false, false]);
});
