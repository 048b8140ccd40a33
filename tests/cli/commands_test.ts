import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { COMMANDS } from "../../lib/cli/commands.ts";
import { HANDLERS } from "../../lib/cli/handlers.ts";
import { apiError, apiLines, apiObject, type FakeConsole, run } from "./fakes.ts";

const encoder = new TextEncoder();

Deno.test("every command of the table has a handler and help, and there is no other", async () => {
  assertEquals(Object.keys(HANDLERS).sort(), COMMANDS.map(({ name }) => name).sort());
  for (const { name, summary, flags } of COMMANDS) {
    for (const words of [["help", name], [name, "--help"], [name, "-h"]]) {
      const { code, out, err } = await run(words);
      assertEquals([code, err], [0, ""]);
      assertStringIncludes(out, `kith ${name}: ${summary}`);
      for (const flag of flags) assertStringIncludes(out, `--${flag.name}`);
      assert(out.split("\n").every((line) => line.length <= 90), name);
    }
  }
  const { out } = await run(["help"]);
  for (const { name } of COMMANDS) assertMatch(out, new RegExp(`^  ${name} `, "m"));
  assertEquals((await run(["--help"])).out, out);
});

Deno.test("the version is told in three ways", async () => {
  assertEquals((await run(["version"])).out, "kith 9.9.9\n");
  assertEquals((await run(["--version"])).out, "kith 9.9.9\n");
  assertEquals((await run(["ls", "--version"])).out, "kith 9.9.9\n");
  assertEquals(JSON.parse((await run(["version", "--json"])).out), { v: 1, version: "9.9.9", wire: 1, store: 1 });
});

Deno.test("an error is a sentence on standard error, or an object on standard output", async () => {
  const answers = { "GET /v1/entry": () => apiError("not_found", 3, "There is no value at 'x'.", 404) };
  const plain = await run(["get", "x"], answers);
  assertEquals([plain.code, plain.out, plain.err], [3, "", "kith: There is no value at 'x'.\n"]);
  const json = await run(["get", "x", "--json"], answers);
  assertEquals([json.code, json.err], [3, ""]);
  assertEquals(JSON.parse(json.out), { v: 1, error: "not_found", message: "There is no value at 'x'." });
  const usage = await run(["gte", "x", "--json"]);
  assertEquals(usage.code, 2);
  assertEquals(JSON.parse(usage.out).error, "usage");
});

Deno.test("an error's values are escaped", async () => {
  const { err } = await run(["get", "a\x1b[2J"], {
    "GET /v1/entry": () => apiError("not_found", 3, "There is no value at 'a\x1b[2J'."),
  });
  assertEquals(err, "kith: There is no value at 'a\\x1b[2J'.\n");
});

Deno.test("a defect is told as one, with exit 1", async () => {
  const { code, err } = await run(["get", "x"], {
    "GET /v1/entry": () => {
      throw new Error("boom");
    },
  });
  assertEquals(code, 1);
  assertStringIncludes(err, "kith has a defect: boom");
});

Deno.test("set sends text, standard input or a file", async () => {
  const bodies: string[] = [];
  const answers = {
    "PUT /v1/entry": async (request: Request) => {
      bodies.push(`${request.headers.get("content-type")} ${new URL(request.url).search} ${await request.text()}`);
      return apiObject({ version: "v1" });
    },
  };
  const prepare = (console: { stdinText: string; files: Record<string, string> }) => {
    console.stdinText = "from stdin";
    console.files = { "cat.jpg": "meow" };
  };
  assertEquals((await run(["set", "a b", "x"], answers)).code, 0);
  assertEquals((await run(["set", "k", "-", "--if-absent"], answers, prepare)).code, 0);
  assertEquals((await run(["set", "k", "@cat.jpg", "--type", "image/jpeg"], answers, prepare)).code, 0);
  assertEquals((await run(["set", "k", "{}", "--type", "json", "--if-version", "v0"], answers)).code, 0);
  assertEquals(bodies, [
    "text/plain ?key=a+b x",
    "text/plain ?key=k&if_absent=1 from stdin",
    "image/jpeg ?key=k meow",
    "application/json ?key=k&if_version=v0 {}",
  ]);
  const missing = await run(["set", "k", "@none"], answers);
  assertEquals([missing.code, missing.err], [1, "kith: The file none can't be read: No such file or directory.\n"]);
  const large = await run(["set", "k", "-"], answers, (console) => console.stdinText = "x".repeat(256 * 1024 + 1));
  assertEquals(large.code, 2);
  assertStringIncludes(large.err, "at most 262144 are allowed");
});

