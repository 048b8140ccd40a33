import { assert, assertEquals } from "@std/assert";
import type { Now } from "../../lib/base/clock.ts";
import { RELAY_AFTER_MS } from "../../lib/base/limits.ts";
import { RelayRoutes } from "../../lib/mesh/relay_routes.ts";
import { Prng } from "../sim/prng.ts";

function at(monotonicMs: number): Now {
  return { monotonicMs, wallMs: 0 };
}

function routes(self = "a"): RelayRoutes {
  return new RelayRoutes(new Prng(3), self);
}

Deno.test("relays are asked one after the other for who is missed, well behind the direct dials", () => {
  const r = routes();
  assertEquals(r.deadline(), Infinity);
  r.seek(new Set(["p"]), at(0));
  assertEquals(r.due(["m", "n"], at(RELAY_AFTER_MS - 1)), []);
  assertEquals(r.deadline(), RELAY_AFTER_MS);
  assertEquals(r.due(["m", "n"], at(RELAY_AFTER_MS)), [{ peer: "p", relay: "m" }]);
  assertEquals([r.deadline(), r.due(["m", "n"], at(1e6))], [Infinity, []], "the answer is waited for");
  r.failed("p", at(3000));
  assertEquals(r.due(["m", "n"], at(3000)), [{ peer: "p", relay: "n" }]);
});

Deno.test("of two that miss each other the lower id asks first", () => {
  const r = routes("z");
  r.seek(new Set(["p"]), at(0));
  assertEquals(r.due(["m"], at(2 * RELAY_AFTER_MS - 1)), []);
  assertEquals(r.due(["m"], at(2 * RELAY_AFTER_MS)).length, 1);
});

Deno.test("after all relays were asked in vain it is waited, twice as long each time up to a minute", () => {
  const r = routes();
  r.seek(new Set(["p"]), at(0));
  let nowMs = RELAY_AFTER_MS;
  const waits: number[] = [];
  for (let round = 0; round < 8; round++) {
    assertEquals(r.due(["m"], at(nowMs)).length, 1);
    r.failed("p", at(nowMs));
    assertEquals(r.due(["m"], at(nowMs)), []);
    waits.push(r.deadline() - nowMs);
    nowMs = r.deadline();
  }
  for (const [round, waitMs] of waits.entries()) {
    const longestMs = Math.min(4000 * 2 ** round, 60_000);
    assert(waitMs >= longestMs / 2 && waitMs <= longestMs, `round ${round}: ${waitMs} ms`);
  }
});

Deno.test("a new relay is asked soon, though others were asked in vain", () => {
  const r = routes();
  r.seek(new Set(["p"]), at(0));
  for (let nowMs = RELAY_AFTER_MS, round = 0; round < 6; round++, nowMs = r.deadline()) {
    r.due(["m"], at(nowMs));
    r.failed("p", at(nowMs));
    r.due(["m"], at(nowMs));
  }
  r.relayAdded("n", at(1e6));
  assert(r.deadline() <= 1e6 + RELAY_AFTER_MS);
  const asked: string[] = [];
  for (let i = 0; i < 2; i++) {
    asked.push(...r.due(["m", "n"], at(2e6)).map(({ relay }) => relay));
    r.failed("p", at(2e6));
  }
  assertEquals(asked.toSorted(), ["m", "n"]);
});

Deno.test("nobody relays to itself, and who is missed no more is not asked for", () => {
  const r = routes();
  r.seek(new Set(["p", "q"]), at(0));
  r.seek(new Set(["q"]), at(10));
  r.failed("p", at(20));
  assertEquals(r.due(["q"], at(1e6)), []);
  assertEquals(r.due(["q", "m"], at(2e6)), [{ peer: "q", relay: "m" }]);
});
