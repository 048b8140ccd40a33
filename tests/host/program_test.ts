import { assert, assertEquals, assertRejects } from "@std/assert";
import { KithError } from "../../lib/base/errors.ts";
import { type ProgramRun, runProgram } from "../../lib/host/program.ts";

/** Runs a shell, of which the output is kept. */
async function shell(script: string, more: Partial<ProgramRun> = {}) {
  let out = "";
  const end = await runProgram({
    ...{ words: ["sh", "-c", script, "sh", "$(touch /nowhere) `x` 'y'"], input: new Uint8Array(), variables: {} },
    ...{ timeoutMs: 60_000, signal: new AbortController().signal },
    output: (bytes) => out += new TextDecoder().decode(bytes),
    ...more,
  });
  return { ...end, out };
}

function isAlive(pid: number): boolean {
  return new Deno.Command("kill", { args: ["-0", String(pid)], stderr: "null" }).outputSync().success;
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + 30_000;
  while (!condition()) {
    assert(performance.now() < endMs, what);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

Deno.test("a program gets its arguments, variables and input as they are, and its code is told", async () => {
  const variables = { KITH_KEY: "a\n$(reboot)`x`\\'\"; exit 9" };
  const { code, out, isTimedOut } = await shell('cat; printf "%s|%s" "$1" "$KITH_KEY"; exit 7', {
    ...{ variables, input: new TextEncoder().encode("in\0put") },
  });
  assertEquals([code, isTimedOut], [7, false]);
  assertEquals(out, "in\0put$(touch /nowhere) `x` 'y'|" + variables.KITH_KEY);
});

Deno.test("one that reads nothing of a large input is no trouble", async () => {
  assertEquals((await shell("exit 0", { input: new Uint8Array(1024 * 1024) })).code, 0);
});

Deno.test("one that takes too long is ended with all that it started, also where it does not want to", async () => {
  const stubborn = (timeoutMs: number) => shell("trap '' TERM; sleep 1000 & echo $!; wait; wait", { timeoutMs });
  let ended = await stubborn(300);
  // On a busy machine the shell may not have come so far.
  for (let timeoutMs = 1000; ended.out === "" && timeoutMs < 60_000; timeoutMs *= 2) ended = await stubborn(timeoutMs);
  const { isTimedOut, code, out } = ended;
  assertEquals([isTimedOut, code], [true, 137]);
  await until(() => !isAlive(Number(out)), "what it started has ended too");
});

Deno.test("it is ended when that is asked for", async () => {
  const ending = new AbortController();
  const run = shell("echo begun; sleep 1000 & wait", {
    signal: ending.signal,
    output: () => ending.abort(),
  });
  const { code, isTimedOut } = await run;
  assertEquals([code, isTimedOut], [143, false]);
  assertEquals((await shell("sleep 1000", { signal: AbortSignal.abort() })).code, 143);
});

Deno.test("what it leaves running behind does not hold up the end", async () => {
  const { code, out } = await shell("sleep 1000 & echo $!");
  assertEquals(code, 0);
  assert(isAlive(Number(out)));
  new Deno.Command("kill", { args: [out.trim()] }).outputSync();
});

Deno.test("one that is not there is refused", async () => {
  const error = await assertRejects(() => shell("", { words: ["/nowhere/at-all"] }), KithError);
  assertEquals(error.code, "program_unusable");
});
