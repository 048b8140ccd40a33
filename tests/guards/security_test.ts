import { assert, assertEquals } from "@std/assert";
import { projectFile } from "./sandbox.ts";

/** What a row of the threat model shows its mechanism by. */
const SHOWN_BY = /`(tests\/[\w/]+_test\.ts)` "([^"]+)"/g;

/** Whether a file has a test of that name, also one whose name is made for each case. */
function hasTest(source: string, name: string): boolean {
  if (source.includes(JSON.stringify(name))) return true;
  return [...source.matchAll(/`([^`\n]*\$\{[^`\n]*)`/g)].some(([, template = ""]) => {
    const parts = template.split(/\$\{[^}]*\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    return new RegExp(`^${parts.join(".+")}$`).test(name);
  });
}

Deno.test("every row of the threat model names tests that are there", () => {
  const rows = projectFile(".github/SECURITY.md").split("\n").filter((line) => /^\| (?!what must hold|-)/.test(line));
  assert(rows.length > 50, `${rows.length} rows`);
  const missing: string[] = [];
  for (const row of rows) {
    const named = [...row.matchAll(SHOWN_BY)];
    if (named.length === 0) missing.push(row);
    for (const [, path = "", name = ""] of named) {
      if (!hasTest(projectFile(path), name)) missing.push(`${path} "${name}"`);
    }
  }
  assertEquals(missing, []);
  assert(!hasTest(projectFile("tests/guards/security_test.ts"), "no such" + " test"));
});

Deno.test("what runs is what was locked, byte for byte", () => {
  const { lock, imports, nodeModulesDir } = JSON.parse(projectFile("deno.json"));
  // Frozen: a run fails where the lock file does not hold what is imported. No scripts run without a node_modules.
  assertEquals([lock.frozen, nodeModulesDir], [true, "none"]);
  const { npm, specifiers, ...others } = JSON.parse(projectFile("deno.lock"));
  assertEquals(Object.keys(others).sort(), ["version", "workspace"], "nothing comes from elsewhere");
  for (const [name, { integrity }] of Object.entries<{ integrity?: string }>(npm)) {
    assert(/^sha512-.{80,}$/.test(integrity ?? ""), `${name} has a hash`);
  }
  for (const specifier of Object.values<string>(imports).filter((text) => text.startsWith("npm:"))) {
    const [, name = "", version = ""] = /^npm:\/?((?:@[^/]+\/)?[^/@]+)@([\d.]+)/.exec(specifier) ?? [];
    assert(specifiers[`npm:${name}@${version}`] === version && npm[`${name}@${version}`] !== undefined, specifier);
  }
});
