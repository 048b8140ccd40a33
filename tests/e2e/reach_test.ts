import { assertEquals, assertMatch } from "@std/assert";
import { ticketFromText } from "../../lib/space/ticket.ts";
import { statusOf } from "./asked.ts";
import { type Home, Machine, type Printed, until } from "./kith.ts";
import { NO_ROUTER, type Station, VirtualSwitch } from "./virtual_switch.ts";

/** A member on a machine of its own. */
async function memberAt(station: Station, resources: AsyncDisposableStack, ticket?: string): Promise<Home> {
  const home = resources.use(new Machine(station.wrapper)).home("a");
  const listen = ["--listen", "0.0.0.0:5484"];
  if (ticket === undefined) await home.up(listen);
  else await home.up(["join", "-", ...listen], { stdin: ticket });
  return home;
}

Deno.test({
  name: `a peer behind a router learns what is in between, and who can be reached there is found${NO_ROUTER}`,
  ignore: NO_ROUTER !== "",
  fn: async () => {
    await using network = await VirtualSwitch.make();
    await using resources = new AsyncDisposableStack();
    const [first, second, router, otherRouter] = await Promise.all(
      [1, 2, 3, 4].map((number) => network.plug(number)),
    ) as [Station, Station, Station, Station];
    const inner = await network.plugBehind(router, 5, false);
    const other = await network.plugBehind(otherRouter, 6, true);
    await network.forward(router, 5484, inner);
    const founder = await memberAt(first, resources);
    const { ticket } = await founder.object("invite", "--uses", "3", "--role", "admin");
    const [, reached, hidden] = await Promise.all(
      [second, inner, other].map((station) => memberAt(station, resources, ticket)),
    ) as [Home, Home, Home];

    const [open, closed] = await Promise.all([
      until("the one to be reached through its router", async () => {
        const reach = (await statusOf(reached)).reach;
        return reach.addresses.some(({ told }: Printed) => told) ? reach : null;
      }),
      until("the other one to be tried in vain", async () => {
        const reach = (await statusOf(hidden)).reach;
        return reach.reachable === false ? reach : null;
      }),
    ]);
    assertEquals([open.reachable, open.nat], [true, { ipv4: "port_kept", ipv6: null }]);
    assertEquals(open.addresses.map(({ address }: Printed) => address), ["10.77.0.3:5484"]);
    assertEquals(closed.nat, { ipv4: "port_changed", ipv6: null });
    // Told where the first one is, the hidden one links with it, which may have been relayed before.
    const direct = ["10.77.0.1:5484", "10.77.0.2:5484", "10.77.0.3:5484"].join();
    await until("direct links", async () => {
      const { peers } = await statusOf(hidden);
      return peers.map(({ address }: Printed) => address).sort().join() === direct ? true : null;
    });
    const [netcheck, invited] = await Promise.all([reached.ok("netcheck"), reached.object("invite")]);
    assertMatch(netcheck, /reached +from outside at 10\.77\.0\.3:5484; IPv4 behind a NAT that keeps/);
    assertEquals(ticketFromText(invited.ticket).addresses, ["192.168.5.2:5484", "10.77.0.3:5484"]);
  },
});
