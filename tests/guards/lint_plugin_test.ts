import { assertEquals } from "@std/assert";
import plugin from "../../scripts/lint_plugin.ts";
import { RANKS } from "../../scripts/ranks.ts";

/** The rules that a source breaks when it stands at a path. */
function breaches(path: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, path, source).map((found) => found.id.replace("kith/", ""));
}

function assertBreaks(rule: string, path: string, ...sources: string[]): void {
  for (const source of sources) assertEquals(new Set(breaches(path, source)), new Set([rule]), `${path}: ${source}`);
}

function assertClean(path: string, ...sources: string[]): void {
  for (const source of sources) assertEquals(breaches(path, source), [], `${path}: ${source}`);
}

Deno.test("ranks: an import goes to the own folder or to a lower rank", () => {
  for (const [from, rank] of RANKS) {
    for (const [to, targetRank] of RANKS) {
      const source = `import { a } from "../${to}/a.ts"; a();`;
      const allowed = to === from || targetRank < rank;
      assertEquals(breaches(`lib/${from}/b.ts`, source), allowed ? [] : ["ranks"], `${from} imports ${to}`);
    }
  }
});

Deno.test("ranks: no form of import gets round the rule", () => {
  assertBreaks(
    "ranks",
    "lib/wire/a.ts",
    'import "../peer/a.ts";',
    'import type { A } from "../peer/a.ts"; export type B = A;',
    'export * from "../peer/a.ts";',
    'export { a } from "./../peer/a.ts";',
    'export type B = import("../peer/a.ts").A;',
    'import { a } from "./deep/../../host/a.ts"; a();',
    'import { a } from "../nowhere/a.ts"; a();',
    'import { a } from "../../scripts/ranks.ts"; a();',
    'import { a } from "../../tests/std/assert.ts"; a();',
  );
  assertBreaks("ranks", "lib/host/a.ts", 'await import("../cli/a.ts");', "const a = './b.ts'; await import(a);");
  assertBreaks("ranks", "lib/stray.ts", "export const a = 1;");
  assertBreaks("ranks", "lib/utils/a.ts", "export const a = 1;");
  assertClean("lib/wire/a.ts", 'import { a } from "../base/a.ts"; export { b } from "./b.ts"; a();');
});

Deno.test("ranks: a path from anywhere on the disk counts from the root of the project", () => {
  const root = new URL("../..", import.meta.url).pathname;
  assertBreaks("ranks", `${root}lib/wire/a.ts`, 'import "../peer/a.ts";');
});

Deno.test("ranks: packages are named in deno.json and stay in their folders", () => {
  assertBreaks("ranks", "lib/wire/a.ts", 'import { createHash } from "node:crypto"; createHash("sha256");');
  assertBreaks("ranks", "lib/host/a.ts", 'import { createHash } from "node:crypto"; createHash("sha256");');
  assertBreaks("ranks", "lib/host/a.ts", 'import { DatabaseSync } from "node:sqlite"; new DatabaseSync("a");');
  assertBreaks("ranks", "lib/crypto/a.ts", 'import "node:sqlite";', 'import "node:fs";', 'import "node:crypto/x";');
  assertBreaks("ranks", "lib/peer/a.ts", 'import "@logtape/logtape";', 'import "@noble/ciphers/chacha.js";');
  assertBreaks("ranks", "lib/cli/a.ts", 'import "npm:chalk";', 'import "https://example.net/a.ts";', 'import "/a.ts";');
  assertClean("lib/crypto/a.ts", 'import "node:crypto"; import "@noble/ciphers/chacha.js";');
  assertClean("lib/store/a.ts", 'import "node:sqlite";');
  assertClean("lib/host/a.ts", 'import "@logtape/logtape"; import "node:os";');
});

Deno.test("ranks: main.ts imports the command line alone; tests and scripts are free", () => {
  assertBreaks("ranks", "main.ts", 'import "./lib/host/host.ts";', 'import "@logtape/logtape";');
  assertClean("main.ts", 'import { main } from "./lib/cli/main.ts"; await main();');
  assertClean("tests/wire/a_test.ts", 'import "../../lib/peer/peer.ts"; import "node:crypto";');
});

