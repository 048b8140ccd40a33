import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { concat } from "../../lib/base/bytes.ts";
import { apiLines, apiObject, run } from "./fakes.ts";

const MESSAGE = { event: "message", topic: "news", peer: "aaaaaaaaaaaa", name: "att\x1bic", time: 5 };

Deno.test("sub prints what messages carry, and says what is missing", async () => {
  const answers = {
    "GET /v1/messages": () =>
      apiLines([
        { event: "subscribed" },
        { ...MESSAGE, text: "one\ttwo" },
        { event: "dropped", count: 3 },
        { event: "missed", peer: "bbbbbbbbbbbb", count: 1 },
        { ...MESSAGE, base64: "/w==" },
        { ...MESSAGE, text: "behind the last" },
      ]),
  };
  const { code, console, err } = await run(["sub", "news", "--limit", "2"], answers);
  assertEquals([code, concat(console.stdoutBytes)], [
    0,
    Uint8Array.of(...new TextEncoder().encode("one\ttwo\n"), 0xff, 10),
  ]);
  assertEquals(
    err,
    "kith: 3 messages dropped: they are read too slowly here\n" +
      "kith: 1 message of bbbbbbbb never came here, on whatever topic\n",
  );
  const { out } = await run(["sub", "--json", "--limit", "1"], answers);
  assertEquals(out.trim().split("\n").map((line) => JSON.parse(line)), [
    { v: 1, event: "subscribed" },
    { v: 1, ...MESSAGE, text: "one\ttwo" },
  ]);
});

Deno.test("what came together is written at once, what comes later by itself, and words in between where they belong", async () => {
  const text = [1, 2, 3, 4].map((number) => JSON.stringify({ ...MESSAGE, text: `${number}` }) + "\n").join("");
  // The second piece begins in the middle of a line.
  const [first, second] = [text.slice(0, -60), text.slice(-60)];
  const pieces = () => ReadableStream.from([first, second].map((piece) => new TextEncoder().encode(piece)));
  const inPieces = { "GET /v1/messages": () => new Response(pieces()) };
  const { console } = await run(["sub"], inPieces);
  assertEquals(console.stdoutBytes.map((bytes) => new TextDecoder().decode(bytes)), ["1\n2\n3\n", "4\n"]);

  const told = [{ ...MESSAGE, text: "before" }, { event: "dropped", count: 3 }, { ...MESSAGE, text: "behind" }];
  const order: string[] = [];
  await run(["sub"], { "GET /v1/messages": () => apiLines(told) }, ({ stdout, stderr }) => {
    stdout.write = (bytes) => void order.push(new TextDecoder().decode(bytes));
    stderr.write = (bytes) => void order.push(new TextDecoder().decode(bytes));
  });
  const warning = "kith: 3 messages dropped: they are read too slowly here\n";
  assertEquals(order, ["before\n", warning, "behind\n"]);

  const closed = await run(["sub"], inPieces, (console) => console.readsLeft = 1);
  assertEquals([closed.code, closed.out, closed.err], [0, "1\n2\n3\n", ""]);
});

Deno.test("what a message command lacks, or has too much, is said", async () => {
  for (
    const [words, sentence] of [
      [["pub", "t"], /needs a MESSAGE, '-' for all of standard input, or --lines/],
      [["pub", "t", "text", "--lines"], /--lines reads standard input, or a file/],
      [["ask", "t", "?", "--topic", "u"], /--topic belongs to a question to one '@PEER'/],
      [["ask", "t", "?", "--timeout", "never"], /--timeout takes a time/],
    ] as const
  ) {
    const { code, err } = await run([...words]);
    assertEquals(code, 2, words.join(" "));
    assertMatch(err, sentence);
  }
});

Deno.test("status says which messages went to nobody", async () => {
  const messages = { sent: 9, received: 9, passed_on: 1, missed: 0, dropped: 1200, unread: 2 };
  const { out } = await run(["status"], { "GET /v1/status": () => apiObject({ name: "otter", messages }) });
  assertStringIncludes(out, "messages     1,200 left out on links that are too slow, 2 not read in time here");
  const none = { ...messages, dropped: 0, unread: 0 };
  const well = await run(["status"], { "GET /v1/status": () => apiObject({ name: "otter", messages: none }) });
  assertEquals(well.out.includes("messages"), false);
});
