import { assert, assertEquals } from "@std/assert";
import type { PeerEvent } from "../../lib/base/event.ts";
import { KithError } from "../../lib/base/errors.ts";
import type { BackupNote } from "../../lib/host/backup.ts";
import { openLog } from "../../lib/host/log.ts";
import type { JsonObject, Transport } from "../../lib/cli/client.ts";
import type { ArgumentSpec } from "../../lib/cli/command.ts";
import { COMMANDS } from "../../lib/cli/commands.ts";
import { completions } from "../../lib/cli/completion.ts";
import { peerSources } from "../../lib/cli/completion_sources.ts";
import { eventLine, newsBetween } from "../../lib/cli/news.ts";
import { runCommandLine } from "../../lib/cli/run.ts";
import { startHost, tempFolder, type TempHost } from "../host/temp_host.ts";
import { ticketWords } from "../../lib/space/ticket.ts";
import { apiError, apiObject, FakeBackend, FakeConsole } from "./fakes.ts";
import { STEERING } from "./steering.ts";

/** A title, a cleared screen, a line of its own, a turned direction, and what nobody sees. */
const HOSTILE = "\x1b]0;owned\x07\x9b2J\x7f\r\nFORGED \u202e\u2066\u061c\u200e\u200b\u2028";
/** How it begins once it is inert, in a text and in JSON. */
const INERT = /\\(x|u00)1b\]0;owned/;
/** What tells answers apart, and what a peer makes itself. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  "event",
  "kind",
  "error",
  "space",
  "words",
  "ticket",
  "addresses",
  "digest",
]);
/** What may be in a peer's answers beside what these peers have. */
const TROUBLES = {
  forks: [{ peer: "p", name: "n", sequence: 2 }],
  copies: ["10.0.0.7:5484"],
  notices: [{ event: "store_rebuilt", reason: "r" }],
  absent: [{ peer: "p", name: "n", since: 5 }],
  compaction: { pending: 5, waits_for: ["p"], final: null, done: false },
};

/** What a subscriber is told. */
const MESSAGES = [
  { event: "subscribed" },
  { event: "dropped", count: 1 },
  { event: "missed", peer: "p", name: "n", count: 1 },
  { event: "message", topic: "t", peer: "p", name: "n", time: 5, question: "q", text: "x" },
];

/** Every text in an answer with hostile characters around it. */
function spoilt(value: unknown): unknown {
  if (typeof value === "string") return HOSTILE + value + HOSTILE;
  if (Array.isArray(value)) return value.map(spoilt);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value);
  return Object.fromEntries(fields.map(([name, field]) => [name, OWN_FIELDS.has(name) ? field : spoilt(field)]));
}

/** A peer of which all that it says is hostile, whoever said it first. */
function spoiltTransport(transport: Transport): Transport {
  return async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/v1/messages" && request.method === "GET") {
      return new Response(MESSAGES.map((line) => JSON.stringify(spoilt({ v: 1, ...line })) + "\n").join(""));
    }
    const response = await transport(request);
    if (!(response.headers.get("content-type") ?? "").includes("json")) {
      return new Response(HOSTILE, { headers: response.headers });
    }
    const spoil = new TransformStream<string, string>({
      transform(text, controller) {
        for (const line of text.split("\n").filter((line) => line !== "")) {
          const more = pathname === "/v1/status" ? TROUBLES : {};
          controller.enqueue(JSON.stringify(spoilt({ ...JSON.parse(line), ...more })) + "\n");
        }
      },
    });
    const body = response.body?.pipeThrough(new TextDecoderStream()).pipeThrough(spoil);
    return new Response(body?.pipeThrough(new TextEncoderStream()) ?? null, response);
  };
}

class HostileBackend extends FakeBackend {
  override restore(): Promise<never> {
    const note: BackupNote = { v: 1, made: 1, version: "1", peer: "p", name: "n", space: null, entries: 1, files: [] };
    return Promise.resolve({ home: "/h", note: spoilt(note), damaged: 1 } as never);
  }

