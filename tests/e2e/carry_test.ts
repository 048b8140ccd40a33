import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { newTicketSecret, ticketWords } from "../../lib/space/ticket.ts";
import { type Home, Machine, type Printed, TIMEOUT, until } from "./kith.ts";

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

Deno.test("join --carry that is killed before it has joined leaves the home as it was, and can be done again", async () => {
  await using machine = new Machine();
  const b = await withData(machine);
  const before = await b.object("status");
  // It listens, and never says a word.
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const at = `127.0.0.1:${silent.addr.port}`;
  const isSetAside = () => [...Deno.readDirSync(b.path)].some(({ name }) => /^store-.*\.sqlite$/.test(name));
  await b.run(["join", "-", "--exit", "--carry", "--at", at], {
    stdin: ticketWords(newTicketSecret({ bytes: (size) => new Uint8Array(size).fill(7) })),
    meanwhile: async (process) => {
      await until("the store to be set aside", () => Promise.resolve(isSetAside() || null));
      process.kill("SIGKILL");
    },
  });
  const peer = await b.up();
  assertEquals(await b.ok("get", "mine"), "1");
  const after = await b.object("status");
  assertEquals([after.space, after.digest, isSetAside()], [before.space, before.digest, false]);
  assertEquals(after.notices.map(({ event }: Printed) => event), ["carry_undone"]);
  await peer.stop();

  const a = machine.home("a");
  const door = await a.up();
  const { words } = await a.object("invite");
  const joined = await b.run(["join", "-", "--exit", "--carry", "--at", door.address], { stdin: words });
  assertEquals(joined.code, 0, joined.err);
  assertEquals(await a.ok("get", "mine"), "1");
});

Deno.test("what join --carry took along is brought in by the next start where it ended after it had joined", async () => {
  await using machine = new Machine();
  const a = machine.home("a");
  await a.up();
  const b = machine.home("b");
  const { words } = await a.object("invite");
  const joined = await b.run(["join", "-", "--exit"], { stdin: words });
  assertEquals(joined.code, 0, joined.err);
  const file = `${b.path}/carried.joined.ndjson`;
  Deno.writeTextFileSync(file, `${JSON.stringify({ v: 1, key: "mine", text: "1" })}\n`);
  const peer = await b.up();
  await a.ok("wait", "mine=1", "--timeout", TIMEOUT);
  assertThrows(() => Deno.statSync(file), Deno.errors.NotFound);
  await peer.stop();
});
