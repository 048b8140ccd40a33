import { assertEquals } from "@std/assert";
import { projectFile } from "./sandbox.ts";

const settings = JSON.parse(projectFile("deno.json"));

Deno.test("the permission set of deno run -P is what the task start allows", () => {
  const flags: string[] = settings.tasks.start.command.split(" ").filter((word: string) => word.startsWith("--allow-"));
  const allowed = Object.fromEntries(flags.map((flag) => {
    const [name, list] = flag.slice("--allow-".length).split("=") as [string, string?];
    return [name, list === undefined ? true : list.split(",")];
  }));
  assertEquals(settings.permissions.default, allowed);
});

Deno.test("the task hooks allows what start does, and to run programs", () => {
  const { start, hooks } = settings.tasks;
  assertEquals(hooks.command.replace(" --allow-run ", " "), start.command);
});

Deno.test("no task allows everything, and kith may neither run programs nor load libraries", () => {
  for (const [name, { command }] of Object.entries<{ command: string }>(settings.tasks)) {
    const words = command.split(" ");
    assertEquals(words.filter((word) => /^(-A|--allow-(all|ffi))/.test(word)), []);
    if (name === "start") assertEquals(words.filter((word) => word.startsWith("--allow-run")), []);
  }
});
