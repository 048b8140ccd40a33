/** The flags with which the runtime runs kith, permissions above all: those of a task in deno.json. */
export function runtimeFlags(task: "start" | "hooks" = "start"): string[] {
  const settings = JSON.parse(Deno.readTextFileSync(new URL("../deno.json", import.meta.url)));
  const command: string = settings.tasks[task].command;
  return command.split(" ").filter((word) => word.startsWith("--") && word !== "--quiet");
}
