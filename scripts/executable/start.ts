import { openProgram, readCache, readProgram } from "./program.ts";

/** The first module of the executable. */
openProgram(readProgram(), readCache()).run(Deno);
