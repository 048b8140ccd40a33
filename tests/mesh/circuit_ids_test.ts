import { assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../lib/base/errors.ts";
import { CircuitIds } from "../../lib/mesh/circuit_ids.ts";

Deno.test("the two sides of a link give different numbers, and each knows those of the other", () => {
  const [out, into] = [new CircuitIds("out"), new CircuitIds("in")];
  assertEquals([out.next(), out.next(), into.next(), into.next()], [1, 3, 2, 4]);
  for (const circuit of [1, 3]) into.taken(circuit);
  // One that came to nothing before it was told of leaves a gap.
  out.taken(4);
  assertEquals([0, 1, 2, 3, 4, 5, 6].map((circuit) => out.wasUsed(circuit)), [
    ...[false, true, true, true, true, false, false],
  ]);
  assertEquals([0, 1, 2, 3, 4, 5, 6].map((circuit) => into.wasUsed(circuit)), [
    ...[false, true, true, true, true, false, false],
  ]);
});

Deno.test("a number that was used, or is not of the other side, begins no circuit", () => {
  const ids = new CircuitIds("in");
  ids.taken(5);
  for (const circuit of [5, 3, 1, 0, 6, 8]) {
    assertEquals(assertThrows(() => ids.taken(circuit), ProtocolError).code, "bad_state", `${circuit}`);
  }
  ids.taken(7);
});
