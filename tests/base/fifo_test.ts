import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Fifo } from "../../lib/base/fifo.ts";

Deno.test("fifo: as an array that is pushed to and shifted, over many rounds", () => {
  const steps = fc.array(fc.oneof(fc.nat(3000), fc.constant("all" as const), fc.integer({ min: -3000, max: -1 })), {
    maxLength: 12,
  });
  fc.assert(fc.property(steps, (list) => {
    const fifo = new Fifo<number>();
    const model: number[] = [];
    let next = 0;
    for (const step of list) {
      if (step === "all") {
        assertEquals(fifo.takeAll(), model.splice(0));
      } else {
        for (let i = 0; i < step; i++) {
          fifo.push(next);
          model.push(next++);
        }
        for (let i = 0; i > step; i--) assertEquals(fifo.shift(), model.shift());
      }
      assertEquals([fifo.size, fifo.first], [model.length, model[0]]);
    }
  }));
});
