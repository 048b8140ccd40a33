import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Followed, type Home, Machine, TIMEOUT, type UpPeer } from "./kith.ts";

/** Two homes of one space, both running and linked. */
async function two(machine: Machine): Promise<{ a: Home; b: Home; peers: readonly [UpPeer, UpPeer] }> {
  const [a, b] = [machine.home("a"), machine.home("b")] as const;
  const first = await a.up(["--name", "attic"]);
  const { words } = await a.object("invite");
  const second = await b.up(["join", "-", "--at", first.address, "--name", "cellar"], { stdin: words });
  for (const home of [a, b]) await home.ok("wait", "--synced", "--timeout", TIMEOUT);
  return { a, b, peers: [first, second] };
}

/** Waits until a follower is subscribed, which its first line with --json says. */
async function subscribed(home: Home, ...args: string[]): Promise<Followed> {
  const followed = home.follow("sub", ...args, "--json");
  assertEquals(JSON.parse(await followed.line() ?? "{}"), { v: 1, event: "subscribed" });
  return followed;
}

Deno.test("a message that is published on one machine is printed on the other, with all about it", async () => {
  await using machine = new Machine();
  const { a, b, peers: [first] } = await two(machine);
  const news = await subscribed(b, "news", "--limit", "3");
  assertEquals(await a.object("pub", "news", "hello"), { v: 1, sent: 1, reached: 1 });
  await a.ok("pub", "newspaper", "not this one");
  const { time, ...rest } = JSON.parse(await news.line() ?? "{}");
  assertEquals(typeof time, "number");
  const sender = { peer: first.ready.peer, name: "attic" };
  assertEquals(rest, { v: 1, event: "message", topic: "news", ...sender, text: "hello" });
  const { out } = await a.run(["pub", "news/today", "--lines", "--json"], { stdin: "one\ntwo\n" });
  assertEquals(JSON.parse(out), { v: 1, sent: 2 });
  const lines = [await news.line(), await news.line()].map((line) => JSON.parse(line ?? "{}"));
  assertEquals(lines.map(({ topic, text }) => [topic, text]), [["news/today", "one"], ["news/today", "two"]]);
  assertEquals((await news.ended()).code, 0);
});

Deno.test("what is sent to one peer, and what it answers, nobody else sees", async () => {
  await using machine = new Machine();
  const { a, b } = await two(machine);
  const atA = await subscribed(a, "--limit", "1");
  const atB = await subscribed(b, "--limit", "3");
  await a.ok("send", "cellar", "lunch?");
  const { topic, direct, text } = JSON.parse(await atB.line() ?? "{}");
  assertEquals([topic, direct, text], ["chat", true, "lunch?"]);
  const asked = a.run(["ask", "@cellar", "now?", "--topic", "temperature", "--timeout", TIMEOUT]);
  const question = JSON.parse(await atB.line() ?? "{}");
  assertEquals([question.topic, question.text], ["temperature", "now?"]);
  await b.ok("reply", question.question, "21.5 °C");
  assertEquals((await asked).out, "21.5 °C");
  const again = await b.run(["reply", question.question, "twice", "--json"]);
  assertEquals([again.code, JSON.parse(again.out).error], [3, "question_unknown"]);
  const unanswered = await a.run(["ask", "temperature", "now?", "--timeout", "50ms"]);
  assertEquals(unanswered.code, 5);
  assertStringIncludes(unanswered.err, "nobody answered");
  assertEquals(JSON.parse(await atB.line() ?? "{}").text, "now?");
  // The first that came to its own reader is the question that went to all.
  assertEquals(JSON.parse(await atA.line() ?? "{}").text, "now?");
  for (const followed of [atA, atB]) assertEquals((await followed.ended()).code, 0);
  const unknown = await a.run(["send", "nobody", "x"]);
  assertEquals(unknown.code, 3);
  assertMatch(unknown.err, /No linked peer is called 'nobody'/);
});

Deno.test("without --json a message is its own bytes and a newline, and - and @FILE are read", async () => {
  await using machine = new Machine();
  const home = machine.home("home");
  await home.up();
  const followed = home.follow("sub", "raw", "--limit", "3");
  // Nothing tells when it is subscribed: what it prints first is the first that came after that.
  let isPrinted = false;
  const first = followed.line().then((line) => {
    isPrinted = true;
    return line;
  });
  while (!isPrinted) await home.ok("pub", "raw", "\x1b[2J");
  assertEquals(await first, "\x1b[2J");
  await home.run(["pub", "raw", "-"], { stdin: "all\nof it" });
  await Deno.writeTextFile(`${machine.folder}/file`, "of a file");
  await home.ok("pub", "raw", `@${machine.folder}/file`);
  assertEquals((await followed.ended()).code, 0);
});
