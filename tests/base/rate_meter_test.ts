import { assertEquals } from "@std/assert";
import { RateMeter } from "../../lib/base/rate_meter.ts";

Deno.test("a rate is that of the last five whole seconds, and nothing once they are over", () => {
  const meter = new RateMeter();
  assertEquals(meter.perSecond(5000), 0);
  for (let ms = 10_000; ms < 15_000; ms += 500) meter.add(100, ms);
  assertEquals(meter.perSecond(14_900), 160, "the second under way does not count");
  assertEquals(meter.perSecond(15_000), 200);
  assertEquals(meter.perSecond(17_000), 120);
  assertEquals(meter.perSecond(20_000), 0);
});

Deno.test("a clock that is set back is believed from then on", () => {
  const meter = new RateMeter();
  meter.add(1000, 60_000);
  meter.add(50, 20_000);
  meter.add(50, 21_000);
  assertEquals(meter.perSecond(22_000), 20);
});
