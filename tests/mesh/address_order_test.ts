import { assertEquals } from "@std/assert";
import { byPromise } from "../../lib/mesh/address_order.ts";

const OWN = ["192.168.1.5:5484", "172.17.0.1:5484", "[2001:db8:1::5]:5484"];

Deno.test("addresses on the own networks are dialled before others, and private ones elsewhere last", () => {
  const lan = ["192.168.1.9:1", "[2001:db8:1::9]:1"];
  const outer = ["203.0.113.9:1", "[2001:db8:2::9]:1"];
  const elsewhere = ["10.0.0.9:1", "[fd00::9]:1"];
  assertEquals(byPromise([...elsewhere, ...outer, ...lan], OWN), [...lan, ...outer, ...elsewhere]);
  assertEquals(byPromise(["10.0.0.9:1", "otter.example:1"], OWN), ["otter.example:1", "10.0.0.9:1"]);
});

Deno.test("an address that this machine has itself, as of a virtual network, is dialled last", () => {
  assertEquals(byPromise(["172.17.0.1:5484", "10.0.0.9:1", "203.0.113.9:1"], OWN), [
    "203.0.113.9:1",
    "172.17.0.1:5484",
    "10.0.0.9:1",
  ]);
});

Deno.test("IPv6 and IPv4 take turns, beginning with what the peer names first", () => {
  const [a, b, c] = ["203.0.113.1:1", "203.0.113.2:1", "203.0.113.3:1"] as const;
  const [x, y] = ["[2001:db8::1]:1", "[2001:db8::2]:1"] as const;
  assertEquals(byPromise([a, b, c, x, y], []), [a, x, b, y, c]);
  assertEquals(byPromise([x, y, a], []), [x, a, y]);
  assertEquals(byPromise([x, a, b, c], []), [x, a, b, c]);
  assertEquals(byPromise([], []), []);
});
