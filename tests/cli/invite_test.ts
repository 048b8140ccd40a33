import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { apiError, apiLines, apiObject, type FakeConsole, run } from "./fakes.ts";

const DAY_MS = 86_400_000;
/** The clock of the fake console. */
const NOW_MS = 1_000_000;

function answers(made: Record<string, unknown> = {}) {
  const asked: unknown[] = [];
  return {
    asked,
    "POST /v1/invites": async (request: Request) => {
      const json = await request.json();
      asked.push(json);
      const { role, uses, prefix = "" } = json;
      const fields = { words: "a-b-c-d-e-f", ticket: "kith1abc", expires: NOW_MS + DAY_MS, invite: "qqqqqqqqqq" };
      return apiObject({ ...fields, role, uses, prefix, member_until: 0, ...made });
    },
    "GET /v1/status": () => apiObject({ addresses: ["127.0.0.1:5484", "192.168.1.10:5484"] }),
  };
}

function invite(flags: string[], made = answers(), change?: Parameters<typeof run>[2], terminal = false) {
  const { asked: _asked, ...routes } = made;
  return run(["invite", ...flags], routes, change, terminal);
}

Deno.test("invite prints words or the long ticket, and says whom it lets in", async () => {
  const made = answers();
  const { out, err } = await invite([], made);
  assertEquals(out, "a-b-c-d-e-f\n");
  assertStringIncludes(err, "(1 machine, valid 24 h; whoever has this gets in)");
  assertStringIncludes(err, "On another machine, run   kith join --at 192.168.1.10:5484   ");
  assertEquals((await invite(["--long", "-q", "--uses", "3", "--for", "never"], made)).out, "kith1abc\n");
  assertEquals(made.asked, [
    { role: "writer", uses: 1, forMs: DAY_MS, memberForMs: 0 },
    { role: "writer", uses: 3, forMs: 0, memberForMs: 0 },
  ]);
  const asleep = await invite([], made, (_, backend) => backend.running = false);
  assertStringIncludes(asleep.err, "before this peer runs: kith up");
});

Deno.test("invite takes role, prefix and how long who comes in is a member", async () => {
  const made = answers({ member_until: NOW_MS + 30 * DAY_MS });
  const { err } = await invite(["--role", "admin", "--prefix", "a/", "--member-for", "30d"], made);
  assertEquals(made.asked, [{ role: "admin", uses: 1, forMs: DAY_MS, memberForMs: 30 * DAY_MS, prefix: "a/" }]);
  assertStringIncludes(err, "(1 machine, as an admin below 'a/', a member for 30 d, valid 24 h;");
  assertStringIncludes((await invite(["--role", "reader"])).err, "(1 machine, as a reader, valid 24 h;");
  const senseless = answers();
  const { code, err: refused } = await invite(["--role", "reader", "--prefix", "a/"], senseless);
  assertEquals([code, senseless.asked], [2, []]);
  assertStringIncludes(refused, "A reader writes nothing");
});

Deno.test("invite --json tells all of the ticket", async () => {
  assertEquals(JSON.parse((await invite(["--json"])).out), {
    v: 1,
    words: "a-b-c-d-e-f",
    ticket: "kith1abc",
    expires: NOW_MS + DAY_MS,
    invite: "qqqqqqqqqq",
    role: "writer",
    prefix: "",
    uses: 1,
    member_until: 0,
  });
});

Deno.test("a QR code is drawn on a terminal that is wide enough; else nothing is granted", async () => {
  const made = answers();
  const drawn = await invite(["--qr"], made, () => {}, true);
  assertEquals(drawn.code, 0, drawn.err);
  const lines = drawn.out.trimEnd().split("\n");
  const [black, end] = ["\x1b[38;5;16;48;5;231m", "\x1b[0m"];
  assert(lines.every((line) => line.startsWith(black) && line.endsWith(end)), "black on white");
  assert(!drawn.out.includes("kith1abc") && !drawn.out.includes("a-b-c"));
  const both = await invite(["--qr", "--long"], made, ({ variables }) => variables.NO_COLOR = "1", true);
  assertMatch(both.out, /^([ ▀▄█]+\n)+kith1abc\n$/);

  const refused = answers();
  const narrow = (console: FakeConsole) => console.columns = () => 30;
  for (
    const [flags, change, terminal, says] of [
      [["--qr"], () => {}, false, "--qr draws on a terminal only"],
      [["--qr", "--json"], () => {}, true, "--qr draws on a terminal only"],
      [["--qr"], narrow, true, "columns, and this terminal has 30"],
    ] as const
  ) {
    const { code, out, err } = await invite([...flags], refused, change, terminal);
    assertEquals(code, 2);
    assertStringIncludes(out + err, says);
  }
  assertEquals(refused.asked, []);
});

