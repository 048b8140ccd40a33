import { assertEquals } from "@std/assert";
import {
  DHT_HOST_KEPT_MS,
  MAX_DHT_DIAL_BURST,
  MAX_DHT_DIALS_PER_MINUTE,
  MAX_DHT_DIALS_TO_HOST,
  MAX_DHT_HOSTS,
} from "../../lib/base/limits.ts";
import { HintDials } from "../../lib/mesh/hint_dials.ts";

const MINUTE_MS = 60_000;
const PRIVATE = "an address that is not in the public net";

Deno.test("what is not in the public net, or a port of something else, is not dialled on anybody's word", () => {
  const addresses: Readonly<Record<string, string>> = {
    "10.0.0.1:5484": PRIVATE,
    "192.168.1.1:5484": PRIVATE,
    "127.0.0.1:5484": PRIVATE,
    "169.254.1.1:5484": PRIVATE,
    "100.64.0.1:5484": PRIVATE,
    "224.0.0.251:5484": PRIVATE,
    "255.255.255.255:5484": PRIVATE,
    "0.0.0.0:5484": PRIVATE,
    "[::1]:5484": PRIVATE,
    "[fe80::1]:5484": PRIVATE,
    "[fd00::1]:5484": PRIVATE,
    "[ff02::fb]:5484": PRIVATE,
    "[::ffff:10.0.0.1]:5484": PRIVATE,
    "8.8.8.8:53": "a port of other services",
    "8.8.8.8:9100": "a port of other services",
    "8.8.8.8:0": "a port of other services",
    "8.8.8.8:65536": "not an address",
    "8.8.8.8": "not an address",
    "example.com:5484": "not an address",
    "8.8.8.8:5484 10.0.0.1:1": "not an address",
  };
  for (const [address, reason] of Object.entries(addresses)) {
    assertEquals([address, new HintDials().refusal(address, 0)], [address, reason]);
  }
  for (const address of ["8.8.8.8:5484", "[2600::1]:5484"]) {
    assertEquals([address, new HintDials().refusal(address, 0)], [address, null]);
  }
});

Deno.test("in a private DHT private addresses are dialled too, and still none that are many machines' or a printer's", () => {
  const refusal = (address: string) => {
    const dials = new HintDials();
    dials.allowsPrivate = true;
    return dials.refusal(address, 0);
  };
  for (const address of ["127.0.0.1:5484", "10.0.0.1:5484", "8.8.8.8:5484"]) assertEquals(refusal(address), null);
  for (const address of ["224.0.0.251:5484", "0.0.0.0:5484"]) assertEquals(refusal(address), PRIVATE);
  assertEquals(refusal("10.0.0.1:9100"), "a port of other services");
});

Deno.test("one host is dialled a few times alone, whatever ports it is said to have, and later again", () => {
  const dials = new HintDials();
  const dialled = (nowMs: number) => {
    const refusals = Array.from({ length: 12 }, (_, i) => dials.refusal(`8.8.8.8:${5000 + i}`, nowMs));
    return refusals.filter((reason) => reason === null).length;
  };
  assertEquals(dialled(0), MAX_DHT_DIALS_TO_HOST);
  assertEquals(dialled(MINUTE_MS), 0);
  assertEquals(dials.refusal("8.8.8.8:5999", MINUTE_MS), "this host was dialled often enough");
  assertEquals(dialled(DHT_HOST_KEPT_MS), MAX_DHT_DIALS_TO_HOST);
});

Deno.test("an address that is named again and again is dialled now and then", () => {
  const dials = new HintDials();
  const dialledMs: number[] = [];
  for (let nowMs = 0; nowMs < MINUTE_MS; nowMs += 500) {
    if (dials.refusal("8.8.8.8:5484", nowMs) === null) dialledMs.push(nowMs);
  }
  assertEquals(dialledMs, [0, 20_000, 40_000]);
});

Deno.test("a flood of addresses leads to few dials", () => {
  const dials = new HintDials();
  let dialled = 0;
  for (let i = 0; i < 6000; i++) {
    if (dials.refusal(`11.${i >> 8}.${i & 255}.7:5484`, i * 10) === null) dialled++;
  }
  assertEquals(dialled, MAX_DHT_DIAL_BURST + MAX_DHT_DIALS_PER_MINUTE - 1);
});

Deno.test("what was not dialled here is no address of this peer, and one of many is forgotten again, the oldest first", () => {
  const dials = new HintDials();
  for (let port = 20_000; port < 20_010; port++) dials.isSelf(`8.8.8.8:${port}`);
  assertEquals(dials.refusal("8.8.8.8:20000", 0), null);
  dials.isSelf("8.8.8.8:20000");
  assertEquals(dials.refusal("8.8.8.8:20000", MINUTE_MS), "this peer's own address");
  for (let i = 0; i < MAX_DHT_HOSTS; i++) {
    const address = `11.0.${i >> 8}.${i & 255}:5484`;
    assertEquals(dials.refusal(address, (i + 2) * MINUTE_MS), null);
    dials.isSelf(address);
  }
  assertEquals(dials.refusal("8.8.8.8:20000", 300 * MINUTE_MS), null);
  assertEquals(dials.refusal("11.0.0.9:5484", 300 * MINUTE_MS), "this peer's own address");
});

Deno.test("the own address is not dialled again before the network changed", () => {
  const dials = new HintDials();
  assertEquals(dials.refusal("8.8.8.8:5484", 0), null);
  dials.isSelf("8.8.8.8:5484");
  assertEquals(dials.refusal("8.8.8.8:5484", MINUTE_MS), "this peer's own address");
  assertEquals(dials.refusal("8.8.8.8:5485", MINUTE_MS), null);
  dials.networkChanged();
  assertEquals(dials.refusal("8.8.8.8:5484", MINUTE_MS), null);
});
