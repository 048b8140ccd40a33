import dgram from "node:dgram";
import { assert, assertEquals } from "@std/assert";
import { dhtOf, runDhtScenario } from "./dht_scenario.ts";
import { type Home, Machine, type Printed, until } from "./kith.ts";
import { LocalDht } from "./local_dht.ts";

Deno.test("two peers are brought together by six words alone through a DHT that a fifth of its nodes left", async () => {
  await runDhtScenario({ nodes: 50, joins: 1 });
});

Deno.test("members that changed their addresses while they were apart meet in the DHT", async () => {
  await using dht = await LocalDht.start(8);
  const env = dhtOf(dht.bootstrap);
  await using machine = new Machine();
  await using otherMachine = new Machine();
  const [home, other] = [machine.home("home"), otherMachine.home("home")];
  const first = await home.up([], { env });
  const { words } = await home.object("invite");
  const second = await other.up(["join", "-", "--at", first.address], { env, stdin: String(words) });
  await first.stop();
  await second.stop();
  await home.up([], { env });
  await other.up([], { env });
  await until("both to be linked again", async () => (await linkedOf(home)) === 1 || null);
  const dhtState = (await home.object("status")).dht as Printed;
  assert(dhtState.nodes > 0 && dhtState.announced > 0, JSON.stringify(dhtState));
});

Deno.test("where it is off, nothing is sent, and status says so; a space of one without a ticket needs none", async () => {
  await using dht = await LocalDht.start(2);
  await using machine = new Machine();
  const off = machine.home("off");
  await off.up(["--no-dht", "--dht-bootstrap", dht.bootstrap]);
  await off.object("invite");
  assertEquals((await off.object("status")).dht.problem, "it is switched off (--no-dht)");
  const alone = machine.home("alone");
  await alone.up([], { env: dhtOf(dht.bootstrap) });
  assertEquals((await alone.object("status")).dht, { problem: null, nodes: 0, announced: null, answered: null });
  assertEquals(dht.announced, []);
});

Deno.test("where no node answers, status says so, and everything else works", async () => {
  await using machine = new Machine();
  await using node = await SilentNode.start();
  const home = machine.home("home");
  const silent = node.port;
  const peer = await home.up([], { env: dhtOf(`127.0.0.1:${silent}`) });
  const { words } = await home.object("invite");
  await until("the failure to be told", async () => {
    return (await home.object("status")).dht.problem === "no node of the DHT answers" || null;
  });
  const events = (await home.object("status")).events as Printed;
  assertEquals(events.dht_failed, 1);
  const other = machine.home("other");
  await other.up(["join", "-", "--at", peer.address], { env: dhtOf(`127.0.0.1:${silent}`), stdin: String(words) });
});

Deno.test("a node that is no address is a mistake in the use", async () => {
  await using machine = new Machine();
  const { code, err } = await machine.home("home").run(["up", "--dht-bootstrap", "nowhere"], {
    env: { KITH_NO_DHT: "" },
  });
  assertEquals(code, 2);
  assert(err.includes("'nowhere' is not an address HOST:PORT of a node of the DHT."), err);
});

async function linkedOf(home: Home): Promise<number> {
  return (await home.object("status")).peers.length;
}

/** Somebody who never answers. */
class SilentNode implements AsyncDisposable {
  private constructor(readonly port: number, readonly socket: dgram.Socket) {}

  static async start(): Promise<SilentNode> {
    const socket = dgram.createSocket("udp4");
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    return new SilentNode(socket.address().port, socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.socket.close(resolve));
  }
}
