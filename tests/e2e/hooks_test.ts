import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { kithCommand } from "../../scripts/kith_process.ts";
import { type Home, Machine, type Printed, until } from "./kith.ts";

/** A home with a peer, and a script of its machine that is run by --exec. */
async function homeWithScript(machine: Machine, script: string): Promise<[Home, string]> {
  const home = machine.home("a");
  await home.up();
  const path = `${machine.folder}/hook.sh`;
  Deno.writeTextFileSync(path, `#!/bin/sh\ncd "$(dirname "$0")"\n${script}\n`, { mode: 0o700 });
  return [home, path];
}

/** Waits until no process has this in its command line: one that was killed is gone a moment later. */
async function noneCalled(mark: string): Promise<void> {
  await until(`no process called ${mark}`, async () => {
    const { code } = await new Deno.Command("pgrep", { args: ["-f", mark], stdout: "null" }).output();
    return code === 1 || null;
  });
}

Deno.test("a program is run for each change with the value, and told what it is of, whatever is in it", async () => {
  await using machine = new Machine();
  const [home, hook] = await homeWithScript(
    machine,
    'printf "%s|%s|%s|%s|%s|%s\\n" "$1" "$KITH_OP" "$KITH_KEY" "$KITH_MEDIA" "$KITH_WRITER_NAME" "$(cat)"',
  );
  await home.ok("set", "jobs/$(touch pwned)", "`touch pwned`; touch pwned");
  await home.ok("set", "jobs/json", '{"a":1}', "--type", "json");
  const name = (await home.object("status")).name;
  const run = await home.run(["watch", "jobs/", "--initial", "--count", "2", "--exec", hook, "--", "--quiet"]);
  assertEquals([run.code, run.err], [0, ""]);
  assertEquals(run.out.trim().split("\n").toSorted(), [
    `--quiet|put|jobs/$(touch pwned)|text/plain|${name}|\`touch pwned\`; touch pwned`,
    `--quiet|put|jobs/json|application/json|${name}|{"a":1}`,
  ]);
  assertEquals([...Deno.readDirSync(machine.folder)].filter(({ name }) => name === "pwned"), []);

  const [ran] = (await home.run(["watch", "jobs/json", "--initial", "--count", "1", "--json", "--exec", hook]))
    .out.trim().split("\n").map((line) => JSON.parse(line)) as [Printed];
  assertEquals([ran.v, ran.event, ran.key, ran.op, ran.code, ran.skipped], [1, "ran", "jobs/json", "put", 0, 0]);
});

Deno.test("while it runs for a key the newest value waits, and how it ends is told", async () => {
  await using machine = new Machine();
  const [home, hook] = await homeWithScript(
    machine,
    'echo "$KITH_KEY $KITH_SKIPPED $(cat)"; while [ ! -e go ]; do sleep 0.05; done; [ "$KITH_KEY" != jobs/x ] || exit 3',
  );
  await home.ok("set", "jobs/x", "0");
  const followed = home.follow("watch", "jobs/", "--initial", "--count", "5", "--exec", hook);
  assertEquals(await followed.line(), "jobs/x 0 0");
  for (const value of ["1", "2", "3"]) await home.ok("set", "jobs/x", value);
  await home.ok("set", "jobs/y", "other");
  assertEquals(await followed.line(), "jobs/y 0 other", "another key does not wait");
  Deno.writeTextFileSync(`${machine.folder}/go`, "");
  assertEquals(await followed.line(), "jobs/x 2 3");
  const { code, err } = await followed.ended();
  assertEquals(code, 1);
  assertMatch(err, /kith: jobs\/x: .*hook\.sh ended with 3\n/);
  assertStringIncludes(err, "jobs/x: 2 older ones were passed over");
});

Deno.test("what runs is ended with the command, and when its time is up", async () => {
  await using machine = new Machine();
  const mark = `100${Math.floor(Math.random() * 1e9)}`;
  const [home, hook] = await homeWithScript(machine, `sleep ${mark} & echo begun; wait`);
  await home.ok("set", "jobs/x", "0");
  const followed = home.follow("watch", "--initial", "--exec", hook);
  assertEquals(await followed.line(), "begun");
  followed.process.kill("SIGINT");
  assertEquals((await followed.ended()).code, 130);
  await noneCalled(`sleep ${mark}`);

  const late = await home.run(["watch", "--initial", "--count", "1", "--exec-timeout", "200ms", "--exec", hook]);
  assertEquals(late.code, 1);
  assertStringIncludes(late.err, "hook.sh was ended after");
  await noneCalled(`sleep ${mark}`);
  const nothing = await home.run(["watch", "--initial", "--exec", `${machine.folder}/nothing`, "--json"]);
  assertEquals([nothing.code, JSON.parse(nothing.out).error], [1, "program_unusable"]);
});

Deno.test("who comes and goes can be a program's matter too, each peer's in order", async () => {
  await using machine = new Machine();
  const [home, hook] = await homeWithScript(
    machine,
    'echo "$KITH_EVENT $KITH_PEER_NAME $KITH_REASON"; cat > /dev/null',
  );
  const other = machine.home("b");
  const { words } = await home.object("invite");
  await other.up(["join", "-", "--name", "boat"], { stdin: words });
  const followed = home.follow("watch", "--events", "--initial", "--exec", hook);
  assertEquals(await followed.line(), "linked boat ");
  await other.ok("down");
  assertEquals([await followed.line(), await followed.line()], ["unlinked boat goodbye", "left boat goodbye"]);
  followed.process.kill("SIGINT");
  assertEquals((await followed.ended()).code, 130);
});

Deno.test("without the permission it is said how to give it, and a variable asks for nothing", async () => {
  await using machine = new Machine();
  const home = machine.home("a");
  await home.up();
  await home.ok("set", "k", "v");
  const plain = await home.run(["watch", "--initial", "--count", "1"], { env: { KITH_EXEC: "true" } });
  assertEquals([plain.code, plain.out], [0, "+ k  v\n"]);
  const [program = "", ...words] = kithCommand();
  if (Deno.env.get("KITH_EXE")) return;
  const { code, stderr } = await new Deno.Command(program, {
    args: [...words, "watch", "--exec", "true"],
    env: { KITH_HOME: home.path, KITH_RUNTIME_DIR: `${machine.folder}/run` },
  }).output();
  assertEquals(code, 4);
  assertMatch(new TextDecoder().decode(stderr), /may not run true: .*--allow-run.*deno task hooks/);
});
