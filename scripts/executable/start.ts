import { openProgram, readCache, readProgram } from "./program.ts";

/** The first module of the executable. */
await openProgram(readProgram(), readCache()).load(Deno).main();
