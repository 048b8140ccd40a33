import { assert, assertEquals, assertRejects } from "@std/assert";
import { KithError } from "../../lib/base/errors.ts";
import { relayFromText } from "../../lib/mesh/relay_address.ts";
import { RelayHost } from "../../lib/host/relay_host.ts";
import { startHost, tempFolder } from "./temp_host.ts";
import { until } from "./until.ts";

const LISTEN = { listen: ["127.0.0.1:0"] };

Deno.test("a relay keeps its text from one run to the next, beside a peer in the same home", async () => {
  await using folder = await tempFolder();
  const home = `${folder.path}/home`;
  const first = await RelayHost.start({ home, ...LISTEN, addresses: ["relay.example.org:7000"] });
  const { text } = first;
  await first.stop();
  await using peer = await startHost(home);
  const again = await RelayHost.start({ home, ...LISTEN, addresses: ["relay.example.org:7000"] });
  assertEquals(again.text, text);
  assertEquals(relayFromText(text).addresses, ["relay.example.org:7000"]);
  const error = await assertRejects(() => RelayHost.start({ home, ...LISTEN }), KithError);
  assertEquals(error.code, "home_owned");
  await again.stop();
  const log = await Deno.readTextFile(`${home}/relay/kith.log`);
  assert(log.includes('"started"') && !log.includes(text.slice(-40)));
  assert(peer.host.running);
  await Deno.remove(`${home}/relay/identity.key`);
  const other = await RelayHost.start({ home, ...LISTEN });
  assert(other.text !== text);
  await other.stop();
});

Deno.test("two peers link through a relay of this machine, and its text comes from their settings", async () => {
  await using folder = await tempFolder();
  const relay = await RelayHost.start({ home: `${folder.path}/relay`, ...LISTEN });
  const home = `${folder.path}/a`;
  {
    await using first = await startHost(home, { lan: false, publicRelay: relay.text });
    await linked(first);
    first.host.saveConfig({ relay: relay.text });
  }
  await using again = await startHost(home, { lan: false });
  await linked(again);
  assertEquals(relay.counts.clients, 1);
  const events = (await again.call("GET", "/v1/events")).body?.pipeThrough(new TextDecoderStream()).getReader();
  await relay.stop();
  let told = "";
  while (!told.includes("relay_lost")) told += (await events?.read())?.value ?? "";
  await events?.cancel();
  await until("the loss to be noticed", () => again.host.peer.status().publicRelay?.isLinked === false);
  const { public_relay } = await again.object("GET", "/v1/status");
  const { address, linked: isLinked, problem } = public_relay as Record<string, unknown>;
  assertEquals([address, isLinked, problem], [relay.addresses[0], false, "goodbye"]);
});

Deno.test("what is no relay's text is refused before anything is started", async () => {
  await using folder = await tempFolder();
  const error = await assertRejects(
    () => startHost(`${folder.path}/a`, { publicRelay: "kithrelay1aebagbafaydqqaingeyc4mbo" }),
    KithError,
  );
  assertEquals(error.code, "relay_invalid");
  const usage = await assertRejects(
    () => RelayHost.start({ home: `${folder.path}/r`, ...LISTEN, addresses: ["nowhere"] }),
    KithError,
  );
  assertEquals(usage.code, "usage");
});

async function linked({ host }: Awaited<ReturnType<typeof startHost>>): Promise<void> {
  await until("a link to the relay", () => host.peer.status().publicRelay?.isLinked === true);
}
