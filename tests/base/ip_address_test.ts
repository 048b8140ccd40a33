import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { toHex } from "../../lib/base/bytes.ts";
import {
  canonicalAddress,
  canonicalAddresses,
  ipBytes,
  ipOfEndpoint,
  ipText,
  isInSubnet,
  isLinkLocal,
  isPrivate,
  isPublic,
  isUnicast,
} from "../../lib/base/ip_address.ts";

function bytes(text: string): Uint8Array {
  const found = ipBytes(text);
  assert(found !== null, text);
  return found;
}

Deno.test("addresses are read in every spelling", () => {
  const spelled: Record<string, string> = {
    "10.0.255.1": "0a00ff01",
    "::": "00".repeat(16),
    "::1": "00".repeat(15) + "01",
    "fe80::1": "fe80" + "00".repeat(13) + "01",
    "2001:db8::": "20010db8" + "00".repeat(12),
    "1:2:3:4:5:6:7:8": "00010002000300040005000600070008",
    "2001:DB8:0:0:8::417A": "20010db800000000000800000000417a",
    "::ffff:10.0.0.1": "00".repeat(10) + "ffff0a000001",
  };
  for (const [text, hex] of Object.entries(spelled)) assertEquals(toHex(bytes(text)), hex, text);
});

Deno.test("an address has one text, which is read as the same again", () => {
  // Those of RFC 5952, sections 2 and 4.
  const texts = {
    "10.0.255.1": "10.0.255.1",
    "2001:DB8::8:417A": "2001:db8::8:417a",
    "2001:0db8:0:0:1:0:0:1": "2001:db8::1:0:0:1",
    "2001:db8:0:1:1:1:1:1": "2001:db8:0:1:1:1:1:1",
    "2001:0:0:1:0:0:0:1": "2001:0:0:1::1",
    "10:0:0:20:0:0:0:100": "10:0:0:20::100",
    "1:0:0:0:0:0:0:0": "1::",
    "0:0:0:0:0:0:0:0": "::",
    "0:0:0:0:0:0:0:1": "::1",
    "::1.2.3.4": "::102:304",
  };
  for (const [spelled, text] of Object.entries(texts)) {
    assertEquals(ipText(bytes(spelled)), text);
    assertEquals(bytes(text), bytes(spelled));
  }
  assertEquals(ipText(bytes("::FFFF:a00:1")), "10.0.0.1");
});

/** One of the ways to spell a group, or what it is without the zeros before it. */
const spelledGroup = (group: number) =>
  fc.tuple(fc.integer({ min: 1, max: 4 }), fc.boolean()).map(([digits, isUpper]) => {
    const text = group.toString(16).padStart(digits, "0");
    return isUpper ? text.toUpperCase() : text;
  });

/** The bytes of an address of IPv6 with many zeros, in groups, and a spelling of it. */
const spelledAddresses = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
  minLength: 8,
  maxLength: 8,
}).chain((groups) =>
  fc.tuple(fc.tuple(...groups.map(spelledGroup)), fc.nat({ max: 8 }), fc.nat({ max: 8 })).map(([spelled, a, b]) => {
    const [from, to] = [Math.min(a, b), Math.max(a, b)];
    const isLeftOut = to > from && groups.slice(from, to).every((group) => group === 0);
    const text = isLeftOut ? `${spelled.slice(0, from).join(":")}::${spelled.slice(to).join(":")}` : spelled.join(":");
    return { groups, text };
  })
);

Deno.test("however an address is spelled, it is the same one, and has one canonical spelling", () => {
  fc.assert(fc.property(spelledAddresses, ({ groups, text }) => {
    const canonical = ipText(bytes(text));
    assertEquals(canonical, ipText(Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]))));
    if (!canonical.includes(".")) {
      assertEquals(bytes(canonical), bytes(text));
      // As whoever wrote another implementation has it.
      assertEquals(canonical, new URL(`http://[${text}]`).hostname.slice(1, -1));
    }
    assertEquals(canonicalAddress(`[${text}]:05484`), canonicalAddress(`[${canonical}]:5484`));
  }));
});

