import { isCore, RANKS } from "./ranks.ts";

/**
 * Type-checks the core without the Deno lib: whatever of the platform it uses is an unknown name. The few globals
 * that it may use are in lib/base/core_globals.d.ts.
 *
 * Usage: check_core.ts [ROOT], where ROOT is a directory with `lib` and `scripts/core.json`. Default: the project.
 */
const root = Deno.args[0] ?? new URL("..", import.meta.url).pathname;
const present = new Set(Array.from(Deno.readDirSync(`${root}/lib`), (entry) => entry.name));
const folders = [...RANKS.keys()].filter((folder) => isCore(folder) && present.has(folder));
const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["check", "--quiet", "--config", "scripts/core.json", ...folders.map((folder) => `lib/${folder}`)],
  cwd: root,
}).spawn().status;
if (code === 0) console.log(`Checked ${folders.join(", ")} without the Deno lib`);
Deno.exit(code);
