import { assertEquals, assertThrows } from "@std/assert";
import { KithError } from "../../lib/base/errors.ts";
import { MAX_OPEN_QUESTIONS, MAX_QUESTION_MS, RECEIPT_TIMEOUT_MS } from "../../lib/base/limits.ts";
import { Identity } from "../../lib/crypto/identity.ts";
import type { Reply } from "../../lib/peer/machine.ts";
import { PostRequests } from "../../lib/peer/post_requests.ts";
import { Questions } from "../../lib/peer/questions.ts";
import type { Post } from "../../lib/wire/posts.ts";
import { at } from "../link/pair.ts";
import { Prng } from "../sim/prng.ts";

const PAYLOAD = new TextEncoder().encode("x");

/** Requests over links of which none is there, and what comes of them. @param awaitedUntilMs how long one is waited for. */
function requestsWithoutLinks(awaitedUntilMs: number | null = null) {
  const random = new Prng(1);
  const replies = new Map<number, Reply>();
  const posts: { post: Post; to: string | null }[] = [];
  const reply = (id: number, given: Reply) => void replies.set(id, given);
  const questions = new Questions(random, reply);
  const requests = new PostRequests({
    identity: Identity.generate(random),
    own: { add: (list: Post[], to: string | null) => void posts.push(...list.map((post) => ({ post, to }))) } as never,
    topics: { endTurn: () => {} } as never,
    questions,
    links: { of: () => null, awaitedUntilMs: () => awaitedUntilMs, hasRoom: () => true, size: 0 } as never,
    find: (peer) => peer,
    reply,
  });
  return { requests, questions, posts, replies };
}

Deno.test("a message to a member that is not linked is replied to when its peer says that it came", () => {
  const { requests, questions, posts, replies } = requestsWithoutLinks();
  const list = [{ topic: "t", payload: PAYLOAD }, { topic: "t", payload: PAYLOAD }];
  requests.take(1, { type: "post", posts: list, to: "far" }, at(0));
  requests.take(2, { type: "post", posts: list, to: "far" }, at(10));
  requests.endTurn(at(10));
  assertEquals(posts.map(({ post: { kind }, to }) => [kind, to]), [
    ["plain", "far"],
    ["tracked", "far"],
    ["plain", "far"],
    ["tracked", "far"],
  ]);
  assertEquals(replies.size, 0);
  const answer = { peer: "far", payload: new Uint8Array(), timeMs: 5 };
  questions.answered(posts[3]?.post.question as Uint8Array, answer);
  assertEquals([...replies], [[2, { ok: true, answer, reached: 1 }]]);
  assertEquals(questions.deadline(), RECEIPT_TIMEOUT_MS);
  questions.tick(at(RECEIPT_TIMEOUT_MS));
  const late = replies.get(1);
  assertEquals(late?.ok === false && [late.code, late.values.seconds], ["timed_out", RECEIPT_TIMEOUT_MS / 1000]);
  questions.answered(posts[1]?.post.question as Uint8Array, answer);
  assertEquals(replies.size, 2, "who has given up is told nothing more");
});

Deno.test("word that a message came is waited for until after it has gone by others, where it is kept for a link first", () => {
  const { requests, questions, replies } = requestsWithoutLinks(6200);
  requests.take(1, { type: "post", posts: [{ topic: "t", payload: PAYLOAD }], to: "far" }, at(2000));
  questions.tick(at(6200 + RECEIPT_TIMEOUT_MS - 1));
  assertEquals(replies.size, 0);
  questions.tick(at(questions.deadline()));
  const late = replies.get(1);
  assertEquals(late?.ok === false && [late.code, late.values.seconds], ["timed_out", 10]);
});

Deno.test("questions that wait are bounded, and so is how long they do", () => {
  const { requests, questions, replies } = requestsWithoutLinks();
  const ask = (id: number) =>
    requests.take(id, { type: "ask", topic: "t", payload: PAYLOAD, to: null, timeoutMs: Infinity }, at(0));
  for (let id = 0; id < MAX_OPEN_QUESTIONS; id++) ask(id);
  assertThrows(() => ask(MAX_OPEN_QUESTIONS), KithError, "too many requests");
  assertEquals(questions.deadline(), MAX_QUESTION_MS);
  questions.tick(at(MAX_QUESTION_MS));
  assertEquals(replies.size, MAX_OPEN_QUESTIONS);
});
