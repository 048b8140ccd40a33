import { assertEquals } from "@std/assert";
import { Ledger, type State } from "./ledger.ts";

const losses = (ledger: Ledger, held: Record<string, string>) => ledger.check(new Map(Object.entries(held))).losses;
const writes = (states: Record<string, State>) => new Map(Object.entries(states));

Deno.test("what was acknowledged has to be there, and what was deleted has not", () => {
  const ledger = new Ledger();
  ledger.begin(writes({ a: "1", b: "2" })).acknowledged();
  ledger.begin(writes({ b: null })).acknowledged();
  assertEquals(losses(ledger, { a: "1" }), []);
  assertEquals(losses(ledger, {}), [`'a' holds nothing, not "1"`]);
  assertEquals(losses(ledger, { a: "1", b: "2" }), [`'b' holds "2", not nothing`]);
  assertEquals(losses(ledger, { a: "1", c: "x" }), [`'c' holds "x", not nothing`]);
  assertEquals(ledger.acknowledged, 3);
});

Deno.test("of what was not answered all may be there or nothing, but no part of it", () => {
  const ledger = new Ledger();
  ledger.begin(writes({ a: "old" })).acknowledged();
  ledger.begin(writes({ a: "new", b: "new" }));
  assertEquals(losses(ledger, { a: "old" }), []);
  assertEquals(losses(ledger, { a: "new", b: "new" }), []);
  assertEquals(losses(ledger, { a: "new" }), ["1 of 2 writes of one transaction are there"]);
  assertEquals(losses(ledger, { b: "new" }).length, 2);
});

Deno.test("what was refused is no loss where it is there, but wrong", () => {
  const ledger = new Ledger();
  ledger.begin(writes({ a: "1" })).refused();
  assertEquals(ledger.check(new Map()), { losses: [], failures: [] });
  const { losses, failures } = ledger.check(new Map([["a", "1"]]));
  assertEquals([losses, failures], [[], [`'a' holds "1", not nothing, which was refused`]]);
});

Deno.test("a copy goes on by itself, and leaves what is not answered open", () => {
  const ledger = new Ledger();
  ledger.begin(writes({ a: "old" })).acknowledged();
  const attempt = ledger.begin(writes({ a: "new", b: "new" }));
  const copy = ledger.copy();
  attempt.acknowledged();
  assertEquals(losses(ledger, { a: "old" }).length, 2);
  assertEquals(losses(copy, { a: "old" }), []);
  assertEquals(losses(copy, { a: "new" }), ["1 of 2 writes of one transaction are there"]);
});
