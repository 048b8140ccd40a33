import { assert, assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../lib/base/errors.ts";
import { DEFAULT_HISTORY_MS, MAX_POST_BYTES, MAX_POST_QUEUE_BYTES, SILENT_AFTER_MS } from "../../lib/base/limits.ts";
import { Identity } from "../../lib/crypto/identity.ts";
import { seal } from "../../lib/crypto/sealed_box.ts";
import type { PostReader, PostView } from "../../lib/peer/post_views.ts";
import { DOMAINS } from "../../lib/wire/domains.ts";
import { batchMessage, encodeBatch, encodeSealedBatch, encodeSealedContent, type Post } from "../../lib/wire/posts.ts";
import { Lab } from "./lab.ts";
import type { SimPeer } from "./sim_peer.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function subscribe(peer: SimPeer, filter = ""): PostReader {
  assert(peer.machine !== null);
  return peer.machine.subscribe(filter);
}

function post(lab: Lab, from: SimPeer, text: string, to: string | null = null): void {
  lab.ask(from, { type: "post", posts: [{ topic: "t", payload: encode(text) }], to });
}

const textsOf = (reader: PostReader) => reader.take().posts.map(({ payload }) => decode(payload));

/** A batch by an identity of the space, as it travels. */
function batchBy(lab: Lab, identity: Identity, first: number, texts: readonly string[]) {
  const posts = texts.map((text): Post => ({
    topic: "t",
    kind: "plain",
    question: null,
    timeoutMs: 0,
    payload: encode(text),
  }));
  const batch = encodeBatch({ sender: identity.peerId, run: new Uint8Array(8).fill(7), first, timeMs: 5, posts });
  return { type: "posts", batch, signature: signed(lab, identity, "posts", batch) } as const;
}

function signed(lab: Lab, identity: Identity, type: "posts" | "sealed_posts", batch: Uint8Array): Uint8Array {
  const [genesis] = lab.peers[0]!.store.membershipRows();
  return identity.sign(DOMAINS.posts, batchMessage(genesis!.transaction.id, type, batch));
}

/** The link of a peer to another, to give it messages as if they came by it. */
function linkOf(peer: SimPeer, other: SimPeer) {
  const connection = [...peer.machine!.connections].find(({ peer }) => peer === other.id);
  assert(connection !== undefined);
  return connection;
}

Deno.test("a message reaches who subscribes at every member, once, and also where it was made", () => {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [SimPeer, SimPeer, SimPeer];
  const readers = [a, b, c].map((peer) => subscribe(peer, "t"));
  const reply = lab.ask(a, { type: "post", posts: [{ topic: "t", payload: encode("hello") }], to: null });
  assertEquals(reply.reached, 2);
  post(lab, b, "and you");
  lab.wait(1000);
  for (const reader of readers) {
    const { posts, missed, dropped } = reader.take();
    assertEquals(posts.map(({ payload, peer }) => [decode(payload), peer]), [["hello", a.id], ["and you", b.id]]);
    assertEquals([missed, dropped], [[], 0]);
  }
});

Deno.test("a message goes by others where there is no link; one to a single peer is read by nobody else", () => {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [SimPeer, SimPeer, SimPeer];
  lab.network.cut(a, c);
  lab.wait(2 * SILENT_AFTER_MS);
  assert(!lab.isLinked(a, c) && !lab.isLinked(c, a));
  const [atA, atB, atC] = [a, b, c].map((peer) => subscribe(peer)) as [PostReader, PostReader, PostReader];
  let answer: unknown = null;
  a.request(
    { type: "ask", topic: "q", payload: encode("who?"), to: null, timeoutMs: 60_000 },
    (reply) => answer = reply,
  );
  let question: PostView | undefined;
  lab.until(() => (question = atC.take().posts[0]) !== undefined, "the question to come by the one between");
  lab.ask(c, { type: "answer", question: question!.question as string, payload: encode("me") });
  lab.until(() => answer !== null, "the answer");
  assertEquals((answer as { answer: PostView }).answer.peer, c.id);
  assertEquals(textsOf(atA), ["who?"]);
  assertEquals(textsOf(atB), ["who?"], "the answer is not for who passes it on");
  assertEquals(b.machine!.status().messages.passedOn, 2);
  post(lab, b, "for you", a.id);
  lab.wait(1000);
  assertEquals([atA, atC].map((reader) => reader.take().posts.map(({ direct }) => direct)), [[true], []]);
  const refused = lab.answer(a, { type: "post", posts: [{ topic: "t", payload: encode("x") }], to: c.id });
  assert(!refused.ok && refused.code === "peer_unknown", "who is not linked in a small space is not here");
});

