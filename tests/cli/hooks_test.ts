import { assertEquals, assertStringIncludes } from "@std/assert";
import { flagVariable } from "../../lib/cli/command.ts";
import { COMMANDS, GLOBAL_FLAGS } from "../../lib/cli/commands.ts";
import { asksForPrograms } from "../../lib/cli/hooks.ts";
import { parseCommandLine } from "../../lib/cli/parse.ts";
import type { ProgramRun } from "../../lib/host/program.ts";
import { apiLines, run } from "./fakes.ts";

const PUT = { event: "put", key: "lamp", version: "v1", peer: "p", name: "otter", time: 5, conflicts: 0 };
const EVENTS = [
  { event: "watching" },
  { ...PUT, type: "application/json", json: { on: true } },
  { ...PUT, key: "photo", type: "image/png", base64: "AAEC" },
  { event: "del", key: "lamp", peer: "p", name: "otter", time: 6 },
];

/** Runs a command line whose programs are only noted. */
async function hooked(words: readonly string[], answers: Parameters<typeof run>[1], code = 0) {
  const runs: ProgramRun[] = [];
  const done = await run(words, answers, (_, backend) => {
    backend.run = (asked: ProgramRun) => {
      runs.push(asked);
      return Promise.resolve({ code, isTimedOut: false, tookMs: 12 });
    };
  });
  return { ...done, runs };
}

Deno.test("each change is a run with the bytes of the value, and its variables", async () => {
  const answers = { "GET /v1/watch": () => apiLines(EVENTS) };
  const { code, out, runs } = await hooked(["watch", "--exec", "./run.sh", "--", "-x", "--json"], answers);
  assertEquals([code, out], [0, ""]);
  assertEquals(runs.map(({ words }) => words), Array(3).fill(["./run.sh", "-x", "--json"]));
  assertEquals(runs.map(({ input }) => [...input]), [[...new TextEncoder().encode('{"on":true}')], [0, 1, 2], []]);
  assertEquals(runs[2]?.variables, {
    ...{ KITH_HOME: "/home/me/.local/share/kith", KITH_OP: "del", KITH_KEY: "lamp", KITH_VERSION: "", KITH_MEDIA: "" },
    ...{ KITH_WRITER: "p", KITH_WRITER_NAME: "otter", KITH_TIME: "6", KITH_SKIPPED: "0" },
  });
  assertEquals(runs[1]?.variables.KITH_MEDIA, "image/png");
});

Deno.test("each event about a member is a run with the event", async () => {
  const event = { v: 1, event: "left", time: 7, peer: "p", name: "n\0", reason: "goodbye" };
  const answers = { "GET /v1/events": () => apiLines([{ event: "watching" }, event]) };
  const { runs } = await hooked(["watch", "--events", "--exec", "run"], answers);
  assertEquals(JSON.parse(new TextDecoder().decode(runs[0]?.input)), event);
  assertEquals(runs[0]?.variables, {
    ...{ KITH_HOME: "/home/me/.local/share/kith", KITH_EVENT: "left", KITH_PEER: "p", KITH_PEER_NAME: "n" },
    ...{ KITH_REASON: "goodbye", KITH_TIME: "7", KITH_SKIPPED: "0" },
  });
});

Deno.test("each message is a run, all of them in order, and what was lost is told", async () => {
  const message = { event: "message", topic: "door/bell", peer: "p", name: "otter", time: 8, direct: true };
  const lines = [
    { ...message, text: "ding" },
    { event: "missed", peer: "p", name: "otter", count: 3 },
    { ...message, base64: "AAEC", question: "q7" },
  ];
  const { runs, err } = await hooked(["sub", "door", "--exec", "run"], { "GET /v1/messages": () => apiLines(lines) });
  assertEquals(runs.map(({ input }) => [...input]), [[..."ding"].map((letter) => letter.charCodeAt(0)), [0, 1, 2]]);
  assertStringIncludes(err, "3 messages of otter never came here");
  assertEquals(runs[1]?.variables, {
    ...{ KITH_HOME: "/home/me/.local/share/kith", KITH_TOPIC: "door/bell", KITH_SENDER: "p", KITH_TIME: "8" },
    ...{ KITH_SENDER_NAME: "otter", KITH_DIRECT: "1", KITH_QUESTION: "q7", KITH_SKIPPED: "0" },
  });
});

