import { assertEquals, assertNotEquals } from "@std/assert";
import { type Home, Machine, TIMEOUT } from "./kith.ts";

async function inSync(...homes: Home[]): Promise<void> {
  for (const home of homes) await home.ok("wait", "--synced", "--all", "--timeout", TIMEOUT);
}

async function digestOf(home: Home): Promise<string> {
  return (await home.object("status")).digest;
}

async function conflictsOf(home: Home): Promise<string> {
  return JSON.stringify(await home.objects("conflicts"));
}

Deno.test("two homes: up, invite, join by words, set, get, wait, and the same digest", async () => {
  await using machine = new Machine();
  const a = machine.home("a");
  const b = machine.home("b");
  const peerA = await a.up();
  const { words } = await a.object("invite");
  const peerB = await b.up(["join", "-"], { stdin: words });
  assertEquals(peerA.ready.space, peerB.ready.space);
  assertNotEquals(peerA.ready.peer, peerB.ready.peer);

  await a.ok("set", "greeting", "hello");
  await b.ok("wait", "greeting=hello", "--timeout", TIMEOUT);
  assertEquals(await b.ok("get", "greeting"), "hello");
  await b.ok("set", "answer", '{"to": [1, 2.50]}', "--type", "json");
  await a.ok("wait", "answer", "--timeout", TIMEOUT);
  assertEquals(await a.ok("get", "answer"), '{"to":[1,2.5]}');
  await b.ok("del", "greeting");

  await inSync(a, b);
  assertEquals(await digestOf(a), await digestOf(b));
  for (const home of [a, b]) {
    assertEquals((await home.objects("members")).length, 2);
    const [other] = await home.objects("peers");
    assertEquals([other?.path, other?.in_sync], ["direct", true]);
    assertEquals(await home.ok("ls"), "answer\n");
    assertEquals((await home.object("ping", other?.name)).round_trip_ms > 0, true);
  }
  assertEquals([await peerB.stop("SIGINT"), await peerA.stop("SIGTERM")], [0, 0]);
});

Deno.test("join --exit with a long ticket takes the data and ends", async () => {
  await using machine = new Machine();
  const a = machine.home("a");
  await a.up();
  await a.ok("set", "k", "v");
  const ticket = (await a.ok("invite", "--long", "--uses", "2")).trim();
  const far = new Machine();
  try {
    const b = far.home("b");
    const { code, err } = await b.run(["join", "--exit"], { env: { KITH_TICKET: ticket } });
    assertEquals([code, err.includes("Joined")], [0, true], err);
    assertEquals(await b.ok("get", "k"), "v");
  } finally {
    await far[Symbol.asyncDispose]();
  }
});

Deno.test("what is written with no peer running is synced later, and conflicts are the same on both sides", async () => {
  await using machine = new Machine();
  const a = machine.home("a");
  const b = machine.home("b");
  let peerA = await a.up();
  const { words } = await a.object("invite");
  let peerB = await b.up(["join", "-"], { stdin: words });
  await a.ok("set", "shared", "first");
  await a.ok("set", "deleted", "first");
  await b.ok("wait", "deleted=first", "--timeout", TIMEOUT);
  await b.ok("wait", "shared=first", "--timeout", TIMEOUT);
  await peerA.stop();
  await peerB.stop();

  for (const [home, name] of [[a, "a"], [b, "b"]] as const) {
    await home.ok("set", `only/${name}`, name);
    await home.ok("set", "shared", `from ${name}`);
  }
  await a.ok("del", "deleted");
  await b.ok("set", "deleted", "kept");
  assertEquals((await a.object("status")).running, false);

  peerA = await a.up(["--listen", peerA.address]);
  peerB = await b.up(["--listen", peerB.address]);
  await inSync(a, b);
  assertEquals(await digestOf(a), await digestOf(b));
  assertEquals(await a.ok("export"), await b.ok("export"));
  for (const home of [a, b]) {
    assertEquals(await home.ok("get", "only/a") + await home.ok("get", "only/b"), "ab");
    assertEquals(await home.ok("get", "deleted"), "kept");
    const conflicts = await home.objects("conflicts");
    assertEquals(conflicts.map(({ kind, key }) => `${kind} ${key}`).sort(), [
      "concurrent shared",
      "delete_beside_put deleted",
    ]);
    const values = conflicts.find(({ key }) => key === "shared")?.versions.map(({ text }: { text: string }) => text);
    assertEquals(values.sort(), ["from a", "from b"]);
  }
  assertEquals(await conflictsOf(a), await conflictsOf(b));

  // Each side settles one of them, by what is shown of a version; then both hold the same.
  const [concurrent] = (await a.objects("conflicts")).filter(({ key }) => key === "shared");
  const loser = concurrent?.versions.find(({ winner }: { winner: boolean }) => !winner);
  await a.ok("resolve", "shared", "--keep", loser.version.slice(0, 8));
  await b.ok("resolve", "deleted", "settled");
  await inSync(a, b);
  for (const home of [a, b]) {
    assertEquals(await home.objects("conflicts"), []);
    assertEquals(await home.ok("get", "shared"), loser.text);
    assertEquals(await home.ok("get", "deleted"), "settled");
    const past = await home.objects("history", "deleted");
    assertEquals(past.map(({ kind, state }) => `${kind} ${state}`).sort(), [
      "del replaced",
      "put live",
      "put replaced",
      "put replaced",
    ]);
    assertEquals(await home.ok("get", "deleted", "--at", past.at(-1)?.version), "first");
  }
});

