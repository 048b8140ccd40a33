import { assertEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import { TurnLoop } from "../../lib/host/turn.ts";
import type { Machine } from "../../lib/peer/machine.ts";

/** A turn loop whose every turn takes 10 ms by a clock of its own. */
function setUp(): { turns: TurnLoop; handled: () => number } {
  let monotonicMs = 0;
  let handled = 0;
  const machine: Pick<Machine, "handle" | "endTurn" | "deadline"> = {
    handle: () => void handled++,
    endTurn: () => {
      monotonicMs += 10;
      return [];
    },
    deadline: () => Infinity,
  };
  const turns = new TurnLoop(machine as Machine, {
    now: () => ({ monotonicMs, wallMs: monotonicMs }),
    perform: () => {},
    refused: () => {},
    failed: (error) => {
      throw error;
    },
  });
  return { turns, handled: () => handled };
}

/** Until the immediates that wait now have run. */
function idle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

Deno.test("a lone input begins its turn at once, however many came before it", async () => {
  const { turns, handled } = setUp();
  for (let count = 1; count <= 20; count++) {
    turns.push({ type: "tick" });
    assertEquals(handled(), count);
    await idle();
  }
  turns.stop();
});
