import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Home, Machine } from "./kith.ts";

/** A home with data in a space of its own, whose peer does not run. */
async function withData(machine: Machine): Promise<Home> {
  const home = machine.home("b");
  const peer = await home.up();
  await home.ok("set", "mine", "1");
  await peer.stop("SIGTERM");
  return home;
}

Deno.test("join --carry brings the data of a home along, and join alone refuses to lose it", async () => {
  await using machine = new Machine();
  const a = machine.home("a");
  await a.up();
  await a.ok("set", "theirs", "2");
  const { words } = await a.object("invite");
  const b = await withData(machine);
  const refused = await b.run(["join", "-", "--exit"], { stdin: words });
  assertEquals(refused.code, 6);
  assertStringIncludes(refused.err, "--carry");
  assertEquals(await b.ok("get", "mine"), "1");

  const joined = await b.run(["join", "-", "--exit", "--carry"], { stdin: words });
  assertEquals(joined.code, 0, joined.err);
  assertStringIncludes(joined.err, "Carried 1 entry along");
  for (const home of [a, b]) assertEquals(await home.ok("ls"), "mine\ntheirs\n");
});

Deno.test("join --carry that fails leaves the home as it was", async () => {
  await using machine = new Machine();
  const a = machine.home("a");
  await a.up();
  const { words } = await a.object("invite");
  await machine.home("first").run(["join", "-", "--exit"], { stdin: words });
  const b = await withData(machine);
  const before = await b.object("status");
  const refused = await b.run(["join", "-", "--exit", "--carry"], { stdin: words });
  assertEquals(refused.code, 4, refused.err);
  const after = await b.object("status");
  assertEquals([after.space, after.digest, after.peer], [before.space, before.digest, before.peer]);
  await b.up();
  const running = await b.run(["join", "-", "--carry"], { stdin: words });
  assertEquals([running.code, running.err.includes("kith down")], [2, true]);
});
