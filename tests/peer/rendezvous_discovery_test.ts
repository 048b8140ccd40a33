import { assert, assertEquals } from "@std/assert";
import type { Reply } from "../../lib/peer/machine.ts";
import { Lab } from "../sim/lab.ts";
import { SimDht } from "../sim/sim_dht.ts";
import type { SimPeer } from "../sim/sim_peer.ts";

const HOUR_MS = 60 * 60 * 1000;

function labWithDht(): { readonly lab: Lab; readonly dht: SimDht } {
  const lab = new Lab();
  return { lab, dht: new SimDht(lab.schedule) };
}

/** Joins with the ticket alone. @returns how long it took. */
function joinByTicket(lab: Lab, joiner: SimPeer, keys: ReturnType<Lab["invite"]>): number {
  const startMs = lab.schedule.nowMs;
  lab.ask(joiner, { type: "join", keys, addresses: [] });
  return lab.schedule.nowMs - startMs;
}

Deno.test("a ticket alone leads to a door by the DHT, also one that announces itself later", () => {
  const { lab, dht } = labWithDht();
  const founder = lab.add({ dht });
  lab.ask(founder, { type: "create_space" });
  const keys = lab.invite(founder);
  lab.wait(5000);
  assert(joinByTicket(lab, lab.add({ dht }), keys) < 2000);
  lab.untilHealed();
  const late = lab.invite(founder);
  assert(joinByTicket(lab, lab.add({ dht }), late) < 15_000);
});

Deno.test("every member is a door while the inviter is away", () => {
  const { lab, dht } = labWithDht();
  const [founder] = lab.space(3, { dht }) as [SimPeer];
  const keys = lab.invite(founder);
  lab.untilHealed();
  lab.wait(5000);
  founder.crash(false);
  assert(joinByTicket(lab, lab.add({ dht }), keys) < 15_000);
});

Deno.test("members that moved while they did not see each other meet again", () => {
  const { lab, dht } = labWithDht();
  const [one, other] = lab.space(2, { dht }) as [SimPeer, SimPeer];
  lab.network.cut(one, other);
  one.move("10.0.7.1:5484");
  other.move("10.0.7.2:5484");
  lab.wait(60_000);
  lab.network.mend(one, other);
  lab.until(() => one.machine?.peers().length === 1, "both to be linked");
  lab.untilHealed();
});

Deno.test("members that are linked with each other announce nothing", () => {
  const { lab, dht } = labWithDht();
  lab.space(3, { dht });
  const before = dht.asked.length;
  lab.wait(HOUR_MS);
  assertEquals(dht.asked.slice(before).filter(({ port }) => port !== null), []);
});

Deno.test("forged answers lead nobody elsewhere, and hold up nobody", () => {
  const { lab, dht } = labWithDht();
  const founder = lab.add({ dht });
  lab.ask(founder, { type: "create_space" });
  const stranger = lab.add();
  lab.ask(stranger, { type: "create_space" });
  const keys = lab.invite(founder);
  lab.wait(5000);
  dht.forged = [stranger.listensAt as string, ...Array.from({ length: 6 }, (_, i) => `10.9.9.9:${5000 + i}`)];
  const joiner = lab.add({ dht });
  assert(joinByTicket(lab, joiner, keys) < 15_000);
  lab.untilHealed([founder, joiner]);
  assertEquals(joiner.machine?.status().space, founder.machine?.status().space);
});

Deno.test("where nobody is found, it is said that the DHT answers; a stranger that was named does not end the search", () => {
  const { lab, dht } = labWithDht();
  const stranger = lab.add();
  lab.ask(stranger, { type: "create_space" });
  dht.forged = [stranger.listensAt as string];
  const keys = { inviteSeed: lab.prng.bytes(32), macKey: lab.prng.bytes(32), tagKey: lab.prng.bytes(32) };
  const joiner = lab.add({ dht });
  let reply: Reply | null = null;
  joiner.request({ type: "join", keys, addresses: [] }, (given) => reply = given);
  lab.wait(55_000);
  assertEquals(reply, null);
  lab.wait(10_000);
  const failed = reply as Reply | null;
  assert(failed !== null && !failed.ok);
  assertEquals(failed.code, "join_failed");
  assert(String(failed.values.detail).endsWith("nor is a door for it found in the DHT"), String(failed.values.detail));
});

Deno.test("the own address in the answers is not dialled", () => {
  const { lab, dht } = labWithDht();
  const [one, other] = lab.space(2, { dht }) as [SimPeer, SimPeer];
  other.crash(false);
  lab.wait(HOUR_MS);
  assertEquals([...one.warnings].filter((warning) => warning.includes("self")), []);
});

Deno.test("the port that is announced is that of its address in the public net, where it has one", () => {
  const { lab, dht } = labWithDht();
  for (const [address, port] of [["198.51.100.7:40000", 40_000], ["10.0.5.1:40000", 5484]] as const) {
    const peer = lab.add({ dht, address });
    // As behind a router that forwards another port to the one that it listens at.
    peer.push({ type: "dht_network", network: { problem: null, port: 5484, isPrivate: true } });
    lab.ask(peer, { type: "create_space" });
    lab.invite(peer);
    lab.wait(5000);
    assertEquals(dht.asked.filter((asked) => asked.peer === peer).map((asked) => asked.port), [port]);
  }
});
