import { assert, assertEquals } from "@std/assert";
import { DamagedSession } from "./damaged_session.ts";
import { recordSessions } from "./recorded_session.ts";

/**
 * Sessions of two peers in memory, with a join and data, damaged in every way in which whoever is in between can. Here
 * every so many bytes of them; scripts/flips.ts takes every one.
 */
const STRIDE = 31;

const recordings = recordSessions();

Deno.test("each recorded session lets somebody in or carries data, by both sides", () => {
  const counts = recordings.map((recording) => new DamagedSession(recording).stateCount);
  // At the door: before it, with the joiner, with each of the two writes. The joiner first has nothing.
  assertEquals(counts, [4, 5, 4, 4]);
});

for (const recording of recordings) {
  const session = new DamagedSession(recording);
  const expected = Math.ceil(session.stream.length / STRIDE);

  Deno.test(`${recording.name}: a flipped bit anywhere ends the link, and nothing comes of what it is in`, () => {
    const { count, reasons } = session.flips(STRIDE);
    assertEquals(count, expected);
    // The first three bytes tell that it is kith, and the fourth which version.
    assertEquals(reasons.get("not_kith"), 1);
    assert((reasons.get("bad_handshake") ?? 0) >= 5);
    assert((reasons.get("malformed") ?? 0) > expected / 2);
  });

  Deno.test(`${recording.name}: a session that is cut off anywhere leaves what came whole`, () => {
    const { count, reasons } = session.cuts(STRIDE);
    assertEquals([count, [...reasons.keys()]], [expected, ["truncated"]]);
  });
}
