import { assert, assertEquals, assertMatch } from "@std/assert";
import { Machine, until } from "./kith.ts";
import { NO_SWITCH, VirtualSwitch } from "./virtual_switch.ts";

Deno.test({
  name: `two machines that can't reach each other are linked through a third that both reach${NO_SWITCH}`,
  ignore: NO_SWITCH !== "",
  fn: async () => {
    await using network = await VirtualSwitch.make();
    await using machines = new AsyncDisposableStack();
    const stations = await Promise.all([1, 2, 3].map((number) => network.plug(number)));
    const [m, a, b] = stations.map(({ wrapper }) => machines.use(new Machine(wrapper)).home("home"));
    assert(m !== undefined && a !== undefined && b !== undefined);
    await network.keepApart(stations.slice(1), true);
    const listen = ["--listen", "0.0.0.0:5484"];
    await m.up([...listen, "--name", "between"]);
    const { words } = await m.object("invite", "--uses", "2");
    for (const [home, name] of [[a, "anna"], [b, "bert"]] as const) {
      const join = ["join", "-", "--at", "10.77.0.1:5484", "--name", name];
      await home.up([...join, ...listen], { stdin: String(words) });
    }
    const relayed = await until("a relayed link", async () => {
      return (await a.objects("peers")).find(({ path }) => path === "relayed") ?? null;
    });
    assertEquals([relayed.name, relayed.relay_name], ["bert", "between"]);
    assertMatch((await a.run(["ping", "bert"])).out, /^\d.*s {2}relayed by between\n$/);
    await a.run(["set", "k", "written behind a wall"]);
    await until("the value", async () => (await b.run(["get", "k"])).out.startsWith("written behind") ? true : null);
    // Both ends may have asked for one at a time; one of the two links is then given up.
    await until("one circuit", async () => (await m.object("status")).relay.circuits === 1 || null);
    await network.keepApart(stations.slice(1), false);
    await until("a direct link", async () => {
      const linked = (await a.objects("peers")).find(({ name }) => name === "bert");
      return linked?.path === "direct" ? true : null;
    });
  },
});
