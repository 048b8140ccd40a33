import process from "node:process";
import { clearLine, createInterface, cursorTo, type Interface } from "node:readline";
import { KithError } from "../base/errors.ts";
import { GivenUpError, isYes, YES_OR_NO } from "./ask.ts";
import type { RunningPeer } from "./backend.ts";
import { ApiError, Client } from "./client.ts";
import { completions } from "./completion.ts";
import { peerSources } from "./completion_sources.ts";
import type { Context, Surroundings } from "./context.ts";
import { escapeText } from "./escape.ts";
import { objectsOf, textField } from "./fields.ts";
import { History, MAX_HISTORY_LINES } from "./history.ts";
import { CHAT_TOPIC } from "./message_commands.ts";
import { messageLine } from "./messages.ts";
import { eventLine, MemberNews, newsBetween } from "./news.ts";
import { runCommandLine } from "./run.ts";
import { quoteWord, splitLine, wordsOf } from "./words.ts";
import { usageError } from "./usage.ts";

/** What stands before a text that is said to all. */
const SAY = /^\s*\/say(?:\s+|$)/;
/** Events come in bursts: what they changed is looked at once, this much later. */
const LOOK_AFTER_MS = 100;

/** Takes commands on the terminal until Ctrl-D, `exit`, an interruption, or the end of the peer. */
export async function runPrompt(context: Context, peer: RunningPeer, interrupted: Promise<void>): Promise<void> {
  const prompt = new Prompt(context, peer);
  await prompt.run(interrupted);
}

class Prompt {
  readonly #context: Context;
  readonly #peer: RunningPeer;
  readonly #client: Client;
  readonly #surroundings: Surroundings;
  readonly #history: History;
  readonly #readline: Interface & { readonly history: string[] };
  readonly #closed = Promise.withResolvers<void>();
  #queue: Promise<void> = Promise.resolve();
  #running: AbortController | null = null;
  /** Takes the next line, while something is asked. */
  #answer: ((line: string) => void) | null = null;
  #ending = false;

