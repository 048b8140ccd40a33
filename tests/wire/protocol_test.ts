import { assert, assertEquals } from "@std/assert";
import { concat, fromHex, toHex, utf8Encode } from "../../lib/base/bytes.ts";
import { ERRORS } from "../../lib/base/errors.ts";
import * as limits from "../../lib/base/limits.ts";
import { Writer } from "../../lib/base/writer.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import { SigningKey } from "../../lib/crypto/sign.ts";
import { MerkleTree } from "../../lib/data/merkle_tree.ts";
import { inDomain, transactionMessage } from "../../lib/wire/authenticated.ts";
import { encodeBundle } from "../../lib/wire/bundle.ts";
import { DOMAINS } from "../../lib/wire/domains.ts";
import { encodeMessage, FIRST_MESSAGE_KIND, MESSAGE_KINDS } from "../../lib/wire/message.ts";
import { encodeOperation, OPERATION_KINDS } from "../../lib/wire/operation.ts";
import { RELAY_REASONS } from "../../lib/wire/relay_messages.ts";
import { encodeHeader } from "../../lib/wire/transaction.ts";
import { FIRST_OTHER_KIND, LANES, LINK_KINDS } from "../../lib/link/frame.ts";
import closeSource from "../../lib/link/close_frame.ts" with { type: "text" };
import recordSource from "../../lib/link/record.ts" with { type: "text" };
import bundleSource from "../../lib/wire/bundle.ts" with { type: "text" };
import frontierSource from "../../lib/wire/frontier.ts" with { type: "text" };
import messageSource from "../../lib/wire/message.ts" with { type: "text" };
import operationSource from "../../lib/wire/operation.ts" with { type: "text" };
import peerRecordSource from "../../lib/wire/peer_record.ts" with { type: "text" };
import postsSource from "../../lib/wire/posts.ts" with { type: "text" };
import publicRelaySource from "../../lib/wire/public_relay_messages.ts" with { type: "text" };
import punchSource from "../../lib/wire/punch_messages.ts" with { type: "text" };
import relaySource from "../../lib/wire/relay_messages.ts" with { type: "text" };
import transactionSource from "../../lib/wire/transaction.ts" with { type: "text" };
import protocol from "../../lib/wire/PROTOCOL.md" with { type: "text" };
import { bytesOf } from "./bytes_of.ts";

