import { assertEquals } from "@std/assert";
import { addressText, parseAddress } from "../../lib/host/address.ts";
import { listenAnywhere, listenOn } from "../../lib/host/listen.ts";
import { dialableAddresses } from "../../lib/host/own_addresses.ts";
import { KithError } from "../../lib/base/errors.ts";

Deno.test("addresses are read and written back", () => {
  for (const text of ["127.0.0.1:1", "[::1]:65535", "host.name:5484", "[fe80::1%eth0]:9"]) {
    const endpoint = parseAddress(text);
    assertEquals(endpoint === null ? null : addressText(endpoint), text);
  }
  assertEquals(addressText({ hostname: "::ffff:10.0.0.1", port: 2 }), "10.0.0.1:2");
  assertEquals(parseAddress("[10.0.0.1]:5484"), { hostname: "10.0.0.1", port: 5484 });
  assertEquals(parseAddress("[fe80::1%br-lan.5]:5484"), { hostname: "fe80::1%br-lan.5", port: 5484 });
  const typed = parseAddress("[2001:DB8:0::1]:05484");
  assertEquals(typed === null ? null : addressText(typed), "[2001:db8::1]:5484");
  assertEquals(parseAddress("host", 5484), { hostname: "host", port: 5484 });
  assertEquals(parseAddress("[::1]", 5484), { hostname: "::1", port: 5484 });
  assertEquals(parseAddress(":7000", 5484), { hostname: "::", port: 7000 });
});

Deno.test("what is no address is none", () => {
  const texts = ["", "host", ":1", "a b:1", "host:", "host:99999", "host:-1", "::1:5", "[::1]5", "http://h:1", "a@b:1"];
  const inBrackets = ["[otter]:1", "[a.b]:1", "[fe80]:1", "[10.0.0.1%1]:1", "[fe80::1%]:1", "[1:2]:1", "[]:1"];
  for (const text of [...texts, ...inBrackets]) assertEquals(parseAddress(text), null, text);
  assertEquals(parseAddress("x".repeat(300) + ":1"), null);
  assertEquals(parseAddress("", 1), null);
});

Deno.test("a host name holds no control characters", () => {
  for (const text of ["\0", "a\x1b[2Jb:1", "\x7f", "a\u0085b:1"]) {
    assertEquals(parseAddress(text, 5484), null, JSON.stringify(text));
  }
});

Deno.test("a wildcard stands for this machine's addresses, those of IPv4 first, local ones left out", () => {
  const interfaces = [
    { address: "127.0.0.1", family: "IPv4" },
    { address: "fe80::1", family: "IPv6" },
    { address: "fd00::2", family: "IPv6" },
    { address: "192.168.1.10", family: "IPv4" },
    { address: "169.254.3.4", family: "IPv4" },
  ] as const;
  const any = [{ hostname: "::", port: 5484 }];
  assertEquals(dialableAddresses(any, interfaces), ["192.168.1.10:5484", "[fd00::2]:5484"]);
  assertEquals(dialableAddresses([{ hostname: "0.0.0.0", port: 1 }], interfaces), ["192.168.1.10:1"]);
  assertEquals(dialableAddresses(any, []), ["127.0.0.1:5484"]);
  assertEquals(dialableAddresses([{ hostname: "127.0.0.1", port: 1 }], interfaces), ["127.0.0.1:1"]);
  const many = Array.from({ length: 40 }, (_, i) => ({ address: `10.0.0.${i}`, family: "IPv4" as const }));
  assertEquals(dialableAddresses(any, many).length, 16);
});

Deno.test("a busy port is an error when named, and passed over when not", () => {
  const [first] = listenAnywhere(40_000 + Math.floor(Math.random() * 10_000));
  if (first === undefined) throw new Error("listens somewhere");
  const { port } = first.addr;
  const [second] = listenAnywhere(port);
  try {
    let code = "";
    try {
      listenOn([{ hostname: "127.0.0.1", port: 0 }, { hostname: "::", port }]);
    } catch (error) {
      code = error instanceof KithError ? error.code : String(error);
    }
    assertEquals(code, "port_in_use");
    assertEquals(second !== undefined && second.addr.port > port, true);
  } finally {
    first.close();
    second?.close();
  }
});

Deno.test("an address of another machine can't be listened on", () => {
  let code = "";
  try {
    listenOn([{ hostname: "192.0.2.77", port: 0 }]);
  } catch (error) {
    code = error instanceof KithError ? error.code : String(error);
  }
  assertEquals(code, "address_unusable");
});
