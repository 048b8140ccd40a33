import { assertEquals, assertMatch } from "@std/assert";
import { startHost, tempFolder, type TempHost } from "../host/temp_host.ts";

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
    const answer = await peer.object("POST", "/v1/wait", { synced: true, all: true, timeoutMs: 10_000 });
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
    await waitUntilLeft(other);
    const status = await other.object("GET", "/v1/status");
    assertEquals((status.removed_by as Fields).name, "attic");
    const refused = await (await other.call("PUT", "/v1/entry?key=k", "v")).json();
    assertEquals([refused.error, refused.exit], ["removed_from_space", 4]);
    assertMatch(refused.message, /removed from its space by attic \([a-z2-7]{8}\)/);
    assertEquals((await founder.object("POST", "/v1/revoke", { peer: "boat" })).error, "member_unknown");
  });
});

/** Waits until a peer knows that it is no member any more. */
async function waitUntilLeft(peer: TempHost): Promise<void> {
  const endMs = performance.now() + 10_000;
  while ((await peer.object("GET", "/v1/status")).left !== true) {
    if (performance.now() > endMs) throw new Error("it was never told");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
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