Deno.test("a run that fails is told, and makes the command end with 1", async () => {
  const answers = { "GET /v1/watch": () => apiLines(EVENTS) };
  const { code, err } = await hooked(["watch", "--exec", "run"], answers, 3);
  assertEquals(code, 1);
  assertStringIncludes(err, "kith: photo: run ended with 3\n");
  const json = await hooked(["watch", "--exec", "run", "--json"], answers, 3);
  assertEquals(json.out.split("\n").slice(0, 1).map((line) => JSON.parse(line)), [
    { v: 1, event: "ran", op: "put", key: "lamp", version: "v1", code: 3, timed_out: false, took_ms: 12, skipped: 0 },
  ]);
});

Deno.test("where programs may not be run that is said before anything else", async () => {
  const { code, err, asked } = await run(["watch", "--exec", "run"], {}, (_, backend) => backend.mayRun = () => false);
  assertEquals([code, asked.length], [4, 0]);
  assertStringIncludes(err, "kith may not run run: give 'deno run' the flag --allow-run");
  assertEquals((await run(["watch", "--exec", "run", "--positions", "--json"])).code, 2);
});

Deno.test("only a command line that asks for programs keeps the permission to run them", () => {
  const none = () => undefined;
  assertEquals(asksForPrograms(["watch", "--exec", "x"], none), true);
  assertEquals(asksForPrograms(["--json", "watch", "k", "--exec=x", "--", "y"], none), true);
  for (
    const words of [[], ["up"], ["watch"], ["watch", "--", "--exec", "x"], ["up", "--exec", "x"], ["watch", "--exec"], [
      "set",
      "k",
      "--",
      "--exec=x",
    ], ["--exec", "x"]]
  ) assertEquals(asksForPrograms(words, none), false, words.join(" "));
  assertEquals(asksForPrograms(["watch"], (name) => name === "KITH_EXEC" ? "x" : undefined), false);
});

Deno.test("words behind -- are the program's where there is one, and arguments elsewhere", () => {
  const none = () => undefined;
  const hooked = parseCommandLine(["watch", "k/", "--exec", "sh", "--", "-c", "x y"], none);
  assertEquals([hooked.args, hooked.flags.list("exec")], [["k/"], ["sh", "-c", "x y"]]);
  const plain = parseCommandLine(["watch", "--", "--exec"], none);
  assertEquals([plain.args, plain.flags.has("exec")], [["--exec"], false]);
});

Deno.test("no variable that a program gets is one by which a flag can be given", async () => {
  const flags = [...GLOBAL_FLAGS, ...COMMANDS.flatMap(({ flags }) => flags)];
  const read = new Set(flags.filter((flag) => flag.hasVariable !== false).map(flagVariable));
  const changes = await hooked(["watch", "--exec", "x"], { "GET /v1/watch": () => apiLines(EVENTS) });
  const events = await hooked(["watch", "--events", "--exec", "x"], {
    "GET /v1/events": () => apiLines([{ event: "left", time: 7, peer: "p", name: "n" }]),
  });
  const messages = await hooked(["sub", "--exec", "x"], {
    "GET /v1/messages": () => apiLines([{ event: "message", topic: "t", peer: "p", name: "n", time: 1, text: "x" }]),
  });
  const given = [...changes.runs, ...events.runs, ...messages.runs].flatMap(({ variables }) => Object.keys(variables));
  assertEquals(given.filter((name) => name !== "KITH_HOME" && read.has(name)), []);
});
