import { assertEquals } from "@std/assert";
import { advertisedPort, dialableAddress } from "../../lib/peer/dialable_address.ts";

Deno.test("who dialled can be dialled at the same host, at the port of the first address that it tells, however spelled", () => {
  const ports: [readonly string[], number | null][] = [
    [[], null],
    [["otter"], null],
    [["10.0.0.7:5484", "10.0.0.7:80"], 5484],
    [["10.0.0.7:05484"], 5484],
    [["[2001:DB8::7]:0005484"], 5484],
  ];
  for (const [addresses, port] of ports) assertEquals(advertisedPort(addresses), port, addresses.join(" "));
  assertEquals(dialableAddress("[2001:db8::7]:40000", 5484), "[2001:db8::7]:5484");
  assertEquals(dialableAddress("10.0.0.7:40000", null), null);
});
