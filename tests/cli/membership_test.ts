import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { secondAdminLine } from "../../lib/cli/second_admin.ts";
import { apiError, apiObject, run } from "./fakes.ts";

const DAY_MS = 86_400_000;
/** The clock of the fake console. */
const NOW_MS = 1_000_000;

const FOUNDER = {
  ...{ peer: "founderfounder", name: "attic", role: "admin", prefix: "", expires: 0, since: NOW_MS - 9000 },
  ...{ invited_by: null, by: null, last_seen: null, online: true, self: true },
};
const OTTER = {
  ...{ peer: "otterotterotter", name: "otter\x1b", role: "writer", prefix: "notes/", expires: NOW_MS + 30 * DAY_MS },
  ...{
    since: NOW_MS - 60_000,
    by: FOUNDER.peer,
    by_name: "attic",
    last_seen: NOW_MS - 5000,
    online: false,
    self: false,
  },
};
/** One that is not linked, of whom others say that it is here. */
const FAR = { ...OTTER, peer: "farfarfarfar", name: "heron", online: true, linked: false };
const GONE = { peer: "goneGONEgone", name: "newt", state: "removed", by: "someoneelse", time: NOW_MS - 2000 };

function society(removed: unknown[] = []) {
  return {
    "GET /v1/members": (request: Request) => {
      const all = new URL(request.url).searchParams.get("all") === "1";
      return apiObject({ members: [FOUNDER, OTTER, FAR], ...(all ? { removed } : {}) });
    },
    "GET /v1/member": () => apiObject(OTTER),
  };
}

Deno.test("members is a table, with --all also of those who are gone", async () => {
  const { out } = await run(["members"], society());
  const rows = (text: string) => text.trimEnd().split("\n").map((line) => line.split(/ {2,}/));
  const present = [
    ["name", "peer", "role", "writes", "by", "since", "until", "now"],
    ["attic", "founderf", "admin", "all", "-", "9 s ago", "-", "this peer"],
    ["otter\\x1b", "otterott", "writer", "notes/…", "attic", "60 s ago", "in 30 d", "away, seen 5 s ago"],
    ["heron", "farfarfa", "writer", "notes/…", "attic", "60 s ago", "in 30 d", "here"],
  ];
  assertEquals(rows(out), present);
  const all = await run(["members", "--all"], society([GONE]));
  assertEquals(rows(all.out), [...present, ["newt", "goneGONE", "removed", "someonee", "2 s ago"]]);
  const json = await run(["members", "--all", "--json"], society([GONE]));
  const objects = json.out.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(objects, [FOUNDER, OTTER, FAR, GONE].map((one) => ({ v: 1, ...one })));
});

Deno.test("grant sends a role, a prefix and a time, and says what the member is then", async () => {
  const asked: unknown[] = [];
  const answers = {
    "POST /v1/grant": async (request: Request) => {
      asked.push(await request.json());
      return apiObject(OTTER);
    },
  };
  const { code, err } = await run(
    ["grant", "otter", "--role", "writer", "--prefix", "notes/", "--for", "30d"],
    answers,
  );
  assertEquals(code, 0);
  assertEquals(err, "otter\\x1b (otterott) is now a writer below 'notes/', for 30 d.\n");
  assertEquals((await run(["grant", "otter", "--role", "admin", "--json"], answers)).code, 0);
  assertEquals(asked, [
    { peer: "otter", role: "writer", prefix: "notes/", forMs: 30 * DAY_MS },
    { peer: "otter", role: "admin" },
  ]);
  for (const flags of [[], ["--role", "king"], ["--role", "reader", "--prefix", "x"]]) {
    assertEquals((await run(["grant", "otter", ...flags], answers)).code, 2, flags.join(" "));
  }
  assertEquals(asked.length, 2);
  const denied = await run(["grant", "otter", "--role", "admin"], {
    "POST /v1/grant": () =>
      apiError("not_allowed", 4, "This peer may not do that: only an admin can give a role.", 403),
  });
  assertEquals([denied.code, denied.err], [4, "kith: This peer may not do that: only an admin can give a role.\n"]);
});

Deno.test("revoke removes the member that it looked up, and only where somebody said yes", async () => {
  const asked: unknown[] = [];
  const answers = {
    ...society(),
    "POST /v1/revoke": async (request: Request) => {
      asked.push(await request.json());
      return apiObject({ removed: true, peer: OTTER.peer, name: OTTER.name });
    },
  };
  const unasked = await run(["revoke", "otter"], answers);
  assertEquals(unasked.code, 2);
  assertStringIncludes(unasked.err, "Nobody was asked whether removing otter\\x1b (otterott) is for good.");
  assertEquals(asked, []);
  const { code, err } = await run(["revoke", "otter", "--yes"], answers);
  assertEquals(code, 0);
  assertMatch(err, /^Removed otter\\x1b \(otterott\)\./);
  assertEquals(asked, [{ peer: OTTER.peer }]);
  const ambiguous = await run(["revoke", "otter", "--yes"], {
    ...answers,
    "GET /v1/member": () => apiError("member_ambiguous", 2, "More than one member is called 'otter': a, b."),
  });
  assertEquals([ambiguous.code, asked.length], [2, 1]);
});

