import { assertEquals } from "@std/assert";
import { reachChangeText, reachText } from "../../lib/cli/reach.ts";

const NAT = { ipv4: null, ipv6: null };

Deno.test("whether others reach this peer is told in words, and nothing where nothing is known", () => {
  assertEquals(reachText({}), null);
  assertEquals(reachText({ reachable: null, nat: NAT, addresses: [] }), null);
  const failed = { address: "203.0.113.9:5484", reached_by: 0, failed_for: 2, told: false };
  assertEquals(
    reachText({ reachable: false, nat: { ipv4: "port_kept", ipv6: "none" }, addresses: [failed] }),
    "not from outside, where 2 members tried; IPv4 behind a NAT that keeps ports, IPv6 without NAT",
  );
  const reached = { address: "203.0.113.9:5484", reached_by: 2, failed_for: 0, told: true };
  assertEquals(
    reachText({ reachable: true, nat: { ...NAT, ipv4: "port_changed" }, addresses: [reached, failed] }),
    "from outside at 203.0.113.9:5484; IPv4 behind a NAT that changes ports; others are told 203.0.113.9:5484",
  );
});

Deno.test("a change of it is told in words", () => {
  const event = { reachable: true, nat_ipv4: "address_varies", nat_ipv6: null, addresses: "" };
  assertEquals(reachChangeText(event), "from outside; IPv4 behind a NAT with several addresses");
  assertEquals(
    reachChangeText({ ...event, nat_ipv4: null, addresses: "203.0.113.9:1 [2001:db8::9]:1" }),
    "from outside at 203.0.113.9:1, [2001:db8::9]:1; others are told 203.0.113.9:1, [2001:db8::9]:1",
  );
  assertEquals(reachChangeText({ reachable: null, nat_ipv4: null, nat_ipv6: null, addresses: "" }), null);
});

Deno.test("what comes from others is escaped", () => {
  const address = "203.0.113.9:1\x1b[2J";
  const text = reachText({ reachable: true, nat: NAT, addresses: [{ address, reached_by: 1, told: true }] });
  assertEquals(text?.includes("\x1b"), false);
});
