import process from "node:process";
import { Script } from "node:vm";

/** The program, beside the first module of an executable. */
export const PROGRAM_FILE = "program.txt";
/** What V8 made of it, likewise; an executable that was built for another system has none. */
export const CACHE_FILE = "program.cache";

/** By this name errors tell of the program, as does its source map. The cache holds it too. */
const NAME = "file:///kith.js";

/** A program that can be run. */
export interface Program {
  /** Whether V8 took the cache that it was opened with. */
  readonly isCached: boolean;
  /** Runs it, each time anew. @param runtime what it knows as `Deno`. */
  run(runtime: typeof Deno): void;
  /** What V8 has made of it by now, with all functions that were called. */
  makeCache(): Uint8Array;
}

/** A bundle in the format of CommonJS as a program. It begins a line later there. */
export function programOf(bundle: string): string {
  return `(function (require, Deno) { "use strict";\n${bundle}\n})`;
}

/**
 * Opens a program, with a cache that may be of another V8 or of another program: it is not used then.
 *
 * @throws {SyntaxError} where it is none.
 */
export function openProgram(program: string, cache: Uint8Array | null): Program {
  const script = new Script(program, { filename: NAME, ...(cache === null ? {} : { cachedData: cache }) });
  const load = script.runInThisContext() as (require: (module: string) => unknown, runtime: typeof Deno) => void;
  return {
    isCached: cache !== null && script.cachedDataRejected === false,
    run: (runtime) => load(process.getBuiltinModule, runtime),
    makeCache: () => script.createCachedData(),
  };
}

/** The program beside this module. @throws {Deno.errors.NotFound} */
export function readProgram(): string {
  return Deno.readTextFileSync(`${import.meta.dirname}/${PROGRAM_FILE}`);
}

/** The cache beside this module; null where there is none. */
export function readCache(): Uint8Array | null {
  const path = `${import.meta.dirname}/${CACHE_FILE}`;
  try {
    const cache = new Uint8Array(Deno.statSync(path).size);
    // `Deno.readFileSync` takes twice as long for what is in the executable.
    using file = Deno.openSync(path);
    for (let read = 0; read < cache.length;) read += file.readSync(cache.subarray(read)) ?? cache.length;
    return cache;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