Deno.test("an import and an export give the same lines again", async () => {
  await using machine = new Machine();
  const a = machine.home("a");
  await a.up();
  const lines = [
    { v: 1, key: "bytes", type: "application/octet-stream", base64: "AP8=" },
    { v: 1, key: "json", type: "application/json", json: { a: [1, null, "ü"] } },
    { v: 1, key: "text/umlaut ü", type: "text/plain", text: "line\nline" },
  ].map((line) => JSON.stringify(line) + "\n").join("");
  const imported = await a.run(["import", "--json"], { stdin: lines });
  assertEquals(JSON.parse(imported.out), { v: 1, imported: 3, unchanged: 0 });
  assertEquals(await a.ok("export"), lines);
  assertEquals(await a.ok("export", "text/"), lines.split("\n")[2] + "\n");
  const again = await a.run(["import", "--json"], { stdin: lines });
  assertEquals(JSON.parse(again.out), { v: 1, imported: 0, unchanged: 3 });
});

Deno.test("watch tells changes as they happen", async () => {
  await using machine = new Machine();
  const a = machine.home("a");
  await a.up();
  await a.ok("set", "lamp/one", "off");
  const watch = a.follow("watch", "lamp/", "--initial", "--count", "4", "--json");
  const next = async () => {
    const { event, key, text } = JSON.parse(await watch.line() ?? "{}");
    return [event, key, text];
  };
  assertEquals(await next(), ["put", "lamp/one", "off"]);
  await a.ok("set", "lamp/one", "on");
  assertEquals(await next(), ["put", "lamp/one", "on"]);
  await a.ok("set", "other", "x");
  await a.ok("del", "lamp/one");
  assertEquals(await next(), ["del", "lamp/one", undefined]);
  await a.ok("set", "lamp/two", "1");
  assertEquals(await next(), ["put", "lamp/two", "1"]);
  assertEquals(await watch.ended(), { code: 0, err: "" });
});

Deno.test("a watcher goes on where it was, though its peer was killed meanwhile", async () => {
  await using machine = new Machine();
  const a = machine.home("a");
  const peer = await a.up();
  await a.ok("set", "one", "1");
  const [first, position] = await a.objects("watch", "--initial", "--positions", "--count", "1");
  assertEquals([first?.key, position?.event], ["one", "position"]);
  Deno.writeTextFileSync(`${machine.folder}/position`, position?.since + "\n");
  await a.ok("set", "two", "2");
  await a.ok("del", "one");
  peer.process.kill("SIGKILL");
  await peer.process.status;
  await a.up();
  const missed = await a.objects("watch", "--since", `@${machine.folder}/position`, "--count", "2");
  assertEquals(missed.map(({ event, key }) => `${event} ${key ?? ""}`), ["put two", "del one", "position "]);
  assertEquals(await a.objects("watch", "--since", `@${machine.folder}/position`, "--count", "1"), missed.slice(0, 1));
});