  constructor(context: Context, peer: RunningPeer) {
    this.#context = context;
    this.#peer = peer;
    this.#client = new Client(peer.transport);
    this.#surroundings = {
      console: { ...context.console, stdin: takenStdin },
      backend: context.backend,
      prompted: { peer, askYesNo: (question, signal) => this.#askYesNo(question, signal) },
    };
    this.#history = new History(context.console, context.backend.paths(peer.home).history ?? `${peer.home}/history`);
    this.#readline = createInterface({
      input: process.stdin,
      output: process.stdout,
      terminal: true,
      history: this.#history.newestFirst,
      historySize: MAX_HISTORY_LINES,
      removeHistoryDuplicates: true,
      completer: (line: string, done: (error: Error | null, found: [string[], string]) => void) => {
        this.#complete(line).then((found) => done(null, found), (error) => done(error, [[], line]));
      },
    }) as Interface & { readonly history: string[] };
  }

  async run(interrupted: Promise<void>): Promise<void> {
    const readline = this.#readline;
    const status = await this.#client.object("GET", "/v1/status");
    readline.setPrompt(`${escapeText(textField(status, "name"))}> `);
    readline.on("line", (line) => {
      if (this.#answer !== null) return this.#answer(line);
      this.#queue = this.#queue.then(() => this.#take(line));
    });
    readline.on("SIGINT", () => this.#interrupt());
    readline.on("close", () => this.#closed.resolve());
    const stopNews = this.#tellNews(status);
    this.#goOn("What others say", this.#tellChat(textField(status, "peer")));
    const met = objectsOf(status, "peers").map((peer) => textField(peer, "peer"));
    this.#goOn("Who comes and goes", this.#tellOfMembers(met));
    readline.prompt();
    await Promise.race([this.#closed.promise, interrupted, this.#peer.stopped]);
    this.#ending = true;
    stopNews();
    this.#running?.abort();
    await this.#queue;
    readline.close();
    this.#context.output.words("\nStopping the peer; 'kith up' runs it again.");
  }

  async #take(line: string): Promise<void> {
    if (this.#ending) return;
    const command = line.trim();
    if (command === "exit" || command === "quit") return this.#readline.close();
    if (command !== "") {
      this.#history.add(line);
      await this.#execute(line);
    }
    if (!this.#ending) this.#readline.prompt();
  }

  async #execute(line: string): Promise<void> {
    const running = new AbortController();
    this.#running = running;
    try {
      if (SAY.test(line)) return await this.#say(line.replace(SAY, ""), running.signal);
      const words = wordsOf(line);
      // A line copied from somewhere begins with the program's name.
      await runCommandLine(words[0] === "kith" ? words.slice(1) : words, this.#surroundings, running.signal);
    } catch (error) {
      if (!(error instanceof KithError || error instanceof ApiError)) throw error;
      this.#context.output.failure(error.code, error.message, error.values);
    } finally {
      this.#running = null;
    }
  }

  /** `/say TEXT`: all that stands behind it, as it was typed, to everybody. */
  async #say(text: string, signal: AbortSignal): Promise<void> {
    if (text === "") throw usageError("'/say' needs what to say, as in: /say hello");
    const query = { topic: CHAT_TOPIC };
    await this.#client.request("POST", "/v1/messages", { query, body: new TextEncoder().encode(text), signal });
  }

  /** Lets something be told for as long as the peer runs, and says so where it ends before. */
  #goOn(what: string, telling: Promise<void>): void {
    telling.catch((error: Error) => {
      this.#above(this.#context.output.dim(`${what} is not shown here any more: ${escapeText(error.message)}`));
    });
  }

  /** Prints what others say above the line that is being typed. */
  async #tellChat(self: string): Promise<void> {
    const { output } = this.#context;
    for await (const event of this.#client.objects("GET", "/v1/messages", { query: { topic: CHAT_TOPIC } })) {
      const isOwn = event.event !== "message" || textField(event, "peer") === self;
      if (!isOwn) this.#above(messageLine(event, (text) => output.dim(text)));
    }
  }

  /** Prints who comes and goes. @param met ids of those who are linked. */
  async #tellOfMembers(met: readonly string[]): Promise<void> {
    const news = new MemberNews(met);
    for await (const event of this.#client.objects("GET", "/v1/events", { query: { initial: true } })) {
      if (event.event === "lagged") throw new KithError("watch_lagged");
      const line = news.line(event);
      if (line !== null) this.#above(this.#context.output.dim(line));
    }
  }

  /** Asks for the next line, which is not a command and does not come again. */
  async #askYesNo(question: string, signal: AbortSignal): Promise<boolean> {
    const readline = this.#readline;
    const prompt = readline.getPrompt();
    const { promise: answered, resolve, reject } = Promise.withResolvers<string>();
    const giveUp = () => reject(new GivenUpError());
    signal.addEventListener("abort", giveUp, { once: true });
    // Not by `question` with a signal: in an executable of Deno 2.6 its answer never came.
    this.#answer = resolve;
    readline.setPrompt(`${question} ${YES_OR_NO} `);
    readline.prompt();
    try {
      const answer = await answered;
      // It is no command: who goes back through those does not meet it.
      if (readline.history[0] === answer) readline.history.shift();
      return isYes(answer);
    } finally {
      this.#answer = null;
      readline.setPrompt(prompt);
      signal.removeEventListener("abort", giveUp);
      if (signal.aborted) this.#leaveLine();
    }
  }

  /** Ctrl-C: ends the command that runs, else clears the line. */
  #interrupt(): void {
    if (this.#running !== null) return this.#running.abort();
    this.#leaveLine();
    this.#readline.prompt();
  }

  /** Begins a new, empty line. */
  #leaveLine(): void {
    process.stdout.write("^C\n");
    // Moving to the end and deleting backwards works whatever the line holds.
    this.#readline.write(null, { ctrl: true, name: "e" });
    this.#readline.write(null, { ctrl: true, name: "u" });
  }

  async #complete(line: string): Promise<[string[], string]> {
    const { words, lastTyped } = splitLine(line);
    const known = words[0] === "kith" ? words.slice(1) : words;
    const found = await completions(known, peerSources(this.#context.console, this.#peer.transport));
    // A single command or key is complete: the next word can follow at once.
    const ending = found.length === 1 && !found[0]?.endsWith("/") ? " " : "";
    return [found.map((word) => quoteWord(word) + ending), lastTyped];
  }

  /** Prints what happens above the line that is being typed. Returns how to stop that. */
  #tellNews(status: Awaited<ReturnType<Client["object"]>>): () => void {
    let known = status;
    let timer: ReturnType<typeof setTimeout> | null = null;
    const look = async () => {
      timer = null;
      const now = await this.#client.object("GET", "/v1/status");
      for (const line of newsBetween(known, now)) this.#above(this.#context.output.dim(line));
      known = now;
    };
    const stop = this.#peer.onEvent((event) => {
      const line = eventLine(event);
      if (line !== null) this.#above(this.#context.output.dim(line));
      // A peer that is stopping answers no more; its end is told anyway.
      timer ??= setTimeout(() => void look().catch(() => {}), LOOK_AFTER_MS);
    });
    return () => {
      stop();
      if (timer !== null) clearTimeout(timer);
    };
  }

  #above(line: string): void {
    if (this.#ending) return;
    if (this.#running !== null && this.#answer === null) return this.#context.output.words(line);
    cursorTo(process.stdout, 0);
    clearLine(process.stdout, 0);
    process.stdout.write(line + "\n");
    this.#readline.prompt(true);
  }
}

function takenStdin(): never {
  throw usageError("Standard input is taken by the prompt; name a file with @FILE, or run this outside of it.");
}
