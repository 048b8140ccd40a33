import { assert, assertEquals, assertMatch } from "@std/assert";
import { showsKey } from "../mesh/relay_key.ts";
import { statusOf } from "./asked.ts";
import { type Home, Machine, until } from "./kith.ts";
import { NO_ROUTER, VirtualSwitch } from "./virtual_switch.ts";

/** Of the public net; here nobody else has it. */
const NETWORK = "45.77.0";
const PORT = 5484;

Deno.test({
  name:
    `two behind routers and no third member: one joins by six words through a relay, which may go and come${NO_ROUTER}`,
  ignore: NO_ROUTER !== "",
  fn: async () => {
    await using network = await VirtualSwitch.make(NETWORK);
    await using machines = new AsyncDisposableStack();
    const homeAt = (wrapper: readonly string[]): Home => machines.use(new Machine(wrapper)).home("home");
    const open = homeAt((await network.plug(1)).wrapper);
    const [a, b] = await Promise.all([2, 3].map(async (number) => {
      return homeAt((await network.plugBehind(await network.plug(number), number, true)).wrapper);
    }));
    assert(a !== undefined && b !== undefined);

    const relay = await Relay.start(open);
    assertMatch(relay.text, /^kithrelay1[a-z2-7]+$/);
    assertEquals(relay.addresses, [`${NETWORK}.1:5485`]);
    const env = { KITH_RELAY: relay.text };
    const listen = ["--listen", `0.0.0.0:${PORT}`];
    const peer = await a.up([...listen, "--name", "anna"], { env });
    const { words } = await a.object("invite");
    await b.up(["join", "-", "--name", "bert", ...listen], { stdin: String(words), env });
    await a.run(["set", "k", "written behind a router"]);
    await inSync(a, b);
    const [linked] = await a.objects("peers");
    assertEquals([linked?.name, linked?.path, linked?.relay_name], ["bert", "relayed", `${NETWORK}.1:5485`]);
    assertMatch((await a.run(["status"])).out, /^relay +linked with 45\.77\.0\.1:5485$/m);
    // It is remembered, and its key is not shown.
    assertEquals((await a.object("config", "relay")).relay, `${NETWORK}.1:5485`);
    const shown = await Promise.all([["config"], ["status", "--json"], ["netcheck", "--no-lan"]].map((w) => a.run(w)));
    for (const { out, err } of shown) assert(!showsKey(relay.text, out + err));
    assert(!showsKey(relay.text, await Deno.readTextFile(`${a.path}/kith.log`)));

    assertEquals(await relay.stop(), 0);
    await until("the loss of the relay to be shown", async () => {
      return (await a.run(["status"])).out.includes("not linked with 45.77.0.1:5485") ? true : null;
    });
    assertEquals(await peer.stop(), 0);
    const again = await Relay.start(open);
    assertEquals(again.text, relay.text);
    await a.up(listen);
    await a.run(["set", "k", "after both were away"]);
    await inSync(a, b);
    assertEquals(await again.stop(), 0);
  },
});

Deno.test({
  name: `where both routers show one address to all, such a relay is all it takes to punch a hole${NO_ROUTER}`,
  ignore: NO_ROUTER !== "",
  fn: async () => {
    await using network = await VirtualSwitch.make(NETWORK);
    await using machines = new AsyncDisposableStack();
    const homeAt = (wrapper: readonly string[]): Home => machines.use(new Machine(wrapper)).home("home");
    const relay = await Relay.start(homeAt((await network.plug(1)).wrapper));
    const env = { KITH_RELAY: relay.text };
    const listen = ["--listen", `0.0.0.0:${PORT}`];
    const [a, b] = await Promise.all([2, 3].map(async (number) => {
      return homeAt((await network.plugBehind(await network.plug(number), number, false)).wrapper);
    }));
    assert(a !== undefined && b !== undefined);
    await a.up(listen, { env });
    const { words } = await a.object("invite");
    await b.up(["join", "-", ...listen], { stdin: String(words), env });
    await until("a hole between them", async () => {
      const linked = await Promise.all([a, b].map((home) => home.objects("peers")));
      return linked.every(([peer]) => peer?.path === "punched") || null;
    });
    await a.run(["set", "k", "written behind a router"]);
    await inSync(a, b);
    assertEquals(await relay.stop(), 0);
  },
});

async function inSync(a: Home, b: Home): Promise<void> {
  await until("both to hold the same", async () => {
    const [one, other] = await Promise.all([a, b].map(statusOf));
    return one?.synced && other?.synced && one.digest === other.digest && one.entries > 0 ? true : null;
  });
}

/** A `kith relay` that runs. */
class Relay {
  private constructor(
    readonly text: string,
    readonly addresses: readonly string[],
    readonly stop: () => Promise<number>,
  ) {}

  static async start(home: Home): Promise<Relay> {
    const followed = home.follow("relay", "--json");
    const { event, relay, addresses } = JSON.parse(await followed.line() ?? "");
    assertEquals(event, "ready");
    return new Relay(relay, addresses, async () => {
      followed.process.kill("SIGTERM");
      return (await followed.ended()).code;
    });
  }
}
