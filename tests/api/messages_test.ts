import { assertEquals } from "@std/assert";
import { MAX_POST_BYTES, MAX_SUBSCRIPTION_BYTES, MAX_SUBSCRIPTION_POSTS } from "../../lib/base/limits.ts";
import { parseLines, startHost, tempFolder, type TempHost } from "../host/temp_host.ts";
import { LineReader } from "./line_stream.ts";

async function start(path: string): Promise<TempHost> {
  const peer = await startHost(path);
  await peer.object("POST", "/v1/space");
  return peer;
}

async function subscribe(peer: TempHost, topic: string): Promise<LineReader> {
  const lines = new LineReader(await peer.call("GET", `/v1/messages?topic=${topic}`));
  assertEquals((await lines.next())?.event, "subscribed");
  return lines;
}

Deno.test("a subscriber is told of the messages on its topic and below it, and of no others", async () => {
  await using folder = await tempFolder();
  await using peer = await start(`${folder.path}/a`);
  const news = await subscribe(peer, "news");
  const below = await subscribe(peer, "news/");
  const all = await subscribe(peer, "");
  const topics = ["newspaper", "news", "news/today", "other"];
  for (const topic of topics) await peer.call("POST", `/v1/messages?topic=${topic}`, topic);
  await peer.call("POST", "/v1/messages?topic=news/bytes", Uint8Array.of(0xff));
  const told = async (lines: LineReader, count: number) => {
    const list = [];
    for (let i = 0; i < count; i++) list.push(await lines.next());
    return list.map((line) => line?.text ?? line?.base64);
  };
  assertEquals(await told(news, 3), ["news", "news/today", "/w=="]);
  assertEquals(await told(below, 2), ["news/today", "/w=="]);
  assertEquals(await told(all, 5), [...topics, "/w=="]);
  for (const lines of [news, below, all]) await lines.cancel();
});

Deno.test("each line of a body is a message, and what is too large is refused by name", async () => {
  await using folder = await tempFolder();
  await using peer = await start(`${folder.path}/a`);
  const lines = await subscribe(peer, "t");
  const answer = await peer.object("POST", "/v1/messages?topic=t&lines=1", "one\n\nthree\r\nfour");
  assertEquals(answer, { v: 1, sent: 4 });
  const texts = [];
  for (let i = 0; i < 4; i++) texts.push((await lines.next())?.text);
  assertEquals(texts, ["one", "", "three", "four"]);
  await lines.cancel();
  const large = "x".repeat(MAX_POST_BYTES + 1);
  for (const path of ["/v1/messages?topic=t&lines=1", "/v1/messages?topic=t", "/v1/answer?question=q"]) {
    assertEquals((await peer.object("POST", path, large)).error, "message_too_large", path);
  }
  assertEquals((await peer.object("POST", "/v1/messages?topic=t", "x".repeat(MAX_POST_BYTES))).sent, 1);
  assertEquals((await peer.object("POST", "/v1/messages?topic=", "x")).error, "topic_invalid");
  assertEquals((await peer.object("POST", "/v1/messages", "x")).error, "bad_request");
  assertEquals((await peer.object("POST", "/v1/messages?topic=t&to=nobody", "x")).error, "peer_unknown");
});

Deno.test("who reads too slowly loses the oldest, is told how many, and so is status; others lose nothing", async () => {
  await using folder = await tempFolder();
  await using peer = await start(`${folder.path}/a`);
  const [slow, quick] = [await subscribe(peer, "t"), await subscribe(peer, "t")] as const;
  const filling = "x".repeat(MAX_POST_BYTES - 10);
  const count = Math.ceil(1.5 * MAX_SUBSCRIPTION_BYTES / MAX_POST_BYTES);
  const numberOf = (line: Record<string, unknown> | null) => Number(String(line?.text).split(" ")[0]);
  for (let i = 1; i <= count; i++) {
    await peer.object("POST", "/v1/messages?topic=t", `${i} ${filling}`);
    assertEquals(numberOf(await quick.next()), i);
  }
  let dropped = 0;
  for (let next = 1; next <= count; next++) {
    const line = await slow.next() ?? {};
    if (line.event === "dropped") {
      dropped += Number(line.count);
      next += Number(line.count) - 1;
    } else assertEquals(numberOf(line), next);
  }
  assertEquals(dropped > count / 4, true, `${dropped} of ${count}`);
  const { messages } = await peer.object("GET", "/v1/status") as { messages: Record<string, number> };
  assertEquals([messages.unread, messages.sent], [dropped, count]);
  assertEquals(peer.host.counters.messages_dropped, 1);
  for (const lines of [slow, quick]) await lines.cancel();
});

Deno.test("a question is answered once, by the first; and none is waited for longer than it says", async () => {
  await using folder = await tempFolder();
  await using peer = await start(`${folder.path}/a`);
  const lines = await subscribe(peer, "t");
  const asked = peer.call("POST", "/v1/ask?topic=t&timeout_ms=60000", "how much?");
  const question = await lines.next() ?? {};
  assertEquals([question.text, typeof question.question], ["how much?", "string"]);
  const path = `/v1/answer?question=${question.question}`;
  assertEquals((await peer.object("POST", path, "3")).answered, question.question);
  assertEquals(parseLines(await (await asked).text())[0]?.text, "3");
  assertEquals((await peer.object("POST", path, "4")).error, "question_unknown");
  const late = await peer.object("POST", "/v1/ask?topic=t&timeout_ms=1", "how much?");
  assertEquals([late.error, late.exit], ["timed_out", 5]);
  const tooLate = await lines.next() ?? {};
  assertEquals((await peer.object("POST", `/v1/answer?question=${tooLate.question}`, "3")).error, "question_unknown");
  for (const timeout of ["", "&timeout_ms=0", "&timeout_ms=x"]) {
    assertEquals((await peer.object("POST", `/v1/ask?topic=t${timeout}`, "?")).error, "bad_request");
  }
  await lines.cancel();
});

Deno.test("a reader that is gone costs nothing more", async () => {
  await using folder = await tempFolder();
  await using peer = await start(`${folder.path}/a`);
  const lines = await subscribe(peer, "t");
  await lines.cancel();
  const body = "x\n".repeat(MAX_SUBSCRIPTION_POSTS + 1);
  assertEquals((await peer.object("POST", "/v1/messages?topic=t&lines=1", body)).sent, MAX_SUBSCRIPTION_POSTS + 1);
  const { messages } = await peer.object("GET", "/v1/status") as { messages: Record<string, number> };
  assertEquals(messages.unread, 0);
});
