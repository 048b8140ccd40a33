import { assertEquals } from "@std/assert";
import { Lab } from "./lab.ts";
import type { SimPeer } from "./sim_peer.ts";

/** Has a peer check all it holds. @returns how many records it found that are not as they were written. */
function check(peer: SimPeer): number {
  const run = peer.machine?.check(true);
  while (run !== undefined && run.step(50) !== null);
  peer.push({ type: "tick" });
  return run?.damaged ?? 0;
}

Deno.test("a damaged record is found by a check and comes back from a member that is linked later", () => {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [SimPeer, SimPeer, SimPeer];
  lab.set(a, "kept", "1");
  lab.untilHealed();
  const row = c.store.live("kept")[0]?.row as number;
  c.crash(false);
  for (const other of [a, b]) lab.network.cut(c, other);
  const backup = c.backup();
  backup.exec(`UPDATE operations SET value = x'00' WHERE row = ${row}`);
  c.restore(backup);
  c.boot();
  assertEquals(check(c), 1);
  lab.until(() => c.machine?.status().unrecovered === 1, "it is said that nobody has it");
  assertEquals([c.events.get("record_lost"), c.machine?.status().damaged], [1, 1]);
  c.crash(false);
  c.boot();
  assertEquals(c.machine?.status().damaged, 1);
  lab.network.mendAll();
  lab.until(() => c.machine?.status().damaged === 0, "it is repaired");
  assertEquals([c.events.get("record_repaired"), check(c)], [1, 0]);
  assertEquals(new TextDecoder().decode(c.machine?.get("kept")?.value), "1");
  lab.untilHealed();
});