Deno.test("revoke --invite closes an invite without asking", async () => {
  const asked: unknown[] = [];
  const answers = {
    "POST /v1/revoke": async (request: Request) => {
      asked.push(await request.json());
      return apiObject({ closed: true, invite: "abcd" });
    },
  };
  const { code, err } = await run(["revoke", "--invite", "abcd"], answers);
  assertEquals([code, err], [0, "Closed the invite; who came in by it stays.\n"]);
  assertEquals(JSON.parse((await run(["revoke", "--invite", "abcd", "--json"], answers)).out), {
    v: 1,
    closed: true,
    invite: "abcd",
  });
  assertEquals(asked, [{ invite: "abcd" }, { invite: "abcd" }]);
  for (const words of [["revoke"], ["revoke", "otter", "--invite", "abcd"]]) {
    assertEquals((await run(words, answers)).code, 2);
  }
});

Deno.test("readopt takes keys or all", async () => {
  const asked: unknown[] = [];
  const answers = {
    "POST /v1/readopt": async (request: Request) => {
      asked.push(await request.json());
      return apiObject({ readopted: 2, versions: ["a", "b"] });
    },
  };
  assertEquals((await run(["readopt", "a", "b"], answers)).err, "Took back in 2 values.\n");
  assertEquals((await run(["readopt", "--all"], answers)).code, 0);
  assertEquals(asked, [{ keys: ["a", "b"] }, {}]);
  for (const words of [["readopt"], ["readopt", "a", "--all"]]) assertEquals((await run(words, answers)).code, 2);
});

Deno.test("what a removal undid is listed beside conflicts, with what to do", async () => {
  const about = { kind: "undone", operation: "put", peer: "ppp", name: "newt\x1b", time: NOW_MS - 2000 };
  const answers = {
    "GET /v1/conflicts": () =>
      apiObject({
        conflicts: [
          { ...about, key: "k", version: "abcdefghij", undone_by: "aaa", undone_by_name: "attic" },
          { ...about, key: "l", version: "klmnopqrst", operation: "del", undone_by: null },
        ],
        forks: [],
      }),
  };
  const { out, err } = await run(["conflicts"], answers);
  assertEquals(out.split("\n"), [
    "k",
    "- abcdefgh  by newt\\x1b 2 s ago",
    "  undone, since attic removed its writer",
    "l",
    "- klmnopqr  by newt\\x1b 2 s ago",
    "  a delete, undone by removals",
    "",
  ]);
  assertMatch(err, /^\(What a removal undid: .+'kith readopt KEY' takes it back in\.\)\n$/);
});

Deno.test("a sole admin with others around is told how to have a second one, and nobody else is", () => {
  const admin = { ...FOUNDER };
  const other = { peer: "pppppppppp", name: "otter-7f2k", role: "writer", prefix: "", expires: 0, self: false };
  const reader = { ...other, peer: "rrrrrrrrrr", name: "newt", role: "reader" };
  const lineOf = (...members: Record<string, unknown>[]) => secondAdminLine(members, NOW_MS);
  const commandOf = (...members: Record<string, unknown>[]) => lineOf(...members)?.split("   ")[1] ?? null;
  assertMatch(
    String(lineOf(admin, other)),
    /^This peer is the only admin; a second one: /,
  );
  assertEquals(commandOf(admin, other), "kith grant otter-7f2k --role admin");
  assertEquals(commandOf(admin, reader, other), "kith grant otter-7f2k --role admin");
  assertEquals(commandOf(admin, reader), "kith grant newt --role admin");
  for (const name of ["", "-x", "a b", "$(x)", "attic"]) {
    assertEquals(commandOf(admin, { ...other, name }), "kith grant pppppppp --role admin", name);
  }
  assertEquals(commandOf(admin, { ...other, role: "admin", prefix: "notes/" }) !== null, true, "it can't stand in");
  assertEquals(commandOf(admin, { ...other, role: "admin", expires: NOW_MS }), null, "it is over for the other");
  assertEquals(commandOf(admin, reader, { ...other, role: "admin", expires: NOW_MS }) !== null, true);
  assertEquals(lineOf(admin), null);
  assertEquals(lineOf(admin, { ...other, role: "admin" }), null);
  assertEquals(lineOf({ ...admin, self: false }, { ...other, self: true }), null);
});

Deno.test("status tells a sole admin on a terminal", async () => {
  const status = { peer: FOUNDER.peer, name: "attic", space: "", members: 2, synced: true, peers: [], absent: [] };
  const answers = { ...society(), "GET /v1/status": () => apiObject(status) };
  assertStringIncludes((await run(["status"], answers, () => {}, true)).err, "--role admin");
  assertEquals((await run(["status"], answers)).err, "");
  assertEquals((await run(["status", "--json"], answers, () => {}, true)).err, "");
});

Deno.test("status says that this peer was removed, and by whom, or who says so", async () => {
  const status = (fields: Record<string, unknown>) => ({
    "GET /v1/status": () =>
      apiObject({ peer: "p", name: "n", space: "a".repeat(52), members: 2, peers: [], ...fields }),
  });
  const attic = { peer: FOUNDER.peer, name: "attic\x1b" };
  const removed = await run(["status"], status({ left: true, removed_by: attic }));
  assertMatch(removed.out, /from which attic\\x1b \(founderf\) removed this peer; 'kith join' with a new ticket/);
  assertMatch((await run(["status"], status({ left: true, removed_by: null }))).out, /which this peer has left; 'kith/);
  const told = await run(["status"], status({ told_removed_by: [attic] }));
  assertMatch(told.out, /^removed\? +attic\\x1b \(founderf\) does not link, since this peer was removed, it says$/m);
});
