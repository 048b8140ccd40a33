import { assert, assertEquals } from "@std/assert";
import type { Reply } from "../../lib/peer/machine.ts";
import { Lab } from "../sim/lab.ts";
import type { SimPeer } from "../sim/sim_peer.ts";

const LAN = { lan: true };

/** Joins with the ticket alone. @returns how long it took. */
function joinByTicket(lab: Lab, joiner: SimPeer, keys: ReturnType<Lab["invite"]>): number {
  const startMs = lab.schedule.nowMs;
  lab.ask(joiner, { type: "join", keys, addresses: [] });
  return lab.schedule.nowMs - startMs;
}

/** A space of peers that find each other, without any address being told. */
function lanSpace(lab: Lab, count: number): SimPeer[] {
  const founder = lab.add(LAN);
  lab.ask(founder, { type: "create_space" });
  const keys = lab.invite(founder, count);
  for (let i = 1; i < count; i++) joinByTicket(lab, lab.add(LAN), keys);
  lab.untilHealed();
  return lab.peers;
}

/** How a join with the ticket alone failed, which takes a minute. */
function failedJoin(lab: Lab, joiner: SimPeer, keys: ReturnType<Lab["invite"]>): string {
  let reply: Reply | null = null;
  joiner.request({ type: "join", keys, addresses: [] }, (given) => reply = given);
  lab.wait(59_000);
  assertEquals(reply, null);
  lab.wait(2000);
  return reasonOf(reply);
}

function reasonOf(reply: Reply | null): string {
  return reply === null || reply.ok ? "" : `${reply.code}: ${reply.values.detail}`;
}

Deno.test("a ticket alone leads to a door on the same network", () => {
  const lab = new Lab();
  const [founder] = lanSpace(lab, 1) as [SimPeer];
  const tookMs = joinByTicket(lab, lab.add(LAN), lab.invite(founder));
  assert(tookMs < 1000, `${tookMs} ms`);
  assertEquals(founder.events.get("joiner_asks"), 1);
  lab.untilHealed();
});

Deno.test("every member is a door while the inviter is away", () => {
  const lab = new Lab();
  const [founder] = lanSpace(lab, 3) as [SimPeer];
  const keys = lab.invite(founder);
  lab.untilHealed();
  founder.crash(false);
  assert(joinByTicket(lab, lab.add(LAN), keys) < 1000);
});

Deno.test("after a removal, tickets from before are answered by their maker alone, and later ones by everybody", () => {
  const lab = new Lab();
  const [founder, member, removed] = lanSpace(lab, 3) as [SimPeer, SimPeer, SimPeer];
  const before = lab.invite(founder, 3);
  lab.untilHealed();
  lab.ask(founder, { type: "revoke", peer: removed.id });
  const after = lab.invite(founder, 3);
  lab.untilHealed([founder, member]);
  assert(joinByTicket(lab, lab.add(LAN), before) < 1000);
  assert(joinByTicket(lab, lab.add(LAN), after) < 1000);
  founder.crash(false);
  assert(joinByTicket(lab, lab.add(LAN), after) < 1000);
  assertEquals(
    failedJoin(lab, lab.add(LAN), before),
    "join_failed: asked on eth0: other peers answer, but none for which this ticket is good",
  );
});

Deno.test("who was removed hears nothing by which it knows its former members", () => {
  const lab = new Lab();
  const [founder, member, removed] = lanSpace(lab, 3) as [SimPeer, SimPeer, SimPeer];
  lab.ask(founder, { type: "revoke", peer: removed.id });
  lab.untilHealed([founder, member]);
  lab.until(() => removed.machine?.peers().length === 0, "the removed one to be alone");
  lab.wait(30_000);
  const dials = new Set<string>();
  const dial = lab.network.dial.bind(lab.network);
  lab.network.dial = (host, address) => {
    if (host === removed || address === removed.listensAt) dials.add(address);
    dial(host, address);
  };
  member.move("10.0.0.77:5484");
  removed.move("10.0.0.78:5484");
  lab.untilHealed([founder, member]);
  lab.wait(30_000);
  assert(!dials.has("10.0.0.77:5484") && !dials.has("10.0.0.78:5484"), [...dials].join(" "));
});

Deno.test("members that all moved at once find each other", () => {
  const lab = new Lab();
  const peers = lanSpace(lab, 4);
  for (const peer of peers) peer.crash(true);
  lab.wait(1000);
  for (const [i, peer] of peers.entries()) {
    peer.boot();
    peer.move(`10.0.0.${50 + i}:5484`);
  }
  const tookMs = lab.untilHealed();
  assert(tookMs < 3000, `${tookMs} ms`);
});

Deno.test("where nobody is found it is said why, first while it goes on and then at the end", () => {
  const lab = new Lab();
  const [founder] = lab.space(1) as [SimPeer];
  const keys = lab.invite(founder);
  const joiner = lab.add(LAN);
  const reason = failedJoin(lab, joiner, keys);
  const expected = "asked on eth0: nobody is heard there, so the other machine is off or elsewhere, " +
    "or this network or its firewall keeps back multicast (UDP port 5353)";
  assertEquals(reason, `join_failed: ${expected}`);
  assert(joiner.warnings.has(`join_searching: ${expected}`));
});

Deno.test("where it is switched off, a join without an address fails at once", () => {
  const lab = new Lab();
  const [founder] = lab.space(1) as [SimPeer];
  const keys = lab.invite(founder);
  const reason = reasonOf(lab.answer(lab.add(), { type: "join", keys, addresses: [] }));
  assertEquals(reason, "join_failed: nobody was looked for on the local network, since it is off");
});

Deno.test("a peer of another space on this machine does not end the search", () => {
  const lab = new Lab();
  const [founder] = lanSpace(lab, 1) as [SimPeer];
  const other = lab.add();
  lab.ask(other, { type: "create_space" });
  const keys = lab.invite(founder);
  const joiner = lab.add(LAN);
  lab.network.cut(joiner, founder);
  let reply: Reply | null = null;
  joiner.request({ type: "join", keys, addresses: [other.listensAt as string] }, (given) => reply = given);
  lab.wait(2500);
  assertEquals(reply, null, "the other one refused it, and the search goes on");
  lab.network.mend(joiner, founder);
  lab.until(() => reply !== null, "a reply");
  assertEquals((reply as unknown as Reply).ok, true);
});

Deno.test("a door that was found and refuses the ticket ends the join", () => {
  const lab = new Lab();
  const [founder] = lanSpace(lab, 1) as [SimPeer];
  const keys = lab.invite(founder);
  lab.ask(founder, { type: "revoke_invite", invite: founder.machine?.invites(0)[0]?.invite as string });
  const startMs = lab.schedule.nowMs;
  assert(!lab.answer(lab.add(LAN), { type: "join", keys, addresses: [founder.listensAt as string] }).ok);
  assert(lab.schedule.nowMs - startMs < 6000);
});
