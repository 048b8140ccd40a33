import { assert, assertEquals } from "@std/assert";
import { asked, statusOf } from "./asked.ts";
import { type Home, Machine, type Printed, until, type UpPeer } from "./kith.ts";
import { NO_UPNP, UpnpRouter } from "./upnp_router.ts";
import { NO_ROUTER, type Station, VirtualSwitch } from "./virtual_switch.ts";

const NO_CHANGES = NO_ROUTER || NO_UPNP;
/** Routers map ports on a public network alone; here nobody else has it. */
const NETWORK = "45.77.0";
const LISTEN = ["--listen", "0.0.0.0:5484"];

interface Member {
  readonly name: string;
  readonly home: Home;
  peer: UpPeer;
}

Deno.test({
  name: `whatever changes between them, links come back by the best path that is left${NO_CHANGES}`,
  ignore: NO_CHANGES !== "",
  fn: async (t) => {
    await using network = await VirtualSwitch.make(NETWORK);
    await using resources = new AsyncDisposableStack();
    const [first, second, annasRouter, bertsRouter, marasRouter] = await Promise.all(
      [1, 2, 3, 4, 5].map((number) => network.plug(number)),
    ) as [Station, Station, Station, Station, Station];
    // Whoever looks from outside finds another port each time, so that nothing can be foreseen.
    const annas = await network.plugBehind(annasRouter, 6, true);
    const berts = await network.plugBehind(bertsRouter, 7, true);
    const maras = await network.plugBehind(marasRouter, 8, false);
    const upnp = resources.use(await UpnpRouter.start(marasRouter, "inner8"));

    const homeOf = ({ wrapper }: Station) => resources.use(new Machine(wrapper)).home("home");
    const env = { KITH_NO_PORT_MAP: "" };
    const founder = { name: "first", home: homeOf(first), peer: null as unknown as UpPeer };
    founder.peer = await founder.home.up([...LISTEN, "--name", "first"]);
    const { words } = await founder.home.object("invite", "--uses", "4");
    const join = async (name: string, station: Station): Promise<Member> => {
      const home = homeOf(station);
      const args = ["join", "-", "--at", `${NETWORK}.1:5484`, "--name", name, ...LISTEN];
      return { name, home, peer: await home.up(args, { stdin: String(words), env }) };
    };
    const [other, anna, bert, mara] = await Promise.all([
      join("second", second),
      join("anna", annas),
      join("bert", berts),
      join("mara", maras),
    ]);
    const members = [founder, other, anna, bert, mara];

    await t.step("each is linked with each as well as can be", async () => {
      await untilPath(anna, bert, "relayed");
      await untilPath(anna, mara, "direct");
      await untilPath(bert, mara, "direct");
      await untilAlike(members);
    });

    await t.step("the relay is gone: another one takes its place", async () => {
      const { relay_name } = await untilPath(anna, bert, "relayed");
      const relay = [founder, other, mara].find(({ name }) => name === relay_name);
      assert(relay !== undefined, `relayed by ${relay_name}`);
      await relay.peer.stop("SIGKILL");
      await write(bert, "while/no/relay");
      const again = await until("another relay", async () => {
        const linked = await linkedAs(anna, bert);
        return linked?.path === "relayed" && linked.relay_name !== relay_name ? linked : null;
      });
      assertEquals(again.behind ?? 0, 0);
      await untilAlike(members.filter((member) => member !== relay));
      relay.peer = await relay.home.up(LISTEN, { env });
      await untilAlike(members);
    });

    await t.step("one sleeps while the other's router gets another address: both are back", async () => {
      bert.peer.process.kill("SIGSTOP");
      await write(anna, "before/the/address/changed");
      await network.move(annasRouter, 33);
      await write(anna, "while/bert/slept");
      await until("bert to be missed", async () => (await linkedAs(founder, bert)) === undefined || null);
      bert.peer.process.kill("SIGCONT");
      await untilPath(anna, bert, "relayed");
      await untilAlike(members);
    });

    await t.step("a router forgets its mapping: who was reached by it is relayed", async () => {
      await upnp.forget();
      // Bert's links end, and with them what the router still knew of them.
      await bert.peer.stop();
      await write(mara, "while/bert/was/away");
      bert.peer = await bert.home.up(LISTEN, { env });
      await untilPath(bert, mara, "relayed");
      await untilAlike(members);
    });
  },
});

async function write({ home }: Member, key: string): Promise<void> {
  await asked(home, "PUT", `/v1/entry?key=${key}`, key);
}

async function linkedAs({ home }: Member, to: Member): Promise<Printed | undefined> {
  return (await statusOf(home)).peers.find(({ name }: Printed) => name === to.name);
}

async function untilPath(from: Member, to: Member, path: string): Promise<Printed> {
  return await until(`${from.name} and ${to.name} to be linked, ${path}`, async () => {
    const linked = await linkedAs(from, to);
    return linked?.path === path ? linked : null;
  });
}

/** Waits until each is linked with each, and all hold the same. */
async function untilAlike(members: readonly Member[]): Promise<void> {
  await until("all linked, with one digest", async () => {
    const statuses = await Promise.all(members.map(({ home }) => statusOf(home)));
    const isLinked = statuses.every(({ peers }) => peers.length === members.length - 1);
    return isLinked && new Set(statuses.map(({ digest }) => digest)).size === 1 ? true : null;
  });
}
