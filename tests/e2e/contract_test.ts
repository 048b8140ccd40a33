import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { COMMANDS } from "../../lib/cli/commands.ts";
import { kithCommand } from "../../scripts/kith_process.ts";
import { type Home, Machine, TIMEOUT } from "./kith.ts";

async function withPeer(test: (home: Home, machine: Machine) => Promise<void>): Promise<void> {
  await using machine = new Machine();
  const home = machine.home("home");
  await home.up();
  await test(home, machine);
}

Deno.test("a command has help, by each way to ask", async () => {
  await using machine = new Machine();
  const home = machine.home("home");
  const list = await home.ok("help");
  for (const { summary } of COMMANDS) assertStringIncludes(list, summary);
  assertEquals(await home.ok("-h"), list);
  assertStringIncludes(await home.ok("help", "set"), "kith set: ");
  assertEquals(await home.ok("set", "--help"), await home.ok("help", "set"));
  assertMatch(await home.ok("--version"), /^kith \d+\.\d+\.\d+\n$/);
});

Deno.test("a command that fails has its exit code and its sentence, and an object with --json", async () => {
  await withPeer(async (home) => {
    await home.ok("set", "there", "1");
    // One for each exit code; tests/cli/exit_codes_test.ts has the others.
    const cases: [string[], number, string][] = [
      [["set", "k", "@/no/such/file"], 1, "file_unreadable"],
      [["stauts"], 2, "usage"],
      [["get", "missing"], 3, "not_found"],
      [["wait", "never", "--timeout", "10ms"], 5, "timed_out"],
      [["set", "there", "2", "--if-absent"], 6, "already_set"],
    ];
    for (const [words, code, error] of cases) {
      const plain = await home.run(words);
      assertEquals([plain.code, plain.out], [code, ""], `${words.join(" ")}: ${plain.err}`);
      assertMatch(plain.err, /^kith: .+[.?!;]\n$/, words.join(" "));
      const json = await home.run([...words, "--json"]);
      assertEquals(json.code, code);
      const object = JSON.parse(json.out);
      assertEquals([object.v, object.error], [1, error], json.out);
      assertEquals(`kith: ${object.message}\n`.length, plain.err.length);
    }
  });
});

Deno.test("get writes the exact bytes, and import refuses what would change them", async () => {
  await withPeer(async (home) => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    assertEquals((await home.run(["set", "all", "-", "--type", "bytes"], { stdin: bytes })).code, 0);
    assertEquals((await home.run(["get", "all"])).bytes, bytes);
    const text = await home.run(["set", "text", "-"], { stdin: bytes });
    assertEquals(text.code, 2);
    assertStringIncludes(text.err, "not valid UTF-8");
    const lines = '{"key":"a","text":"1"}\n{"key":"b","text":"2"}\n{"key":"c"\n{"key":"d","text":"4"}\n';
    const { code, out } = await home.run(["import", "--json"], { stdin: lines });
    assertEquals(code, 6);
    const { error, line, kept } = JSON.parse(out);
    assertEquals([error, line, kept], ["bad_line", 3, 2]);
    assertEquals(await home.ok("ls"), "a\nall\nb\n");
  });
});

Deno.test("a closed pipe ends a long listing quietly", async () => {
  await withPeer(async (home) => {
    const lines = Array.from({ length: 20_000 }, (_, i) => JSON.stringify({ key: `key/${i}`, text: "x" }) + "\n");
    await home.run(["import"], { stdin: lines.join("") });
    for (const words of [["ls"], ["ls", "--json"], ["export"]]) {
      const listing = home.follow(...words);
      assert((await listing.line())?.includes("key/"));
      await listing.stopReading();
      assertEquals(await listing.ended(), { code: 0, err: "" });
    }
    assertEquals((await home.objects("ls", "key/1999")).length, 11);
  });
});

Deno.test("every flag has a variable", async () => {
  await withPeer(async (home) => {
    const env = { KITH_DEFAULT: "fallback", KITH_JSON: "1" };
    assertEquals(JSON.parse((await home.run(["get", "missing"], { env })).out).text, "fallback");
    const wrong = await home.run(["invite"], { env: { KITH_USES: "none" } });
    assertEquals(wrong.code, 2);
    assertStringIncludes(wrong.err, "KITH_USES");
  });
});

Deno.test("words go to standard error, and -q leaves them out", async () => {
  await withPeer(async (home) => {
    const loud = await home.run(["invite"]);
    assertMatch(loud.out, /^([a-z]+-){5}[a-z]+\n$/);
    assertMatch(loud.err, /1 machine, valid 24 h/);
    const quiet = await home.run(["invite", "-q"]);
    assertEquals([quiet.out.split("-").length, quiet.err], [6, ""]);
  });
});

Deno.test("down stops the peer, and the home is free when it returns", async () => {
  await using machine = new Machine();
  const home = machine.home("home");
  const peer = await home.up();
  await home.ok("set", "k", "v");
  await home.ok("down");
  assertEquals(await home.ok("get", "k"), "v");
  assertEquals(await peer.ended(), 0);
  const again = await home.run(["down"]);
  assertEquals(again.code, 1);
  assertStringIncludes(again.err, "No peer is running");
});