Deno.test("what nobody signed, or somebody else, or no member, is neither delivered nor passed on", () => {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [SimPeer, SimPeer, SimPeer];
  const [atB, atC] = [b, c].map((peer) => subscribe(peer)) as [PostReader, PostReader];
  const take = (by: SimPeer, message: Parameters<typeof give>[1]) => give(by, message);
  function give(
    by: SimPeer,
    message: ReturnType<typeof batchBy> | { type: "sealed_posts"; batch: Uint8Array; signature: Uint8Array },
  ) {
    b.machine!.linkMessage(linkOf(b, by), message, b.now);
    b.push({ type: "tick" });
    lab.wait(1000);
  }
  const good = batchBy(lab, c.identity, 1, ["good"]);
  const changed = { ...good, batch: good.batch.with(-1, "G".charCodeAt(0)) };
  assertThrows(() => take(a, changed), ProtocolError, "does not verify");
  assertThrows(() => take(c, changed), ProtocolError, "does not verify", "it would be passed on");
  assertThrows(() => take(a, { ...good, signature: batchBy(lab, a.identity, 1, ["good"]).signature }), ProtocolError);
  take(a, batchBy(lab, Identity.generate(lab.prng), 1, ["stranger"]));
  assertEquals([textsOf(atB), textsOf(atC)], [[], []]);
  assertEquals(b.events.get("messages_refused"), 1);
  take(a, good);
  take(c, good);
  take(a, batchBy(lab, c.identity, 1, ["under the same number"]));
  assertEquals(textsOf(atB), ["good"]);
  take(a, batchBy(lab, a.identity, 1, ["by a"]));
  assertEquals([textsOf(atB), textsOf(atC)], [["by a"], ["by a"]]);
});

Deno.test("a box with messages is for one member, and nobody passes off another's as its own", () => {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [SimPeer, SimPeer, SimPeer];
  const reader = subscribe(b);
  const posts = [{ topic: "t", kind: "plain", question: null, timeoutMs: 0, payload: encode("psst") }] as const;
  const boxOf = (sender: Uint8Array) =>
    seal(b.identity.sealingPublicKey, DOMAINS.post_box, encodeSealedContent(sender, posts), lab.prng) as Uint8Array;
  const sealedBy = (identity: Identity, box: Uint8Array) => {
    const head = { sender: identity.peerId, run: new Uint8Array(8).fill(9), first: 1, timeMs: 5 };
    const batch = encodeSealedBatch({ ...head, to: b.identity.peerId, box });
    return { type: "sealed_posts", batch, signature: signed(lab, identity, "sealed_posts", batch) } as const;
  };
  const take = (by: SimPeer, message: ReturnType<typeof sealedBy>) =>
    b.machine!.linkMessage(linkOf(b, by), message, b.now);
  const box = boxOf(a.identity.peerId);
  assertThrows(() => take(c, sealedBy(c.identity, box)), ProtocolError, "somebody else sealed");
  assertThrows(() => take(c, sealedBy(c.identity, box.with(40, 1 ^ box[40]!))), ProtocolError, "does not open");
  take(c, sealedBy(a.identity, box));
  assertEquals(textsOf(reader), ["psst"]);
});

Deno.test("a slow link loses the oldest, which is counted at both ends, and holds up nobody else", () => {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [SimPeer, SimPeer, SimPeer];
  // Nobody passes anything on to the slow one.
  lab.network.cut(b, c);
  lab.wait(2 * SILENT_AFTER_MS);
  const [atB, atC] = [b, c].map((peer) => subscribe(peer)) as [PostReader, PostReader];
  post(lab, a, "first");
  lab.until(() => atB.hasNews && atC.hasNews, "the first");
  c.freeze();
  const count = Math.ceil(2 * MAX_POST_QUEUE_BYTES / MAX_POST_BYTES);
  const payload = new Uint8Array(MAX_POST_BYTES);
  for (let i = 0; i < count; i++) {
    const reply = lab.ask(a, { type: "post", posts: [{ topic: "t", payload }], to: null });
    assertEquals(reply.reached, 2);
    lab.until(() => atB.hasNews, "what comes to the quick one");
    assertEquals(atB.take().missed, []);
  }
  const { dropped } = a.machine!.status().messages;
  assert(dropped > count / 4, `${dropped} of ${count}`);
  assertEquals(a.events.get("messages_dropped"), 1);
  c.wake();
  post(lab, a, "last");
  let received = 0;
  let missed = 0;
  let text = "";
  lab.until(() => {
    const news = atC.take();
    received += news.posts.length;
    for (const { peer, count } of news.missed) missed += peer === a.id ? count : 0;
    text = decode(news.posts.at(-1)?.payload ?? encode(text));
    return text === "last";
  }, "the last one");
  assertEquals([received + missed, missed], [1 + count + 1, dropped]);
  assertEquals(c.machine!.status().messages.missed, dropped);
});

