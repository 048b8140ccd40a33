import { assertEquals, assertStringIncludes } from "@std/assert";
import { SIDE_BY_SIDE } from "../../scripts/test_folders.ts";
import { walkFiles } from "../../scripts/walk.ts";
import { projectFile, ROOT, runScript, withSandbox } from "./sandbox.ts";

/** What the test script prints last, and its exit code, with the given tests and the project's settings. */
async function runTests(
  files: Readonly<Record<string, string>>,
  check: (code: number, lastLine: string, output: string) => void,
): Promise<void> {
  await withSandbox({ ...files, "deno.json": projectFile("deno.json") }, async (directory) => {
    const { code, output } = await runScript("test.ts", directory);
    const lines = output.split("\n").filter((line) => / passed, \d+ failed, /.test(line));
    check(code, lines.at(-1) ?? "", output);
  });
}

const PASSES = 'Deno.test("passes", () => {});\n';
const READS = 'Deno.test("reads", () => { Deno.readTextFileSync("deno.json"); });\n';

Deno.test("a planted file read fails in a test of the core, which has no permissions", async () => {
  await runTests({ "tests/wire/a_test.ts": READS + PASSES }, (code, lastLine, output) => {
    assertEquals(code, 1);
    assertEquals(lastLine, "1 passed, 1 failed, 0 skipped");
    assertStringIncludes(output, "Requires read access");
  });
});

Deno.test("the same file read passes in a test of the host", async () => {
  await runTests({ "tests/host/a_test.ts": READS }, (code, lastLine, output) => {
    assertEquals(code, 0, output);
    assertEquals(lastLine, "1 passed, 0 failed, 0 skipped");
  });
});

Deno.test("all runs are summed, and what is skipped is listed", async () => {
  const skips = 'Deno.test({ name: "needs a thing", ignore: true, fn() {} });\n';
  await runTests(
    {
      "tests/base/a_test.ts": PASSES + skips,
      "tests/cli/deep/b_test.ts": PASSES + PASSES,
      "tests/e2e/c_test.ts": PASSES + skips,
    },
    (code, lastLine, output) => {
      assertEquals(code, 0, output);
      assertEquals(lastLine, "4 passed, 0 failed, 2 skipped");
      for (const path of ["base/a_test.ts", "e2e/c_test.ts"]) {
        assertStringIncludes(output, `skipped: ./tests/${path} => needs a thing`);
      }
    },
  );
});

Deno.test("a timer left behind fails its test", async () => {
  const leaks = 'Deno.test("leaks", () => { setTimeout(() => {}, 60_000); });\n';
  await runTests({ "tests/host/a_test.ts": leaks }, (code, lastLine, output) => {
    assertEquals(code, 1);
    assertEquals(lastLine, "0 passed, 1 failed, 0 skipped");
    assertStringIncludes(output, "Leaks detected");
  });
});

Deno.test("a test that does not type-check is a failure", async () => {
  const broken = "export const a: number = 'a';\n";
  await runTests(
    { "tests/wire/a_test.ts": broken + PASSES, "tests/host/b_test.ts": PASSES },
    (code, lastLine) => {
      assertEquals(code, 1);
      assertEquals(lastLine, "1 passed, 1 failed, 0 skipped");
    },
  );
});

Deno.test("tests that run side by side leave alone what a process has one of", () => {
  const changesProcess = /Deno\.(?:env\.(?:set|delete)|chdir|umask)\b|host\/temp_host/;
  const paths = [...SIDE_BY_SIDE].flatMap((folder) => walkFiles(`${ROOT}tests/${folder}`));
  const found = paths.filter((path) => path.endsWith(".ts") && changesProcess.test(Deno.readTextFileSync(path)));
  assertEquals(
    found.map((path) => path.slice(ROOT.length)),
    ["tests/guards/test_runner_test.ts"],
    "but for these words",
  );
  assertEquals(changesProcess.test('Deno.env.set("KITH_HOME", "x")'), true);
});

Deno.test("no tests at all is a failure", async () => {
  await runTests({ "tests/std/assert.ts": "export {};\n" }, (code, lastLine) => {
    assertEquals(code, 1);
    assertEquals(lastLine, "0 passed, 0 failed, 0 skipped");
  });
});
