import { assertEquals, assertStringIncludes } from "@std/assert";
import { runCommandLine } from "../../lib/cli/run.ts";
import { eventLine, MemberNews, newsBetween } from "../../lib/cli/news.ts";
import { apiLines, apiObject, FakeBackend, FakeConsole, fakeTransport, run } from "./fakes.ts";

const SPACE = "mfrggzdfmztwq2lkmfrggzdfmztwq2lkmfrggzdfmztwq2lkmfra";

function status(fields: Record<string, unknown> = {}) {
  return {
    "GET /v1/status": () => apiObject({ peer: "abcd", name: "otter-7f2k", space: SPACE, members: 1, ...fields }),
    "POST /v1/space": () => apiObject({ space: SPACE }),
    "GET /v1/invites": () => apiObject({ invites: [] }),
    "POST /v1/invites": () => apiObject({ words: "one-two-three-four-five-six", expires: 87_400_000 }),
  };
}

/** Runs `up` until it is announced, then interrupts it. */
async function upOnce(words: string[], answers: Parameters<typeof run>[1], terminalOutput: boolean) {
  const { transport, asked } = fakeTransport(answers ?? {});
  const console = new FakeConsole(terminalOutput);
  // No prompt: nobody types.
  console.stdinIsTerminal = false;
  const backend = new FakeBackend(transport, false);
  const interruption = new AbortController();
  const write = console.stdout.write;
  console.stdout.write = (bytes) => {
    write(bytes);
    // As a signal does: some time later, not within the write.
    if (/ready|data/.test(console.out)) setTimeout(() => interruption.abort(), 0);
  };
  const code = await runCommandLine(words, { console, backend, prompted: null }, interruption.signal);
  return { code, out: console.out, err: console.err, asked, backend };
}

Deno.test("up without a terminal asks nothing, makes a space, says ready, and stops cleanly when interrupted", async () => {
  const { code, out, backend, asked } = await upOnce(["up", "--json"], status({ space: null }), false);
  assertEquals(code, 0);
  assertEquals(JSON.parse(out), {
    v: 1,
    event: "ready",
    peer: "abcd",
    name: "otter-7f2k",
    space: null,
    addresses: ["192.168.1.10:5484"],
    home: "/home/me/.local/share/kith",
  });
  assertEquals(asked.map(({ url }) => new URL(url).pathname), ["/v1/status", "/v1/space", "/v1/status"]);
  assertEquals(backend.stops, 1);
});

Deno.test("a peer that is found on the local network says so, and how to join needs no address", async () => {
  const found = await upOnce([], status({ lan: { interfaces: ["eth0"], problem: null } }), true);
  assertStringIncludes(found.out, "192.168.1.10:5484   found on the LAN by name\n");
  assertStringIncludes(found.out, "kith join\x1b[0m   and type");
  const off = await upOnce([], status({ lan: { interfaces: [], problem: "it is off" } }), true);
  assertEquals(off.out.includes("by name"), false);
  assertStringIncludes(off.out, "kith join --at 192.168.1.10:5484");
});

Deno.test("--no-lan reaches the peer, and without it the settings of the home count", async () => {
  const lanOf = async (...words: string[]) => (await upOnce(words, status(), false)).backend.started[0]?.lan;
  assertEquals([await lanOf("up"), await lanOf("up", "--no-lan")], [undefined, false]);
});

Deno.test("so do --no-dht, --no-port-map, --no-punch and the nodes of the DHT that are asked first", async () => {
  const started = async (...words: string[]) => (await upOnce(words, status(), false)).backend.started[0];
  const usual = await started("up");
  assertEquals([usual?.dht, usual?.dhtBootstrap], [undefined, undefined]);
  assertEquals((await started("up", "--no-dht"))?.dht, false);
  assertEquals([usual?.portMap, (await started("up", "--no-port-map"))?.portMap], [undefined, false]);
  assertEquals([usual?.punch, (await started("up", "--no-punch"))?.punch], [undefined, false]);
  const nodes = ["up", "--dht-bootstrap", "127.0.0.1:1", "--dht-bootstrap", "example.org:6881"];
  assertEquals((await started(...nodes))?.dhtBootstrap, ["127.0.0.1:1", "example.org:6881"]);
});

Deno.test("--no-relay reaches the peer, and without it the settings of the home count", async () => {
  const relayOf = async (...words: string[]) => (await upOnce(words, status(), false)).backend.started[0]?.relay;
  assertEquals([await relayOf("up"), await relayOf("up", "--no-relay")], [undefined, false]);
});

