import { assertEquals } from "@std/assert";
import { type Home, Machine } from "./kith.ts";

const SCRIPT = `${import.meta.dirname}/tutorial_peer.py`;
const hasPython = runs("python3", "--version");
const skipped = { ignore: !hasPython };
const because = hasPython ? "" : " (needs python3)";

Deno.test(`the tutorial's peer in Python talks to 'kith up --text'${because}`, skipped, async () => {
  await using machine = new Machine();
  const home = machine.home("a");
  const peer = await home.up(["--text=127.0.0.1:0"]);
  const address = String(peer.ready["text"]);

  assertEquals(await ask(address, "one", "two"), ["\n", "update_ack", "one,two", ""]);
  // Two of them at a time, as in the tutorial; what is there already is added once.
  const [third, fourth] = await Promise.all([ask(address, "two", "three"), ask(address, "ünï", "one")]);
  assertEquals([third[1], fourth[1], third[3], fourth[3]], ["update_ack", "update_ack", "", ""]);
  assertEquals(await textValues(home), ["one", "three", "two", "ünï"]);
  assertEquals(await peer.stop(), 0);
});

Deno.test(`'kith text' pulls from and pushes to the tutorial's peer in Python${because}`, skipped, async () => {
  await using machine = new Machine();
  const home = machine.home("a");
  const peer = await home.up();
  await home.ok("set", "text/ours", "ours");
  await home.ok("set", "text/both", "both");

  const full = new Served("both", "theirs", "größer");
  await home.ok("text", `127.0.0.1:${await full.line()}`);
  assertEquals(JSON.parse(await full.line()), ["both", "theirs", "größer", "ours"]);
  assertEquals(await textValues(home), ["both", "größer", "ours", "theirs"]);
  await full.stop();

  // With nothing stored, the tutorial's peer sends no byte at all.
  const empty = new Served();
  await home.ok("text", `127.0.0.1:${await empty.line()}`);
  assertEquals(JSON.parse(await empty.line()).sort(), ["both", "größer", "ours", "theirs"]);
  await empty.stop();
  assertEquals(await peer.stop(), 0);
});

/** The tutorial's peer, listening. */
class Served {
  readonly #process: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor(...values: string[]) {
    this.#process = new Deno.Command("python3", { args: [SCRIPT, "serve", ...values], stdout: "piped" }).spawn();
    this.#reader = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next line that it says. */
  async line(): Promise<string> {
    while (!this.#text.includes("\n")) {
      const { value, done } = await this.#reader.read();
      if (done) throw new Error("the tutorial's peer ended");
      this.#text += value;
    }
    const end = this.#text.indexOf("\n");
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 1);
    return line;
  }

  async stop(): Promise<void> {
    this.#process.kill("SIGKILL");
    while (!(await this.#reader.read()).done);
    await this.#process.status;
  }
}

/** What a peer answers to the tutorial's: its values, the acknowledgement, its values again, the end. */
async function ask(address: string, ...values: string[]): Promise<string[]> {
  const [host = "", port = ""] = address.split(":");
  const { code, stdout } = await new Deno.Command("python3", {
    args: [SCRIPT, "ask", host, port, ...values],
    stderr: "inherit",
  }).output();
  assertEquals(code, 0);
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** The values of the text protocol in a home, sorted. */
async function textValues(home: Home): Promise<string[]> {
  const keys = (await home.ok("ls", "text/")).split("\n").filter((key) => key !== "");
  return keys.map((key) => key.slice("text/".length));
}

function runs(command: string, ...args: string[]): boolean {
  try {
    return new Deno.Command(command, { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
