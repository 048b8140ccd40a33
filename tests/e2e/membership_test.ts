import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Home, Machine, type Printed, TIMEOUT, until, type UpPeer } from "./kith.ts";
import { ask } from "./refusal.ts";

/** Lets a home in by a ticket that is made with these flags. */
async function letIn(admin: Home, home: Home, ...flags: string[]): Promise<UpPeer> {
  const { words } = await admin.object("invite", ...flags);
  return await home.up(["join", "-"], { stdin: words });
}

/** Runs a command that is refused. @returns the code of its error. */
async function denied(home: Home, ...words: string[]): Promise<string> {
  const { code, out } = await home.run([...words, "--json"]);
  const { error } = JSON.parse(out);
  assertEquals(code, 4, `${words.join(" ")}: ${out}`);
  return error;
}

async function statusOf(home: Home): Promise<Printed> {
  return JSON.parse(await ask(home, "status"));
}

/** Members by name, with what they may do. */
async function rolesAt(home: Home): Promise<Record<string, string>> {
  const { members } = JSON.parse(await ask(home, "members")) as { members: Printed[] };
  return Object.fromEntries(members.map(({ name, role, prefix }) => [name, `${role} ${prefix}`.trim()]));
}

Deno.test("a reader and a writer with a prefix do what they may, until the one is promoted and the other removed", async () => {
  await using machine = new Machine();
  const [a, reader, writer] = ["a", "reader", "writer"].map((name) => machine.home(name)) as [Home, Home, Home];
  await a.up(["--name", "attic"]);
  await letIn(a, reader, "--role", "reader");
  const { words } = await a.object("invite", "--prefix", "notes/", "--uses", "5");
  await writer.up(["join", "-", "--name", "boat"], { stdin: words });

  assertEquals(await denied(reader, "set", "k", "v"), "not_allowed");
  assertEquals(await denied(writer, "set", "k", "v"), "not_allowed");
  assertEquals(await denied(reader, "invite"), "not_allowed");
  assertEquals(await denied(writer, "revoke", "attic", "--yes"), "not_allowed");
  await writer.ok("set", "notes/k", "v");
  await reader.ok("wait", "notes/k=v", "--timeout", TIMEOUT);

  const readerName = (await statusOf(reader)).name;
  await a.ok("grant", readerName, "--role", "writer");
  await until("the reader writes", async () => (await reader.run(["set", "k", "v"])).code === 0 ? true : null);
  await a.ok("wait", "k=v", "--timeout", TIMEOUT);

  assertEquals((await a.run(["revoke", "boat"])).code, 2, "nobody was asked");
  await a.ok("revoke", "boat", "--yes");
  const told = await until("the removed one is told", async () => {
    const status = await statusOf(writer);
    // The link is closed behind what tells it.
    return status.left && status.peers.length === 0 ? status : null;
  });
  assertEquals(told.removed_by.name, "attic");
  assertMatch(await writer.ok("status"), /from which attic \([a-z2-7]{8}\) removed this peer; 'kith join' with a new/);
  assertEquals(await denied(writer, "set", "notes/k", "w"), "removed_from_space");
  assertEquals(await rolesAt(a), { attic: "admin", [readerName]: "writer" });
  const gone = (await a.objects("members", "--all")).find(({ state }) => state !== undefined);
  assertEquals([gone?.name, gone?.state, gone?.by_name], ["boat", "removed", "attic"]);

  // Neither by its own ticket, which the removal closed, nor by one that was closed: by a new one.
  const closed = await a.object("invite", "--uses", "5");
  assertEquals((await a.objects("invites")).map(({ invite, uses_left }) => [invite, uses_left]), [[closed.invite, 5]]);
  await a.ok("revoke", "--invite", closed.invite.slice(0, 8));
  assertEquals(await a.objects("invites"), []);
  for (const ticket of [words, closed.words]) {
    const refused = await writer.run(["join", "-", "--json"], { stdin: ticket });
    assertEquals([refused.code, JSON.parse(refused.out).error], [4, "refused_ticket"], refused.err);
  }
  const joined = await writer.run(["join", "-", "--json"], { stdin: (await a.object("invite")).words });
  assertEquals(joined.code, 0, joined.out + joined.err);
  await a.ok("wait", "--synced", "--all", "--timeout", TIMEOUT);
  assertEquals((await rolesAt(a)).boat, "writer");
});

Deno.test("a second admin lets in and removes the founder's machine while that is away", async () => {
  await using machine = new Machine();
  const [founder, second, third] = ["a", "b", "c"].map((name) => machine.home(name)) as [Home, Home, Home];
  const peer = await founder.up(["--name", "founder"]);
  await letIn(founder, second, "--role", "admin");
  await founder.ok("set", "k", "v");
  await second.ok("wait", "k=v", "--timeout", TIMEOUT);
  await peer.stop();
  await founder.ok("set", "unseen", "v");

  await letIn(second, third);
  await second.ok("revoke", "founder", "--yes");
  await until("the third hears of it", async () => (await statusOf(third)).members === 2 ? true : null);

  await founder.up(["--name", "founder", "--listen", peer.address]);
  await until("the founder is told, and linked no more", async () => {
    const { left, told_removed_by, peers } = await statusOf(founder);
    return (left || told_removed_by.length > 0) && peers.length === 0 ? true : null;
  });
  assertStringIncludes(await founder.ok("status"), "removed");
  for (const home of [second, third]) {
    assertEquals((await home.run(["get", "unseen"])).code, 3);
    assertEquals(await home.ok("get", "k"), "v");
    assertEquals((await statusOf(home)).members, 2);
  }
});