Deno.test("an interrupted command is exit 130", async () => {
  await withPeer(async (home) => {
    await home.ok("set", "k", "v");
    const watch = home.follow("watch", "--initial");
    await watch.line();
    watch.process.kill("SIGINT");
    assertEquals(await watch.ended(), { code: 130, err: "" });
  });
});

Deno.test("a home has one owner; what a killed peer leaves behind is cleared", async () => {
  await using machine = new Machine();
  const home = machine.home("home");
  const first = await home.up();
  await home.ok("set", "k", "v");
  const second = await home.run(["up", "--json"]);
  assertEquals([second.code, JSON.parse(second.out).error], [1, "home_owned"]);
  await first.stop("SIGKILL");
  assertEquals(await home.ok("get", "k"), "v");
  await home.up();
  assertEquals((await home.object("status")).running, true);
});

Deno.test("an explicit port that is busy is an error, a busy default is not", async () => {
  await using machine = new Machine();
  const busy = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const address = `127.0.0.1:${busy.addr.port}`;
    const { code, err } = await machine.home("a").run(["up", "--listen", address]);
    assertEquals(code, 1);
    assertStringIncludes(err, `${address} is in use`);
  } finally {
    busy.close();
  }
});

Deno.test("settings are kept in the home, and used by up", async () => {
  await using machine = new Machine();
  const home = machine.home("home");
  await home.ok("config", "name", "attic lamp");
  assertMatch(await home.ok("config"), /^name +attic lamp$/m);
  const peer = await home.up();
  assertEquals(peer.ready.name, "attic lamp");
  await home.ok("config", "name", "--unset");
  assertEquals((await home.object("config")).name, null);
  const wrong = await home.run(["config", "listen", "nowhere at all"]);
  assertEquals(wrong.code, 2);
});

Deno.test("completion asks the running peer for keys", async () => {
  await withPeer(async (home) => {
    await home.ok("set", "lamp one", "1");
    assertEquals(await home.ok("__complete", "--", "get", "la"), "lamp one\n");
    assertEquals(await home.ok("__complete", "--", "con"), "config\nconflicts\n");
    assertEquals(await home.ok("__complete", "--", "get", "zzz"), "");
  });
});

Deno.test("the bash script completes with what the peer knows", async () => {
  await withPeer(async (home, machine) => {
    await home.ok("set", "lamp one", "1");
    const folder = `${machine.folder}/bin`;
    Deno.mkdirSync(folder);
    const quoted = kithCommand().map((word) => `'${word}'`).join(" ");
    Deno.writeTextFileSync(`${folder}/kith`, `#!/bin/sh\nexec ${quoted} "$@"\n`, { mode: 0o700 });
    const script = 'source <(kith completions bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); ' +
      'compopt() { :; }; _kith; printf "%s\\n" "${COMPREPLY[@]}"';
    for (const [words, found] of [[["kith", "get", "la"], "lamp\\ one\n"], [["kith", "st"], "status\n"]] as const) {
      const { stdout } = await new Deno.Command("bash", {
        args: ["-c", script, "bash", ...words],
        env: {
          PATH: `${folder}:${Deno.env.get("PATH")}`,
          KITH_HOME: home.path,
          KITH_RUNTIME_DIR: `${machine.folder}/run`,
        },
      }).output();
      assertEquals(new TextDecoder().decode(stdout), found);
    }
  });
});

Deno.test("what holds already is not waited for, also with no peer running", async () => {
  await using machine = new Machine();
  const home = machine.home("home");
  const peer = await home.up();
  await home.ok("set", "k", "v");
  await home.ok("wait", "--synced");
  await peer.stop();
  await home.ok("wait", "k=v");
  const { code, err } = await home.run(["wait", "k=w"]);
  assertEquals(code, 1);
  assertStringIncludes(err, "No peer is running");
});

Deno.test("paths are told, and private", async () => {
  await withPeer(async (home) => {
    const paths = await home.object("paths");
    assertEquals(paths.home, home.path);
    for (const name of ["identity", "log", "control"]) {
      const { mode } = await Deno.stat(paths[name]);
      assertEquals((mode ?? 0) & 0o077, 0, name);
    }
    assertEquals(((await Deno.stat(home.path)).mode ?? 0) & 0o777, 0o700);
  });
});

Deno.test("leave ends the membership, and the data stays", async () => {
  await using machine = new Machine();
  const a = machine.home("a");
  const b = machine.home("b");
  await a.up();
  await a.ok("set", "k", "v");
  const { words } = await a.object("invite");
  const peerB = await b.up(["join", "-"], { stdin: words });
  await b.ok("wait", "k=v", "--timeout", TIMEOUT);
  await b.ok("leave", "--yes");
  assertEquals(await b.ok("get", "k"), "v");
  const denied = await b.run(["set", "k", "w", "--json"]);
  assertEquals([denied.code, JSON.parse(denied.out).error], [4, "left_space"]);
  await peerB.stop();
});
