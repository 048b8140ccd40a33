import { assertEquals } from "@std/assert";
import {
  KNOWN_ADDRESS_FACTOR,
  MAX_HANDSHAKE_BURST_OF_ADDRESS,
  MAX_HANDSHAKES_OF_ADDRESS_PER_S,
  MAX_QUIC_HANDSHAKE_BURST,
  MAX_QUIC_HANDSHAKES_PER_S,
  MAX_REMEMBERED_ADDRESSES,
  MAX_STRANGER_HANDSHAKE_BURST,
} from "../../lib/base/limits.ts";
import { Door } from "../../lib/host/door.ts";

const KNOWN = "10.0.0.7";

function open(): { admitted(address: (i: number) => string, tries: number, nowMs: number): number } {
  const door = new Door((address) => address.startsWith(`${KNOWN}:`));
  return {
    admitted: (address, tries, nowMs) => {
      return Array.from({ length: tries }, (_, i) => i).filter((i) => door.admits(address(i), nowMs)).length;
    },
  };
}

Deno.test("an address gets in so often, and no more, whatever its ports", () => {
  const door = open();
  const from = (i: number) => `10.0.0.1:${1024 + i}`;
  assertEquals(door.admitted(from, 500, 0), MAX_HANDSHAKE_BURST_OF_ADDRESS);
  assertEquals(door.admitted(from, 500, 1000), MAX_HANDSHAKES_OF_ADDRESS_PER_S);
  assertEquals(door.admitted((i) => `10.0.0.2:${i}`, 1, 1000), 1, "another one is not to blame");
});

Deno.test("a network of IPv6 is one source, however many addresses it has", () => {
  const door = open();
  assertEquals(
    door.admitted((i) => `[2001:db8:0:1::${(i + 1).toString(16)}]:1`, 500, 0),
    MAX_HANDSHAKE_BURST_OF_ADDRESS,
  );
  assertEquals(door.admitted(() => "[2001:db8:0:2::1]:1", 1, 0), 1);
});

Deno.test("strangers of many addresses together leave room for where members are, and for loopback", () => {
  const door = open();
  const strangers = (i: number) => `10.${1 + (i >> 8)}.${i & 0xff}.1:1`;
  assertEquals(door.admitted(strangers, 2000, 0), MAX_STRANGER_HANDSHAKE_BURST);
  assertEquals(door.admitted(() => "10.9.9.9:1", 1, 0), 0);
  const ofKnown = MAX_HANDSHAKE_BURST_OF_ADDRESS * KNOWN_ADDRESS_FACTOR;
  assertEquals(door.admitted((i) => `${KNOWN}:${i}`, 1000, 0), ofKnown);
  assertEquals(door.admitted((i) => `127.0.0.1:${i}`, 1000, 0), 1000);
  assertEquals(door.admitted((i) => `[::1]:${i}`, 1000, 0), 1000);
});

Deno.test("what may be forged comes so often, and keeps out nobody who has shown to be there", () => {
  const door = new Door(() => false);
  const unproven = (nowMs: number) => Array.from({ length: 2000 }, () => door.admitsUnproven(nowMs)).filter(Boolean);
  assertEquals(unproven(0).length, MAX_QUIC_HANDSHAKE_BURST);
  assertEquals(unproven(1000).length, MAX_QUIC_HANDSHAKES_PER_S);
  assertEquals(door.admits("10.0.0.1:1", 1000), true);
});

Deno.test("of the addresses that came longest ago it is forgotten how often they came", () => {
  for (
    const [others, admitted] of [[100, 2 * MAX_HANDSHAKES_OF_ADDRESS_PER_S], [
      MAX_REMEMBERED_ADDRESSES,
      MAX_HANDSHAKE_BURST_OF_ADDRESS,
    ]] as const
  ) {
    const door = open();
    const first = () => "10.200.0.1:1";
    assertEquals(door.admitted(first, 100, 0), MAX_HANDSHAKE_BURST_OF_ADDRESS);
    door.admitted((i) => `10.${1 + (i >> 8)}.${i & 0xff}.1:1`, others, 0);
    assertEquals(door.admitted(first, 100, 2000), admitted, `after ${others} others`);
  }
});
