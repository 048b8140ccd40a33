import { assert, assertEquals } from "@std/assert";
import { concat } from "../../lib/base/bytes.ts";
import { MAX_DHT_ANSWER_NODES, MAX_DHT_ANSWER_PEERS, MAX_DHT_PACKET_BYTES } from "../../lib/base/limits.ts";
import { type Bencoded, decodeBencoded } from "../../lib/host/bencode.ts";
import { cleanedAnswer, compactAddress, isDhtNode, readOnlyQuestion } from "../../lib/host/dht_packet.ts";
import { bencoded } from "./bencoded.ts";

const ID = new Uint8Array(20).fill(7);
const T = Uint8Array.of(1, 2);

function peer(host: string, port: number): Uint8Array {
  return Uint8Array.from([...host.split(".").map(Number), port >> 8, port & 255]);
}

function node(host: string, port: number): Uint8Array {
  return concat([ID, peer(host, port)]);
}

function cleaned(message: unknown, allowsPrivate = false): Uint8Array | string {
  const outcome = cleanedAnswer(bencoded(message), allowsPrivate);
  return "answer" in outcome ? outcome.answer : outcome.reason;
}

/** A field of what an answer with these fields becomes. */
function fieldOf(name: string, r: object, allowsPrivate = false): Bencoded | undefined {
  const answer = decodeBencoded(cleaned({ t: T, y: "r", r: { id: ID, ...r } }, allowsPrivate) as Uint8Array);
  return (answer as ReadonlyMap<string, ReadonlyMap<string, Bencoded>>).get("r")?.get(name);
}

Deno.test("an answer is passed on with what is read of it, and nothing else", () => {
  const nodes = node("8.8.8.8", 6881);
  const values = [peer("9.9.9.9", 5484)];
  const answer = cleaned({ t: T, y: "r", v: "XX", r: { id: ID, token: "token", nodes, values, other: 1 }, ip: "x" });
  assertEquals(answer, bencoded({ t: T, y: "r", r: { id: ID, token: "token", nodes, values } }));
  assertEquals(values.map(compactAddress), ["9.9.9.9:5484"]);
  assertEquals(cleaned({ t: T, y: "e", e: [203, { a: 1 }] }), bencoded({ t: T, y: "e", e: [201, "refused"] }));
});

Deno.test("what is no answer is not passed on, and it is said why", () => {
  const malformed: unknown[] = [
    { y: "r", r: { id: ID } },
    { t: Uint8Array.of(1), y: "r", r: { id: ID } },
    { t: 12, y: "r", r: { id: ID } },
    { t: T, r: { id: ID } },
    { t: T, y: 1, r: { id: ID } },
    { t: T, y: "r" },
    { t: T, y: "r", r: [] },
    { t: T, y: "r", r: { id: 5 } },
    { t: T, y: "r", r: { id: ID.subarray(1) } },
    ["r"],
    "r",
    5,
  ];
  for (const message of malformed) assertEquals([message, cleaned(message)], [message, "it is malformed"]);
  for (const text of ["", "x", "d", "d1:t", "i", "l", "llllllllll", "99999999999:", "d1:t2:ab1:y1:re", "5:ab"]) {
    assertEquals([text, cleanedAnswer(new TextEncoder().encode(text), false)], [text, { reason: "it is malformed" }]);
  }
  assertEquals(cleaned({ t: T, y: "q", q: "ping", a: { id: ID } }), "it asks, and this peer only asks itself");
  const large = { t: T, y: "r", r: { id: ID, x: new Uint8Array(MAX_DHT_PACKET_BYTES) } };
  assertEquals(cleaned(large), "it is too large");
});

Deno.test("parts of an answer that make no sense are left out", () => {
  const r = { token: 5, nodes: [1], values: [new Uint8Array(18), 5, "abcdef"] };
  assertEquals(fieldOf("token", r), undefined);
  assertEquals(fieldOf("nodes", r), undefined);
  assertEquals(fieldOf("values", r), [new TextEncoder().encode("abcdef")]);
  assertEquals(fieldOf("values", { values: "none" }), undefined);
});

Deno.test("nodes that may not be written to are left out, and there are as many as an honest answer has", () => {
  const nodes = concat([
    node("10.0.0.1", 6881),
    node("127.0.0.1", 6881),
    node("8.8.8.8", 53),
    node("8.8.8.8", 6881),
    new Uint8Array(5),
  ]);
  assertEquals(fieldOf("nodes", { nodes }), node("8.8.8.8", 6881));
  assertEquals((fieldOf("nodes", { nodes }, true) as Uint8Array).length, 3 * 26);
  const many = concat(Array.from({ length: 40 }, (_, i) => node("8.8.8.8", 2000 + i)));
  assertEquals((fieldOf("nodes", { nodes: many }) as Uint8Array).length, MAX_DHT_ANSWER_NODES * 26);
  const values = Array.from({ length: 150 }, (_, i) => peer("8.8.8.8", 2000 + i));
  assertEquals((fieldOf("values", { values }) as unknown[]).length, MAX_DHT_ANSWER_PEERS);
});

Deno.test("which nodes may be written to", () => {
  assert(isDhtNode("8.8.8.8", 6881, false));
  assert(!isDhtNode("8.8.8.8", 53, false));
  assert(!isDhtNode("192.168.1.1", 6881, false));
  assert(isDhtNode("192.168.1.1", 6881, true));
  assert(!isDhtNode("192.168.1.1", 53, true));
  assert(!isDhtNode("2600::1", 6881, true));
  assert(!isDhtNode("example.com", 6881, true));
});

Deno.test("a question says that this peer answers none", () => {
  const question = { t: T, y: "q", q: "get_peers", a: { id: ID, info_hash: ID } };
  assertEquals(
    new TextDecoder("latin1").decode(readOnlyQuestion(bencoded(question))),
    `d1:ad2:id20:${"\x07".repeat(20)}9:info_hash20:${"\x07".repeat(20)}e1:q9:get_peers2:roi1e1:t2:\x01\x021:y1:qe`,
  );
});
