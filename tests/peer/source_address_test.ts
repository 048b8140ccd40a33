import { assertEquals } from "@std/assert";
import { isLoopback, sourceOf } from "../../lib/peer/source_address.ts";

Deno.test("a source is an IPv4 address, or the network of an IPv6 one", () => {
  const cases: [string, string][] = [
    ["192.168.1.10:5484", "192.168.1.10"],
    ["attic.local:1", "attic.local"],
    ["[2001:db8:1:2:3:4:5:6]:5484", "[2001:db8:1:2::]"],
    ["[2001:db8:1:2::9]:5484", "[2001:db8:1:2::]"],
    ["[2001:db8::9]:5484", "[2001:db8::]"],
    ["[fe80::1%eth0]:5484", "[fe80::]"],
    ["[::1]:5484", "[::]"],
    ["[2001:db8:1:2::]:5484", "[2001:db8:1:2::]"],
    ["quic:192.168.1.10:5484", "192.168.1.10"],
    ["quic:[2001:db8:1:2::9]:5484", "[2001:db8:1:2::]"],
  ];
  for (const [address, source] of cases) assertEquals(sourceOf(address), source, address);
});

Deno.test("loopback is told from what only looks like it", () => {
  for (const address of ["127.0.0.1:5484", "127.3.2.1:1", "[::1]:5484", "quic:127.0.0.1:1"]) {
    assertEquals(isLoopback(address), true, address);
  }
  for (const address of ["128.0.0.1:1", "127.0.0.1.example:1", "[::2]:1", "[fe80::1]:1", "10.127.0.0:1"]) {
    assertEquals(isLoopback(address), false, address);
  }
});
