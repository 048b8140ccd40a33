import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { VERSION } from "../../lib/base/version.ts";
import { RANKS } from "../../scripts/ranks.ts";
import { projectFile, ROOT } from "./sandbox.ts";
import { breachesOf, importsOf, MAX_SOURCE_LINES, nameBreach } from "./tidy.ts";
import { walkFiles } from "../../scripts/walk.ts";

const TOP_LEVEL = [
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "deno.json",
  "deno.lock",
  "lib",
  "main.ts",
  "scripts",
  "tests",
];
/**
 * Folders of tests that mirror no folder of lib; scripts mirrors the scripts, store_files are the tests of the store
 * that need real files, torture has crashes at every system call, and fuzz has inputs
 * for every decoder.
 */
const TEST_FOLDERS = ["e2e", "fixtures", "fuzz", "guards", "scripts", "sim", "std", "store_files", "torture"];

const topLevel = Array.from(Deno.readDirSync(ROOT), (entry) => entry.name).filter((name) => !name.startsWith("."));
const paths = [
  ...["lib", "scripts", "tests"].flatMap((folder) => walkFiles(ROOT + folder)).map((path) => path.slice(ROOT.length)),
  ...["CHANGELOG.md", "README.md", "deno.json", "main.ts", ".ci/run"],
];
const settings = JSON.parse(projectFile("deno.json"));

function foldersOf(path: string): string[] {
  return Array.from(Deno.readDirSync(ROOT + path)).filter((entry) => entry.isDirectory).map((entry) => entry.name);
}

Deno.test("the top level holds what it should and nothing else", () => {
  assertEquals(topLevel.filter((name) => name !== "dist").sort(), TOP_LEVEL);
});

Deno.test("no file holds a word that has no place here", () => {
  const found = paths.flatMap((path) => breachesOf(path, projectFile(path)).map((breach) => `${path}: ${breach}`));
  assertEquals(found, []);
});

Deno.test("the check for words finds each of them", () => {
  const planted: readonly (readonly [string, string])[] = [
    ["lib/wire/a.ts", "// TO" + "DO: later"],
    ["lib/wire/a.ts", "// FIX" + "ME"],
    ["lib/wire/a.ts", "debug" + "ger;"],
    ["lib/wire/a.ts", "// /wo" + "rk/main"],
    ["lib/wire/a.ts", "// .." + "/shared/tools"],
    ["README.md", "https://registry.npm" + "js.org"],
    ["deno.json", "deno run -" + "A main.ts"],
    [".ci/run", "deno test --allow-" + "all"],
    ["tests/wire/a_test.ts", "Deno.test.on" + 'ly("a", () => {});'],
    ["lib/wire/a.ts", "\n".repeat(MAX_SOURCE_LINES + 1)],
  ];
  for (const [path, text] of planted) assertEquals(breachesOf(path, text).length, 1, text);
  assertEquals(breachesOf("lib/wire/a.ts", "export const a = 1;\n".repeat(MAX_SOURCE_LINES)), []);
});

Deno.test("files are named in snake_case after what they hold", () => {
  const sources = paths.filter((path) => path.endsWith(".ts"));
  assertEquals(sources.filter((path) => nameBreach(path) !== undefined), []);
  for (
    const path of ["lib/wire/Message.ts", "lib/wire/utils.ts", "lib/wire/mod.ts", "lib/wire/a-b.ts", "lib/index.ts"]
  ) {
    assert(nameBreach(path) !== undefined, path);
  }
});

Deno.test("every folder of lib has a rank and a row in ARCHITECTURE.md", () => {
  const architecture = projectFile("lib/ARCHITECTURE.md");
  for (const folder of foldersOf("lib")) {
    const rank = RANKS.get(folder);
    assert(rank !== undefined, `lib/${folder} has no rank in scripts/ranks.ts`);
    assertMatch(architecture, new RegExp(`^\\| *${rank} *\\| *\`${folder}\` *\\|`, "m"));
  }
});

Deno.test("tests mirror lib", () => {
  const known = new Set([...foldersOf("lib"), ...TEST_FOLDERS]);
  assertEquals(foldersOf("tests").filter((folder) => !known.has(folder)), []);
});

Deno.test("every file of lib is reached from main.ts", () => {
  const reached = new Set<string>();
  const queue = ["main.ts"];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    queue.push(...importsOf(path, projectFile(path), settings.imports));
  }
  const sources = paths.filter((path) => path.startsWith("lib/") && path.endsWith(".ts") && !path.endsWith(".d.ts"));
  assertEquals(sources.filter((path) => !reached.has(path)), []);
});

Deno.test("every dependency is used, pinned, and given its reason in the README", () => {
  const sources = paths.filter((path) => path.endsWith(".ts")).map(projectFile);
  const readme = projectFile("README.md");
  for (const [name, target] of Object.entries(settings.imports as Record<string, string>)) {
    assert(sources.some((source) => source.includes(`"${name}`)), `nothing imports ${name}`);
    if (!target.startsWith("npm:")) continue;
    const [, bare] = /^npm:\/?((?:@[^/]+\/)?[^@/]+)@\d+\.\d+\.\d+\/?$/.exec(target) ?? [];
    assert(bare !== undefined, `${target} names no exact version`);
    assertStringIncludes(readme, `\n| \`${bare}\` `);
  }
});

Deno.test("the version is the same everywhere", () => {
  assertEquals(settings.version, VERSION);
  // What is not released yet stands before the last release.
  assertEquals(/^## (?!Unreleased$)(.+)$/m.exec(projectFile("CHANGELOG.md"))?.[1], VERSION);
});
