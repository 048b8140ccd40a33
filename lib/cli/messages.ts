import { KithError } from "../base/errors.ts";
import { MAX_POST_BYTES } from "../base/limits.ts";
import type { JsonObject } from "./client.ts";
import { type Context, EXIT_OK } from "./context.ts";
import { escapeText } from "./escape.ts";
import { numberField, textField } from "./fields.ts";
import { formatCalled, formatCount, formatNumber } from "./format.ts";
import { type Happening, Hooks } from "./hooks.ts";
import { readAll } from "./lines.ts";
import { CHAT_TOPIC } from "./message_commands.ts";
import { usageError } from "./usage.ts";
import { openFile } from "./values.ts";

/** What stands for everybody in the place of a peer. */
const ALL = "@all";
const LINE_FEED = 10;
const encoder = new TextEncoder();

/** `pub TOPIC [MESSAGE]`. */
export async function pub(context: Context): Promise<number> {
  const [topic, message] = context.args as [string, string | undefined];
  if (context.flags.on("lines")) return await publishLines(context, topic, message ?? "-");
  if (message === undefined) {
    throw usageError("'kith pub' needs a MESSAGE, '-' for all of standard input, or --lines for its lines.");
  }
  return await post(context, { topic }, message);
}

/** `send PEER|@all MESSAGE`. */
export async function send(context: Context): Promise<number> {
  const [peer, message] = context.args as [string, string];
  return await post(context, { topic: topicOf(context), ...(peer === ALL ? {} : { to: called(peer) }) }, message);
}

/** `ask TOPIC|@PEER MESSAGE`. */
export async function ask(context: Context): Promise<number> {
  const { flags, output, signal } = context;
  const [whom, message] = context.args as [string, string];
  const toPeer = whom.startsWith("@") && whom !== ALL;
  if (!toPeer && topicOf(context) !== CHAT_TOPIC) throw usageError("--topic belongs to a question to one '@PEER'.");
  const timeoutMs = flags.number("timeout") ?? Infinity;
  if (!(timeoutMs > 0 && timeoutMs < Infinity)) throw usageError("--timeout takes a time, such as 10s.");
  const body = await givenMessage(context, message);
  const peer = await context.needRunningPeer();
  const answer = await peer.object("POST", "/v1/ask", {
    query: {
      ...(toPeer ? { topic: topicOf(context), to: called(whom) } : { topic: whom === ALL ? CHAT_TOPIC : whom }),
      timeout_ms: timeoutMs,
    },
    body,
    signal,
  });
  if (output.json) output.object(answer);
  else if (output.isTerminal) output.line(shownPayload(answer));
  else output.bytes(payloadOf(answer));
  return EXIT_OK;
}

/** `reply QUESTION MESSAGE`. */
export async function reply(context: Context): Promise<number> {
  const [question, message] = context.args as [string, string];
  const body = await givenMessage(context, message);
  const peer = await context.needRunningPeer();
  const answer = await peer.object("POST", "/v1/answer", { query: { question }, body, signal: context.signal });
  if (context.output.json) context.output.object(answer);
  return EXIT_OK;
}

/** `sub [TOPIC]`. */
export async function sub(context: Context): Promise<number> {
  const { output, flags } = context;
  if (flags.has("exec")) return await new Hooks(context, false).follow(messagesToRun(context));
  for await (const events of messageEvents(context)) {
    output.together(() => {
      for (const event of events) tell(event, context);
    });
  }
  return EXIT_OK;
}

/**
 * The messages, and what is told of those that were lost, in groups as they come, until there were as many messages as
 * were asked for.
 */
async function* messageEvents(context: Context): AsyncGenerator<JsonObject[]> {
  const { flags, args, signal } = context;
  const peer = await context.needRunningPeer();
  let left = flags.number("limit") ?? Infinity;
  for await (const events of peer.objectGroups("GET", "/v1/messages", { query: { topic: args[0] }, signal })) {
    const last = events.findIndex(({ event }) => event === "message" && --left <= 0);
    yield last < 0 ? events : events.slice(0, last + 1);
    if (last >= 0) return;
  }
}

/** The messages, as a program is run for them; what was lost is told meanwhile. */
async function* messagesToRun(context: Context): AsyncGenerator<Happening> {
  for await (const events of messageEvents(context)) {
    for (const event of events) {
      if (event.event === "message") yield messageToRun(event);
      else tell(event, context);
    }
  }
}