  override textExchange(): Promise<never> {
    return Promise.reject(new KithError("text_failed", { address: "a:1", detail: HOSTILE }));
  }
}

function wordFor({ kind, required }: ArgumentSpec): string[] {
  if (required === false && kind !== "key") return [];
  return [
    {
      key: "k",
      peer: "eve\u202e\u200b",
      member: "otter",
      invite: "i",
      file: "file",
      command: "ls",
      shell: "bash",
      setting: "name",
      other: "x",
    }[kind],
  ];
}

/** A command line for every command of the table. */
function lineOf(name: string, specs: readonly ArgumentSpec[]): string[] {
  if (name === "join") return ["join", "-", "--exit"];
  if (name === "ls") return ["ls", "--long"];
  if (name === "watch") return ["watch", "--initial", "--count", "1"];
  if (name === "sub") return ["sub", "--limit", "1"];
  if (name === "ask") return ["ask", "x", "y", "--timeout", "1ms"];
  if (name === "resolve") return ["resolve", "torn", "value"];
  if (name === "leave") return ["leave", "--yes"];
  if (name === "members") return ["members", "--all"];
  if (name === "grant") return ["grant", "eve\u202e\u200b", "--role", "reader"];
  if (name === "revoke") return ["revoke", "eve\u202e\u200b", "--yes"];
  if (name === "export" || name === "config") return [name];
  return [name, ...specs.flatMap(wordFor)];
}

/** Runs a command on a terminal. @returns what it wrote there, byte for byte. */
async function onTerminal(words: readonly string[], transport: Transport) {
  const console = new FakeConsole(true);
  // Nobody types: no questions and no prompt.
  console.stdinIsTerminal = false;
  console.stdinText = words[0] === "join" ? ticketWords(new Uint8Array(8)) : '{"key":"k","text":"v"}\n';
  console.files = { file: '{"key":"k","text":"v"}\n' };
  const end = new AbortController();
  const write = console.stdout.write;
  console.stdout.write = (bytes) => {
    write(bytes);
    if (words[0] === "up") setTimeout(() => end.abort(), 0);
  };
  const backend = new HostileBackend(transport, words[0] !== "up");
  await runCommandLine(words, { console, backend, prompted: null }, end.signal);
  return { out: console.out, err: console.err };
}

