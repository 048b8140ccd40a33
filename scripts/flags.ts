/** The permissions that kith runs with, as flags: those of the task `start` in deno.json, their one place. */
export function permissionFlags(): string[] {
  const settings = JSON.parse(Deno.readTextFileSync(new URL("../deno.json", import.meta.url)));
  const command: string = settings.tasks.start.command;
  return command.split(" ").filter((word) => word.startsWith("--allow-") || word === "--no-prompt");
}