Deno.test("an endpoint has one spelling, which stays as it is; what is none is left alone", () => {
  const spelled: Record<string, string> = {
    "[2001:DB8:0:0::1]:5484": "[2001:db8::1]:5484",
    "[::ffff:10.0.0.1]:5484": "10.0.0.1:5484",
    "[::FFFF:A00:1]:00080": "10.0.0.1:80",
    "[FE80:0::1%Eth0]:9": "[fe80::1%Eth0]:9",
    "10.0.0.1:05484": "10.0.0.1:5484",
    "[10.0.0.1]:01": "10.0.0.1:1",
    "[2001:db8::1%1]:1": "[2001:db8::1]:1",
    "[::1%lo]:1": "[::1]:1",
    "[::ffff:10.0.0.1%eth0]:1": "10.0.0.1:1",
    "otter.:1": "otter:1",
    "10.0.0.1.:1": "10.0.0.1:1",
    "ÄİÇ.Example.:1": "ÄİÇ.example:1",
    "Otter.Example:5484": "otter.example:5484",
    "a:0": "a:0",
    "a:000": "a:0",
  };
  for (const [text, canonical] of Object.entries(spelled)) {
    assertEquals(canonicalAddress(text), canonical, text);
    assertEquals(canonicalAddress(canonical), canonical);
  }
  const none = ["", "A", "A:B", ":1", "[Otter]:01", "[10.0.0.1%1]:01", "[::G]:1", "[]:1", "FE80::1:1", "a..:1", ".:1"];
  for (const text of [...none, "quic:[FE80::1]:1"]) {
    assertEquals(canonicalAddress(text), text);
  }
  fc.assert(fc.property(fc.string(), (text) => {
    const canonical = canonicalAddress(text);
    assertEquals(canonicalAddress(canonical), canonical);
  }));
  assertEquals(canonicalAddresses(["[::1]:1", "[0::1]:1", "[::1]:2", "[::1]:01"]), ["[::1]:1", "[::1]:2"]);
});

Deno.test("what is no address is none", () => {
  const wrong = [
    "",
    "10.0.0",
    "10.0.0.256",
    "10.0.0.1.1",
    "a.b.c.d",
    "08.8.8.8",
    "8.8.8.010",
    "00.0.0.0",
    "1:2:3",
    "1::2::3",
    "fe80::1%eth0",
    "12345::",
  ];
  for (const text of [...wrong, "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8", ":::", "::10.0.0.300", "10.0.0.1:5484"]) {
    assertEquals(ipBytes(text), null, text);
  }
});

Deno.test("the address of an endpoint is read where it has one", () => {
  assertEquals(ipOfEndpoint("10.0.255.1:65535"), bytes("10.0.255.1"));
  assertEquals(ipOfEndpoint("[fe80::1]:1"), bytes("fe80::1"));
  const wrong = ["", ":1", "10.0.0.1", "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536", "10.0.0.1:0080", "10.0.0:1"];
  for (const text of [...wrong, "[10.0.0.1]:1", "::1:1", "[::1]", "[fe80::1%eth0]:1", "otter:1", "10.0.0.1:1 "]) {
    assertEquals(ipOfEndpoint(text), null, text);
  }
});

Deno.test("an address is in the networks that begin as it does", () => {
  const own = bytes("192.168.5.77");
  assert(isInSubnet(bytes("192.168.5.1"), own, 24));
  assert(!isInSubnet(bytes("192.168.4.77"), own, 24));
  assert(isInSubnet(bytes("192.168.4.77"), own, 23));
  assert(isInSubnet(bytes("192.168.5.79"), own, 30));
  assert(!isInSubnet(bytes("192.168.5.80"), own, 30));
  assert(isInSubnet(bytes("8.8.8.8"), own, 0));
  assert(!isInSubnet(bytes("fe80::1"), own, 0));
  assert(isInSubnet(bytes("2001:db8::5"), bytes("2001:db8::1"), 64));
  assert(!isInSubnet(bytes("2001:db8:0:1::5"), bytes("2001:db8::1"), 64));
});

Deno.test("kinds of addresses", () => {
  const kinds = (text: string) => {
    const address = bytes(text);
    return [isUnicast(address), isPrivate(address), isLinkLocal(address)];
  };
  for (const text of ["169.254.3.4", "fe80::1", "febf::1"]) assertEquals(kinds(text), [true, true, true], text);
  const inner = ["10.1.1.1", "172.16.0.1", "172.31.255.1", "192.168.0.1", "fd00::2"];
  for (const text of inner) assertEquals(kinds(text), [true, true, false], text);
  for (const text of [...inner, "169.254.3.4", "fe80::1", "100.64.0.1", "100.127.255.1", "127.0.0.1", "::1"]) {
    assertEquals(isPublic(bytes(text)), false, text);
  }
  for (const text of ["100.63.0.1", "100.128.0.1"]) assert(isPublic(bytes(text)), text);
  const outer = ["8.8.8.8", "172.32.0.1", "192.169.0.1", "2001:db8::1"];
  for (const text of outer) assertEquals([...kinds(text), isPublic(bytes(text))], [true, false, false, true], text);
  for (
    const text of ["0.0.0.0", "127.0.0.1", "224.0.0.251", "255.255.255.255", "::", "::1", "ff02::fb", "::ffff:8.8.8.8"]
  ) {
    assertEquals(isUnicast(bytes(text)), false, text);
  }
});
