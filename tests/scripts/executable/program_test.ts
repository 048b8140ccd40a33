import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { type OpenedProgram, openProgram, programOf } from "../../../scripts/executable/program.ts";

/** A bundle whose `main` is a function with this body. */
function bundleOf(body: string): string {
  return `module.exports = { async main() { ${body} } };`;
}

/** What a program hands to `Deno.tell`. */
async function toldBy(opened: OpenedProgram): Promise<unknown[]> {
  const told: unknown[] = [];
  await opened.load({ tell: (value: unknown) => told.push(value) } as unknown as typeof Deno).main();
  return told;
}

function toldByBundle(bundle: string, cache: Uint8Array | null = null): Promise<unknown[]> {
  return toldBy(openProgram(programOf(bundle), cache));
}

Deno.test("a program has the modules of the runtime, and what it is given as Deno", async () => {
  const body = 'Deno.tell(require("node:path").posix.join("a", "b"));';
  assertEquals(await toldByBundle(bundleOf(body)), ["a/b"]);
});

Deno.test("a program may import a module of the runtime later", async () => {
  const body = 'Deno.tell(typeof (await import("node:dns/promises")).lookup);';
  assertEquals(await toldByBundle(bundleOf(body)), ["function"]);
});

Deno.test("a module that the runtime has not is an error", async () => {
  await assertRejects(() => toldByBundle(bundleOf('require("nothing");')), Error, "the runtime has no module nothing");
});

Deno.test("a program runs in strict mode, as the modules did of which it is made", async () => {
  assertEquals(await toldByBundle(bundleOf("Deno.tell((function () { return this; })());")), [undefined]);
});

Deno.test("a program is loaded with a state of its own", async () => {
  const opened = openProgram(programOf(`let runs = 0; ${bundleOf("Deno.tell(++runs);")}`), null);
  assertEquals(await toldBy(opened), [1]);
  assertEquals(await toldBy(opened), [1]);
});

Deno.test("what a program throws is told of by its name, a line later than in the bundle", async () => {
  const { stack } = await assertRejects(() => toldByBundle(bundleOf('\n  throw new Error("here");')), Error, "here");
  assertMatch(stack ?? "", /file:\/\/\/kith\.js:3:9\b/);
});

Deno.test("what is no program is refused", () => {
  assertThrows(() => openProgram(programOf("var a="), null), SyntaxError);
});

const BUNDLE = `class Late { method() { return "${"x".repeat(100)}".length; } } ${
  bundleOf("Deno.tell(new Late().method());")
}`;

Deno.test("a cache has what was called since the program was opened", async () => {
  const opened = openProgram(programOf(BUNDLE), null);
  const before = opened.makeCache();
  await toldBy(opened);
  const after = opened.makeCache();
  assert(after.length > before.length, `${before.length} to ${after.length} bytes`);
});

Deno.test("a program that is opened with its cache uses it, and does without one that is none", async () => {
  const without = openProgram(programOf(BUNDLE), null);
  assert(!without.isCached);
  const opened = openProgram(programOf(BUNDLE), without.makeCache());
  assert(opened.isCached);
  assertEquals(await toldBy(opened), [100]);
  // Of another text: V8 knows that of before without any cache.
  const withNone = openProgram(programOf(`${BUNDLE} `), new Uint8Array(1000));
  assert(!withNone.isCached);
  assertEquals(await toldBy(withNone), [100]);
});
