import { homePaths } from "../../lib/host/home.ts";
import { connectControl } from "../../lib/host/control.ts";
import { Client, type JsonObject } from "../../lib/cli/client.ts";
import { Child } from "../child.ts";
import { kithCommand } from "../kith_process.ts";

/** How long anything may take that has to come about: many processes share a machine. */
const PATIENCE_MS = 180_000;
const LOOK_MS = 100;

/** One peer of a crowd: a process, and the way to its API. */
export interface CrowdPeer {
  readonly name: string;
  readonly home: string;
  readonly process: Child;
  readonly client: Client;
  close(): void;
}

/** Peers in one space, each a process of its own with a home of its own on this machine. */
export class Crowd implements AsyncDisposable {
  readonly folder: string;
  readonly peers: CrowdPeer[] = [];
  readonly #started: Child[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** A crowd of so many, all of them members. @returns it, and how long that took from the first ticket on. */
  static async gather(count: number): Promise<{ readonly crowd: Crowd; readonly seconds: number }> {
    const crowd = new Crowd(await Deno.makeTempDir({ prefix: "kith-crowd-" }));
    try {
      await Deno.mkdir(`${crowd.folder}/run`, { mode: 0o700 });
      await crowd.#add(0, ["up"], "");
      const founder = crowd.peers[0] as CrowdPeer;
      const startMs = performance.now();
      const uses = Math.max(1, count - 1);
      const { words } = await founder.client.object("POST", "/v1/invites", { json: { uses, forMs: 3_600_000 } });
      const numbers = Array.from({ length: count - 1 }, (_, i) => i + 1);
      await Promise.all(numbers.map((number) => crowd.#add(number, ["join", "-"], String(words))));
      for (const peer of crowd.peers) {
        await until(`${peer.name} to know all ${count} members, and be in sync`, async () => {
          const { members, synced } = await peer.client.object("GET", "/v1/status");
          return members === count && (synced === true || count === 1);
        });
      }
      return { crowd, seconds: (performance.now() - startMs) / 1000 };
    } catch (error) {
      await crowd[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Kills some of the peers at once, without a word; they are none of the crowd any more. @returns who goes on. */
  async kill(chosen: readonly CrowdPeer[]): Promise<CrowdPeer[]> {
    await Promise.all(chosen.map(({ process }) => process.kill("SIGKILL")));
    for (const peer of chosen) {
      peer.close();
      this.peers.splice(this.peers.indexOf(peer), 1);
    }
    return [...this.peers];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const peer of this.peers) peer.close();
    await Promise.all(this.#started.map((process) => process.kill("SIGKILL")));
    await Deno.remove(this.folder, { recursive: true });
  }

  async #add(number: number, words: readonly string[], input: string): Promise<void> {
    const name = `peer-${number}`;
    const home = `${this.folder}/${name}`;
    const [command = "", ...before] = kithCommand();
    const env = { KITH_HOME: home, KITH_RUNTIME_DIR: `${this.folder}/run`, NO_COLOR: "1" };
    const args = [...before, ...words, "--name", name, "--listen", "127.0.0.1:0", "--json"];
    const process = new Child(command, args, { input, env });
    this.#started.push(process);
    for (let line = await process.line(); line.event !== "ready"; line = await process.line()) {
      if (line.error !== undefined) throw new Error(`${name} failed: ${line.message}`);
    }
    const control = await connectControl(homePaths(home));
    if (control === null) throw new Error(`${name} does not answer`);
    this.peers.push({ name, home, process, client: new Client(control.request), close: () => control.close() });
  }
}

/** Looks again and again until something is so. @throws {Error} with `what` when it takes too long. */
export async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!await look()) {
    if (performance.now() >= endMs) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Waits until all of these peers hold the same, which has so many entries. @returns how long that took. */
export async function untilAlike(peers: readonly CrowdPeer[], entries: number): Promise<number> {
  const startMs = performance.now();
  let digest: unknown;
  for (const { name, client } of peers) {
    await until(`${name} to hold what the others hold`, async () => {
      const status: JsonObject = await client.object("GET", "/v1/status");
      digest ??= status.entries === entries ? status.digest : undefined;
      return status.entries === entries && status.digest === digest;
    });
  }
  return (performance.now() - startMs) / 1000;
}

/** Sets a key to a text at a peer; it is on its disk then. */
export async function put({ client }: CrowdPeer, key: string, text: string): Promise<void> {
  const body = new TextEncoder().encode(text);
  await client.object("PUT", "/v1/entry", { query: { key }, body, media: "text/plain" });
}