function entry(value: string | Uint8Array, media: string) {
  return {
    "GET /v1/entry": () =>
      new Response(value as BodyInit, {
        headers: {
          "content-type": media,
          "x-kith-version": "ver",
          "x-kith-conflicts": "2",
          "x-kith-peer": "p",
          "x-kith-time": "17",
        },
      }),
  };
}

Deno.test("get writes exact bytes into a pipe, and a safe line on a terminal", async () => {
  const bytes = encoder.encode("a\x1b[31m\nb");
  const piped = await run(["get", "k"], entry(bytes, "text/plain"));
  assertEquals(piped.console.stdoutBytes, [bytes]);
  const shown = await run(["get", "k"], entry(bytes, "text/plain"), () => {}, true);
  assertEquals(shown.out, "a\\x1b[31m\nb\n");
  assertStringIncludes(shown.err, "escaped");
  const plain = await run(["get", "k"], entry("hello", "text/plain"), () => {}, true);
  assertEquals([plain.out, plain.err], ["hello\n", ""]);
});

Deno.test("get --json tells the value by its type", async () => {
  const common = { v: 1, key: "k", version: "ver", peer: "p", time: 17, conflicts: 2 };
  const cases: [string | Uint8Array, string, Record<string, unknown>][] = [
    ["hi", "text/plain", { text: "hi" }],
    ['{"a":1}', "application/json", { json: { a: 1 } }],
    ["{broken", "application/json", { text: "{broken" }],
    [Uint8Array.of(255, 0), "text/plain", { base64: "/wA=" }],
    ["hi", "image/png", { base64: "aGk=" }],
  ];
  for (const [value, media, fields] of cases) {
    const { out } = await run(["get", "k", "--json"], entry(value, media));
    assertEquals(JSON.parse(out), { ...common, type: media, ...fields });
  }
});

Deno.test("get --default is for a missing key only", async () => {
  const missing = { "GET /v1/entry": () => apiError("not_found", 3, "no", 404) };
  assertEquals((await run(["get", "k", "--default", "0"], missing)).out, "0");
  assertEquals((await run(["get", "k", "--default", "0"], entry("1", "text/plain"))).out, "1");
  const broken = { "GET /v1/entry": () => apiError("busy", 1, "busy", 503) };
  assertEquals((await run(["get", "k", "--default", "0"], broken)).code, 1);
});

Deno.test("del of a key without a value is exit 3", async () => {
  const answers = {
    "DELETE /v1/entry": (request: Request) =>
      apiObject({ version: new URL(request.url).searchParams.get("key") === "there" ? "v" : null }),
  };
  assertEquals((await run(["del", "there"], answers)).code, 0);
  assertEquals((await run(["del", "there", "gone"], answers)).code, 3);
});

const LISTING = {
  "GET /v1/entries": () =>
    apiLines([
      { v: 1, key: "a\n\u202e", size: 2048, time: 940_000, peer: "abcdefgh", type: "text/plain", text: "x\x1b" },
      { v: 1, key: "b", size: 1, time: 1000, peer: "abcdefgh", type: "application/json", json: { y: 1 }, conflicts: 1 },
    ]),
};

Deno.test("ls prints escaped keys, more with --long, and objects with --json", async () => {
  assertEquals((await run(["ls"], LISTING)).out, "a\\n\\u{202e}\nb\n");
  const long = (await run(["ls", "-l"], LISTING)).out.split("\n");
  assertMatch(long[1] as string, /^2\.0 KiB\s+60 s ago\s+abcdefgh\s+a\\n\\u\{202e\}\s+x\\x1b$/);
  assertMatch(long[2] as string, /b {2}\(\+1 concurrent\)\s+\{"y":1\}$/);
  const lines = (await run(["ls", "--json"], LISTING)).out.trimEnd().split("\n");
  assertEquals(lines.map((line) => JSON.parse(line).key), ["a\n\u202e", "b"]);
});

