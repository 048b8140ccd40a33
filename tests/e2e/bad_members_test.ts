import { assert, assertEquals } from "@std/assert";
import { concat } from "../../lib/base/bytes.ts";
import { MAX_FRAME_BYTES } from "../../lib/base/limits.ts";
import { Writer } from "../../lib/base/writer.ts";
import type { TransactionBytes } from "../../lib/wire/bundle.ts";
import { encodeHello } from "../../lib/wire/hello.ts";
import { encodeMessage, MESSAGE_KINDS } from "../../lib/wire/message.ts";
import { type Home, Machine, TIMEOUT, until, type UpPeer } from "./kith.ts";
import { random, type RawLink, readAll, writeAll } from "./raw_link.ts";
import { linkAs, memberOf } from "./raw_member.ts";
import { addRow } from "./refusal.ts";
import { type Attack, Target } from "./target.ts";

/** A target, and a stopped member of its space that has written something since. At the end that arrives after all. */
async function withMember(test: (target: Target, b: Home, peerB: UpPeer) => Promise<void>): Promise<void> {
  await using machine = new Machine();
  const target = await Target.start(machine.home("a"));
  const b = machine.home("b");
  const { words } = await target.home.object("invite");
  const peerB = await b.up(["join", "--at", target.address], { env: { KITH_TICKET: words } });
  await b.ok("wait", "--synced", "--timeout", TIMEOUT);
  await peerB.stop();
  await b.ok("set", "late", "from b");
  await target.refresh();
  await test(target, b, peerB);
  await target.assertGoesOn();
  await b.up(["--listen", peerB.address]);
  await target.home.ok("wait", "late=from b", "--timeout", TIMEOUT);
  await target.home.ok("wait", "--synced", "--all", "--timeout", TIMEOUT);
  assertEquals((await b.object("status")).digest, (await target.home.object("status")).digest);
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
}

/** The records of a message of any size. */
function records(link: RawLink, transaction: TransactionBytes): Uint8Array {
  const { kind, body } = encodeMessage({ type: "transactions", list: [transaction] });
  return link.record(1, concat([new Writer().varint(kind).varint(body.length).finish(), body]));
}

Deno.test("what a member sends wrong closes its link with the reason, and changes nothing", async (test) => {
  await withMember(async (target, b) => {
    const member = memberOf(b.path);
    const { transaction } = member;
    const [put] = transaction.operations;
    assert(put !== undefined && put.value !== null);
    const badSignature = { ...transaction, signature: flipped(transaction.signature, 5) };
    const badHeader = { ...transaction, header: flipped(transaction.header, transaction.header.length - 1) };
    const badValue = { ...transaction, operations: [{ ...put, value: flipped(put.value, 0) }] };
    const claims = (size: number) => new Writer().varint(MESSAGE_KINDS.transactions).varint(size).finish();
    const cases: [string, string, Attack["reason"], RegExp, (link: RawLink) => Uint8Array][] = [
      ["garbage frame", "a member sends random transactions", "malformed", /./, (link) => {
        return link.record(1, concat([claims(300), new Uint8Array(300).fill(0xee)]));
      }],
      ["oversized frame", "a member's frame of 2 MiB and a byte", "too_large", /^a frame of 2097153 bytes/, (link) => {
        return link.record(1, claims(MAX_FRAME_BYTES + 1));
      }],
      [
        "bit-flipped frame",
        "one bit of a member's record changed",
        "malformed",
        /^a record does not decrypt$/,
        (link) => {
          return flipped(records(link, transaction), 100);
        },
      ],
      [
        "bit-flipped transaction",
        "its signature changed by a bit",
        "bad_transaction",
        /^its signature is wrong$/,
        (link) => records(link, badSignature),
      ],
      [
        "bit-flipped transaction",
        "its header changed by a bit",
        "bad_transaction",
        /^its Merkle root is wrong$/,
        (link) => records(link, badHeader),
      ],
      [
        "bit-flipped transaction",
        "its value changed by a bit",
        "bad_transaction",
        /^a value has another hash$/,
        (link) => records(link, badValue),
      ],
    ];
    for (const [row, did, reason, detail, bytes] of cases) {
      await target.closes(test, { row, did, reason, detail, byMember: true }, async () => {
        using link = await linkAs(member, target.address);
        await link.write(bytes(link));
        assertEquals((await link.closed())?.reason, reason);
      });
    }
    const half = { row: "truncated frame", did: "half of a member's frame, then close", reason: "truncated" } as const;
    await target.closes(test, { ...half, detail: /^$/, byMember: true }, async () => {
      using link = await linkAs(member, target.address);
      await until("the link is a member's", async () => {
        return (await target.home.objects("peers")).some(({ path }) => path === "direct") ? true : null;
      });
      await link.send(200, random.bytes(10));
      await link.write(records(link, transaction).subarray(0, 150));
    });
    assertEquals((await target.home.object("status")).events.message_unknown, 1);
    addRow({
      ...{ row: "another version (unknown message)", command: "a member sends a frame of kind 200" },
      ...{ exit: "ignored, the link stays", sentence: "message_unknown: 1", test: test.name },
    });
  });
});

Deno.test("a member that comes back with another wire version, or is no kith any more, is told of", async (test) => {
  await withMember(async (target, _b, peerB) => {
    const [hostname, port] = peerB.address.split(":") as [string, string];
    using listener = Deno.listen({ hostname, port: Number(port) });
    for (
      const [row, reason, answer] of [
        ["another wire version (newer, dialled)", "version_too_new", encodeHello(2)],
        ["HTTP server at a member's address", "not_kith", new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n")],
      ] as const
    ) {
      const did = `the peer dials a member's address, where ${
        reason === "not_kith" ? "a web server" : "such a kith"
      } answers`;
      await target.closes(test, { row, did, reason, detail: /^(wire version 2, not 1)?$/ }, async () => {
        using conn = await listener.accept();
        await writeAll(conn, answer);
        await readAll(conn);
      });
    }
  });
});
