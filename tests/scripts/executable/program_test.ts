import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { openProgram, programOf } from "../../../scripts/executable/program.ts";

/** Runs a bundle with a `Deno` of its own. @returns what it handed to `Deno.tell`. */
function toldBy(bundle: string, cache: Uint8Array | null = null): unknown[] {
  const told: unknown[] = [];
  openProgram(programOf(bundle), cache).run({ tell: (value: unknown) => told.push(value) } as unknown as typeof Deno);
  return told;
}

Deno.test("a program has the modules of the runtime, and what it is given as Deno", () => {
  assertEquals(toldBy('Deno.tell(require("node:path").posix.join("a", "b"));'), ["a/b"]);
});

Deno.test("a program runs in strict mode, as the modules did of which it is made", () => {
  assertEquals(toldBy("Deno.tell((function () { return this; })());"), [undefined]);
});

Deno.test("each run is anew", () => {
  const told: number[] = [];
  const program = openProgram(programOf("let runs = 0; Deno.tell(++runs);"), null);
  for (let times = 0; times < 2; times++) {
    program.run({ tell: (runs: number) => told.push(runs) } as unknown as typeof Deno);
  }
  assertEquals(told, [1, 1]);
});

Deno.test("what a program throws is told of by its name in the source map, a line later than in the bundle", () => {
  const { stack } = assertThrows(() => toldBy('\n  throw new Error("here");'), Error, "here");
  assertMatch(stack ?? "", /\/kith\.js:3:9\b/);
});

Deno.test("what is no program is refused", () => {
  assertThrows(() => openProgram(programOf("var a="), null), SyntaxError);
});

const BUNDLE = `class Late { method() { return "${"x".repeat(100)}".length; } } Deno.tell(new Late().method());`;

Deno.test("a cache has what was called since the program was opened", () => {
  const program = openProgram(programOf(BUNDLE), null);
  const before = program.makeCache();
  program.run({ tell: () => {} } as unknown as typeof Deno);
  const after = program.makeCache();
  assert(after.length > before.length, `${before.length} to ${after.length} bytes`);
});

Deno.test("a program that is opened with a cache runs, also with that of another", () => {
  assert(!openProgram(programOf(BUNDLE), null).isCached);
  const cache = openProgram(programOf(BUNDLE), null).makeCache();
  assert(openProgram(programOf(BUNDLE), cache).isCached);
  assertEquals(toldBy(BUNDLE, cache), [100]);
  const other = `${BUNDLE}Deno.tell("more");`;
  assert(!openProgram(programOf(other), cache).isCached);
  assertEquals(toldBy(other, cache), [100, "more"]);
  assertEquals(toldBy(BUNDLE, new Uint8Array(10)), [100]);
});
