import { CACHE_FILE, openProgram, readCache, readProgram } from "./program.ts";

/**
 * The first module of an executable that is only built to make the code cache of the one that stays: it runs a peer, and
 * leaves what V8 has made of the program by then in the folder that its argument names. A second run sees whether V8
 * takes that. A cache of the program as it is loaded, V8's usual one, lacks what a start goes on to call.
 *
 * Nothing of it leaves this machine, and nothing stays in the user's folders.
 */
const [folder] = Deno.args;
if (folder === undefined) throw new Error("the argument is to name a folder");
const made = readCache(folder);
const opened = openProgram(readProgram(), made);
if (made === null) await rehearse();
else if (!opened.isCached) throw new Error("V8 does not take the code cache that it made");
Deno.exit(0);

async function rehearse(): Promise<void> {
  // The system's own folder: the path of a socket in it may not be long.
  const home = Deno.makeTempDirSync({ prefix: "kith-", ...(Deno.build.os === "windows" ? {} : { dir: "/tmp" }) });
  try {
    // With a new home, then with one that is there.
    await runPeer(home);
    await runPeer(home);
  } finally {
    Deno.removeSync(home, { recursive: true });
  }
  Deno.writeFileSync(`${folder}/${CACHE_FILE}`, opened.makeCache());
}

/** Other commands than these would make the cache longer to read, and be no faster. */
async function runPeer(home: string): Promise<void> {
  const ready = Promise.withResolvers<void>();
  const up = ["up", "--json", "--listen", "127.0.0.1:0", "--no-port-map", "--dht-bootstrap", "127.0.0.1:1"];
  const ended = runCommand(home, up, (text) => text.includes('"ready"') && ready.resolve());
  await Promise.race([ready.promise, ended]);
  await runCommand(home, ["down"]);
  await ended;
}

/** @param heard takes what it says as it says it. @returns once it has ended. @throws {Error} where it fails. */
async function runCommand(home: string, words: readonly string[], heard = (_text: string) => {}): Promise<void> {
  const variables: Readonly<Record<string, string>> = { KITH_HOME: home, KITH_RUNTIME_DIR: `${home}/run` };
  let said = "";
  const stdout = {
    isTerminal: () => false,
    writeSync(bytes: Uint8Array): number {
      const text = new TextDecoder().decode(bytes);
      said += text;
      heard(text);
      return bytes.length;
    },
  };
  let code = -1;
  await opened.load(Object.create(Deno, {
    args: { value: words },
    env: { value: { get: (name: string) => variables[name] } },
    exit: { value: (given: number) => code = given },
    stdout: { value: stdout },
  })).main();
  if (code !== 0) throw new Error(`kith ${words.join(" ")} ended with ${code}: ${said}`);
}
