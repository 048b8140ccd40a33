import { assertEquals } from "@std/assert";
import type { Now } from "../../lib/base/clock.ts";
import { Holes } from "../../lib/peer/holes.ts";
import type { Connection, Links } from "../../lib/peer/links.ts";
import type { Stage } from "../../lib/peer/stage.ts";

const LINKED_MS = 1000;
const STEADY_MS = 5000;
const RELAYED = { peer: "p", address: "relay:m", relay: "m", isKnownMember: true };
const PUNCHED = { address: "quic:10.0.0.1:1", relay: null };

interface Ending {
  readonly link?: Partial<Connection>;
  readonly stage?: Stage;
  readonly reason?: string;
  readonly afterMs?: number;
}

function at(monotonicMs: number): Now {
  return { monotonicMs, wallMs: 0 };
}

/** Whether it is urgent that a link ended. Default: a member's one through a relay broke, which had lasted. */
function isUrgent({ link = {}, stage = "member", reason = "truncated", afterMs = STEADY_MS }: Ending = {}): boolean {
  const holes = new Holes({ members: () => [] } as unknown as Links);
  const given = { ...RELAYED, memberSinceMs: LINKED_MS, ...link };
  holes.closed(given as Connection, stage, reason, at(LINKED_MS + afterMs));
  return holes.urgent(new Set(["p"])).has("p");
}

Deno.test("a relayed or punched link that breaks is urgent, a direct one, or one that is meant to end, is not", () => {
  assertEquals(isUrgent(), true);
  assertEquals(isUrgent({ reason: "silent" }), true);
  assertEquals(isUrgent({ link: PUNCHED }), true);
  assertEquals(isUrgent({ link: { address: "10.0.0.1:1", relay: null } }), false);
  assertEquals(isUrgent({ reason: "duplicate_link" }), false);
});

Deno.test("it is urgent until the peer is missed no more", () => {
  const holes = new Holes({ members: () => [] } as unknown as Links);
  holes.closed({ ...RELAYED, memberSinceMs: 0 } as Connection, "member", "truncated", at(STEADY_MS));
  for (const missed of [["p"], ["q", "p"]]) assertEquals([...holes.urgent(new Set(missed))], ["p"]);
  for (const missed of [["q"], ["p"]]) assertEquals([...holes.urgent(new Set(missed))], []);
});

Deno.test("of strangers that come and break off none is kept in mind, nor of those that only prove the space", () => {
  for (const isKnownMember of [true, false]) {
    for (const stage of ["opening", "proving", "door", "joining"] as const) {
      assertEquals(isUrgent({ link: { ...PUNCHED, isKnownMember, memberSinceMs: 0 }, stage }), false, stage);
    }
  }
  for (const path of [{}, PUNCHED]) assertEquals(isUrgent({ link: { ...path, isKnownMember: false } }), false);
});

Deno.test("a relayed link that broke soon is not urgent, a punched one is", () => {
  for (const afterMs of [0, STEADY_MS - 1]) {
    assertEquals(isUrgent({ afterMs }), false);
    assertEquals(isUrgent({ link: PUNCHED, afterMs }), true);
  }
});