Deno.test("an empty list says so, on standard error and not to scripts", async () => {
  const nothing = {
    "GET /v1/status": () => apiObject({ entries: 0 }),
    "GET /v1/entries": () => apiLines([]),
    "GET /v1/export": () => new Response(""),
  };
  const heard = async (...words: string[]) => {
    const { code, out, err } = await run(words, nothing);
    assertEquals([code, out], [0, ""]);
    return err;
  };
  assertEquals(await heard("ls"), "There are no keys yet.\n");
  assertEquals(await heard("ls", "-l", "a\x1b"), "No key begins with 'a\\x1b'.\n");
  assertMatch(await heard("export", "out.ndjson"), /^No key begins with 'out\.ndjson'\..+kith export > FILE\)\n$/);
  for (const words of [["ls", "--json"], ["ls", "--quiet"], ["export", "--json"]]) {
    assertEquals(await heard(...words), "");
  }
});

Deno.test("a closed pipe ends a listing quietly", async () => {
  const { code, err } = await run(["ls"], LISTING, (console) => console.readsLeft = 0);
  assertEquals([code, err], [0, ""]);
});

Deno.test("an error in the middle of an answer is one", async () => {
  const { code, out, err } = await run(["ls"], {
    "GET /v1/entries": () => apiLines([{ v: 1, key: "a" }, { v: 1, error: "stopping", exit: 1, message: "Stopping." }]),
  });
  assertEquals([code, out, err], [1, "a\n", "kith: Stopping.\n"]);
});

Deno.test("import tells how much, and export passes lines on", async () => {
  const imported = {
    "POST /v1/import": async (request: Request) => {
      assertEquals(await request.text(), '{"key":"a","text":"1"}\n');
      return apiLines([{ v: 1, imported: 1, unchanged: 0 }, { v: 1, done: true, imported: 1, unchanged: 2 }]);
    },
  };
  const prepare = (console: { files: Record<string, string> }) => console.files = { in: '{"key":"a","text":"1"}\n' };
  const { code, out, err } = await run(["import", "in"], imported, prepare);
  assertEquals([code, out, err], [0, "", "1 imported, 2 were there already\n"]);
  assertEquals(JSON.parse((await run(["import", "in", "--json"], imported, prepare)).out).unchanged, 2);
  const line = '{"v":1,"key":"a","type":"text/plain","text":"x"}';
  const exported = {
    "GET /v1/status": () => apiObject({ entries: 1 }),
    "GET /v1/export": () => new Response(line + "\n"),
  };
  assertEquals((await run(["export"], exported)).out, line + "\n");
  assertEquals((await run(["export"], exported, () => {}, true)).out, line + "\n");
});

Deno.test("a bad line of an import is exit 6 with its number", async () => {
  const { code, out } = await run(["import", "in", "--json"], {
    "POST /v1/import": async (request) => {
      await request.text();
      return apiLines([{ v: 1, error: "bad_line", exit: 6, message: "Line 2 is bad.", line: 2, kept: 1 }]);
    },
  }, (console) => console.files = { in: "{}\n" });
  assertEquals(code, 6);
  assertEquals(JSON.parse(out), { v: 1, error: "bad_line", message: "Line 2 is bad.", line: 2, kept: 1 });
});

Deno.test("wait sends its conditions, and needs one", async () => {
  const bodies: unknown[] = [];
  const answers = {
    "POST /v1/wait": async (request: Request) => {
      bodies.push(await request.json());
      return apiObject({});
    },
  };
  await run(["wait", "--synced", "--all", "--timeout", "2s"], answers);
  await run(["wait", "lamp=on=1"], answers);
  await run(["wait", "lamp", "--peers", "2"], answers);
  assertEquals(bodies, [
    { synced: true, all: true, timeoutMs: 2000 },
    { key: "lamp", value: "on=1" },
    { peers: 2, key: "lamp" },
  ]);
  assertEquals((await run(["wait"], answers)).code, 2);
  assertEquals((await run(["wait", "--all"], answers)).code, 2);
});

