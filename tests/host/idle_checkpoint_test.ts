import { assertEquals } from "@std/assert";
import { KithError } from "../../lib/base/errors.ts";
import { IdleCheckpoint } from "../../lib/host/idle_checkpoint.ts";
import { until } from "./until.ts";

Deno.test("turns in a row share a checkpoint, and a full disk is told of and tried again", async () => {
  const events: string[] = [];
  let runs = 0;
  const checkpoint = new IdleCheckpoint(
    () => {
      runs++;
      if (runs === 1) throw new KithError("store_full", { path: "x" });
    },
    ({ name, reason }) => events.push(`${name} ${reason}`),
    1,
  );
  for (let i = 0; i < 10; i++) checkpoint.turned();
  await until("it ran", () => runs === 1);
  assertEquals(events, ["checkpoint_failed store_full"]);
  checkpoint.turned();
  await until("it ran again", () => runs === 2);
  checkpoint.turned();
  checkpoint.stop();
  checkpoint.turned();
  assertEquals([runs, events.length], [2, 1]);
});
