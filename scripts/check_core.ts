import { isCore, RANKS } from "./ranks.ts";

/**
 * Type-checks the core without the Deno lib: whatever of the platform it uses is an unknown name. The few globals
 * that it may use are in lib/base/core_globals.d.ts. Runs at the root of the project.
 */
const present = new Set(Array.from(Deno.readDirSync("lib"), (entry) => entry.name));
const folders = [...RANKS.keys()].filter((folder) => isCore(folder) && present.has(folder));
const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["check", "--quiet", "--config", "scripts/core.json", ...folders.map((folder) => `lib/${folder}`)],
}).spawn().status;
if (code === 0) console.log(`Checked ${folders.join(", ")} without the Deno lib`);
Deno.exit(code);
