import { assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../lib/base/errors.ts";
import { MAX_BATCH_BYTES, MAX_POST_BYTES, MAX_TOPIC_BYTES } from "../../lib/base/limits.ts";
import { SEAL_OVERHEAD_BYTES } from "../../lib/crypto/sealed_box.ts";
import {
  type Batch,
  batchMessage,
  decodeBatch,
  decodeSealedBatch,
  decodeSealedContent,
  encodeBatch,
  encodeSealedBatch,
  encodeSealedContent,
  postSizeBytes,
} from "../../lib/wire/posts.ts";
import { batches, knownPosts, sealedBatches, sealedContents } from "./arbitraries.ts";
import { bytesOf } from "./bytes_of.ts";
import { assertCanonical } from "./canonical.ts";

const HEAD = { sender: bytesOf("aa*32"), run: bytesOf("cc*8"), first: 200, timeMs: 0x010203040506 };
const HEAD_HEX = "aa*32 cc*8 8148 010203040506";
const BATCH: Batch = {
  ...HEAD,
  posts: [
    { topic: "né", kind: "plain", question: null, timeoutMs: 0, payload: bytesOf("01 02") },
    { topic: "né", kind: "question", question: bytesOf("dd*8"), timeoutMs: 300, payload: bytesOf("03") },
    { topic: "b", kind: "answer", question: bytesOf("ee*8"), timeoutMs: 0, payload: bytesOf("") },
    { topic: "b", kind: "tracked", question: bytesOf("ff*8"), timeoutMs: 0, payload: bytesOf("04") },
  ],
};
const POSTS_HEX = "04 03 6ec3a9 00 02 01 02 00 01 0b dd*8 822c 03 01 62 02 08 ee*8 00 03 09 ff*8 04";

Deno.test("a batch is encoded as specified, and signed with its space", () => {
  const bytes = bytesOf(HEAD_HEX, POSTS_HEX);
  assertEquals(encodeBatch(BATCH), bytes);
  assertEquals(decodeBatch(bytes), BATCH);
  assertEquals(batchMessage(bytesOf("55*32"), "posts", bytes), bytesOf("55*32 00", HEAD_HEX, POSTS_HEX));
});

Deno.test("a sealed batch and its content are encoded as specified", () => {
  const batch = { ...HEAD, to: bytesOf("bb*32"), box: bytesOf("99*3") };
  const bytes = bytesOf(HEAD_HEX, "bb*32 03 99*3");
  assertEquals(encodeSealedBatch(batch), bytes);
  assertEquals(decodeSealedBatch(bytes), batch);
  assertEquals(batchMessage(bytesOf("55*32"), "sealed_posts", bytes), bytesOf("55*32 01", HEAD_HEX, "bb*32 03 99*3"));
  const content = bytesOf("aa*32", POSTS_HEX);
  assertEquals(encodeSealedContent(HEAD.sender, BATCH.posts), content);
  assertEquals(decodeSealedContent(content), { sender: HEAD.sender, posts: [...BATCH.posts] });
});

Deno.test("a post of a newer kith is passed over", () => {
  const bytes = bytesOf(HEAD_HEX, "02 01 61 07 02 ffff 00 00 01 31");
  assertEquals(decodeBatch(bytes).posts.map(({ kind, topic }) => [kind, topic]), [["unknown", "a"], ["plain", "a"]]);
});

Deno.test("the largest post, and the largest batch, fit into a sealed box", () => {
  const topic = "t".repeat(MAX_TOPIC_BYTES);
  const payload = new Uint8Array(MAX_POST_BYTES);
  const post = { topic, kind: "question", question: bytesOf("dd*8"), timeoutMs: 2 ** 40, payload } as const;
  const bytes = encodeSealedContent(HEAD.sender, [post]);
  assertEquals(decodeSealedContent(bytes).posts, [post]);
  const size = postSizeBytes(MAX_TOPIC_BYTES, MAX_POST_BYTES);
  assertEquals([bytes.length - 32 <= size, size <= MAX_BATCH_BYTES], [true, true]);
  assertEquals(32 + 2 + MAX_BATCH_BYTES + SEAL_OVERHEAD_BYTES <= 65_535, true);
});

Deno.test("batches are canonical", () => {
  assertCanonical(batches, encodeBatch, (bytes) => knownPosts(decodeBatch(bytes)));
  assertCanonical(sealedBatches, encodeSealedBatch, decodeSealedBatch);
  assertCanonical(
    sealedContents,
    ({ sender, posts }) => encodeSealedContent(sender, posts),
    (bytes) => knownPosts(decodeSealedContent(bytes)),
  );
});

const MALFORMED: Record<string, [detail: string, bytes: Uint8Array]> = {
  "number 0": ["posts are numbered from 1", bytesOf("aa*32 cc*8 00 00*6 01 01 61 00 00")],
  "no posts": ["a batch without posts", bytesOf(HEAD_HEX, "00")],
  "too many posts": ["varint is above its limit of 4096", bytesOf(HEAD_HEX, "a001")],
  "no topic": ["a topic is missing, or said again", bytesOf(HEAD_HEX, "01 00 00 00")],
  "a topic said again": ["a topic is missing, or said again", bytesOf(HEAD_HEX, "02 01 61 00 00 01 61 00 00")],
  "a topic too long": ["varint is above its limit of 512", bytesOf(HEAD_HEX, "01 8401 61*513 00 00")],
  "a topic that is not UTF-8": ["a text is not UTF-8", bytesOf(HEAD_HEX, "01 01 ff 00 00")],
  "a payload too long": ["a payload above its limit", bytesOf(HEAD_HEX, "01 01 61 00 83e001 31*61441")],
  "a batch too long": ["a batch above its limit", bytesOf(HEAD_HEX, "01 01 61 00 00 31*64512")],
  "a question without an id": ["8 bytes expected, 7 left", bytesOf(HEAD_HEX, "01 01 61 01 07 dd*7")],
  "a byte too many": ["1 bytes too many", bytesOf(HEAD_HEX, "01 01 61 00 00 00")],
};

for (const [name, [detail, bytes]] of Object.entries(MALFORMED)) {
  Deno.test(`a batch is refused with ${name}`, () => {
    assertThrows(() => decodeBatch(bytes), ProtocolError, detail);
  });
}
