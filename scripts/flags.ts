/** The flags with which the runtime runs kith, permissions above all: those of the task `start` in deno.json. */
export function runtimeFlags(): string[] {
  const settings = JSON.parse(Deno.readTextFileSync(new URL("../deno.json", import.meta.url)));
  const command: string = settings.tasks.start.command;
  return command.split(" ").filter((word) => word.startsWith("--") && word !== "--quiet");
}