Deno.test("config reads, changes and unsets settings", async () => {
  const kept: unknown[] = [];
  const answers = {
    "GET /v1/config": () => apiObject({ name: "attic", listen: ["a:1"] }),
    "PUT /v1/config": async (request: Request) => {
      kept.push(await request.json());
      return apiObject({});
    },
  };
  assertMatch(
    (await run(["config"], answers)).out,
    /^name {11}attic\nlisten {9}a:1\ntext {11}\(off\)\nhistory {8}\(30d\)\nmax-links {6}\(256\)\nno-lan {9}\(no\)\nno-dht {9}\(no\)\ndht-bootstrap {2}\(those of the public DHT\)\nno-port-map {4}\(no\)\nno-punch {7}\(no\)\nno-relay {7}\(no\)\nrelay {10}\(none but members\)\n$/,
  );
  assertEquals(JSON.parse((await run(["config", "--json"], answers)).out), {
    v: 1,
    name: "attic",
    listen: ["a:1"],
    text: null,
    history: null,
    "max-links": null,
    "no-lan": null,
    "no-dht": null,
    "dht-bootstrap": null,
    "no-port-map": null,
    "no-punch": null,
    "no-relay": null,
    relay: null,
  });
  assertEquals((await run(["config", "listen", "b:2", "c:3"], answers)).code, 0);
  assertEquals((await run(["config", "name", "--unset"], answers)).code, 0);
  assertEquals(kept, [{ name: "attic", listen: ["b:2", "c:3"] }, { listen: ["a:1"] }]);
  assertStringIncludes((await run(["config", "nmae", "x"], answers)).err, "did you mean 'name'?");
});

Deno.test("commands that need a running peer say so; others open the home and close it again", async () => {
  const answers = { "GET /v1/members": () => apiObject({ members: [] }) };
  const needing = await run(["peers"], answers, (_, backend) => backend.running = false);
  assertEquals(needing.code, 1);
  assertStringIncludes(needing.err, "No peer is running in /home/me/.local/share/kith");
  const offline = await run(["members", "--home", "/h"], answers, (_, backend) => backend.running = false);
  assertEquals(offline.code, 0);
  assertEquals([offline.backend.started, offline.backend.stops], [[{ home: "/h", offline: true }], 1]);
  const running = await run(["members"], answers);
  assertEquals([running.backend.started, running.backend.closes], [[], 1]);
});

const STATUS = {
  peer: "abcdefghijklmnop",
  name: "otter\x1b",
  space: "mfrggzdfmztwq2lkmfrggzdfmztwq2lkmfrggzdfmztwq2lkmfra",
  digest: "0123456789abcdef0123",
  synced: false,
  entries: 63666,
  conflicts: 1,
  members: 2,
  peers: [
    { peer: "aaaaaaaaaa", name: "newt", address: "10.0.0.7:5484", path: "direct", in_sync: true },
    { peer: "bbbbbbbbbb", name: "crab", address: "relay:a", path: "relayed", relay: "aaaaaaaaaa", relay_name: "newt" },
  ],
  relay: { serving: true, circuits: 1, carried: 1536 },
  absent: [{ peer: "zyxwvutsrq", name: "lynx", since: 940_000 }],
  waiting: 0,
  syncing: { received: 10, total: 100 },
  events: { "link_closed:goodbye": 7, "link_refused:not_a_member": 2, "member_gone:silent": 3 },
};

Deno.test("status says for people what it says exactly with --json", async () => {
  const answers = { "GET /v1/status": () => apiObject(STATUS) };
  const { out } = await run(["status"], answers);
  for (const part of ["otter\\x1b (abcdefgh)", "63,666", "last seen 60 s ago", "10 of 100", "in sync      no"]) {
    assertStringIncludes(out, part);
  }
  assertStringIncludes(out, "newt (aaaaaaaa)  10.0.0.7:5484  in sync\n");
  assertStringIncludes(out, "crab (bbbbbbbb)  relayed by newt  not in sync\n");
  assertStringIncludes(out, "relays       1 link of others, 1.5 KiB so far\n");
  const declining = { ...STATUS, relay: { serving: false, circuits: 0, carried: 0 } };
  const { out: declined } = await run(["status"], { "GET /v1/status": () => apiObject(declining) });
  assertStringIncludes(declined, "relays       nothing for others (no-relay)\n");
  assertEquals(out.match(/.* × .*/g), ["refused      2 × link_refused: not_a_member"]);
  assert(!out.includes("left"));
  const left = await run(["status"], { "GET /v1/status": () => apiObject({ ...STATUS, left: true }) });
  assertMatch(left.out, /^space +\S+, which this peer has left; 'kith join' with a new ticket$/m);
  assertEquals(JSON.parse((await run(["status", "--json"], answers)).out), { v: 1, ...STATUS, running: true });
});