Deno.test("the first screen shows the words on a terminal with one member only", async () => {
  const alone = await upOnce([], status(), true);
  assertStringIncludes(alone.out, "kith join --at 192.168.1.10:5484");
  assertStringIncludes(alone.out, "one-two-three-four-five-six");
  const members = [
    { peer: "abcd", name: "otter-7f2k", role: "admin", prefix: "", self: true },
    { peer: "efgh", name: "newt", role: "writer", prefix: "", self: false },
  ];
  const withOther = { ...status({ members: 2 }), "GET /v1/members": () => apiObject({ members }) };
  const two = await upOnce([], withOther, true);
  assertEquals([alone.code, two.code], [0, 0]);
  assertStringIncludes(two.err, "kith grant newt --role admin");
  assertEquals(alone.err.includes("kith grant"), false);
  assertEquals(two.out.includes("one-two"), false);
  assertStringIncludes(two.out, "(2 members)");
  const piped = await upOnce([], status(), false);
  assertEquals(piped.out.includes("one-two"), false);
  assertEquals(piped.asked.some(({ url }) => url.endsWith("/v1/space")), false);
});

Deno.test("flags of up reach the peer", async () => {
  const { backend } = await upOnce(
    ["up", "--name", "attic", "--listen", "a:1", "--text", "--home", "/h"],
    status(),
    false,
  );
  assertEquals(backend.started, [{ home: "/h", name: "attic", listen: ["a:1"], text: "", ephemeral: false }]);
});

Deno.test("join reads the ticket from standard input, the variable or the words, and checks it first", async () => {
  const bodies: unknown[] = [];
  const answers = {
    ...status(),
    "POST /v1/join": async (request: Request) => {
      bodies.push(await request.json());
      return apiLines([{ v: 1, joining: true }, { v: 1, done: true, space: SPACE }]);
    },
    "POST /v1/wait": () => apiObject({}),
  };
  const wrong = await run(["join", "abandon", "abandn", "x", "y", "z", "zoo"], answers);
  assertEquals(wrong.code, 2);
  assertStringIncludes(wrong.err, "'abandn'");
  assertEquals((await run(["join"], answers)).code, 2);
  const long = "kith1" + "a";
  assertEquals((await run(["join", long], answers)).code, 2);
  assertEquals(bodies, []);
});

Deno.test("in a home with a running peer, join and set go there", async () => {
  const { code, backend } = await run(["set", "k", "v"], { "PUT /v1/entry": () => apiObject({ version: "1" }) });
  assertEquals([code, backend.started], [0, []]);
});

Deno.test("an interrupted command is exit 130, and closes what it opened", async () => {
  const { transport } = fakeTransport({ "GET /v1/watch": () => new Response(new ReadableStream()) });
  const console = new FakeConsole();
  const backend = new FakeBackend(transport);
  const interruption = new AbortController();
  const running = runCommandLine(["watch"], { console, backend, prompted: null }, interruption.signal);
  interruption.abort();
  assertEquals(await running, 130);
  assertEquals(backend.closes <= 1, true);
});

Deno.test("that a member is linked is told once, that it left, is lost or is back each time", () => {
  const news = new MemberNews(["a"]);
  const lynx = { peer: "a", name: "lynx\x1b", address: "h:1" };
  const owl = { peer: "b", name: "owl", address: "h:2", reason: "truncated", away_ms: 4000 };
  assertEquals(news.line({ event: "linked", ...lynx }), null);
  assertEquals(news.line({ event: "linked", ...owl }), "owl (b) is linked at h:2");
  assertEquals(news.line({ event: "unlinked", ...owl }), null);
  assertEquals(news.line({ event: "linked", ...owl }), null);
  assertEquals(news.line({ event: "gone", ...owl }), "owl (b) is gone: the connection broke");
  assertEquals(news.line({ event: "back", ...owl }), "owl (b) is back after 4 s");
  assertEquals(news.line({ event: "left", ...lynx, reason: "goodbye" }), "lynx\\x1b (a) left: it said goodbye");
  assertEquals(news.line({ event: "waiting", ...owl }), null);
});

Deno.test("news are the differences of two states", () => {
  const before = { conflicts: 0 };
  const after = { conflicts: 3 };
  assertEquals(newsBetween(before, after), ["3 new conflicts; 'conflicts' lists them"]);
  assertEquals(newsBetween(after, after), []);
  const gone = { ...after, left: true };
  assertEquals(newsBetween(after, { ...gone, removed_by: { peer: "b", name: "owl\x1b" } }), [
    "owl\\x1b removed this peer from the space",
  ]);
  assertEquals(newsBetween(after, { ...gone, removed_by: null }).at(-1), "this peer has left the space");
  assertEquals(newsBetween(gone, gone), []);
  assertEquals(eventLine({ name: "link_refused", level: "warning" }), null);
  assertEquals(
    eventLine({ name: "clock_ahead", level: "warning", reason: "r", fields: { by: "x\x1b" } }),
    "clock ahead: r (by x\\x1b)",
  );
});
