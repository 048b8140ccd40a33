/** The root of the project, with a slash at its end. */
export const ROOT: string = decodeURIComponent(new URL("../..", import.meta.url).pathname);

/** How a script ended and what it wrote, stdout and stderr together. */
export interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** Runs `use` with a new directory that holds the given files, by path, and removes it afterwards. */
export async function withSandbox(
  files: Readonly<Record<string, string>>,
  use: (directory: string) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "kith-guards-" });
  try {
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(`${directory}/${path.slice(0, path.lastIndexOf("/") + 1)}`, { recursive: true });
      await Deno.writeTextFile(`${directory}/${path}`, text);
    }
    await use(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** The text of a file of the project. */
export function projectFile(path: string): string {
  return Deno.readTextFileSync(ROOT + path);
}

/** Runs one of the project's scripts in a directory, with the permissions that its task gives it. */
export async function runScript(script: string, directory: string): Promise<Outcome> {
  const tasks: Record<string, { command: string }> = JSON.parse(projectFile("deno.json")).tasks;
  const commands = Object.values(tasks).flatMap(({ command }) => command.split(" && "));
  const [, ...words] = commands.find((command) => command.endsWith(` scripts/${script}`))?.split(" ") ?? [];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...words.slice(0, -1), `${ROOT}scripts/${script}`],
    cwd: directory,
    // What the tests around this one are run with is not for it.
    env: { NO_COLOR: "1", KITH_TEST_NO_CHECK: "", KITH_TEST_EXECUTABLE: "" },
  }).output();
  return { code, output: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}