Deno.test("conflicts are listed with their versions", async () => {
  const answers = {
    "GET /v1/conflicts": () =>
      apiObject({
        conflicts: [
          {
            kind: "concurrent",
            key: "k",
            versions: [
              { winner: true, version: "vvvvvvvvvv.0", text: "mine", peer: "aaaaaaaaaa", time: 940_000 },
              { winner: false, version: "wwwwwwwwww.0", text: "yours\x07", name: "b\x1b", time: 880_000 },
            ],
          },
          {
            ...{ kind: "delete_beside_put", key: "d", version: "xxxxxxxxxx.0", peer: "cccccccccc", time: 880_000 },
            ...{ deleted_by: "dddddddddd", deleted_at: 940_000 },
          },
        ],
      }),
  };
  const { out, err } = await run(["conflicts"], answers);
  assertEquals(
    out,
    [
      "k",
      "* vvvvvvvv  by aaaaaaaa 60 s ago  mine",
      "  wwwwwwww  by b\\x1b 2 min ago  yours\\x07",
      "d",
      "* xxxxxxxx  by cccccccc 2 min ago",
      "  deleted by dddddddd 60 s ago, who did not know that value",
      "",
    ].join("\n"),
  );
  assertStringIncludes(err, "kith resolve KEY --keep VERSION");
  assert(err.split("\n").every((line) => line.length <= 80));
  const none = await run(["conflicts"], { "GET /v1/conflicts": () => apiObject({ conflicts: [] }) });
  assertEquals([none.code, none.out], [0, ""]);
});

const HISTORY = [
  {
    ...{ v: 1, version: "aaaaaaaaaa.0", kind: "put", type: "text/plain", size: 2, peer: "p", name: "otter\x1b" },
    ...{ time: 940_000, replaced: ["bbbbbbbbbb.0", "cccccccccc.1", "dddddddddd.0"], missing: ["cccccccccc.1"] },
    ...{ state: "live", winner: true, text: "a\x07" },
  },
  { v: 1, version: "eeeeeeeeee.0", kind: "put", peer: "qqqqqqqqqq", time: 880_000, state: "live", json: 1 },
  {
    ...{ v: 1, version: "bbbbbbbbbb.0", kind: "del", peer: "qqqqqqqqqq", time: 880_000, state: "replaced" },
    ...{ replaced: ["gggggggggg.0"], missing: ["gggggggggg.0"] },
  },
  { v: 1, version: "dddddddddd.0", kind: "put", peer: "qqqqqqqqqq", time: 880_000, state: "replaced" },
  { v: 1, version: "ffffffffff.0", kind: "del", peer: "qqqqqqqqqq", time: 880_000, state: "open" },
];

Deno.test("history says who wrote what, and what it replaced, in 80 columns", async () => {
  const answers = { "GET /v1/history": () => apiLines(HISTORY) };
  const plain = (console: { variables: Record<string, string> }) => console.variables = { NO_COLOR: "1" };
  const { out, asked } = await run(["history", "k"], answers, plain, true);
  assertEquals(
    out,
    [
      "version   state       written    by         replaced              value",
      "aaaaaaaa  current     60 s ago   otter\\x1b  bbbbbbbb +2 (1 gone)  a\\x07",
      "eeeeeeee  concurrent  2 min ago  qqqqqqqq                         1",
      "bbbbbbbb  replaced    2 min ago  qqqqqqqq   gggggggg (gone)       (deleted)",
      "dddddddd  replaced    2 min ago  qqqqqqqq                         (not held)",
      "ffffffff  deleted     2 min ago  qqqqqqqq                         (deleted)",
      "",
    ].join("\n"),
  );
  assertEquals(new URL(asked[0]!.url).search, "?key=k&limit=101&values=1");
  const piped = await run(["history", "k", "--limit", "4"], answers);
  assertStringIncludes(piped.err, "older ones are not shown");
  assertEquals([piped.out.split("\n").length, piped.out.includes("ffffffff")], [6, false]);
  const json = await run(["history", "k", "--json"], answers);
  assertEquals(json.out.trimEnd().split("\n").map((line) => JSON.parse(line)), HISTORY);
});

