import { assert, assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../lib/base/errors.ts";
import type { PeerEvent } from "../../lib/base/event.ts";
import {
  MAX_FRAME_BYTES,
  MAX_WORK_BURST,
  MAX_WORK_PER_S,
  MISBEHAVIOUR_CUT_MS,
  MISBEHAVIOUR_HALVES_MS,
} from "../../lib/base/limits.ts";
import { Conduct } from "../../lib/peer/conduct.ts";
import { MESSAGE_KINDS } from "../../lib/wire/message.ts";

const at = (ms: number) => ({ monotonicMs: ms, wallMs: 1_000_000 + ms });

function watched(): { conduct: Conduct; events: PeerEvent[] } {
  const events: PeerEvent[] = [];
  return { conduct: new Conduct((event) => events.push(event)), events };
}

/** How often something can be done before it is too much. */
function timesUntilTooMuch(act: () => void): number {
  for (let times = 0; times < 1_000_000; times++) {
    try {
      act();
    } catch (error) {
      assert(error instanceof ProtocolError && error.code === "too_large", String(error));
      return times;
    }
  }
  return Infinity;
}

Deno.test("what a member sends for nothing has its bound, by what it costs; what is useful has none", () => {
  const { conduct } = watched();
  const frontiers = timesUntilTooMuch(() => conduct.message("a", MESSAGE_KINDS.frontier, MAX_FRAME_BYTES, at(0)));
  assertEquals(frontiers, 1);
  assertEquals(timesUntilTooMuch(() => conduct.message("b", MESSAGE_KINDS.frontier, 512, at(0))), 4_166);
  assertEquals(timesUntilTooMuch(() => conduct.message("c", MESSAGE_KINDS.want, 32 * 1024, at(0))), 24);
  assertEquals(timesUntilTooMuch(() => conduct.message("d", MESSAGE_KINDS.pull, 0, at(0))), MAX_WORK_BURST / 100);
  assertEquals(timesUntilTooMuch(() => conduct.message("i", MESSAGE_KINDS.shuffle, 530, at(0))), MAX_WORK_BURST / 100);
  assertEquals(timesUntilTooMuch(() => conduct.message("j", MESSAGE_KINDS.forward_join, 33, at(0))), 250);
  assertEquals(timesUntilTooMuch(() => conduct.message("k", MESSAGE_KINDS.graft, 32 * 1024, at(0))), 24);
  assertEquals(timesUntilTooMuch(() => conduct.message("l", MESSAGE_KINDS.announce, 33 * 1024, at(0))), 186);
  assertEquals(timesUntilTooMuch(() => conduct.frame("e", "pings", at(0))), MAX_WORK_BURST);
  assertEquals(timesUntilTooMuch(() => conduct.uselessTransaction("f", "nothing", at(0))), MAX_WORK_BURST / 2);
  assertEquals(timesUntilTooMuch(() => conduct.uselessTransaction("g", "dropped", at(0))), MAX_WORK_BURST / 5);
  assertEquals(
    timesUntilTooMuch(() => conduct.message("h", MESSAGE_KINDS.transactions, MAX_FRAME_BYTES, at(0))),
    Infinity,
  );
  // All links of a member count together, and time gives back what its rate allows.
  assertEquals(timesUntilTooMuch(() => conduct.frame("e", "pings", at(1000))), MAX_WORK_PER_S);
});

Deno.test("a member that does wrong is cut, the sooner the worse; what is long ago counts less", () => {
  const { conduct, events } = watched();
  const breachesUntilCut = (peer: string, detail: string, everyMs: number) => {
    for (let breaches = 1; breaches <= 100; breaches++) {
      const now = at(breaches * everyMs);
      conduct.breach(peer, "too_large", detail, now);
      if (conduct.cutMs(peer, now) > 0) return breaches;
    }
    return Infinity;
  };
  assertEquals(breachesUntilCut("a", "a frame of 9 bytes", 0), 7);
  assertEquals(breachesUntilCut("b", "more work than a member may make: pings", 0), 2);
  assertEquals(breachesUntilCut("c", "a frame of 9 bytes", MISBEHAVIOUR_HALVES_MS / 10), 9);
  assertEquals(breachesUntilCut("d", "a frame of 9 bytes", MISBEHAVIOUR_HALVES_MS), Infinity);
  assertEquals(events.filter(({ name }) => name === "member_cut").map(({ fields }) => fields?.["peer"]), [
    "a",
    "b",
    "c",
  ]);
});

Deno.test("a cut is named with its reason, and comes to its end", () => {
  const { conduct, events } = watched();
  for (let i = 0; i < 7; i++) conduct.breach("otter", "bad_state", "prove between members", at(5));
  assertEquals(conduct.cuts(), [{
    peer: "otter",
    reason: "bad_state",
    detail: "prove between members",
    untilMs: 1_000_005 + MISBEHAVIOUR_CUT_MS,
  }]);
  assertEquals(conduct.deadline(), 5 + MISBEHAVIOUR_CUT_MS);
  assertEquals(conduct.cutMs("otter", at(6)), MISBEHAVIOUR_CUT_MS - 1);
  conduct.tick(at(4 + MISBEHAVIOUR_CUT_MS));
  assertEquals(conduct.cuts().length, 1);
  conduct.tick(at(5 + MISBEHAVIOUR_CUT_MS));
  assertEquals([conduct.cuts(), conduct.cutMs("otter", at(5 + MISBEHAVIOUR_CUT_MS))], [[], 0]);
  assertEquals(events.map(({ name }) => name), ["member_cut", "member_cut_ended"]);
  assertThrows(() => {
    for (let i = 0; i <= MAX_WORK_BURST; i++) conduct.frame("otter", "pings", at(10));
  }, ProtocolError);
});
