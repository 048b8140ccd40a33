import buffer from "node:buffer";
import crypto from "node:crypto";
import process from "node:process";
import sqlite from "node:sqlite";
import timers from "node:timers";
import util from "node:util";
import { constants, Script } from "node:vm";

/** The program, beside the first module of an executable. */
export const PROGRAM_FILE = "program.txt";
/** Its code cache, likewise; an executable that was built for another system has none. */
export const CACHE_FILE = "program.cache";

/** By this name errors tell of the program. The cache holds it too. */
const NAME = "file:///kith.js";

/** What every peer needs. To be asked for a module by its name takes Deno 2.9 10 ms, the first time. */
const NEEDED: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["node:buffer", buffer],
  ["node:crypto", crypto],
  ["node:process", process],
  ["node:sqlite", sqlite],
  ["node:timers", timers],
  ["node:util", util],
]);

/** What a program is: a function that runs the command line of this process, to its exit. */
export interface Program {
  main(): Promise<void>;
}

/** A program with what V8 has made of it. */
export interface OpenedProgram {
  /** Whether V8 took the cache that it was opened with. */
  readonly isCached: boolean;
  /** A program of its own, with all its state. @param runtime what it knows as `Deno`. */
  load(runtime: typeof Deno): Program;
  /** A code cache, with all functions that were called by now. */
  makeCache(): Uint8Array;
}

/** The text of a program, of a bundle in the format of CommonJS that exports `main`. It begins a line later there. */
export function programOf(bundle: string): string {
  return `(function (require, Deno) { "use strict"; const module = {};\n${bundle}\nreturn module.exports; })`;
}

/**
 * Opens a program.
 *
 * @param cache what was made of this very text, or null. One of another V8 is not used; V8 does not notice one that was
 * changed, or is of another text of the same length.
 * @throws {SyntaxError} where it is no program.
 */
export function openProgram(program: string, cache: Uint8Array | null): OpenedProgram {
  const script = new Script(program, {
    filename: NAME,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    ...(cache === null ? {} : { cachedData: cache }),
  });
  const load = script.runInThisContext() as (require: (module: string) => unknown, runtime: typeof Deno) => Program;
  return {
    isCached: cache !== null && script.cachedDataRejected === false,
    load: (runtime) => load(builtinModule, runtime),
    makeCache: () => script.createCachedData(),
  };
}

/** The program beside this module. @throws {Deno.errors.NotFound} */
export function readProgram(): string {
  return Deno.readTextFileSync(`${import.meta.dirname}/${PROGRAM_FILE}`);
}

/** The cache in a folder; null where there is none. Default: that of this module. */
export function readCache(folder = import.meta.dirname): Uint8Array | null {
  const path = `${folder}/${CACHE_FILE}`;
  try {
    const cache = new Uint8Array(Deno.statSync(path).size);
    // `Deno.readFileSync` takes twice as long for what is in the executable.
    using file = Deno.openSync(path);
    for (let read = 0; read < cache.length;) {
      const count = file.readSync(cache.subarray(read));
      if (count === null) throw new Error(`${CACHE_FILE} ends after ${read} of ${cache.length} bytes`);
      read += count;
    }
    return cache;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function builtinModule(name: string): unknown {
  const module = NEEDED.get(name) ?? process.getBuiltinModule(name);
  if (module === undefined) throw new Error(`the runtime has no module ${name}`);
  return module;
}