Deno.test("resolve sends a version to keep or a value, and needs one of them", async () => {
  const asked: string[] = [];
  const answers = {
    "POST /v1/resolve": async (request: Request) => {
      asked.push(`${request.headers.get("content-type")} ${new URL(request.url).search} ${await request.text()}`);
      return apiObject({ version: "v" });
    },
  };
  assertEquals((await run(["resolve", "k", "--keep", "abcd"], answers)).code, 0);
  assertEquals(JSON.parse((await run(["resolve", "k", "{}", "--type", "json", "--json"], answers)).out).version, "v");
  assertEquals(asked, ["null ?key=k&keep=abcd ", "application/json ?key=k {}"]);
  for (const words of [["resolve", "k"], ["resolve", "k", "x", "--keep", "abcd"], ["resolve"]]) {
    assertEquals((await run(words, answers)).code, 2);
  }
});

Deno.test("conditions that exclude each other are refused before anything is sent", async () => {
  for (
    const words of [
      ["set", "k", "v", "--if-absent", "--if-version", "x"],
      ["del", "k", "l", "--if-version", "x"],
      ["get", "k", "--at", "x", "--default", "y"],
    ]
  ) {
    const { code, asked } = await run(words);
    assertEquals([code, asked], [2, []]);
  }
});

Deno.test("watch ends after --count changes", async () => {
  const answers = {
    "GET /v1/watch": () =>
      apiLines([
        { v: 1, event: "put", key: "a", text: "1" },
        { v: 1, event: "del", key: "b" },
        { v: 1, event: "put", key: "c", text: "3" },
      ]),
  };
  assertEquals((await run(["watch", "--count", "2"], answers)).out, "+ a  1\n- b\n");
});

Deno.test("watch goes on from a position, and tells positions to programs alone", async () => {
  const asked: string[] = [];
  const events = [
    { v: 1, event: "watching" },
    { v: 1, event: "reset" },
    { v: 1, event: "put", key: "a\x1b", text: "1" },
    { v: 1, event: "del", key: "b" },
    { v: 1, event: "position", since: "p2" },
    { v: 1, event: "put", key: "c", text: "3" },
    { v: 1, event: "position", since: "p3" },
  ];
  const answer = async (request: Request) => {
    asked.push(`${request.method} ${new URL(request.url).search} ${await request.text()}`);
    return apiLines(events);
  };
  const answers = { "GET /v1/watch": answer, "POST /v1/watch": answer };
  const told = async (words: string[]) => {
    const prepare = (console: FakeConsole) => {
      console.files = { at: "p1\n" };
      console.stdinText = "p0";
    };
    const { code, out, err } = await run(["watch", ...words], answers, prepare);
    assertEquals(code, 0);
    return {
      out,
      err,
      events: words.includes("--json") ? out.trimEnd().split("\n").map((line) => JSON.parse(line)) : [],
    };
  };
  const plain = await told(["x/", "--since", "p1", "--initial"]);
  assertEquals(plain.out, "+ a\\x1b  1\n- b\n+ c  3\n");
  assertStringIncludes(plain.err, "everything that there is now");
  assertEquals((await told(["--json", "--since", "@at"])).events, events.slice(1));
  assertEquals((await told(["--json", "--since", "-", "--count", "2"])).events, events.slice(1, 5));
  // In the midst of a batch there is no position to end with.
  assertEquals((await told(["--json", "--positions", "--count", "1"])).events, events.slice(1, 3));
  assertEquals(asked, [
    "POST ?prefix=x%2F&initial=1 p1",
    "POST ?positions=1 p1\n",
    "POST ?positions=1 p0",
    "GET ?positions=1 ",
  ]);
  assertEquals((await run(["watch", "--positions"], answers)).code, 2);
});

Deno.test("a watcher that lags ends with an error, since it missed something", async () => {
  const answers = { "GET /v1/watch": () => apiLines([{ v: 1, event: "watching" }, { v: 1, event: "lagged" }]) };
  const { code, err } = await run(["watch"], answers);
  assertEquals(code, 6);
  assertStringIncludes(err, "read too slowly");
});
