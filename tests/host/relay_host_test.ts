import { assert, assertEquals, assertRejects } from "@std/assert";
import { KithError } from "../../lib/base/errors.ts";
import type { PeerEvent } from "../../lib/base/event.ts";
import { MAX_ADDRESS_BYTES, MAX_ADDRESSES, QUIC_OPEN_AFTER_MS } from "../../lib/base/limits.ts";
import { type Endpoint, parseAddress } from "../../lib/host/address.ts";
import type { QuicEndpoint } from "../../lib/host/quic_endpoint.ts";
import { relayFromText } from "../../lib/mesh/relay_address.ts";
import { reachedAt, RelayHost, type RelayUdp } from "../../lib/host/relay_host.ts";
import { showsKey } from "../mesh/relay_key.ts";
import { openQuic } from "./socket_pairs.ts";
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
  assertEquals([error.code, error.values], ["relay_running", { pid: String(Deno.pid), home }]);
  assert(!error.message.includes("kith down"));
  await again.stop();
  const log = await Deno.readTextFile(`${home}/relay/kith.log`);
  assert(log.includes('"started"') && !showsKey(text, log));
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

Deno.test("by QUIC a relay tells its clients alone where they are seen, and takes no link", async () => {
  await using folder = await tempFolder();
  await using own = asker();
  const relay = await RelayHost.start({ home: `${folder.path}/relay`, ...LISTEN });
  const refused = Promise.withResolvers<PeerEvent>();
  relay.onEvent((event) => event.name === "connection_refused" ? refused.resolve(event) : undefined);
  // Its port is open in a moment; this test is no client so far.
  await own.askInVain(relay, refused.promise);
  assertEquals(await refused.promise, {
    ...{ name: "connection_refused", level: "warning", reason: "not_a_member" },
    fields: { address: own.address },
  });
  {
    await using client = await startHost(`${folder.path}/a`, { lan: false, publicRelay: relay.text });
    await linked(client);
    assertEquals(await own.ask(relay), own.address);
    await assertRejects(() => own.quic.dial(endpointOf(relay), AbortSignal.timeout(5000)), Error, "protocol");
  }
  await until("the client to be gone", () => relay.counts.clients === 0);
  await assertRejects(() => own.ask(relay));
  await relay.stop();
});

Deno.test("it is told at which UDP port a relay answers, which is another where that of TCP is taken, or why at none", async () => {
  await using folder = await tempFolder();
  const home = `${folder.path}/relay`;
  const relay = await RelayHost.start({ home, ...LISTEN });
  const { port } = endpointOf(relay);
  // The relay takes it only in a moment.
  const other = takeUdp(port);
  const { port: taken, problem } = await udpOf(relay);
  assert(taken !== null && taken !== port && problem === null, `${taken}, ${problem}`);
  await relay.stop();
  await other?.stop();
  const without = await RelayHost.start({ home, ...LISTEN, punch: false });
  assertEquals(await udpOf(without), { port: null, problem: "it is switched off (--no-punch)" });
  await without.stop();
});

Deno.test("with --no-punch a relay answers nobody by QUIC", async () => {
  await using folder = await tempFolder();
  await using own = asker();
  const relay = await RelayHost.start({ home: `${folder.path}/relay`, ...LISTEN, punch: false });
  await using client = await startHost(`${folder.path}/a`, { lan: false, publicRelay: relay.text });
  await linked(client);
  // It would be open by then.
  await own.askInVain(relay, new Promise((resolve) => setTimeout(resolve, 2 * QUIC_OPEN_AFTER_MS)));
  await relay.stop();
});

Deno.test("a relay is not started with more addresses than its text holds, nor with one that is too long", async () => {
  await using folder = await tempFolder();
  const start = (addresses: readonly string[]) => RelayHost.start({ home: `${folder.path}/r`, ...LISTEN, addresses });
  const some = Array.from({ length: MAX_ADDRESSES }, (_, i) => `relay.example.org:${i + 1}`);
  // In its one spelling it is longer by a byte.
  const fits = `[fe80::2:3:4:5:6:7%${"z".repeat(MAX_ADDRESS_BYTES - 22)}]:1`;
  assertEquals(fits.length, MAX_ADDRESS_BYTES);
  for (const wrong of [[...some, "relay.example.org:99"], [`${"é".repeat(200)}:1`], [fits]]) {
    const error = await assertRejects(() => start(wrong), KithError);
    assertEquals(error.code, "usage");
  }
  const relay = await start([...some, ...some]);
  await relay.stop();
  assertEquals(relayFromText(relay.text).addresses, some);
  // Its small letter has a byte more.
  const foreign = await start([`${"İ".repeat(120)}:1`]);
  await foreign.stop();
  assertEquals(relayFromText(foreign.text).addresses, [`${"İ".repeat(120)}:1`]);
});

Deno.test("a relay names its public addresses, however many others come first, and all where it has none", () => {
  const listening = [{ hostname: "::", port: 5485 }, { hostname: "192.168.1.7", port: 7000 }];
  const inside = Array.from(
    { length: MAX_ADDRESSES },
    (_, i) => ({ address: `10.0.0.${i + 1}`, family: "IPv4" as const }),
  );
  const outside = [{ address: "45.77.0.1", family: "IPv4" as const }, {
    address: "2a01:4f8::1",
    family: "IPv6" as const,
  }];
  assertEquals(reachedAt(listening, [...inside, ...outside]), ["45.77.0.1:5485", "[2a01:4f8::1]:5485"]);
  assertEquals(reachedAt(listening, inside.slice(0, 2)), ["10.0.0.1:5485", "10.0.0.2:5485", "192.168.1.7:7000"]);
  assertEquals(reachedAt([{ hostname: "127.0.0.1", port: 1 }], outside), ["127.0.0.1:1"]);
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

function endpointOf({ addresses }: RelayHost): Endpoint {
  return parseAddress(addresses[0] as string) as Endpoint;
}

function udpOf(relay: RelayHost): Promise<RelayUdp> {
  return new Promise((resolve) => relay.onUdp(resolve));
}

/** Takes a UDP port; null where somebody else has it already. */
function takeUdp(port: number): QuicEndpoint | null {
  try {
    return openQuic({}, Deno, "127.0.0.1", port);
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return null;
    throw error;
  }
}

/** Somebody on this machine who asks by QUIC where it is seen. */
function asker() {
  const quic = openQuic();
  const ask = (relay: RelayHost) => quic.seenBy(endpointOf(relay), AbortSignal.timeout(200));
  return {
    ...{ quic, ask, address: `127.0.0.1:${quic.port}` },
    /** Asks again and again until something is so; nobody may answer. */
    async askInVain(relay: RelayHost, end: Promise<unknown>): Promise<void> {
      let isOver = false;
      void end.then(() => isOver = true);
      while (!isOver) await assertRejects(() => ask(relay));
    },
    [Symbol.asyncDispose]: () => quic.stop(),
  };
}
