import { assertEquals } from "@std/assert";
import { Lab } from "../sim/lab.ts";
import type { SimPeer } from "../sim/sim_peer.ts";

Deno.test("who knocks at two doors gets in by one, and neither takes the other for a refusal", () => {
  const lab = new Lab();
  const doors = lab.space(2) as [SimPeer, SimPeer];
  const keys = lab.invite(doors[0]);
  lab.untilHealed();
  const joiner = lab.add();
  lab.ask(joiner, { type: "join", keys, addresses: doors.map(({ listensAt }) => listensAt as string) });
  lab.untilHealed();
  const warnings = lab.peers.flatMap((peer) => [...peer.warnings]);
  assertEquals(warnings.filter((warning) => warning.endsWith("bad_state")), []);
});
