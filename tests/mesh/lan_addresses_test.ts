import { assertEquals } from "@std/assert";
import { LanAddresses } from "../../lib/mesh/lan_addresses.ts";

function addresses(): LanAddresses {
  const near = new LanAddresses();
  const own = (address: string, prefixBits: number) => ({ address, prefixBits, isListening: true });
  near.set([
    { name: "eth0", addresses: [own("203.0.113.5", 24), own("fe80::5", 64), own("2001:db8::5", 64)] },
    { name: "wlan0", addresses: [own("192.168.1.5", 24), own("fe80::6", 64)] },
  ]);
  return near;
}

Deno.test("the nearest addresses come first, link-local ones last, with their interface", () => {
  const found = ["fe80::9", "10.0.0.9", "2001:db8::9", "203.0.113.9", "192.168.1.9"];
  assertEquals(addresses().dialable({ port: 5484, addresses: found }, "eth0").dialable, [
    "203.0.113.9:5484",
    "192.168.1.9:5484",
    "[2001:db8::9]:5484",
    "10.0.0.9:5484",
    "[fe80::9%eth0]:5484",
  ]);
});

Deno.test("an address that is named in two spellings is dialled once", () => {
  const found = ["2001:DB8:0::9", "2001:db8::9", "FE80::9", "fe80:0::9"];
  const { dialable } = addresses().dialable({ port: 5484, addresses: found }, "eth0");
  assertEquals(dialable, ["[2001:db8::9]:5484", "[fe80::9%eth0]:5484"]);
});

Deno.test("where the interface is not known, a link-local address may be on each", () => {
  const { dialable } = addresses().dialable({ port: 5484, addresses: ["fe80::9"] }, null);
  assertEquals(dialable, ["[fe80::9%eth0]:5484", "[fe80::9%wlan0]:5484"]);
});

Deno.test("nobody is dialled who is not near", () => {
  const far = ["8.8.8.8", "203.0.114.1", "2001:db9::1", "127.0.0.1", "::1", "224.0.0.251", "ff02::1", "0.0.0.0"];
  for (const address of [...far, "255.255.255.255", "::ffff:192.168.1.9", "example.org"]) {
    const { dialable, refused } = addresses().dialable({ port: 5484, addresses: [address] }, "eth0");
    assertEquals([dialable, refused], [[], ["an address that is not near"]], address);
  }
});

Deno.test("services of the system and printers are not dialled", () => {
  for (const port of [0, 22, 80, 1023, 9100, 9109]) {
    const { dialable, refused } = addresses().dialable({ port, addresses: ["192.168.1.9"] }, null);
    assertEquals([dialable, refused], [[], ["a port of other services"]], String(port));
  }
  for (const port of [1024, 9099, 9110, 65_535]) {
    const { dialable } = addresses().dialable({ port, addresses: ["192.168.1.9"] }, null);
    assertEquals(dialable, [`192.168.1.9:${port}`]);
  }
});

Deno.test("there is a bound", () => {
  const many = Array.from({ length: 50 }, (_, i) => `192.168.1.${i + 10}`);
  assertEquals(addresses().dialable({ port: 5484, addresses: many }, null).dialable.length, 8);
});
