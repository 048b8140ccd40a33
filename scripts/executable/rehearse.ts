import { CACHE_FILE, openProgram, readProgram } from "./program.ts";

/**
 * The first module of an executable that is only built to make the code cache of the one that stays: it runs a
 * peer, and leaves what V8 has made of the program by then in the folder that its argument names. A
 * second run sees whether V8 takes it. A cache of the program as it is loaded, V8's usual one, lacks what a start goes on
 * to call.
 *
 * Nothing of it leaves this machine, and nothing stays in the user's folders.
 */
const [folder] = Deno.args;
if (folder === undefined) throw new Error("the argument is to name a folder");
const cacheFile = `${folder}/${CACHE_FILE}`;
const made = readIfThere(cacheFile);
const program = openProgram(readProgram(), made);
if (made === null) await makeCache();
else if (!program.isCached) throw new Error("V8 does not take the code cache that it made");
Deno.exit(0);

async function makeCache(): Promise<void> {
  // With a new home, then with one that is there.
  await runPeer();
  await runPeer();
  Deno.writeFileSync(cacheFile, program.makeCache());
}

/** Other commands than these would make the cache longer to read, and be no faster. */
async function runPeer(): Promise<void> {
  const ready = Promise.withResolvers<void>();
  const up = ["up", "--json", "--listen", "127.0.0.1:0", "--no-port-map", "--dht-bootstrap", "127.0.0.1:1"];
  const ended = runCommand(up, (text) => text.includes('"ready"') && ready.resolve());
  await Promise.race([ready.promise, ended]);
  await runCommand(["down"]);
  await ended;
}

/** @param said takes what it writes. @returns once it has ended. @throws {Error} where it fails. */
async function runCommand(words: readonly string[], said = (_text: string) => {}): Promise<void> {
  const ended = Promise.withResolvers<number>();
  const variables: Readonly<Record<string, string>> = {
    KITH_HOME: `${folder}/home`,
    KITH_RUNTIME_DIR: `${folder}/run`,
  };
  const stdout = {
    isTerminal: () => false,
    writeSync(bytes: Uint8Array): number {
      said(new TextDecoder().decode(bytes));
      return bytes.length;
    },
  };
  program.run(Object.create(Deno, {
    args: { value: words },
    env: { value: { get: (name: string) => variables[name] } },
    exit: { value: ended.resolve },
    stdout: { value: stdout },
  }));
  const code = await ended.promise;
  if (code !== 0) throw new Error(`kith ${words.join(" ")} ended with ${code}`);
}

function readIfThere(path: string): Uint8Array | null {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
