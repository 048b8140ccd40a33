import { assert, assertEquals } from "@std/assert";
import type { Reply } from "../../lib/peer/machine.ts";
import { SpaceState } from "../../lib/peer/space_state.ts";
import { Lab } from "../sim/lab.ts";
import type { SimPeer } from "../sim/sim_peer.ts";

Deno.test("a redeem that an unreachable door began is taken by another one once it has caught up", () => {
  const lab = new Lab();
  const [a, b] = lab.space(2) as [SimPeer, SimPeer];
  const keys = lab.invite(a);
  lab.untilHealed();
  lab.network.cut(a, b);
  for (const end of lab.network.connections()) lab.network.lose(end);
  lab.set(a, "ahead", "v");
  const joiner = lab.add();
  const pending = () => new SpaceState(joiner.store).pendingRedeem;
  joiner.request({ type: "join", keys, addresses: [a.listensAt as string] }, () => {});
  lab.until(() => pending() !== null, "the redeem to be made");
  a.crash(true);
  let reply: Reply | null = null;
  joiner.request({ type: "join", keys, addresses: [b.listensAt as string] }, (given) => reply = given);
  lab.wait(5000);
  assertEquals(reply, null, "it is tried again");
  a.boot();
  lab.network.mend(a, b);
  lab.until(() => reply !== null, "the reply");
  assert((reply as Reply | null)?.ok);
  lab.untilHealed();
  assertEquals(b.machine?.members().length, 3);
});

Deno.test("a ticket that expires between the offer and the redeem lets nobody in", () => {
  const outcomes = new Set<string>();
  for (let forMs = 500; forMs < 9000; forMs += 250) {
    const lab = new Lab();
    const founder = lab.space(1)[0] as SimPeer;
    const keys = { inviteSeed: lab.prng.bytes(32), macKey: lab.prng.bytes(32), tagKey: lab.prng.bytes(32) };
    const expiresMs = Math.floor(founder.now.wallMs) + forMs;
    lab.ask(founder, { type: "invite", keys, secret: lab.prng.bytes(8), role: "writer", uses: 1, expiresMs });
    lab.network.habits = { ...lab.network.habits, latencyMs: [900, 900] };
    const joiner = lab.add();
    let reply: Reply | null = null;
    joiner.request({ type: "join", keys, addresses: [founder.listensAt as string] }, (given) => reply = given);
    lab.until(() => reply !== null || founder.machine?.members().length === 2, "the join to come to its end");
    const isIn = founder.machine?.members().length === 2;
    if (isIn) assert(founder.now.wallMs < expiresMs + 10, `in ${founder.now.wallMs - expiresMs} ms too late`);
    outcomes.add(isIn ? "in" : "refused");
  }
  assertEquals(outcomes.size, 2);
});
