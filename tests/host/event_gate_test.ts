import { assertEquals } from "@std/assert";
import type { PeerEvent } from "../../lib/base/event.ts";
import { LOG_PERIOD_MS, MAX_LOGGED_EVENTS, MAX_LOGGED_KINDS } from "../../lib/base/limits.ts";
import { EventGate } from "../../lib/host/event_gate.ts";

const refused = (reason: string): PeerEvent => ({ name: "link_refused", level: "warning", reason });

Deno.test("of one kind of event so many are logged in a period, and the others counted in one line", () => {
  let nowMs = 0;
  const gate = new EventGate(() => nowMs);
  const flood = Array.from({ length: 1000 }, () => gate.take(refused("too_many_links"))).flat();
  assertEquals(flood.length, MAX_LOGGED_EVENTS);
  assertEquals(gate.take(refused("not_kith")), [refused("not_kith")], "another reason is another kind");
  nowMs = LOG_PERIOD_MS - 1;
  assertEquals(gate.take(refused("too_many_links")), []);
  nowMs = LOG_PERIOD_MS;
  const [told, ...others] = gate.take({ name: "link_opened", level: "info" });
  assertEquals(told, {
    name: "events_not_logged",
    level: "warning",
    fields: { event: "link_refused:too_many_links", count: 1001 - MAX_LOGGED_EVENTS, seconds: 60 },
  });
  assertEquals(others, [{ name: "link_opened", level: "info" }]);
  assertEquals(gate.take(refused("too_many_links")), [refused("too_many_links")], "a new period");
});

Deno.test("what is held back is told at the end, and kinds that are too many share a count", () => {
  const gate = new EventGate(() => 0);
  const passed = Array.from({ length: 1000 }, (_, i) => gate.take({ name: `made_up_${i}`, level: "info" })).flat();
  assertEquals(passed.length, MAX_LOGGED_KINDS + MAX_LOGGED_EVENTS);
  const told = gate.close();
  assertEquals(told.map(({ fields }) => [fields?.["event"], fields?.["count"]]), [["others", 1000 - passed.length]]);
  assertEquals(gate.close(), []);
});