Deno.test("invites lists what is open, and shows words to programs only", async () => {
  const open = [
    {
      invite: "bcdefghijklm",
      ...{ words: "a-b-c-d-e-f", ticket: "kith1abc", role: "writer", prefix: "no\x1btes/", uses: 3, uses_left: 2 },
      ...{ expires: NOW_MS + DAY_MS, member_until: 0, by: "aaaaaaaaaaaa", by_name: "attic", made: NOW_MS - 60_000 },
    },
    {
      invite: "cdefghijklmn",
      ...{ role: "reader", prefix: "", uses: 1, uses_left: 1, expires: 0, member_until: NOW_MS + 2 * DAY_MS },
      ...{ by: "zzzzzzzzzzzz", made: NOW_MS },
    },
  ];
  const routes = { "GET /v1/invites": () => apiObject({ invites: open }) };
  const { out } = await run(["invites"], routes);
  assertEquals(out.trimEnd().split("\n").map((line) => line.split(/ {2,}/)), [
    ["invite", "role", "writes", "left", "good", "member", "by", "made"],
    ["bcdefghi", "writer", "no\\x1btes/…", "2 of 3", "24 h", "for ever", "attic", "60 s ago"],
    ["cdefghij", "reader", "nothing", "1 of 1", "for ever", "2 d", "zzzzzzzz", "now"],
  ]);
  const lines = (await run(["invites", "--json"], routes)).out.trimEnd().split("\n");
  assertEquals(lines.map((line) => JSON.parse(line)), open.map((one) => ({ v: 1, ...one })));
  assertStringIncludes(
    (await run(["invites"], { "GET /v1/invites": () => apiObject({ invites: [] }) })).err,
    "No invite",
  );
});

const TICKET = "advice-document-advice-choice-limb-awkward";

/** What `join` warns of, against a peer that answers so. */
async function warningOf(words: readonly string[], joined: () => Response): Promise<string> {
  const routes = {
    "POST /v1/join": joined,
    "GET /v1/status": () => apiObject({ members: 2, synced: true, peers: [] }),
  };
  const { err } = await run(["join", ...words], routes, (console) => console.stdinText = TICKET);
  return /The ticket was on the command line.*;/.exec(err)?.[0] ?? "";
}

Deno.test("who finds nobody is told so while the search goes on", async () => {
  const routes = {
    "POST /v1/join": () =>
      apiLines([{ event: "searching", detail: "asked on eth0\x1b" }, {
        event: "joined",
        joined: true,
        space: "",
        uses: 1,
      }]),
    "GET /v1/status": () => apiObject({ members: 2, synced: true, peers: [] }),
  };
  const { err } = await run(["join", "-"], routes, (console) => console.stdinText = TICKET);
  assertStringIncludes(
    err,
    "No member was found so far (asked on eth0\\x1b); it goes on, or name one with --at HOST:PORT.",
  );
});

Deno.test("the name with which a peer joins is kept in its home beside what else is", async () => {
  const kept: unknown[] = [];
  const routes = {
    "POST /v1/join": () => apiLines([{ event: "joined", joined: true, space: "", uses: 1 }]),
    "GET /v1/status": () => apiObject({ members: 2, synced: true, peers: [] }),
    "GET /v1/config": () => apiObject({ name: "before", history: "90d" }),
    "PUT /v1/config": async (request: Request) => {
      kept.push(await request.json());
      return apiObject({});
    },
  };
  const join = (...words: string[]) => run(["join", "-", ...words], routes, (console) => console.stdinText = TICKET);
  await join();
  assertEquals(kept, []);
  assertEquals((await join("--name", "boat")).code, 0);
  assertEquals(kept, [{ name: "boat", history: "90d" }]);
});

Deno.test("a ticket on the command line is warned of where it lets in more than this machine", async () => {
  const joined = (uses: number) => () => apiLines([{ event: "joined", joined: true, space: "", uses }]);
  assertEquals(await warningOf([TICKET], joined(1)), "");
  assertStringIncludes(await warningOf([TICKET], joined(15)), "and lets in 15 machines");
  assertStringIncludes(await warningOf(TICKET.split("-"), joined(2)), "and lets in 2 machines");
  assertEquals(await warningOf(["-"], joined(15)), "");
  const failed = () => apiError("join_failed", 1, "No member could be reached.");
  assertStringIncludes(await warningOf([TICKET], failed), "and may still let in whoever saw it");
  assertEquals(await warningOf(["-"], failed), "");
});
