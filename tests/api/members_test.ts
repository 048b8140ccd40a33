import { assertEquals, assertMatch } from "@std/assert";
import { startHost, tempFolder, type TempHost } from "../host/temp_host.ts";
import { DEADLINE_MS, until } from "../host/until.ts";

type Fields = Record<string, unknown>;

/** A founder, and a member that came in by a ticket; both are running. */
async function withTwo(test: (founder: TempHost, other: TempHost) => Promise<void>): Promise<void> {
  await using folder = await tempFolder();
  await using founder = await startHost(`${folder.path}/a`, { name: "attic" });
  await founder.object("POST", "/v1/space");
  await using other = await startHost(`${folder.path}/b`, { name: "boat" });
  const { ticket } = await founder.object("POST", "/v1/invites", {});
  await other.lines("POST", "/v1/join", { ticket });
  await inSync(founder, other);
  await test(founder, other);
}

async function inSync(...peers: TempHost[]): Promise<void> {
  for (const peer of peers) {
    const answer = await peer.object("POST", "/v1/wait", { synced: true, timeoutMs: DEADLINE_MS });
    assertEquals(answer.error, undefined);
  }
}

async function membersOf(peer: TempHost, query = ""): Promise<Fields[]> {
  const { members, removed = [] } = await peer.object("GET", `/v1/members${query}`);
  return [...members as Fields[], ...removed as Fields[]];
}

Deno.test("a member is given a role, a prefix and a time, by its name or the beginning of its id", async () => {
  await withTwo(async (founder, other) => {
    const { peer: founderId } = await founder.object("GET", "/v1/status");
    const granted = await founder.object("POST", "/v1/grant", {
      ...{ peer: "boat", role: "writer", prefix: "notes/", forMs: 3_600_000 },
    });
    const { peer } = granted;
    assertEquals(granted, {
      ...granted,
      ...{ name: "boat", role: "writer", prefix: "notes/", invited_by: founderId, by: founderId, by_name: "attic" },
    });
    assertEquals(Math.abs(Number(granted.expires) - Date.now() - 3_600_000) < 60_000, true);
    await inSync(founder, other);
    assertEquals((await membersOf(other)).map(({ name, role, self }) => [name, role, self]).sort(), [
      ["attic", "admin", false],
      ["boat", "writer", true],
    ]);
    const set = await (await other.call("PUT", "/v1/entry?key=k", "v")).json();
    assertEquals([set.error, set.exit], ["not_allowed", 4]);
    assertEquals((await other.call("PUT", "/v1/entry?key=notes/k", "v")).status, 200);

    const admin = await founder.object("POST", "/v1/grant", { peer: String(peer).slice(0, 6), role: "admin" });
    assertEquals([admin.role, admin.prefix, admin.expires], ["admin", "", 0]);
    await inSync(founder, other);
    assertEquals((await other.object("POST", "/v1/invites", {})).error, undefined);

    const errorOf = async (fields: Fields) => (await founder.object("POST", "/v1/grant", fields)).error;
    assertEquals(await errorOf({ peer: "nobody", role: "reader" }), "member_unknown");
    assertEquals(await errorOf({ peer: "attic", role: "reader" }), "grant_unusable");
    assertEquals(await errorOf({ peer: "boat", role: "king" }), "bad_request");
    assertEquals(await errorOf({ peer: "boat" }), "bad_request");
    assertEquals(await errorOf({ role: "reader" }), "bad_request");
  });
});

Deno.test("a member is looked up by what people call it", async () => {
  await withTwo(async (founder) => {
    const called = (text: unknown) => founder.object("GET", `/v1/member?called=${text}`);
    const boat = await called("boat");
    assertEquals([boat.name, boat.self, boat.online], ["boat", false, true]);
    for (const text of [boat.peer, String(boat.peer).slice(0, 4)]) assertEquals((await called(text)).peer, boat.peer);
    assertEquals((await called(String(boat.peer).slice(0, 3))).error, "member_unknown");
    assertEquals((await called("")).error, "member_unknown");
    // Names are chosen by members themselves, so that two may have one.
    await using mimic = await startHost(`${founder.home}-mimic`, { name: "boat" });
    await mimic.lines("POST", "/v1/join", { ticket: (await founder.object("POST", "/v1/invites", {})).ticket });
    await inSync(founder, mimic);
    const { peer } = await mimic.object("GET", "/v1/status");
    for (const path of ["revoke", "grant"]) {
      const refused = await founder.object("POST", `/v1/${path}`, { peer: "boat", role: "reader" });
      assertEquals([refused.error, refused.exit], ["member_ambiguous", 2]);
      for (const id of [peer, boat.peer]) assertMatch(String(refused.candidates), new RegExp(String(id).slice(0, 8)));
    }
    assertEquals((await founder.object("POST", "/v1/revoke", { peer })).error, undefined);
  });
});

