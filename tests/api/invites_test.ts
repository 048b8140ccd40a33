import { assertEquals } from "@std/assert";
import { startHost, tempFolder, type TempHost } from "../host/temp_host.ts";
import { DEADLINE_MS } from "../host/until.ts";

/** A peer in a new space, and one that is in no space yet. */
async function withTwo(test: (a: TempHost, b: TempHost) => Promise<void>): Promise<void> {
  await using folder = await tempFolder();
  await using a = await startHost(`${folder.path}/a`);
  await a.object("POST", "/v1/space");
  await using b = await startHost(`${folder.path}/b`);
  await test(a, b);
}

async function join(joiner: TempHost, ticket: unknown): Promise<Record<string, unknown>> {
  const joined = (await joiner.lines("POST", "/v1/join", { ticket })).at(-1) as Record<string, unknown>;
  await joiner.object("POST", "/v1/wait", { synced: true, timeoutMs: DEADLINE_MS });
  return joined;
}

async function invitesOf(peer: TempHost): Promise<Record<string, unknown>[]> {
  return (await peer.object("GET", "/v1/invites")).invites as Record<string, unknown>[];
}

Deno.test("open invites are listed at every member, their words only where they were made", async () => {
  await withTwo(async (a, b) => {
    const once = await a.object("POST", "/v1/invites", {});
    const many = await a.object("POST", "/v1/invites", { role: "admin", prefix: "notes/", uses: 3, forMs: 0 });
    assertEquals((await invitesOf(a)).map(({ invite }) => invite), [many.invite, once.invite], "the newest first");
    assertEquals((await join(b, many.words)).uses, 3);
    const [atA] = await invitesOf(a);
    assertEquals(atA, {
      ...atA,
      words: many.words,
      role: "admin",
      prefix: "notes/",
      uses: 3,
      uses_left: 2,
      expires: 0,
    });
    const { words: _words, ticket: _ticket, ...public_ } = atA as Record<string, unknown>;
    assertEquals((await invitesOf(b))[0], public_);

    const refused = await b.object("POST", "/v1/invites", { prefix: "other/" });
    assertEquals([refused.error, refused.exit], ["not_allowed", 4]);
    assertEquals((await b.object("POST", "/v1/invites", {})).prefix, "notes/", "no more than who invites");
    assertEquals((await b.object("POST", "/v1/invites", { prefix: "x".repeat(513) })).error, "grant_unusable");
    assertEquals((await b.object("POST", "/v1/invites", { prefix: 1 })).error, "bad_request");
  });
});

Deno.test("a ticket is good for no longer than the membership that it gives", async () => {
  await withTwo(async (a, b) => {
    const hour = 3_600_000;
    const made = await a.object("POST", "/v1/invites", { memberForMs: hour });
    assertEquals(made.expires, made.member_until);
    assertEquals(Math.abs(Number(made.member_until) - Date.now() - hour) < 60_000, true);
    const short = await a.object("POST", "/v1/invites", { memberForMs: hour, forMs: 1000 });
    assertEquals(Number(short.expires) < Number(short.member_until), true);
    const ever = await a.object("POST", "/v1/invites", { forMs: 0 });
    assertEquals([ever.expires, ever.member_until], [0, 0]);
    await join(b, ever.ticket);
  });
});
