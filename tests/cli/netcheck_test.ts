import { assertEquals } from "@std/assert";
import type { MulticastCheck, NetworkCheck } from "../../lib/host/network_check.ts";
import { apiObject, run } from "./fakes.ts";

const MULTICAST: MulticastCheck = { interfaces: ["eth0"], problem: null, self: true, peers: false, others: false };
const NETWORK: NetworkCheck = {
  addresses: [
    { interface: "eth0", address: "192.168.1.10", scope: "private" },
    { interface: "eth0", address: "2001:db8::5", scope: "public" },
    { interface: "eth0", address: "fe80::5", scope: "link" },
  ],
  ports: [{ port: 5484, isFree: null }],
  multicast: MULTICAST,
};
const STATUS = {
  addresses: ["192.168.1.10:5484", "[2001:db8::5]:5484"],
  reach: {
    reachable: true,
    nat: { ipv4: "port_changed", ipv6: "none" },
    addresses: [{ address: "203.0.113.9:5484", reached_by: 2, failed_for: 0, time: 1, told: true }],
    seen: [],
  },
  punch: { port: 5484, problem: null, works: true, mapping: "same", seen: [], failed: [] },
  port_map: { address: "203.0.113.9:5484", by: "PCP", problem: null },
  dht: { nodes: 7, announced: 998_000, answered: 999_000, problem: null },
};

async function netcheck(words: readonly string[], network: NetworkCheck, running: boolean, status: object = STATUS) {
  const { code, out } = await run(
    ["netcheck", ...words],
    { "GET /v1/status": () => apiObject({ ...status }) },
    (_, backend) => {
      backend.network = network;
      backend.running = running;
    },
  );
  assertEquals(code, 0);
  return out.trimEnd().split("\n");
}

Deno.test("netcheck says of a running peer where it listens, who reaches it, and by which NAT", async () => {
  assertEquals(await netcheck([], NETWORK, true), [
    "addresses    192.168.1.10 (eth0, private)  2001:db8::5 (eth0, public)",
    "listening    192.168.1.10:5484  [2001:db8::5]:5484",
    "reached      from outside at 203.0.113.9:5484; IPv4 behind a NAT that changes ports, IPv6 without NAT; " +
    "others are told 203.0.113.9:5484",
    "udp          QUIC at port 5484, which works; the router shows one address to all, so that holes can be punched",
    "router       passes on what comes to 203.0.113.9:5484 (PCP)",
    "multicast    asked on eth0: nobody else is heard; there may be nobody, or this network keeps back multicast",
    "dht          7 nodes known, announced 2 s ago",
    "relay        none is used",
  ]);
  const relayed = { ...STATUS, public_relay: { address: "45.77.0.1:5485", linked: true, problem: null } };
  assertEquals((await netcheck([], NETWORK, true, relayed)).at(-1), "relay        linked with 45.77.0.1:5485");
  const bare = { addresses: [], reach: {}, port_map: { address: null, by: null, problem: "no router answers" } };
  assertEquals((await netcheck([], NETWORK, true, bare)).slice(2, 5), [
    "reached      no member from outside of this network has told so far",
    "udp          not used",
    "router       passes nothing on: no router answers",
  ]);
});

Deno.test("netcheck says where no peer runs whether its ports are free", async () => {
  const ports = [{ port: 5484, isFree: true }, { port: 7000, isFree: false }];
  const [, listening, reached] = await netcheck([], { ...NETWORK, ports }, false);
  assertEquals(listening, "listening    no peer runs; port 5484 is free, port 7000 is used by another program");
  assertEquals(reached, "reached      only a running peer learns from members whether it can be reached: kith up");
});

Deno.test("netcheck says whether UDP works, and what the router does with it", async () => {
  const said = async (punch: object) => {
    const lines = await netcheck([], NETWORK, true, { ...STATUS, punch: { ...STATUS.punch, ...punch } });
    return lines[3]?.replace("udp          ", "");
  };
  assertEquals(await said({ port: null, problem: "it is switched\x1b off" }), "not used: it is switched\\x1b off");
  assertEquals(await said({ works: null, mapping: null }), "QUIC at port 5484; nobody could be asked so far");
  assertEquals(
    await said({ works: false, mapping: null }),
    "QUIC at port 5484, but nobody that was asked answers: this network may keep back UDP",
  );
  assertEquals(
    await said({ mapping: null }),
    "QUIC at port 5484, which works; too few tell what the router does with it",
  );
  assertEquals(
    await said({ mapping: "varies" }),
    "QUIC at port 5484, which works; the router shows each one another address, so that holes can hardly be punched",
  );
  assertEquals(
    await said({ mapping: "none" }),
    "QUIC at port 5484, which works; no router changes this peer's address",
  );
});

Deno.test("netcheck says in one line that there is no network", async () => {
  assertEquals(await netcheck([], { ...NETWORK, addresses: [] }, true), [
    "This machine has no network: kith works locally, and links once there is one.",
  ]);
  const [line = ""] = await netcheck(["--json"], { ...NETWORK, addresses: [] }, false);
  assertEquals(JSON.parse(line).network, false);
});

Deno.test("netcheck says what is heard by multicast", async () => {
  const said = async (multicast: Partial<MulticastCheck>) => {
    const lines = await netcheck([], { ...NETWORK, multicast: { ...MULTICAST, ...multicast } }, true);
    return lines[5]?.replace("multicast    ", "");
  };
  assertEquals(await said({ peers: true, others: true }), "asked on eth0: other peers are heard");
  assertEquals(await said({ others: true }), "asked on eth0: other machines are heard, but no peer");
  assertEquals(
    await said({ self: false }),
    "asked on eth0: not even the question came back: this machine or its firewall keeps back multicast (UDP port 5353)",
  );
  assertEquals(await said({ peers: true, problem: "IPv6: no" }), "asked on eth0: other peers are heard (but IPv6: no)");
  assertEquals(
    await said({ interfaces: [], problem: "it is switched off (--no-lan)" }),
    "not used: it is switched off (--no-lan)",
  );
});

Deno.test("netcheck prints one object", async () => {
  const lines = await netcheck(["--json"], NETWORK, true);
  assertEquals(lines.map((line) => JSON.parse(line)), [{
    v: 1,
    network: true,
    addresses: NETWORK.addresses,
    running: true,
    listening: STATUS.addresses,
    ports: [{ port: 5484, free: null }],
    reach: STATUS.reach,
    udp: STATUS.punch,
    port_map: STATUS.port_map,
    multicast: MULTICAST,
    dht: STATUS.dht,
    public_relay: null,
  }]);
  const [stopped = ""] = await netcheck(["--json"], NETWORK, false);
  assertEquals([JSON.parse(stopped).running, JSON.parse(stopped).listening, JSON.parse(stopped).reach], [
    false,
    [],
    null,
  ]);
});