Deno.test("who publishes waits for the fastest link, and goes on where that is gone", () => {
  const lab = new Lab();
  const [a, b] = lab.space(2) as [SimPeer, SimPeer];
  b.freeze();
  const payload = new Uint8Array(MAX_POST_BYTES);
  let replies = 0;
  for (let i = 0; i < 60; i++) {
    a.request({ type: "post", posts: [{ topic: "t", payload }], to: null }, (reply) => replies += reply.ok ? 1 : 0);
  }
  lab.wait(1000);
  assert(replies < 60, `${replies} replies`);
  b.wake();
  lab.until(() => replies === 60, "the rest to be sent");
  assertEquals(a.machine!.status().messages.dropped, 0);
  b.freeze();
  for (let i = 0; i < 60; i++) {
    a.request({ type: "post", posts: [{ topic: "t", payload }], to: null }, (reply) => replies += reply.ok ? 1 : 0);
  }
  lab.wait(1000);
  assert(replies < 120);
  b.crash(false);
  lab.until(() => replies === 120, "the rest, which goes nowhere");
});

Deno.test("a question that nobody answers comes to its end, and readers may ask and publish too", () => {
  const lab = new Lab();
  const [a, b] = lab.space(2) as [SimPeer, SimPeer];
  const reader = lab.add({ historyMs: DEFAULT_HISTORY_MS });
  lab.join(reader, lab.invite(a, 1, "reader"), a);
  lab.untilHealed();
  const atB = subscribe(b);
  post(lab, reader, "hello");
  const startMs = lab.schedule.nowMs;
  const reply = lab.answer(reader, { type: "ask", topic: "q", payload: encode("?"), to: b.id, timeoutMs: 700 });
  assert(!reply.ok && reply.code === "timed_out");
  assert(lab.schedule.nowMs - startMs < 1000);
  const { posts } = atB.take();
  assertEquals(posts.map(({ payload, direct }) => [decode(payload), direct]), [["hello", false], ["?", true]]);
  const late = lab.answer(b, { type: "answer", question: posts[1]?.question as string, payload: encode("!") });
  assert(!late.ok && late.code === "question_unknown");
  lab.ask(reader, { type: "leave" });
  const left = lab.answer(reader, { type: "post", posts: [{ topic: "t", payload: encode("x") }], to: null });
  assert(!left.ok && left.code === "left_space");
});

Deno.test("what is tracked is delivered as any other, and its recipient says that it came, over whatever links", () => {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [SimPeer, SimPeer, SimPeer];
  lab.network.cut(a, c);
  lab.wait(2 * SILENT_AFTER_MS);
  const [reader, heard] = [subscribe(c), subscribe(a)] as const;
  const tracked: Post = {
    topic: "t",
    kind: "tracked",
    question: new Uint8Array(8).fill(3),
    timeoutMs: 0,
    payload: encode("far"),
  };
  const box = seal(
    c.identity.sealingPublicKey,
    DOMAINS.post_box,
    encodeSealedContent(a.identity.peerId, [tracked]),
    lab.prng,
  ) as Uint8Array;
  const head = { sender: a.identity.peerId, run: new Uint8Array(8).fill(9), first: 1, timeMs: 5 };
  const batch = encodeSealedBatch({ ...head, to: c.identity.peerId, box });
  const signature = signed(lab, a.identity, "sealed_posts", batch);
  c.machine!.linkMessage(linkOf(c, b), { type: "sealed_posts", batch, signature }, c.now);
  c.push({ type: "tick" });
  lab.wait(1000);
  assertEquals(textsOf(reader), ["far"]);
  assertEquals([c, b, a].map(({ machine }) => machine?.status().messages), [
    { sent: 1, received: 1, passedOn: 0, missed: 0, dropped: 0, unread: 0 },
    { sent: 0, received: 0, passedOn: 1, missed: 0, dropped: 0, unread: 0 },
    { sent: 0, received: 1, passedOn: 0, missed: 0, dropped: 0, unread: 0 },
  ]);
  assertEquals(textsOf(heard), [], "the answer is for who asked");
});
