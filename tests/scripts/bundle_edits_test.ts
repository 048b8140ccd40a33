import { decode, encode, type SourceMapMappings } from "@jridgewell/sourcemap-codec";
import { assertEquals, assertThrows } from "@std/assert";
import { compileModulesEarly, precede } from "../../scripts/bundle_edits.ts";

/** A bundle whose map has a segment at the beginning of each word: its number is the line it stands for. */
function bundleOf(source: string) {
  const mappings: SourceMapMappings = [];
  let number = 0;
  for (const line of source.split("\n")) {
    mappings.push(Array.from(line.matchAll(/\w+/g), ({ index }) => [index, 0, number++, 0]));
  }
  return { source, map: JSON.stringify({ version: 3, sources: ["a.ts"], names: [], mappings: encode(mappings) }) };
}

/** The words of a bundle in the order of its source, as its map finds them. */
function mappedWords({ source, map }: { source: string; map: string }): string[] {
  const lines = source.split("\n");
  return decode(JSON.parse(map).mappings).flatMap((segments, line) =>
    segments.map(([column]) => /^\w+/.exec(lines[line]?.slice(column) ?? "")?.[0] ?? `nothing at ${line}:${column}`)
  );
}

const SOURCE = [
  "var l=(f)=>()=>f(),a=l(()=>{one();g(()=>{two()})});var b=l(function(){three()}),c=l(()=>{",
  "four()}),d=5;",
  "function e(){return l(()=>six)}var k=l(()=>seven,8),m=l(9);export{a,b,c,d,e,k,m};",
].join("\n");

const EARLY = [
  "var l=(f)=>()=>f(),a=l((()=>{one();g(()=>{two()})}));var b=l((function(){three()})),c=l((()=>{",
  "four()})),d=5;",
  "function e(){return l(()=>six)}var k=l(()=>seven,8),m=l(9);export{a,b,c,d,e,k,m};",
].join("\n");

Deno.test("what a top-level call is given as its only argument is compiled early, and nothing else", () => {
  assertEquals(compileModulesEarly(bundleOf(SOURCE)).source, EARLY);
});

Deno.test("the map of a changed bundle finds what it found", () => {
  const bundle = bundleOf(SOURCE);
  const words = mappedWords(bundle);
  assertEquals(words, [...SOURCE.matchAll(/\w+/g)].map(([word]) => word));
  const changed = precede(compileModulesEarly(bundle), "import 'x';");
  assertEquals(changed.source, `import 'x';${EARLY}`);
  assertEquals(mappedWords(changed), words);
  assertEquals(JSON.parse(changed.map).sources, ["a.ts"]);
});

Deno.test("what is no module is refused", () => {
  assertThrows(() => compileModulesEarly(bundleOf("var a=")), SyntaxError);
});
