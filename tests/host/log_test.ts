import { assertEquals } from "@std/assert";
import { MAX_LOG_BYTES } from "../../lib/base/limits.ts";
import { openLog } from "../../lib/host/log.ts";
import { tempFolder } from "./temp_host.ts";

Deno.test("events become lines, and the log stays bounded", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/kith.log`;
  const seen: string[] = [];
  const log = openLog(path, (line) => seen.push(line));
  log.write({ name: "link_opened", level: "info", fields: { peer: "a\nb\ud800" } });
  const line = JSON.parse(Deno.readTextFileSync(path));
  assertEquals([line.event, line.level, line.peer], ["link_opened", "info", "a\nb\ud800"]);
  assertEquals(seen.length, 1);
  const detail = "x".repeat(10_000);
  for (let i = 0; i < 300; i++) log.write({ name: `big_${i}`, level: "debug", fields: { detail } });
  log.close();
  assertEquals(Deno.statSync(path).size <= MAX_LOG_BYTES, true);
  assertEquals(Deno.statSync(`${path}.1`).size <= MAX_LOG_BYTES, true);
  assertEquals((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
  const again = openLog(path);
  again.write({ name: "later", level: "info" });
  again.close();
  assertEquals(Deno.readTextFileSync(path).trim().split("\n").length > 1, true, "an old log is gone on with");
});

Deno.test("a log that can't be written drops lines and counts them", () => {
  const log = openLog("/nonexistent/kith.log");
  log.write({ name: "x", level: "info" });
  log.write({ name: "y", level: "info" });
  assertEquals(log.droppedLines, 2);
  log.close();
});
