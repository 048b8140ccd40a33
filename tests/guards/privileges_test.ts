import { assertEquals } from "@std/assert";
import { runtimeFlags } from "../../scripts/flags.ts";

const ROOT = `${import.meta.dirname}/../..`;
/** What code in a peer may do: all else is denied. */
const PEER = ["read a variable of kith", "read a file", "write a file", "use the network"];
/** As from `deno run` with more than kith asks for. */
const TOO_MUCH = [
  "--quiet",
  ...["run", "ffi", "import", "net", "read", "write", "env", "sys"].map((name) => `--allow-${name}`),
];

/** The probe as an executable, built as kith's own is; undefined where there is none. */
const BUILT = Deno.env.get("KITH_PROBE");

/** What is left to code within a process of kith. @param flags of `deno run`. @param words the command line of kith. */
async function allowedIn(flags: readonly string[], words: readonly string[], env = {}): Promise<string[]> {
  const args = ["run", "--no-check", "--no-prompt", ...flags, `${ROOT}/tests/guards/run_privileges_probe.ts`, ...words];
  return await allowedBy(Deno.execPath(), args, env);
}

async function allowedBy(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const home = Deno.makeTempDirSync({ prefix: "kith-test-" });
  try {
    Deno.writeTextFileSync(`${home}/home.node`, "");
    const { stdout, stderr } = await new Deno.Command(program, {
      args: [...args],
      env: {
        KITH_NO_DHT: "1",
        KITH_NO_PORT_MAP: "1",
        ...env,
        KITH_HOME: `${home}/home`,
        KITH_RUNTIME_DIR: `${home}/run`,
      },
      cwd: ROOT,
      stdin: "null",
    }).output();
    const last = new TextDecoder().decode(stdout).trim().split("\n").at(-1) as string;
    if (!last.startsWith("{")) throw new Error(new TextDecoder().decode(stderr));
    const outcomes = Object.entries(JSON.parse(last) as Record<string, string>);
    // An executable has no way to load what is not in it.
    const refusals = program === BUILT ? ["NotCapable", "TypeError"] : ["NotCapable"];
    const denied = outcomes.filter(([, outcome]) => refusals.includes(outcome)).map(([what]) => what);
    const done = outcomes.filter(([, outcome]) => outcome === "done").map(([what]) => what);
    assertEquals(denied.length + done.length, outcomes.length, last);
    return done;
  } finally {
    Deno.removeSync(home, { recursive: true });
  }
}

const UP = ["up", "--listen", "127.0.0.1:0"];

Deno.test("code in a peer that is started by the task can run no program, load no library, import nothing, and read no other variable", async () => {
  assertEquals(await allowedIn(runtimeFlags(), UP), PEER);
});

Deno.test("nor can it with the permission set", async () => {
  assertEquals(await allowedIn(["--permission-set"], UP), PEER);
});

Deno.test("a peer that was given more gives up to run programs, to load libraries and to import", async () => {
  const more = ["read another variable", "read all variables", "read the host's name"];
  assertEquals(await allowedIn(TOO_MUCH, UP), [...more, ...PEER]);
});

Deno.test("a command gives up what it does not need", async () => {
  assertEquals(await allowedIn(runtimeFlags(), ["ls"]), PEER.filter((what) => what !== "use the network"));
  assertEquals(await allowedIn(runtimeFlags(), ["paths"]), PEER.filter((what) => what !== "use the network"));
  assertEquals(await allowedIn(TOO_MUCH, ["version"]), []);
});

/** What code may do in a command that was asked to run programs, and was allowed to. */
const PROGRAMS = ["run a program", "run a program as in Node", "signal a process"];
const HOOK = ["watch", "--exec", "true"];

Deno.test("only a command that is asked to run programs may, where it is allowed to; still it loads and imports nothing", async () => {
  const hooks = await allowedIn(runtimeFlags("hooks"), HOOK);
  // Node's way of it reads all variables.
  assertEquals(hooks, [...PROGRAMS.filter((what) => what !== "run a program as in Node"), ...PEER]);
  const more = ["read another variable", "read all variables", "read the host's name"];
  assertEquals(await allowedIn(TOO_MUCH, HOOK), [...PROGRAMS, ...more, ...PEER]);
  assertEquals(await allowedIn(runtimeFlags(), HOOK), PEER);
});

Deno.test("a peer and other commands may not, whatever words or variables they are given", async () => {
  const flags = runtimeFlags("hooks");
  assertEquals(await allowedIn(flags, UP), PEER);
  assertEquals(await allowedIn(flags, UP, { KITH_EXEC: "true" }), PEER);
  for (const words of [["up", "--exec", "true"], ["watch", "--", "--exec", "true"], ["watch"]]) {
    assertEquals(await allowedIn(flags, words, { KITH_EXEC: "true" }), PEER, words.join(" "));
  }
});

if (BUILT !== undefined) {
  Deno.test("the executable allows no more than the task", async () => {
    assertEquals(await allowedBy(BUILT, UP), PEER);
    assertEquals(await allowedBy(BUILT, ["version"]), []);
    assertEquals((await allowedBy(BUILT, HOOK)).includes("run a program"), true);
  });
}
