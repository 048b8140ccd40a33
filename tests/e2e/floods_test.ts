import { assert, assertEquals } from "@std/assert";
import { type Fared, type Flood, flooded } from "./flooded.ts";

/** What a flood may cost in memory. */
const MAX_GROWTH_MB = 64;

async function assertFares(flood: Flood): Promise<Fared> {
  const fared = await flooded(flood);
  assert(fared.linkMs.length >= 3, "a known member was linked all the time");
  assert(!(fared.grewMb >= MAX_GROWTH_MB), `memory grew by ${fared.grewMb} MB`);
  return fared;
}

Deno.test("strangers in a row change nothing, and a known member gets in among them", async () => {
  const { did, status } = await assertFares(["row", 600]);
  assert(Number(did["strangers"]) + Number(did["cut"] ?? 0) === 600, JSON.stringify(did));
  assert(status.events["link_refused:not_a_member"] > 100, JSON.stringify(status.events));
});

Deno.test("slow strangers at once displace each other, and no known member", async () => {
  const { status } = await assertFares(["slow", 150, 4]);
  assert(status.events["link_refused:too_many_links"] >= 150 - status.links.max_pending, JSON.stringify(status.events));
});

Deno.test("a member that floods is closed, then cut and named, and others get in", async () => {
  const { did, status, floodersEnd } = await assertFares(["member", "HOME", 15]);
  const cut: { peer: string; reason: string }[] = status.cut;
  assert(
    cut.some(({ peer, reason }) => peer !== "" && reason === "too_large"),
    JSON.stringify({ did, cut, events: status.events }),
  );
  assert(status.events["link_closed:too_large"] >= 2, JSON.stringify({ did, events: status.events }));
  assertEquals(floodersEnd, "misbehaved");
});
