import { assertEquals, assertStringIncludes } from "@std/assert";
import { projectFile, ROOT, runScript, withSandbox } from "./sandbox.ts";

/** The settings and the whole of lib/base, with a file planted beside it. */
function filesWith(path: string, source: string): Record<string, string> {
  const files: Record<string, string> = { [path]: source };
  for (const name of ["deno.json", "scripts/core.json"]) files[name] = projectFile(name);
  for (const entry of Deno.readDirSync(`${ROOT}lib/base`)) {
    files[`lib/base/${entry.name}`] = projectFile(`lib/base/${entry.name}`);
  }
  return files;
}

Deno.test("the core type-checks without the Deno lib", async () => {
  const source = 'import { concat } from "../base/bytes.ts";\nexport const size: number = concat([]).length;\n';
  await withSandbox(filesWith("lib/wire/clean.ts", source), async (directory) => {
    const { code, output } = await runScript("check_core.ts", directory);
    assertEquals(code, 0, output);
    assertStringIncludes(output, "Checked base, wire without the Deno lib");
  });
});

Deno.test("above the core the platform is free", async () => {
  await withSandbox(filesWith("lib/host/free.ts", 'Deno.readTextFileSync("a");\n'), async (directory) => {
    const { code, output } = await runScript("check_core.ts", directory);
    assertEquals(code, 0, output);
  });
});

for (
  const [name, source] of [
    ["Deno", 'Deno.readTextFileSync("a");\n'],
    ["setTimeout", "setTimeout(() => {}, 1);\n"],
    ["fetch", 'fetch("http://[::1]/");\n'],
    ["location", "export const here = location.href;\n"],
  ] as const
) {
  Deno.test(`a planted ${name} fails the type-check of the core`, async () => {
    await withSandbox(filesWith("lib/wire/planted.ts", source), async (directory) => {
      const { code, output } = await runScript("check_core.ts", directory);
      assertEquals(code, 1, output);
      assertStringIncludes(output, `Cannot find name '${name}'`);
    });
  });
}