function messageToRun(event: JsonObject): Happening {
  const [topic, peer] = [textField(event, "topic"), textField(event, "peer")];
  const question = textField(event, "question");
  return {
    lane: topic,
    input: payloadOf(event),
    variables: {
      ...{ TOPIC: topic, SENDER: peer, SENDER_NAME: textField(event, "name"), TIME: String(event.time) },
      ...{ DIRECT: event.direct === true ? "1" : "0", QUESTION: question },
    },
    fields: { topic, peer, ...(question === "" ? {} : { question }) },
  };
}

/** A message in one safe line, with who sent it and on which topic. */
export function messageLine(event: JsonObject, dim: (text: string) => string): string {
  const topic = textField(event, "topic");
  const about = [
    ...(event.direct === true ? ["to you"] : []),
    ...(topic === CHAT_TOPIC ? [] : [escapeText(topic)]),
    ...(event.question === undefined ? [] : [`question ${escapeText(textField(event, "question"))}`]),
  ];
  const sender = formatCalled(textField(event, "name"), textField(event, "peer"));
  return `${dim(`${sender}${about.length === 0 ? "" : ` (${about.join(", ")})`}:`)} ${shownPayload(event)}`;
}

function tell(event: JsonObject, { output }: Context): void {
  if (output.json) return output.object(event);
  const count = numberField(event, "count") ?? 0;
  switch (event.event) {
    case "message":
      if (output.isTerminal) return output.line(messageLine(event, (text) => output.dim(text)));
      return output.bytes(withLineFeed(payloadOf(event)));
    case "dropped":
      return output.warning(`${formatCount(count, "message")} dropped: they are read too slowly here`);
    case "missed": {
      const sender = formatCalled(textField(event, "name"), textField(event, "peer"));
      return output.warning(`${formatCount(count, "message")} of ${sender} never came here, on whatever topic`);
    }
  }
}

async function post(context: Context, query: { topic: string; to?: string }, message: string): Promise<number> {
  const body = await givenMessage(context, message);
  const peer = await context.needRunningPeer();
  const answer = await peer.object("POST", "/v1/messages", { query, body, signal: context.signal });
  if (context.output.json) context.output.object(answer);
  return EXIT_OK;
}

async function publishLines(context: Context, topic: string, from: string): Promise<number> {
  const { console, output } = context;
  if (from !== "-" && !from.startsWith("@")) throw usageError("--lines reads standard input, or a file: '@FILE'.");
  const body = from === "-" ? console.stdin() : (await openFile(context, from.slice(1))).stream;
  const peer = await context.needRunningPeer();
  const query = { topic, lines: true };
  const answer = await peer.object("POST", "/v1/messages", { query, body, signal: context.signal });
  if (output.json) output.object(answer);
  else output.words(`${formatNumber(numberField(answer, "sent") ?? 0)} sent`);
  return EXIT_OK;
}

async function givenMessage(context: Context, message: string): Promise<Uint8Array> {
  if (message !== "-" && !message.startsWith("@")) return encoder.encode(message);
  const stream = message === "-" ? context.console.stdin() : (await openFile(context, message.slice(1))).stream;
  const bytes = await readAll(stream, MAX_POST_BYTES);
  if (bytes !== null) return bytes;
  throw new KithError("message_too_large", { sizeBytes: `more than ${MAX_POST_BYTES}`, limitBytes: MAX_POST_BYTES });
}

function topicOf({ flags }: Context): string {
  return flags.text("topic") ?? CHAT_TOPIC;
}

/** A peer's name with or without the `@` before it. */
function called(peer: string): string {
  return peer.startsWith("@") ? peer.slice(1) : peer;
}

function payloadOf(fields: JsonObject): Uint8Array {
  return typeof fields.base64 === "string"
    ? Uint8Array.fromBase64(fields.base64)
    : encoder.encode(textField(fields, "text"));
}

function shownPayload(fields: JsonObject): string {
  if (typeof fields.base64 === "string") return "(bytes)";
  return escapeText(textField(fields, "text"));
}

function withLineFeed(bytes: Uint8Array): Uint8Array {
  const line = new Uint8Array(bytes.length + 1);
  line.set(bytes);
  line[bytes.length] = LINE_FEED;
  return line;
}
