import { assert, assertEquals } from "@std/assert";
import { Lab } from "./lab.ts";
import type { SimPeer } from "./sim_peer.ts";

Deno.test("two apart write the same and different keys, one deletes: nothing is lost, and both list the same", () => {
  const lab = new Lab();
  const [a, b] = lab.space(2) as [SimPeer, SimPeer];
  for (const key of ["same", "edited/by/b", "gone"]) lab.set(a, key, "before");
  lab.untilHealed();
  lab.network.cut(a, b);
  for (const end of lab.network.connections()) lab.network.lose(end);
  const ofA = lab.set(a, "same", "from a");
  const ofB = lab.set(b, "same", "from b");
  lab.set(a, "only/a", "1");
  lab.set(b, "only/b", "2");
  lab.del(a, "edited/by/b");
  const edited = lab.set(b, "edited/by/b", "edited");
  lab.del(a, "gone");
  lab.del(b, "gone");
  lab.network.mendAll();
  lab.untilHealed();
  assertEquals(a.machine?.status().digest, b.machine?.status().digest);
  for (const peer of [a, b]) {
    const keys = peer.machine?.list({ limit: 100 }).map(({ key }) => key);
    assertEquals(keys, ["edited/by/b", "only/a", "only/b", "same"]);
    const conflicts = peer.machine?.conflicts() ?? [];
    assertEquals(conflicts.map(({ key, kind }) => `${key} ${kind}`), [
      "same concurrent",
      "edited/by/b delete_beside_put",
    ]);
    const [concurrent, beside] = conflicts;
    assert(concurrent?.kind === "concurrent" && beside?.kind === "delete_beside_put");
    assertEquals(concurrent.versions.map(({ version }) => version).sort(), [ofA, ofB].sort());
    assertEquals(concurrent.versions.filter(({ winner }) => winner).length, 1);
    assertEquals([beside.version, beside.deletedBy], [edited, a.id]);
  }
  // Writing the key anew settles both.
  lab.set(b, "same", "settled");
  lab.set(a, "edited/by/b", "settled");
  lab.untilHealed();
  assertEquals(a.machine?.conflicts(), []);
  assertEquals(b.machine?.get("same")?.value, new TextEncoder().encode("settled"));
});

Deno.test("a write reaches all members though its writer is linked to one of them only", () => {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [SimPeer, SimPeer, SimPeer];
  lab.network.cut(a, c);
  lab.until(() => !lab.isLinked(a, c) && !lab.isLinked(c, a), "the cut to be noticed");
  lab.set(a, "k", "v");
  const tookMs = lab.until(() => c.machine?.get("k") !== null, "the write to arrive by way of the third");
  assert(tookMs < 1000, `${tookMs} ms`);
  lab.set(b, "k", "w");
  lab.network.mendAll();
  lab.untilHealed();
});

Deno.test("what is written in the very moment in which a link opens arrives", () => {
  for (let delayMs = 0; delayMs < 120; delayMs += 3) {
    const lab = new Lab();
    const [a, b] = lab.space(2) as [SimPeer, SimPeer];
    lab.network.habits = { ...lab.network.habits, latencyMs: [10, 12] };
    for (const end of lab.network.connections()) lab.network.lose(end);
    lab.until(() => !lab.isLinked(a, b) && !lab.isLinked(b, a), "the link to be lost");
    a.request({ type: "connect", address: b.listensAt as string }, () => {});
    lab.wait(delayMs);
    lab.set(a, "by/a", "1");
    lab.set(b, "by/b", "2");
    const tookMs = lab.untilHealed();
    assert(tookMs < 4000, `${tookMs} ms, ${delayMs} ms after the dial`);
  }
});
