import { assert, assertEquals, assertMatch } from "@std/assert";
import { Machine } from "./kith.ts";
import { NO_SWITCH, VirtualSwitch } from "./virtual_switch.ts";

Deno.test("netcheck looks at the network with and without a running peer, and makes no home", async () => {
  await using machine = new Machine();
  const home = machine.home("a");
  const before = await home.object("netcheck");
  assertEquals([before.running, before.listening, before.reach], [false, [], null]);
  assertEquals(before.ports.map(({ port }: { port: number }) => port), [5484]);
  assertEquals(typeof before.ports[0].free, "boolean");
  assertEquals(before.network, before.addresses.length > 0);
  assertEquals(before.multicast.problem, "it is switched off (--no-lan)");
  assertEquals(await Array.fromAsync(Deno.readDir(machine.folder), ({ name }) => name), ["run"]);

  const peer = await home.up();
  const during = await home.object("netcheck");
  assertEquals([during.running, during.listening], [true, peer.ready.addresses]);
  assertEquals(during.reach, { reachable: null, nat: { ipv4: null, ipv6: null }, addresses: [], seen: [] });
  await peer.stop();
});

Deno.test({
  name: `netcheck says what a local network allows, and in one line that there is none${NO_SWITCH}`,
  ignore: NO_SWITCH !== "",
  fn: async () => {
    await using network = await VirtualSwitch.make();
    const station = await network.plug(1);
    await using machine = new Machine(station.wrapper);
    const home = machine.home("a");
    const lines = (await home.ok("netcheck")).trimEnd().split("\n");
    assertEquals(lines.map((line) => line.split(" ")[0]), [
      "addresses",
      "listening",
      "reached",
      "udp",
      "router",
      "multicast",
      "dht",
      "relay",
    ]);
    assertMatch(lines[0] ?? "", /^addresses +10\.77\.0\.1 \(eth0, private\)/);
    assertMatch(lines[1] ?? "", /no peer runs; port 5484 is free$/);
    // The tests' homes have it off, unless it is asked for.
    const env = { KITH_NO_LAN: "" };
    // Executables that are built by a Deno before 2.9 can't take part in multicast, and say so.
    const said = Deno.env.get("KITH_EXE")
      ? /multicast +(asked on eth0|not used): ./
      : /multicast +asked on eth0: (nobody else is heard|other)/;
    assertMatch((await home.run(["netcheck"], { env })).out, said);
    await network.unplug(station);
    assertEquals(
      await home.ok("netcheck"),
      "This machine has no network: kith works locally, and links once there is one.\n",
    );
    const { network: isThere, addresses } = await home.object("netcheck");
    assert(!isThere && addresses.length === 0);
  },
});