/** @param sgr whether the command's own colours may be in it. */
function assertInert(text: string, about: string, isValue = false): void {
  // deno-lint-ignore no-control-regex
  const plain = text.replaceAll(/\x1b\[(?:0|1|2|32|33)m/g, "").replaceAll("\r\x1b[K", "");
  for (const line of plain.split("\n")) {
    assert(!STEERING.test(line.replaceAll("\t", "")), `${about}: ${JSON.stringify(line)}`);
    assert(isValue || !line.startsWith("FORGED"), `${about}: a line of its own`);
  }
}

/** Two members, one of which is called so that its name turns the line, with what all commands have to show. */
async function society(folder: string): Promise<TempHost & { stopBoth(): Promise<void> }> {
  const one = await startHost(`${folder}/one`);
  const startTwo = (offline: boolean) => startHost(`${folder}/two`, { name: "eve\u202e\u200b", offline });
  const write = (host: TempHost) => host.call("PUT", "/v1/entry?key=torn", "v", { "content-type": "text/plain" });
  const whole = { synced: true, all: true, timeoutMs: 10_000 };
  await one.object("POST", "/v1/space");
  {
    await using two = await startTwo(false);
    const { ticket } = await one.object("POST", "/v1/invites", {});
    await two.lines("POST", "/v1/join", { ticket });
    await one.object("POST", "/v1/wait", whole);
  }
  await write(one);
  {
    await using two = await startTwo(true);
    await write(two);
  }
  const two = await startTwo(false);
  await one.object("POST", "/v1/wait", whole);
  return { ...one, stopBoth: async () => void await Promise.all([one.host.stop(), two.host.stop()]) };
}

Deno.test("no command lets what others wrote steer a terminal, hide on it, or begin a line", async () => {
  await using folder = await tempFolder();
  const host = await society(folder.path);
  const real: Transport = (request) => host.call(request.method, request.url, request.body ?? undefined);
  const staying: Transport = (request) => {
    return /down|leave|join/.test(request.url) ? Promise.resolve(apiObject({ space: "aaaaaaaa" })) : real(request);
  };
  const shown = new Set<string>();
  try {
    for (const { name, arguments: specs } of COMMANDS) {
      const words = lineOf(name, specs);
      for (const flags of [[], ["--json"]]) {
        const { out, err } = await onTerminal([...words, ...flags], spoiltTransport(staying));
        const about = [...words, ...flags].join(" ");
        assertInert(out, about, name === "get" && flags.length === 0);
        assertInert(err, about);
        if (INERT.test(out + err)) shown.add(about);
        if (flags.length === 0 || name === "help" || name === "completions") continue;
        for (const line of out.split("\n").filter((line) => line !== "")) JSON.parse(line);
      }
    }
  } finally {
    await host.stopBoth();
  }
  for (
    const about of [
      "status",
      "peers",
      "members --all",
      "invites",
      "grant eve\u202e\u200b --role reader",
      "revoke eve\u202e\u200b --yes",
      "ls --long",
      "watch --initial --count 1",
      "sub --limit 1",
      "history k",
      "conflicts",
      "up",
    ]
  ) {
    assert([...shown].some((line) => line === about), `${about} shows what others wrote`);
  }
});

Deno.test("no error lets what others wrote steer a terminal", async () => {
  const refuse: Transport = () => Promise.resolve(apiError("not_allowed", 4, HOSTILE));
  const fail: Transport = () => Promise.reject(new Error(HOSTILE));
  const lines: Transport = () =>
    Promise.resolve(new Response(JSON.stringify({ v: 1, error: "bad_line", message: HOSTILE }) + "\n"));
  for (const transport of [refuse, fail, lines]) {
    for (const { name, arguments: specs } of COMMANDS) {
      for (const flags of [[], ["--json"]]) {
        const { out, err } = await onTerminal([...lineOf(name, specs), ...flags], transport);
        assertInert(out, name);
        assertInert(err, name, transport === fail);
      }
    }
  }
});

Deno.test("news, completions and the log are inert too", async () => {
  const event: PeerEvent = { name: "link_refused_by", level: "warning", reason: HOSTILE, fields: { detail: HOSTILE } };
  assertInert(eventLine(event) as string, "event");
  const after = spoilt({ left: true, removed_by: { peer: "p", name: "n" }, conflicts: 1 }) as JsonObject;
  for (const line of newsBetween({ left: false, conflicts: 0 }, after)) assertInert(line, "news");
  const answers: Transport = (request) =>
    Promise.resolve(
      request.url.includes("entries")
        ? new Response(["k", `k${HOSTILE}`, "k\u202e"].map((key) => JSON.stringify({ key }) + "\n").join(""))
        : apiObject({ peers: [{ name: "n" }, { name: `n${HOSTILE}` }] }),
    );
  const sources = peerSources(new FakeConsole(), answers);
  assertEquals([await completions(["get", ""], sources), await completions(["ping", ""], sources)], [["k"], ["n"]]);
  await using folder = await tempFolder();
  const log = openLog(`${folder.path}/log`);
  log.write(event);
  log.close();
  const line = Deno.readTextFileSync(`${folder.path}/log`);
  assertInert(line, "log");
  assertEquals([JSON.parse(line).reason, JSON.parse(line).detail], [HOSTILE, HOSTILE]);
});