/** The rows of the tables under a heading, each as its cells without backticks; header rows are not among them. */
function rows(heading: string): string[][] {
  const section = protocol.split(/\n#+ /).find((text) => text.startsWith(`${heading}\n`));
  assert(section !== undefined, `there is a section "${heading}"`);
  const lines = section.split("\n");
  return lines.filter((line, i) => line.startsWith("| ") && !line.includes("---") && !lines[i + 1]?.startsWith("| ---"))
    .map((line) => line.split(" | ").map((cell) => cell.replaceAll(/[|`]/g, "").trim()));
}

/** The numbers of a registry by name, as the page has them; reserved rows have no name. */
function registry(heading: string, nameColumn = 1): Record<string, number> {
  const named = rows(heading).filter((cells) => cells[nameColumn] !== "" && /^\d+$/.test(cells[0] ?? ""));
  return Object.fromEntries(named.map((cells) => [cells[nameColumn], Number(cells[0])]));
}

/** The bytes of a block of the worked example: hexadecimal words, up to two spaces and a comment. */
function example(name: string): Uint8Array {
  const block = new RegExp("```" + name + "\n([^`]*)```").exec(protocol)?.[1];
  assert(block !== undefined, `there is an example "${name}"`);
  return bytesOf(...block.trim().split("\n").map((line) => line.split(/ {2,}/)[0] as string));
}

Deno.test("the limits are those of the code", () => {
  const byName = limits as Record<string, number>;
  const listed = rows("Limits");
  assert(listed.length > 20);
  for (const [name = "", value] of listed) assertEquals(Number(value), byName[name], name);
});

Deno.test("every limit of the codec, and of records and closes, is listed", () => {
  const listed = new Set(rows("Limits").map(([name]) => name));
  const sources = [
    ...[bundleSource, frontierSource, messageSource, operationSource, peerRecordSource, postsSource, transactionSource],
    ...[publicRelaySource, punchSource, relaySource],
    ...[closeSource, recordSource],
  ];
  for (const source of sources) {
    const names = /import \{([^}]*)\} from "\.\.\/base\/limits\.ts"/.exec(source)?.[1]?.match(/\w+/g) ?? [];
    assert(names.length > 0);
    for (const name of names) assert(listed.has(name), `${name} is listed`);
  }
});

Deno.test("the messages are those of the code", () => assertEquals(registry("Messages"), MESSAGE_KINDS));

Deno.test("the reasons of the relay are those of the code", () => assertEquals(registry("Relay"), RELAY_REASONS));

Deno.test("the frames and lanes of the link are those of the code", () => {
  assertEquals(registry("Frames"), LINK_KINDS);
  const lanes = rows("Records").filter(([number = ""]) => /^[0-9]$/.test(number)).slice(-3);
  assertEquals(Object.fromEntries(lanes.map(([number, name]) => [name, Number(number)])), LANES);
  assertEquals(FIRST_MESSAGE_KIND, FIRST_OTHER_KIND);
});

Deno.test("the operations are those of the code", () => assertEquals(registry("Operations"), OPERATION_KINDS));

Deno.test("the close codes are those of the code", () => {
  const codes = Object.entries(ERRORS).flatMap(([name, entry]) => "close" in entry ? [[name, entry.close]] : []);
  assertEquals(registry("Close codes"), Object.fromEntries(codes));
});

Deno.test("the domains are those of the code", () => {
  assertEquals(Object.fromEntries(rows("Domains").map(([name, domain]) => [name, domain])), DOMAINS);
});

Deno.test("what the page links to is there", () => {
  const headings = new Set(
    [...protocol.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) => title.toLowerCase().replaceAll(" ", "-")),
  );
  const links = [...protocol.matchAll(/\]\(#([^)]+)\)/g)];
  assert(links.length > 0);
  for (const [, anchor = ""] of links) assert(headings.has(anchor), anchor);
});

Deno.test("the worked example is what the code writes", () => {
  const key = SigningKey.fromSeed(Uint8Array.from({ length: 32 }, (_, i) => i));
  const value = utf8Encode("hello");
  const put = encodeOperation({
    kind: "put",
    key: "greeting",
    names: [],
    media: "text/plain",
    length: value.length,
    hash: sha256(value),
  });
  const del = encodeOperation({
    kind: "del",
    key: "draft",
    names: [{ transaction: bytesOf("44*32"), index: 3 }],
  });
  const root = MerkleTree.over([put, del]).root;
  const header = encodeHeader({
    peer: key.publicKey,
    instance: bytesOf("11*16"),
    sequence: 2,
    previous: bytesOf("22*32"),
    parents: [bytesOf("33*32")],
    standing: { transaction: bytesOf("66*32"), index: 0 },
    clock: { ms: Date.UTC(2026, 0, 1), count: 1 },
    firstOperation: 1,
    operationCount: 2,
    class: "data",
    root,
  });
  const signature = key.sign(inDomain(DOMAINS.transaction, transactionMessage(bytesOf("55*32"), header)));
  assertEquals(toHex(example("put")), toHex(put));
  assertEquals(toHex(example("del")), toHex(del));
  assertEquals(toHex(example("root")), toHex(root));
  assertEquals(toHex(example("header")), toHex(header));
  assertEquals(toHex(example("id")), toHex(sha256(header)));
  assertEquals(toHex(example("signature")), toHex(signature));

  const bundle = { header, signature, operations: [{ leaf: put, value }, { leaf: del, value: null }] };
  const spelled = concat([
    ...[fromHex("8140"), header, signature, fromHex("0238"), put, fromHex("0105"), value],
    ...[fromHex("29"), del, fromHex("00")],
  ]);
  assertEquals(spelled.length, 366);
  assertEquals(toHex(encodeBundle(bundle)), toHex(spelled));
  const { kind, body } = encodeMessage({ type: "transactions", list: [bundle] });
  const frame = new Writer().varint(kind).blob(body).finish();
  assertEquals(toHex(frame).slice(0, 2 * example("frame").length), toHex(example("frame")));
});
