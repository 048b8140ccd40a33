import { assertEquals } from "@std/assert";
import { lanInterfaces, LanService } from "../../lib/host/lan_service.ts";
import { OwnAddresses } from "../../lib/host/own_addresses.ts";
import type { Input } from "../../lib/peer/machine.ts";

const INTERFACES = [
  { name: "lo", address: "127.0.0.1", cidr: "127.0.0.1/8" },
  { name: "lo", address: "::1", cidr: "::1/128" },
  { name: "eth0", address: "192.168.1.10", cidr: "192.168.1.10/24" },
  { name: "eth0", address: "fe80::1", cidr: "fe80::1/64" },
  { name: "wlan0", address: "10.0.0.7", cidr: "10.0.0.7/8" },
];

/** The interfaces, each with the addresses at which it is listened. */
function listening(...hostnames: readonly string[]): Record<string, string[]> {
  const own = new OwnAddresses(hostnames.map((hostname) => ({ hostname, port: 5484 })));
  return Object.fromEntries(
    lanInterfaces(INTERFACES, own).map(({ name, addresses }) => {
      return [name, addresses.filter(({ isListening }) => isListening).map(({ address }) => address)];
    }),
  );
}

Deno.test("peers are looked for on each network on which this one listens, and never on loopback", () => {
  assertEquals(listening("::"), { eth0: ["192.168.1.10", "fe80::1"], wlan0: ["10.0.0.7"] });
  assertEquals(listening("0.0.0.0"), { eth0: ["192.168.1.10"], wlan0: ["10.0.0.7"] });
  assertEquals(listening("10.0.0.7"), { wlan0: ["10.0.0.7"] });
  assertEquals(listening("fe80::1", "192.168.1.10"), { eth0: ["192.168.1.10", "fe80::1"] });
  assertEquals(listening("127.0.0.1"), {});
  assertEquals(listening(), {});
});

Deno.test("the size of a network comes with each address", () => {
  const own = new OwnAddresses([{ hostname: "::", port: 1 }]);
  const sizes = lanInterfaces(INTERFACES, own).flatMap(({ addresses }) =>
    addresses.map(({ prefixBits }) => prefixBits)
  );
  assertEquals(sizes, [24, 64, 8]);
});

Deno.test("where it is off, and where this peer listens on no network, nothing is opened, and it is said why", async () => {
  for (
    const [isOn, problem] of [
      [false, "it is switched off (--no-lan)"],
      [true, "this peer listens on no network of this machine"],
    ] as const
  ) {
    const inputs: Input[] = [];
    const service = new LanService({
      isOn,
      addresses: new OwnAddresses([{ hostname: "127.0.0.1", port: 5484 }]),
      closeGone: () => {},
      networkChanged: () => {},
      push: (input) => inputs.push(input),
      event: () => {},
    });
    await service.start();
    assertEquals(service.state, { interfaces: [], problem });
    assertEquals(inputs, [{ type: "lan_interfaces", interfaces: [], port: 5484, problem }]);
    await service.stop();
  }
});

Deno.test("of several listeners each address has its own port", () => {
  const own = new OwnAddresses([{ hostname: "127.0.0.1", port: 8080 }, { hostname: "192.168.1.20", port: 5484 }]);
  assertEquals(["127.0.0.1", "192.168.1.20", "192.168.1.21"].map((address) => own.portAt(address)), [8080, 5484, null]);
});