Deno.test("a removed member is listed as such everywhere, and is told", async () => {
  await withTwo(async (founder, other) => {
    assertEquals((await other.object("POST", "/v1/revoke", { peer: "attic" })).error, "not_allowed");
    const { peer } = await other.object("GET", "/v1/status");
    assertEquals(await founder.object("POST", "/v1/revoke", { peer: "boat" }), {
      ...{ v: 1, removed: true, peer, name: "boat" },
    });
    const gone = { peer, name: "boat", state: "removed" };
    const all = await membersOf(founder, "?all=1");
    assertEquals(all.map(({ name }) => name), ["attic", "boat"]);
    assertEquals(all[1], { ...all[1], ...gone, by_name: "attic" });
    assertEquals((await membersOf(founder)).length, 1);
    await untilStatus(other, ({ left }) => left === true);
    const status = await other.object("GET", "/v1/status");
    assertEquals((status.removed_by as Fields).name, "attic");
    const refused = await (await other.call("PUT", "/v1/entry?key=k", "v")).json();
    assertEquals([refused.error, refused.exit], ["removed_from_space", 4]);
    assertMatch(refused.message, /removed from its space by attic \([a-z2-7]{8}\)/);
    assertEquals((await founder.object("POST", "/v1/revoke", { peer: "boat" })).error, "member_unknown");
  });
});

/** Waits until the status of a peer is so. */
async function untilStatus(peer: TempHost, isSo: (status: Fields) => boolean): Promise<void> {
  await until("its status is so", async () => isSo(await peer.object("GET", "/v1/status")));
}

Deno.test("an invite is closed by the beginning of its version", async () => {
  await withTwo(async (founder) => {
    const { invite } = await founder.object("POST", "/v1/invites", { uses: 5 });
    const letters = String(invite).slice(0, 8);
    assertEquals((await founder.object("POST", "/v1/revoke", { invite: letters })).closed, true);
    assertEquals((await founder.object("GET", "/v1/invites")).invites, []);
    assertEquals((await founder.object("POST", "/v1/revoke", { invite: letters })).error, "invite_unknown");
    assertEquals((await founder.object("POST", "/v1/revoke", {})).error, "bad_request");
  });
});

Deno.test("what a removal undid is listed with who did it, and is taken back in", async () => {
  await using folder = await tempFolder();
  const startFounder = (offline = false) => startHost(`${folder.path}/a`, { name: "attic", offline });
  const addressesOf = async (peer: TempHost) => (await peer.object("GET", "/v1/status")).addresses as string[];
  await using boat = await startHost(`${folder.path}/b`, { name: "boat" });
  await using third = await startHost(`${folder.path}/c`, { name: "cabin" });
  const write = (key: string) => boat.call("PUT", `/v1/entry?key=${key}`, "unseen");
  // By words: an address in it that is stale would be tried for long.
  let ticket: unknown;
  {
    await using founder = await startFounder();
    await founder.object("POST", "/v1/space");
    ticket = (await founder.object("POST", "/v1/invites", { uses: 5 })).words;
    const at = await addressesOf(founder);
    for (const peer of [boat, third]) await peer.lines("POST", "/v1/join", { ticket, at });
    await boat.call("PUT", "/v1/entry?key=seen", "v");
    await inSync(boat, third, founder);
  }
  for (const key of ["seen", "a", "b"]) await write(key);
  await boat.call("DELETE", "/v1/entry?key=b");
  await inSync(third, boat);
  {
    await using founder = await startFounder(true);
    assertEquals((await founder.object("POST", "/v1/revoke", { peer: "boat" })).removed, true);
  }
  await using founder = await startFounder();
  for (const address of await addressesOf(founder)) await third.object("POST", "/v1/connect", { address });
  await untilStatus(third, ({ members }) => members === 2);
  await inSync(third, founder);

  const textOf = async (key: string) => await (await third.call("GET", `/v1/entry?key=${key}`)).text();
  assertEquals(await textOf("seen"), "v");
  assertEquals((await third.call("GET", "/v1/entry?key=a")).status, 404);
  const undoneAt = async (peer: TempHost) => {
    const { conflicts } = await peer.object("GET", "/v1/conflicts") as { conflicts: Fields[] };
    return conflicts.map((one) => [one.kind, one.key, one.operation, one.name, one.undone_by_name].join(" ")).sort();
  };
  const undone = ["a put", "b del", "seen put"].map((what) => `undone ${what} boat attic`);
  for (const peer of [third, founder]) assertEquals(await undoneAt(peer), undone);

  assertEquals((await third.object("POST", "/v1/readopt", { keys: ["a", "nothing"] })).error, "not_undone");
  assertEquals((await third.object("POST", "/v1/readopt", { keys: ["a"] })).readopted, 1);
  assertEquals(await textOf("a"), "unseen");
  await third.object("POST", "/v1/readopt", {});
  assertEquals(await textOf("seen"), "unseen");
  await inSync(third, founder);
  for (const peer of [third, founder]) assertEquals(await undoneAt(peer), []);

  const refused = (await boat.lines("POST", "/v1/join", { ticket, at: await addressesOf(founder) })).at(-1);
  assertEquals(refused?.error, "refused_ticket", "the ticket that it came in by is closed");
});
