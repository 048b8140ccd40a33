import { assertEquals } from "@std/assert";
import { natsOf } from "../../lib/peer/nat_kind.ts";

/** @param all what members see, and what this machine's own end of the link is. */
function kindsOf(...all: readonly (readonly [seen: string, own: string | null])[]) {
  const { ipv4, ipv6 } = natsOf(all.map(([seen, localAddress]) => ({ seen, connection: { localAddress } })));
  return [ipv4, ipv6];
}

Deno.test("what is between a peer and others is told by what they see", () => {
  assertEquals(kindsOf(), [null, null]);
  assertEquals(kindsOf(["203.0.113.9:50001", "203.0.113.9:50001"]), ["none", null]);
  assertEquals(kindsOf(["[2001:db8::9]:50001", "[2001:db8::9]:50001"]), [null, "none"]);
  assertEquals(kindsOf(["203.0.113.9:50001", "192.168.1.5:50001"]), ["port_kept", null]);
  assertEquals(kindsOf(["203.0.113.9:1024", "192.168.1.5:50001"]), ["port_changed", null]);
  assertEquals(kindsOf(["203.0.113.9:1024", "10.0.0.5:1"], ["203.0.113.10:1024", "10.0.0.5:2"]), [
    "address_varies",
    null,
  ]);
});

Deno.test("on its own network nothing is told of what is beyond it", () => {
  assertEquals(kindsOf(["192.168.1.5:50001", "192.168.1.5:50001"], ["[fd00::1]:1", "[fd00::1]:1"]), [null, null]);
  assertEquals(kindsOf(["100.64.0.5:50001", "100.64.0.5:50001"]), [null, null]);
  assertEquals(kindsOf(["192.168.1.5:50001", "192.168.1.5:50001"], ["203.0.113.9:5", "192.168.1.5:5"]), [
    "port_kept",
    null,
  ]);
  assertEquals(kindsOf(["203.0.113.9:50001", null]), [null, null], "its own end is not known");
});

Deno.test("who sees something else than most is outvoted", () => {
  const most = [["203.0.113.9:5", "192.168.1.5:5"], ["203.0.113.9:6", "192.168.1.5:6"]] as const;
  assertEquals(kindsOf(["192.0.2.66:5", "192.168.1.5:4"], ...most), ["port_kept", null]);
  assertEquals(kindsOf(["203.0.113.9:66", "192.168.1.5:4"], ...most), ["port_kept", null]);
  assertEquals(kindsOf(["192.168.1.5:4", "192.168.1.5:4"], ...most), ["port_kept", null]);
  assertEquals(kindsOf(["203.0.113.9:66", "192.168.1.5:4"], most[0]), ["port_changed", null], "by half not foreseen");
});