Deno.test("ambient: the core uses nothing that differs from run to run", () => {
  for (const folder of ["base", "crypto", "wire", "link", "data", "store", "space", "sync", "mesh", "peer"]) {
    assertBreaks(
      "ambient",
      `lib/${folder}/a.ts`,
      'Deno.readTextFileSync("a");',
      "export const a = Date.now();",
      "export const a = () => new Date();",
      "export function f(at: Date) { return at; }",
      "export const a = Math.random();",
      'export const a = Math["random"]();',
      "export const { random } = Math;",
      "export const m = Math;",
      "setTimeout(() => {}, 1);",
      "export const s = { setTimeout };",
      'console.log("a");',
      "export const a = performance.now();",
      "export const a = crypto.randomUUID();",
      'fetch("http://[::1]/");',
      "export const g = globalThis;",
      "export const p = process.pid;",
      'export const w = () => new WebSocket("ws://[::1]/");',
      "export const t = Temporal.Now.instant();",
      "export const f = () => new FinalizationRegistry(() => {});",
      'export const a = "a".localeCompare("b");',
      "export const a = (1.5).toLocaleString();",
      "export const u = import.meta.url;",
    );
  }
});

Deno.test("ambient: what is in the executable does not ask where it lies", () => {
  assertBreaks("ambient", "lib/host/a.ts", "export const u = import.meta.url;", "if (import.meta.main) f();");
  assertClean("scripts/a.ts", "export const u = import.meta.url;");
  assertClean("lib/host/a.ts", "export class A { constructor() { new.target; } }");
});

Deno.test("ambient: members, keys and labels of the same names are none of its business", () => {
  assertClean(
    "lib/peer/a.ts",
    "export const a = Math.floor(1.5) + Math.max(1, 2);",
    "export const a = { process: 1, fetch() { return 2; } };",
    "export class A { crypto = 1; fetch() { return this.crypto; } }",
    "export interface A { Date: number; console(): void }",
    "export function f(a: { performance: number }) { return a.performance; }",
  );
  assertClean("lib/host/a.ts", "export const a = Date.now() + Math.random(); setTimeout(() => {}, 1);");
  assertClean("tests/wire/a_test.ts", "console.log(Deno.cwd());");
});

Deno.test("async: the core is synchronous", () => {
  assertBreaks(
    "async",
    "lib/store/a.ts",
    "export async function f() {}",
    "export const f = async () => {};",
    "export const f = async function () {};",
    "export class A { async f() {} }",
    "export async function* f() { yield 1; }",
    "export const a = await 1;",
    "for await (const a of [1]) a;",
    "export function f() { await using a = b(); }",
    "export const f = () => Promise.resolve(1);",
    "export function f(a: Promise<number>) { return a; }",
    "export function f(a: PromiseLike<number>) { return a; }",
    'export const f = () => import("./b.ts");',
  );
  assertClean("lib/store/a.ts", "export function* f() { yield 1; }", "for (const a of [1]) a;");
  assertClean("lib/host/a.ts", "export async function f() { await 1; }");
});

Deno.test("module-state: the core keeps nothing outside its objects", () => {
  assertBreaks(
    "module-state",
    "lib/mesh/a.ts",
    "let a = 1; a++;",
    "export let a = 1;",
    "var a = 1;",
    "const a = new Map<string, number>();",
    "export const a = new Set([1]);",
    "const a: Map<string, number> = new Map();",
    "const a = new WeakMap();",
    "const a = new Cache();",
    "const a: ReadonlyMap<string, Cache> = new Cache();",
    "const a = /x/g;",
    "const a: number[] = []; export function f() { a.push(1); }",
    "const a = [1]; export function f() { a[0] = 2; }",
    "const a = { b: 1 }; export function f() { a.b++; }",
    "const a = { b: { c: 1 } }; export function f() { a.b.c = 2; }",
    "const a = { b: 1 }; export function f() { delete a.b; }",
    "const a = new Uint8Array(1); export function f() { a.set([1]); }",
    "const a = ids(); export function f() { return a.next(); }",
    "export class A { static count = 0; }",
    "export class A { static readonly cache = new Map(); }",
    "namespace A { let b = 1; }",
  );
});

Deno.test("module-state: constants, and state inside functions and objects, are fine", () => {
  assertClean(
    "lib/mesh/a.ts",
    "export const LIMIT = 1;",
    'const NAMES: ReadonlyMap<number, string> = new Map([[1, "a"]]);',
    "const KNOWN: ReadonlySet<number> = new Set([1]);",
    "const encoder = new TextEncoder();",
    "const pattern = /^x$/;",
    "const HEX = Array.from({ length: 16 }, (_, i) => i.toString(16));",
    "export function f() { let a = 1; a++; const seen = new Set(); seen.add(a); return seen; }",
    "export class A { #seen = new Map(); static readonly limit = 3; }",
    'export function f(text: string) { return text.replaceAll(/x/g, ""); }',
    "for (let i = 0; i < 1; i++) i;",
  );
  assertClean("lib/host/a.ts", "let a = 1; a++;");
});
