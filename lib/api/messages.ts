import { utf8Decode } from "../base/bytes.ts";
import { KithError } from "../base/errors.ts";
import { MAX_BATCH_POSTS, MAX_POST_BYTES, MAX_WRITE_BYTES } from "../base/limits.ts";
import type { HostApi } from "../host/host_api.ts";
import type { PostReader, PostView } from "../peer/post_views.ts";
import { accepted, type Fields, lateAnswer, type Told } from "./answer.ts";
import { readBody } from "./body.ts";
import { memberNames, writerFields } from "./entries.ts";
import { readLines } from "./line_reader.ts";
import { Waker } from "./waker.ts";

/** Messages of one piece of an answer: little at their largest. */
const TOLD_TOGETHER = 64;

/** Sends a message: the body. Query: topic, to (a linked member; default: all). Answers how many links it went to. */
export async function postMessage(host: HostApi, query: URLSearchParams, request: Request): Promise<Fields> {
  const posts = [{ topic: topicOf(query), payload: await readPayload(request) }];
  const { reached } = accepted(await host.request({ type: "post", posts, to: query.get("to") }));
  return { sent: 1, reached };
}

/** Sends each line of the body as a message, as they come. Query: as for one. Answers at the end how many there were. */
export function postLines(host: HostApi, query: URLSearchParams, request: Request): Response {
  const topic = topicOf(query);
  const to = query.get("to");
  return lateAnswer(async (signal) => {
    let sent = 0;
    const send = async (posts: readonly { topic: string; payload: Uint8Array }[]) => {
      if (posts.length > 0) accepted(await host.request({ type: "post", posts, to }));
      if (signal.aborted) throw new KithError("stopping");
      sent += posts.length;
    };
    for await (const lines of readLines(request.body ?? new Blob([]).stream(), MAX_POST_BYTES)) {
      let posts: { topic: string; payload: Uint8Array }[] = [];
      let sizeBytes = 0;
      for (const { bytes } of lines) {
        if (bytes === null || posts.length >= MAX_BATCH_POSTS || sizeBytes + bytes.length > MAX_WRITE_BYTES) {
          await send(posts);
          posts = [];
          sizeBytes = 0;
        }
        if (bytes === null) throw tooLarge();
        posts.push({ topic, payload: bytes });
        sizeBytes += bytes.length;
      }
      await send(posts);
    }
    return { sent };
  }, host.stopping);
}

/** Asks something, the body, and gives the first answer. Query: topic, to, timeout_ms. */
export async function ask(host: HostApi, query: URLSearchParams, request: Request): Promise<Response> {
  const timeoutMs = Number(query.get("timeout_ms") ?? NaN);
  if (!(timeoutMs > 0)) throw new KithError("bad_request", { detail: "'timeout_ms' must be a number above 0" });
  const question = { type: "ask", topic: topicOf(query), payload: await readPayload(request) } as const;
  return lateAnswer(async () => {
    const { answer } = accepted(await host.request({ ...question, to: query.get("to"), timeoutMs }));
    if (answer === undefined) throw new KithError("stopping");
    return { ...writerFields(answer.peer, memberNames(host)), time: answer.timeMs, ...payloadFields(answer.payload) };
  }, host.stopping);
}

/** Answers a question with the body. Query: question, its id. */
export async function answerQuestion(host: HostApi, query: URLSearchParams, request: Request): Promise<Fields> {
  const question = query.get("question");
  if (question === null) throw new KithError("bad_request", { detail: "it has no 'question'" });
  accepted(await host.request({ type: "answer", question, payload: await readPayload(request) }));
  return { answered: question };
}

/**
 * The messages on a topic and below it as they come: first `subscribed`, then `message` for each. `dropped` says how
 * many are left out at that place, since they were read too slowly, and `missed` how many of whose messages, on
 * whatever topic, never came to this peer. Query: topic; default: all.
 */
export async function* readMessages(
  host: HostApi,
  query: URLSearchParams,
  signal: AbortSignal,
): AsyncGenerator<Told> {
  using waker = new Waker(signal);
  const topic = query.get("topic") ?? "";
  const reader = host.peer.subscribe(topic);
  const stopHearing = host.onTurn(() => reader.hasNews && waker.wake());
  try {
    yield { event: "subscribed" };
    while (!signal.aborted) {
      if (reader.hasNews) yield* newsLines(host, topic, reader);
      else await waker.woken();
    }
  } finally {
    stopHearing();
    reader.close();
  }
}

function* newsLines(host: HostApi, topic: string, reader: PostReader): Generator<Told> {
  const { dropped, missed, posts } = reader.take();
  const names = memberNames(host);
  if (dropped > 0) {
    const fields = { topic, count: dropped };
    host.event({ name: "messages_dropped", level: "warning", reason: "slow_reader", fields });
    yield { event: "dropped", count: dropped };
  }
  for (const { peer, count } of missed) yield { event: "missed", ...writerFields(peer, names), count };
  for (let i = 0; i < posts.length; i += TOLD_TOGETHER) {
    yield posts.slice(i, i + TOLD_TOGETHER).map((post) => messageFields(post, names));
  }
}

function messageFields(post: PostView, names: ReadonlyMap<string, string>): Fields {
  const { topic, peer, timeMs, direct, question, payload } = post;
  return {
    ...{ event: "message", topic, ...writerFields(peer, names), time: timeMs },
    ...(direct ? { direct } : {}),
    ...(question === null ? {} : { question }),
    ...payloadFields(payload),
  };
}

/** What a message carries: its text, or the bytes of what is none. */
function payloadFields(payload: Uint8Array): Fields {
  try {
    return { text: utf8Decode(payload) };
  } catch {
    // It is sent as it is, whatever it is.
    return { base64: payload.toBase64() };
  }
}

async function readPayload(request: Request): Promise<Uint8Array> {
  const payload = await readBody(request, MAX_POST_BYTES);
  if (payload === null) throw tooLarge();
  return payload;
}

function tooLarge(): KithError {
  return new KithError("message_too_large", { sizeBytes: `more than ${MAX_POST_BYTES}`, limitBytes: MAX_POST_BYTES });
}

function topicOf(query: URLSearchParams): string {
  const topic = query.get("topic");
  if (topic === null) throw new KithError("bad_request", { detail: "it has no 'topic'" });
  return topic;
}
